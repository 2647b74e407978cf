/**
 * What the server makes of an aggregate: an estimate of the mean update by one receiver, whose setting labelled images
 * choose where it has several.
 *
 *   r → ŝ = estimate of the sum → w ← w + ν ŝ / divisor,   ν the server's learning rate
 *
 * A setting is scored by the accuracy of the model after this candidate update.
 */
import type { Examples } from "../datasets/dataset.js";
import type { RandomSource } from "../kernel/index.js";
import type { Scorer } from "../models/model.js";
import type { Observation } from "../observation.js";
import type { Setting } from "../receiver/estimator.js";
import type { FederatedReceiver } from "../scenario/federated-schema.js";
import { estimatorOf } from "../scenario/schema.js";
import { chooseSetting, validSettings } from "../study/choose.js";
import { knownOf } from "../study/known.js";
import type { SearchRecord } from "../study/results.js";
import { weightStatistics } from "../transmitter/transmitter.js";
import type { Layout } from "../weights/layout.js";

export interface Denoised {
  readonly setting: Setting;
  readonly search?: SearchRecord;
  readonly notes: readonly string[];
}

export interface DenoiserOptions {
  readonly receiver: FederatedReceiver;
  readonly layout: Layout;
  readonly scorer: Scorer;
  /** Images in one inference. */
  readonly batch: number;
  readonly test: Examples;
  readonly validation: Examples | undefined;
  readonly stopped: () => void;
}

export interface DenoiserTask {
  readonly observation: Observation;
  /** The sum that r observes, for receivers that are told of it. */
  readonly truth: Float32Array;
  readonly random: RandomSource;
  /** The model vector after an estimate of the sum. */
  readonly candidate: (estimate: Float32Array) => Float32Array;
  /** Where the estimate goes. */
  readonly out: Float32Array;
}

/** Undefined where no setting is valid. */
export async function denoise(
  options: DenoiserOptions,
  { observation, truth, random, candidate, out }: DenoiserTask,
): Promise<Denoised | undefined> {
  const { receiver, layout, scorer } = options;
  const estimator = estimatorOf(receiver);
  const network = { weights: truth, statistics: weightStatistics(truth), layout };
  const { known, notes } = knownOf(estimator, receiver, network, observation);
  const { all, valid } = validSettings(estimator, receiver, known);
  if (valid.length === 0) return undefined;
  const estimate = (setting: Setting) => estimator.estimate(observation.r, known, setting, out);
  if (all.length === 1) {
    estimate(valid[0]);
    return { setting: valid[0], notes };
  }
  const chosen = await chooseSetting({
    ...options,
    estimator,
    valid,
    leftOut: all.length - valid.length,
    random,
    open: (setting) => {
      estimate(setting);
      return scorer.setWeights(candidate(out));
    },
  });
  estimate(chosen.setting);
  return { ...chosen, notes };
}
