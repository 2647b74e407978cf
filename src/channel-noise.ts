/**
 * The noise level of a channel that adds white noise, by SNR, by WNR or by a link budget; see
 * docs/conventions.md and docs/link-budget.md.
 */
import { z } from "zod";
import type { ChannelContext } from "./channel.js";
import { InputError } from "./errors.js";
import { type BudgetParams, budgetParams, linkBudget } from "./radio/link-budget.js";
import { dbToRatio, quantity } from "./units.js";

/** Beyond these, float32 holds either the signal or the noise, not both. */
const mostDb = 300;
export const decibels = z.number().min(-mostDb).max(mostDb);

/** Keys for a channel's schema; exactly one of them must be given. */
export const noiseLevel = {
  snrDb: quantity("dB", decibels)
    .optional()
    .describe("mean square of the signal over noise variance, per real component [dB]"),
  wnrDb: quantity("dB", decibels)
    .optional()
    .describe("variance of the signal over noise variance, per real component [dB]"),
  budget: budgetParams
    .optional()
    .describe("link budget: the SNR follows from power, distance and the receiver's noise"),
};

interface NoiseLevel {
  readonly snrDb?: number | undefined;
  readonly wnrDb?: number | undefined;
  readonly budget?: BudgetParams | undefined;
}

/** Refinement: exactly one of snrDb, wnrDb and budget. */
export function oneNoiseLevel(
  params: NoiseLevel,
  context: z.core.$RefinementCtx<NoiseLevel>,
): void {
  const { snrDb, wnrDb, budget } = params;
  const given = [snrDb, wnrDb, budget].filter((level) => level !== undefined).length;
  if (given === 1) return;
  const message =
    given === 0
      ? "needs snrDb, wnrDb or budget (or a sweep over one of them)"
      : "takes one of snrDb, wnrDb and budget, not several";
  context.addIssue({ code: "custom", message, input: params });
}

/** Noise variance per real component, in symbol units squared. */
export function noiseVarianceOf(
  params: NoiseLevel,
  context: Pick<ChannelContext, "signal" | "complex" | "symbolRateHz" | "random">,
): number {
  const { signal } = context;
  if (params.snrDb !== undefined) return signal.meanSquare / dbToRatio(params.snrDb);
  if (params.wnrDb !== undefined) return signal.variance / dbToRatio(params.wnrDb);
  return signal.meanSquare / budgetSnr(params.budget!, context);
}

/**
 * SNR per real component. A symbol of I and Q has its energy in two dimensions, as the noise has: Es/N0. A
 * real one has all of it in one dimension, which only half of the complex noise falls into: 2 Es/N0.
 */
function budgetSnr(
  budget: BudgetParams,
  context: Pick<ChannelContext, "complex" | "symbolRateHz" | "random">,
): number {
  const { esN0Db, receivedDbm, noiseDbm } = linkBudget(budget, context);
  if (!(Math.abs(esN0Db) <= mostDb)) {
    throw new InputError(
      `channel.budget gives an Es/N0 of ${esN0Db.toFixed(1)} dB (received ${receivedDbm.toFixed(1)} dBm, ` +
        `noise ${noiseDbm.toFixed(1)} dBm); it must be within ±${mostDb} dB`,
    );
  }
  return dbToRatio(esN0Db) * (context.complex ? 1 : 2);
}
