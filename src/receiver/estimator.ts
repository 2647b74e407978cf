/**
 * The contract of an estimator: observations r = w + n to weights.
 */
import type { z } from "zod";
import type { Cells } from "../observation.js";
import type { Prior, PriorRequest, TensorPlace } from "./prior.js";

/** All that a receiver may be told beyond r. */
export interface Known {
  /** Variance of n per real weight: one number, or one per weight. Infinity where a weight was erased. */
  readonly noiseVariance: number | Float32Array;
  /** What the weights are taken to be before r is seen: of the kind that the estimator's `prior` asks for. */
  readonly prior: Prior;
  /** Where each tensor lies in the weight vector, and its shape: part of the model, which the receiver has. */
  readonly tensors: readonly TensorPlace[];
  /** Cells of the converter that r left; absent where there was none, or where codes or links have mixed it since. */
  readonly cells?: Cells | undefined;
}

/** Numbers that an estimator is run with, e.g. { lambda: 1.01, beta: -0.4 }. */
export type Setting = Readonly<Record<string, number>>;

export interface Estimator<
  P extends z.ZodObject = z.ZodObject,
  N extends keyof Known = keyof Known,
  S extends Setting = Setting,
> {
  readonly name: string;
  /** One line for `weightlink list estimators`. */
  readonly summary: string;
  /** Strict schema of the parameters; `name`, `label` and the choice of a setting are added. */
  readonly params: P;
  /** What it must be told; nothing else reaches `estimate`. Results carry this list. */
  readonly needs: readonly N[];
  /** The prior that it is given, where it needs one: two moments of all weights, sent, where this is absent. */
  prior?(params: z.output<P>): PriorRequest;
  /** The settings to choose from; with more than one, labelled images choose. */
  settings(params: z.output<P>): readonly S[];
  /** At this noise, which settings make sense: false of those that do not. All do where this is absent. */
  isValid?(known: Pick<Known, N>): (setting: S) => boolean;
  /**
   * How far a setting is from leaving r as it is. Of settings that do equally well on the labelled
   * images, the least departure is chosen. 0 where this is absent.
   */
  departure?(setting: S): number;
  /** Writes the estimate of every weight into `out`; leaves `r` as it is. */
  estimate(r: Float32Array, known: Pick<Known, N>, setting: S, out: Float32Array): void;
}

/** Types an estimator definition; add the result to the list in `src/receiver/index.ts`. */
export function defineEstimator<P extends z.ZodObject, N extends keyof Known, S extends Setting>(
  estimator: Estimator<P, N, S>,
): Estimator<P, N, S> {
  return estimator;
}
