/**
 * Flat fading of a receiver that moves: y = h(t) x + n, h by Clarke's model with the Doppler shift
 *
 *   fD = speedMps · carrierHz / c,   E[h(t + τ) h*(t)] = J0(2π fD τ) under Rayleigh fading
 *
 * with a line of sight beside it where kFactorDb is given (src/fading/clarke-gains.ts). What the receiver or the
 * transmitter knows of h, and does about it: src/fading/flat-link.ts.
 *
 * Source: Clarke, Bell Syst. Tech. J. 47 (1968) 957–1000; Jakes, Microwave Mobile Communications (1974), ch. 1.
 * Limits: one gain per symbol (no delay spread), constant speed, scatterers all around in a plane; no carrier
 * offset beside the Doppler shift, ideal timing.
 */
import { z } from "zod";
import { defineChannel } from "../src/channel.js";
import { InputError } from "../src/errors.js";
import { clarkeGains } from "../src/fading/clarke-gains.js";
import { flatLink } from "../src/fading/flat-link.js";
import { flatLinkParams, flatLinkRules, invertsGains } from "../src/fading/knowledge.js";
import { kFactorDb } from "../src/fading/rician.js";
import { trackingEstimator } from "../src/fading/tracking-estimator.js";
import { quantity } from "../src/units.js";

const speedOfLightMps = 299_792_458;
/** A gain may not change by more than this much of a Doppler period within a symbol. */
const mostTurn = 0.1;

export const doppler = defineChannel({
  name: "doppler",
  summary: "flat Rayleigh or Rician fading of a receiver that moves (Clarke, Jakes)",

  params: z
    .strictObject({
      speedMps: quantity("m/s", z.number().min(0).max(1e6)).describe(
        "speed of the receiver; 0: the gain of a trial stays what it is [m/s]",
      ),
      carrierHz: quantity("Hz", z.number().positive()).describe("carrier frequency [Hz]"),
      kFactorDb,
      losDopplerRatio: quantity(undefined, z.number().min(-1).max(1))
        .prefault(1)
        .describe(
          "Doppler shift of the line of sight over the largest, the cosine of its angle with the motion; " +
            "used with kFactorDb",
        ),
      ...flatLinkParams,
    })
    .superRefine(flatLinkRules)
    .superRefine(({ carrierHz, budget }, context) => {
      if (budget === undefined || budget.carrierHz === carrierHz) return;
      const message = `must be that of the channel, carrierHz ${carrierHz}`;
      const path = ["budget", "carrierHz"];
      context.addIssue({ code: "custom", path, message, input: budget.carrierHz });
    }),

  inverts: invertsGains,

  open(params, context) {
    const { speedMps, carrierHz, kFactorDb, losDopplerRatio } = params;
    const dopplerHz = (speedMps * carrierHz) / speedOfLightMps;
    const { symbolRateHz } = context;
    if (!(dopplerHz <= mostTurn * symbolRateHz)) {
      throw new InputError(
        "doppler: channel.speedMps x channel.carrierHz / c must be at most " +
          `${mostTurn} x transmitter.symbolRateHz = ${mostTurn * symbolRateHz} Hz, so that gains last ` +
          `for a symbol, got ${dopplerHz} Hz`,
      );
    }
    const gains = clarkeGains(
      { dopplerHz, kFactorDb, losDopplerRatio },
      context.random.stream("gains"),
    );
    return flatLink(
      { gains, kFactorDb, pilotEstimator: (setting) => trackingEstimator(setting, gains) },
      params,
      context,
    );
  },
});
