/** What a receiver makes of an observation, and how many test images the network then gets right. */
import type { RandomSource } from "../kernel/index.js";
import { pickExamples } from "../models/fit-inputs.js";
import { countCorrect, scoreMargins } from "../models/score.js";
import type { Estimator, Known, Setting } from "../receiver/estimator.js";
import type { Observation } from "../receiver/receiver.js";
import { estimatorOf, type ReceiverSettings } from "../scenario/schema.js";
import type { Bench } from "./bench.js";
import { knownOf } from "./known.js";
import type { SearchRecord } from "./results.js";
import { searchMethods } from "./search.js";

/** One receiver on one observation. */
export class ReceiverRun {
  readonly #bench: Bench;
  readonly #receiver: ReceiverSettings;
  readonly #estimator: Estimator;
  readonly #r: Float32Array;
  readonly #known: Known;
  readonly #batch: number;
  /** Where estimates are written; shared, so nothing in it outlives the next estimate. */
  readonly #estimate: Float32Array;

  constructor(
    bench: Bench,
    receiver: ReceiverSettings,
    { r, noiseVariance }: Observation,
    batch: number,
    estimate: Float32Array,
  ) {
    this.#bench = bench;
    this.#receiver = receiver;
    this.#estimator = estimatorOf(receiver);
    this.#r = r;
    this.#known = knownOf(this.#estimator, bench, noiseVariance);
    this.#batch = batch;
    this.#estimate = estimate;
  }

  /** Chooses a setting and scores it on the test images; undefined where no setting is valid. */
  async score(
    random: RandomSource,
    stopped: (() => void) | undefined,
  ): Promise<
    { correct: number; mse: number; setting: Setting; search: SearchRecord | undefined } | undefined
  > {
    const all = this.#estimator.settings(this.#receiver as never);
    const valid = all.filter((s) => this.#estimator.isValid?.(s, this.#known) ?? true);
    if (valid.length === 0) return undefined;
    const leftOut = all.length - valid.length;
    let setting = valid[0];
    let search: SearchRecord | undefined;
    if (all.length > 1) ({ setting, search } = await this.#search(valid, leftOut, random, stopped));
    let correct: number;
    if (search?.chosenBy === "oracle") {
      correct = search.correct; // the search has counted on these very images
      this.#estimateWith(setting);
    } else {
      await this.#open(setting);
      correct = await countCorrect(this.#bench.scorer, this.#bench.test, this.#batch, stopped);
    }
    const mse = meanSquareError(this.#estimate, this.#bench.weights);
    return { correct, mse, setting, search };
  }

  /** The setting that gets most labelled images right; of equals, the one nearest to leaving r as it is. */
  async #search(
    settings: readonly Setting[],
    leftOut: number,
    random: RandomSource,
    stopped: (() => void) | undefined,
  ): Promise<{ setting: Setting; search: SearchRecord }> {
    const { choose, search: method, kappa } = this.#receiver;
    const { test, validation } = this.#bench;
    const images =
      choose === "oracle"
        ? test
        : pickExamples(validation!, random.stream("validation").sample(validation!.count, kappa));
    const found = await searchMethods[method]({
      settings,
      images: images.count,
      departure: (s) => this.#estimator.departure?.(s) ?? 0,
      margins: async (setting) => {
        await this.#open(setting);
        return scoreMargins(this.#bench.scorer, images, this.#batch, stopped);
      },
    });
    return {
      setting: found.setting,
      search: {
        chosenBy: choose,
        method,
        images: images.count,
        correct: found.correct,
        settings: settings.length,
        leftOut,
        imageInferences: found.imageInferences,
      },
    };
  }

  #estimateWith(setting: Setting): void {
    this.#estimator.estimate(this.#r, this.#known, setting, this.#estimate);
  }

  /** Gives the network the weights that a setting makes of r. */
  async #open(setting: Setting): Promise<void> {
    this.#estimateWith(setting);
    await this.#bench.scorer.setWeights(this.#estimate);
  }
}

function meanSquareError(estimate: Float32Array, weights: Float32Array): number {
  let sum = 0;
  for (let k = 0; k < weights.length; k++) {
    const d = estimate[k] - weights[k];
    sum += d * d;
  }
  return sum / weights.length;
}
