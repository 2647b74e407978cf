/**
 * What a receiver takes the weights to be before it has seen them: moments of all of them, or of each tensor,
 * and where it has these from.
 *
 *   sent       the transmitter sends them beside the weights, so they are exact and cost airtime
 *   estimated  the receiver finds them in r, whose noise variance it knows; they cost nothing
 *   genie      they are true and cost nothing: a bound, marked in results
 */
import { z } from "zod";
import type { Mixture } from "../math/gaussian-mixture.js";

/** Mean, and population variance about it. */
export interface Moments {
  readonly mean: number;
  readonly variance: number;
}

/** Weights from `from` to `to` (exclusive) in the weight vector. */
export interface Stretch {
  readonly from: number;
  readonly to: number;
}

/** Where a tensor lies, and its dimensions as the model has them. */
export interface TensorPlace extends Stretch {
  readonly shape: readonly number[];
}

/** One prior for a stretch of weights; Gaussian where `mixture` is absent. */
export interface PriorPart extends Stretch, Moments {
  readonly mixture?: Mixture;
  /** Name of the group of tensors that it belongs to, where the request has groups and one holds it. */
  readonly group?: string;
}

/** Moments of all weights, and with scope `tensor` of each stretch of them. */
export interface Prior extends Moments {
  /** In order and without gaps; one part for all weights where absent. */
  readonly parts?: readonly PriorPart[];
}

export const priorSources = ["sent", "estimated", "genie"] as const;
export type PriorSource = (typeof priorSources)[number];

export const priorScopes = ["global", "tensor"] as const;
export type PriorScope = (typeof priorScopes)[number];

/** What of the prior an estimator looks at. */
export type PriorRequest = {
  readonly scope: PriorScope;
  readonly source: PriorSource;
  /** Groups of tensors that the estimator tells apart: glob patterns by the name of the group. */
  readonly groups?: Readonly<Record<string, readonly string[]>>;
} & (
  | { readonly kind: "moments" | "means" }
  | { readonly kind: "mixture"; readonly components: number; readonly iterations: number }
);

/** For estimators that do not let the scenario choose. */
export const globalMoments: PriorRequest = { kind: "moments", scope: "global", source: "sent" };

/** Parameters that estimators with a prior share; `scope` is the default. */
export function priorParams(scope: PriorScope) {
  return {
    scope: z
      .enum(priorScopes)
      .default(scope)
      .describe("global: one prior for all weights; tensor: one for each tensor"),
    prior: z
      .enum(priorSources)
      .default("sent")
      .describe(
        "where the prior comes from: sent beside the weights, estimated from what was received, or genie (true and free: a bound)",
      ),
  };
}

/** The parts of a prior over so many weights. */
export function partsOf(prior: Prior, weights: number): readonly PriorPart[] {
  const { mean, variance } = prior;
  return prior.parts ?? [{ from: 0, to: weights, mean, variance }];
}

/** Numbers that describe the prior of one part. */
export function numbersPerPart(request: PriorRequest): number {
  switch (request.kind) {
    case "means":
      return 1;
    case "moments":
      return 2;
    case "mixture":
      // A mean and a variance for each component, and the shares, which add up to 1.
      return 3 * request.components - 1;
  }
}
