/**
 * The link budget: from transmit power and distance to the SNR at the receiver.
 *
 *   received power  P_r = P_t + G_t + G_r − path loss − X       X ~ N(0, σ²) dB where shadowing is on
 *   noise power     N = k T B F
 *
 * P_t is the mean power of the symbols sent, and P_r the mean over fading where a channel fades (E|h|² = 1). B is
 * the symbol rate unless it is given, which is the noise bandwidth of a matched filter; so P_r / N is Es/N0.
 *
 * Convention: F multiplies k T B whatever T is. The definition of the noise figure has T = 290 K, where this is
 * exact; for another T, the noise that the receiver adds is scaled along.
 *
 * Source: Friis, "Noise figures of radio receivers", Proc. IRE 32 (1944) 419–422; k of the SI (2019).
 */
import { z } from "zod";
import type { ChannelContext } from "../channel.js";
import { quantity } from "../units.js";
import { type Path, pathLossModels, pathLossNames } from "./path-loss.js";

const boltzmann = 1.380649e-23; // [J/K]
/** Beyond these a value is a slip. */
const decibels = z.number().min(-300).max(300);
const heightM = quantity("m", z.number().min(0)).optional();

export const budgetParams = z
  .strictObject({
    transmitPowerDbm: quantity("dBm", decibels).describe("mean power of the symbols sent [dBm]"),
    distanceM: quantity("m", z.number().positive()).describe(
      "horizontal distance between the antennas; without heights, as in free space, the distance [m]",
    ),
    carrierHz: quantity("Hz", z.number().positive()).describe("carrier frequency [Hz]"),
    pathLoss: z
      .enum(pathLossNames)
      .describe(
        "free space, or 3GPP TR 38.901: urban macro (uma), urban micro (umi), indoor office (inh)",
      ),
    shadowing: z
      .boolean()
      .default(false)
      .describe("lognormal shadowing with the path loss model's deviation, drawn once per trial"),
    transmitGainDbi: quantity("dB", decibels)
      .prefault(0)
      .describe("gain of the transmitting antenna [dBi]"),
    receiveGainDbi: quantity("dB", decibels)
      .prefault(0)
      .describe("gain of the receiving antenna [dBi]"),
    baseHeightM: heightM.describe(
      "height of the base station's antenna; default: uma 25, umi 10, inh 3 [m]",
    ),
    terminalHeightM: heightM.describe(
      "height of the terminal's antenna; default: uma and umi 1.5, inh 1 [m]",
    ),
    noiseFigureDb: quantity("dB", z.number().min(0).max(300))
      .prefault(0)
      .describe("noise figure of the receiver [dB]"),
    temperatureK: quantity("K", z.number().positive())
      .prefault(290)
      .describe("noise temperature at the receiver's input [K]"),
    bandwidthHz: quantity("Hz", z.number().positive())
      .optional()
      .describe("noise bandwidth; default: the symbol rate [Hz]"),
  })
  .superRefine((budget, context) => {
    const { shadowing, pathLoss, baseHeightM, terminalHeightM } = budget;
    const refuse = (key: string, message: string) =>
      context.addIssue({ code: "custom", path: [key], message, input: budget });
    if (pathLoss === "free-space") {
      if (shadowing) refuse("shadowing", "must be false: free-space has no shadowing");
      if ((baseHeightM === undefined) !== (terminalHeightM === undefined)) {
        const missing = baseHeightM === undefined ? "baseHeightM" : "terminalHeightM";
        refuse(missing, "is missing: free-space takes both heights or neither");
        return;
      }
    }
    for (const { key, rule } of pathLossModels[pathLoss].violations(pathOf(budget))) {
      refuse(key, rule);
    }
  });

export type BudgetParams = z.output<typeof budgetParams>;

/** All in decibels, as one would write the budget down. */
export interface LinkBudget {
  readonly pathLossDb: number;
  /** This trial's shadowing X; 0 without. */
  readonly shadowingDb: number;
  readonly receivedDbm: number;
  readonly noiseDbm: number;
  /** Received power over noise power: Es/N0. */
  readonly esN0Db: number;
}

/** The budget of one trial; the shadowing is drawn from the stream "shadowing". */
export function linkBudget(
  budget: BudgetParams,
  { symbolRateHz, random }: Pick<ChannelContext, "symbolRateHz" | "random">,
): LinkBudget {
  const model = pathLossModels[budget.pathLoss];
  const pathLossDb = model.lossDb(pathOf(budget));
  const shadowingDb = budget.shadowing
    ? model.shadowingDb! * random.stream("shadowing").normal()
    : 0;
  const receivedDbm =
    budget.transmitPowerDbm +
    budget.transmitGainDbi +
    budget.receiveGainDbi -
    pathLossDb -
    shadowingDb;
  const noiseDbm =
    thermalNoiseDbm(budget.temperatureK, budget.bandwidthHz ?? symbolRateHz) + budget.noiseFigureDb;
  return { pathLossDb, shadowingDb, receivedDbm, noiseDbm, esN0Db: receivedDbm - noiseDbm };
}

/** Available power k T B of thermal noise [dBm]. */
export function thermalNoiseDbm(temperatureK: number, bandwidthHz: number): number {
  return 10 * Math.log10(boltzmann * temperatureK * bandwidthHz) + 30;
}

function pathOf(budget: {
  readonly pathLoss: (typeof pathLossNames)[number];
  readonly distanceM: number;
  readonly carrierHz: number;
  readonly baseHeightM?: number | undefined;
  readonly terminalHeightM?: number | undefined;
}): Path {
  const { base, terminal } = pathLossModels[budget.pathLoss].heightsM;
  return {
    distanceM: budget.distanceM,
    carrierHz: budget.carrierHz,
    baseHeightM: budget.baseHeightM ?? base,
    terminalHeightM: budget.terminalHeightM ?? terminal,
  };
}
