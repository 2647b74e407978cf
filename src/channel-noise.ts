/**
 * The noise level of a channel that adds white noise, by SNR or by WNR; see docs/conventions.md.
 */
import { z } from "zod";
import type { ChannelContext } from "./channel.js";
import { dbToRatio, quantity } from "./units.js";

/** Beyond these, float32 holds either the signal or the noise, not both. */
const decibels = z.number().min(-300).max(300);

/** Keys for a channel's schema; exactly one of them must be given. */
export const noiseLevel = {
  snrDb: quantity("dB", decibels)
    .optional()
    .describe("mean square of the signal over noise variance, per real component [dB]"),
  wnrDb: quantity("dB", decibels)
    .optional()
    .describe("variance of the signal over noise variance, per real component [dB]"),
};

interface NoiseLevel {
  readonly snrDb?: number | undefined;
  readonly wnrDb?: number | undefined;
}

/** Refinement: exactly one of snrDb and wnrDb. */
export function oneNoiseLevel(
  params: NoiseLevel,
  context: z.core.$RefinementCtx<NoiseLevel>,
): void {
  if ((params.snrDb === undefined) !== (params.wnrDb === undefined)) return;
  const message =
    params.snrDb === undefined
      ? "needs snrDb or wnrDb (or a sweep over one of them)"
      : "takes snrDb or wnrDb, not both";
  context.addIssue({ code: "custom", message, input: params });
}

/** Noise variance per real component, in symbol units squared. */
export function noiseVarianceOf(params: NoiseLevel, signal: ChannelContext["signal"]): number {
  return params.snrDb !== undefined
    ? signal.meanSquare / dbToRatio(params.snrDb)
    : signal.variance / dbToRatio(params.wnrDb!);
}
