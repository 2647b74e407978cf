/**
 * The noise level of an uplink, given in one of two ways. σ² is the noise variance per real component at the server.
 *
 *   snrDb         mean square of Σ Δ_k over σ²: updates go on the air as they are, at unit gain
 *                 (arXiv 2105.10699), so that the noise shrinks and grows with the updates
 *   deviceSnrDb   P/σ² at unit gain, P being the most energy that a device spends per component of its update. All
 *                 devices scale by the same √α, α = P / max_k mean(Δ_k²), for which they report one number each;
 *                 the device with the largest update spends P. Energies are in units of P
 *
 * After the server has divided by √α the noise variance is σ²/α: mean((Σ Δ_k)²)/SNR and max_k mean(Δ_k²)/SNR.
 */
import type { z } from "zod";
import { decibels } from "../channel-noise.js";
import { dbToRatio, quantity } from "../units.js";

/** For schemes without a sum of updates on the air. */
export const deviceSnrDb = quantity("dB", decibels).describe(
  "energy of a device per component over noise variance, at unit gain [dB]",
);

/** Keys for the schema of a scheme that takes either. */
export const uplinkNoise = {
  snrDb: quantity("dB", decibels)
    .optional()
    .describe("mean square of the sum of the updates over noise variance, per real component [dB]"),
  deviceSnrDb: deviceSnrDb.optional(),
};

export interface UplinkNoise {
  readonly snrDb?: number | undefined;
  readonly deviceSnrDb?: number | undefined;
}

/** Refinement: exactly one of snrDb and deviceSnrDb. */
export function oneUplinkNoise(
  params: UplinkNoise,
  context: z.core.$RefinementCtx<UplinkNoise>,
): void {
  const { snrDb, deviceSnrDb } = params;
  if ((snrDb === undefined) !== (deviceSnrDb === undefined)) return;
  const message =
    snrDb === undefined
      ? "needs snrDb or deviceSnrDb (or a sweep over one of them)"
      : "takes one of snrDb and deviceSnrDb, not both";
  context.addIssue({ code: "custom", message, input: params });
}

/** Signal and noise of a round. */
export interface UplinkLevel {
  /** α: energy on the air over that of the updates, at unit gain. */
  readonly scale: number;
  /** σ², at the server's input. */
  readonly noiseVariance: number;
  /** σ²/α, in the units of the updates. */
  readonly variance: number;
}

/**
 * The level for updates with these mean squares. `sumPower` gives the mean square of their sum, and is asked only
 * where that counts.
 */
export function levelOf(
  { snrDb, deviceSnrDb }: UplinkNoise,
  powers: readonly number[],
  sumPower: () => number,
): UplinkLevel {
  if (snrDb !== undefined) {
    const variance = sumPower() / dbToRatio(snrDb);
    return { scale: 1, noiseVariance: variance, variance };
  }
  return levelAtPower(Math.max(0, ...powers), deviceSnrDb!);
}

/** The level where updates with this mean square spend P. Updates that are all 0 are sent as 0, without noise. */
export function levelAtPower(power: number, deviceSnrDb: number): UplinkLevel {
  const noiseVariance = 1 / dbToRatio(deviceSnrDb);
  return { scale: power > 0 ? 1 / power : 0, noiseVariance, variance: power * noiseVariance };
}
