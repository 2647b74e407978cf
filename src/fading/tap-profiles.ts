/**
 * Power delay profiles: delays and mean powers of the taps of a wideband channel, powers summing to 1.
 *
 *   tdl-a … tdl-e    3GPP TR 38.901 v17.0.0, Tables 7.7.2-1 to -5: delays normalized to an rms delay
 *                    spread of 1, times `delaySpreadS`
 *   epa, eva, etu    3GPP TS 36.104 v17, Annex B.2: fixed delays
 *   { delaysS, powersDb, kFactorDb }   own taps
 *
 * The tables of TDL-D and TDL-E list the first tap in two lines, a line-of-sight path and a Rayleigh part
 * at the same delay. Here they are one Rician tap: its power is their sum and K the ratio of the two
 * lines (TDL-D −0.2 and −13.5 dB: K = 13.3 dB; TDL-E −0.03 and −22.03 dB: K = 22 dB).
 *
 * Limits: the tables are rounded to 0.1 dB, so the rms delay spread of TDL-D is 0.994 and not 1 (the
 * others are within 0.03 %). K is that of the first tap, not of the whole channel, and is not rescaled
 * (TR 38.901, 7.7.6). The tables are not the reduced ones of TS 38.104 (TDLA30, TDLB100, TDLC300).
 */
import { z } from "zod";
import { dbToRatio, numberList, quantity } from "../units.js";

export interface Tap {
  readonly delayS: number;
  /** E|g|². */
  readonly power: number;
  /** Power of the line-of-sight path over that of the Rayleigh part; absent: Rayleigh. */
  readonly kFactorDb?: number;
}

/** Delays (normalized where `normalized`, else in ns) and powers [dB]. */
interface Table {
  readonly normalized: boolean;
  readonly delays: readonly number[];
  readonly powersDb: readonly number[];
  /** Power of the line-of-sight path beside the first tap [dB]. */
  readonly losDb?: number;
}

// biome-ignore format: one line of numbers per column of the source's table
const tables = {
  "tdl-a": {
    normalized: true,
    delays: [0, 0.3819, 0.4025, 0.5868, 0.461, 0.5375, 0.6708, 0.575, 0.7618, 1.5375, 1.8978, 2.2242,
      2.1718, 2.4942, 2.5119, 3.0582, 4.081, 4.4579, 4.5695, 4.7966, 5.0066, 5.3043, 9.6586],
    powersDb: [-13.4, 0, -2.2, -4, -6, -8.2, -9.9, -10.5, -7.5, -15.9, -6.6, -16.7,
      -12.4, -15.2, -10.8, -11.3, -12.7, -16.2, -18.3, -18.9, -16.6, -19.9, -29.7],
  },
  "tdl-b": {
    normalized: true,
    delays: [0, 0.1072, 0.2155, 0.2095, 0.287, 0.2986, 0.3752, 0.5055, 0.3681, 0.3697, 0.57, 0.5283,
      1.1021, 1.2756, 1.5474, 1.7842, 2.0169, 2.8294, 3.0219, 3.6187, 4.1067, 4.279, 4.7834],
    powersDb: [0, -2.2, -4, -3.2, -9.8, -1.2, -3.4, -5.2, -7.6, -3, -8.9, -9,
      -4.8, -5.7, -7.5, -1.9, -7.6, -12.2, -9.8, -11.4, -14.9, -9.2, -11.3],
  },
  "tdl-c": {
    normalized: true,
    delays: [0, 0.2099, 0.2219, 0.2329, 0.2176, 0.6366, 0.6448, 0.656, 0.6584, 0.7935, 0.8213, 0.9336,
      1.2285, 1.3083, 2.1704, 2.7105, 4.2589, 4.6003, 5.4902, 5.6077, 6.3065, 6.6374, 7.0427, 8.6523],
    powersDb: [-4.4, -1.2, -3.5, -5.2, -2.5, 0, -2.2, -3.9, -7.4, -7.1, -10.7, -11.1,
      -5.1, -6.8, -8.7, -13.2, -13.9, -13.9, -15.8, -17.1, -16, -15.7, -21.6, -22.8],
  },
  "tdl-d": {
    normalized: true,
    delays: [0, 0.035, 0.612, 1.363, 1.405, 1.804, 2.596, 1.775, 4.042, 7.937, 9.424, 9.708, 12.525],
    powersDb: [-13.5, -18.8, -21, -22.8, -17.9, -20.1, -21.9, -22.9, -27.8, -23.6, -24.8, -30, -27.7],
    losDb: -0.2,
  },
  "tdl-e": {
    normalized: true,
    delays: [0, 0.5133, 0.544, 0.563, 0.544, 0.7112, 1.9092, 1.9293, 1.9589, 2.6426, 3.7136, 5.4524,
      12.0034, 20.6519],
    powersDb: [-22.03, -15.8, -18.1, -19.8, -22.9, -22.4, -18.6, -20.8, -22.6, -22.3, -25.6, -20.2,
      -29.8, -29.2],
    losDb: -0.03,
  },
  epa: {
    normalized: false,
    delays: [0, 30, 70, 90, 110, 190, 410],
    powersDb: [0, -1, -2, -3, -8, -17.2, -20.8],
  },
  eva: {
    normalized: false,
    delays: [0, 30, 150, 310, 370, 710, 1090, 1730, 2510],
    powersDb: [0, -1.5, -1.4, -3.6, -0.6, -9.1, -7, -12, -16.9],
  },
  etu: {
    normalized: false,
    delays: [0, 50, 120, 200, 230, 500, 1600, 2300, 5000],
    powersDb: [-1, -1, -1, 0, 0, 0, -3, -5, -7],
  },
} satisfies Record<string, Table>;

export type ProfileName = keyof typeof tables;

export const profileNames = Object.keys(tables) as [ProfileName, ...ProfileName[]];

/** Longer than any echo on Earth; delays in other units than seconds end here. */
const longestDelayS = 0.1;

const ownTaps = z
  .strictObject({
    delaysS: numberList("s", z.number().min(0).max(longestDelayS)).describe(
      "delays of the taps [s]",
    ),
    powersDb: numberList("dB", z.number().min(-300).max(300)).describe(
      "mean powers of the taps, scaled to sum to 1 [dB]",
    ),
    kFactorDb: quantity("dB", z.number().min(-300).max(300))
      .optional()
      .describe("first tap: line-of-sight power over Rayleigh power, within its power [dB]"),
  })
  .superRefine(({ delaysS, powersDb }, context) => {
    if (delaysS.length === powersDb.length) return;
    const message = `needs as many powers as delays, got ${powersDb.length} and ${delaysS.length}`;
    context.addIssue({ code: "custom", path: ["powersDb"], message, input: powersDb });
  });

/** Keys for a channel's schema; `scaledProfile` checks them together. */
export const profileParams = {
  profile: z
    .union([z.string().pipe(z.enum(profileNames)), ownTaps], {
      error: `must be one of ${profileNames.join(", ")}, or a map with delaysS and powersDb`,
    })
    .describe("power delay profile: a name, or own taps { delaysS, powersDb, kFactorDb }"),
  delaySpreadS: quantity(
    "s",
    z
      .number()
      .min(0)
      .max(longestDelayS / 30),
  )
    .optional()
    .describe("rms delay spread; tdl-a to tdl-e need it, the others have their own [s]"),
};

export type ProfileParams = {
  readonly profile: ProfileName | z.output<typeof ownTaps>;
  readonly delaySpreadS?: number | undefined;
};

/** Refinement: a delay spread with the normalized profiles, and only with them. */
export function scaledProfile(
  { profile, delaySpreadS }: ProfileParams,
  context: z.core.$RefinementCtx<ProfileParams>,
): void {
  const normalized = typeof profile === "string" && tables[profile].normalized;
  if (normalized === (delaySpreadS !== undefined)) return;
  const message = normalized
    ? `is missing: ${profile} needs it [s]`
    : `goes with tdl-a to tdl-e only; ${typeof profile === "string" ? profile : "a list of taps"} has its own delays`;
  context.addIssue({ code: "custom", path: ["delaySpreadS"], message, input: delaySpreadS });
}

/** The taps of a profile, in the order of its table, with powers that sum to 1. */
export function tapsOf({ profile, delaySpreadS = 1 }: ProfileParams): Tap[] {
  if (typeof profile !== "string") {
    return scaled(profile.delaysS, profile.powersDb.map(dbToRatio), profile.kFactorDb);
  }
  const { normalized, delays, powersDb, losDb }: Table = tables[profile];
  const unitS = normalized ? delaySpreadS : 1e-9;
  const powers = powersDb.map(dbToRatio);
  if (losDb !== undefined) powers[0]! += dbToRatio(losDb);
  const kFactorDb = losDb === undefined ? undefined : losDb - powersDb[0]!;
  return scaled(
    delays.map((delay) => delay * unitS),
    powers,
    kFactorDb,
  );
}

function scaled(delaysS: readonly number[], powers: readonly number[], firstK?: number): Tap[] {
  const sum = powers.reduce((a, b) => a + b, 0);
  return delaysS.map((delayS, k) => {
    const tap = { delayS, power: powers[k]! / sum };
    return k === 0 && firstK !== undefined ? { ...tap, kFactorDb: firstK } : tap;
  });
}
