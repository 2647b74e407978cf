/** What a receiver makes of an observation, and how many test images the network then gets right. */
import type { Examples } from "../datasets/dataset.js";
import type { RandomSource } from "../kernel/index.js";
import { pickExamples } from "../models/fit-inputs.js";
import { countCorrect } from "../models/score.js";
import type { Observation } from "../observation.js";
import type { Estimator, Known, Setting } from "../receiver/estimator.js";
import { refineNetwork, unlabelledImages } from "../receiver/refinements/chain.js";
import type { ReceivedNetwork } from "../receiver/refinements/refinement.js";
import { estimatorOf, type ReceiverSettings } from "../scenario/schema.js";
import type { AnnouncedBench } from "./announced.js";
import { networkPlan, ownStatistics } from "./bench.js";
import { chooseSetting, validSettings } from "./choose.js";
import { knownOf } from "./known.js";
import type { SearchRecord } from "./results.js";

/** One receiver on one observation. */
export class ReceiverRun {
  readonly #bench: AnnouncedBench;
  readonly #receiver: ReceiverSettings;
  readonly #estimator: Estimator;
  readonly #observation: Observation;
  readonly #r: Float32Array;
  readonly #known: Known;
  /** What the reader of the results should know of this receiver. */
  readonly notes: readonly string[];
  readonly #batch: number;
  /** Where estimates are written; shared, so nothing in it outlives the next estimate. */
  readonly #estimate: Float32Array;
  /** Unlabelled images for refinements, drawn when one first asks. */
  #unlabelled: Examples | undefined;

  constructor(
    bench: AnnouncedBench,
    receiver: ReceiverSettings,
    observation: Observation,
    batch: number,
    estimate: Float32Array,
  ) {
    this.#observation = observation;
    this.#bench = bench;
    this.#receiver = receiver;
    this.#estimator = estimatorOf(receiver);
    this.#r = observation.r;
    ({ known: this.#known, notes: this.notes } = knownOf(
      this.#estimator,
      receiver,
      bench,
      observation,
    ));
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
    const { all, valid } = validSettings(this.#estimator, this.#receiver, this.#known);
    if (valid.length === 0) return undefined;
    const leftOut = all.length - valid.length;
    let setting = valid[0];
    let search: SearchRecord | undefined;
    if (all.length > 1) {
      ({ setting, search } = await chooseSetting({
        ...this.#bench,
        receiver: this.#receiver,
        estimator: this.#estimator,
        valid,
        leftOut,
        batch: this.#batch,
        random,
        stopped,
        open: (candidate) => this.#open(candidate, random),
      }));
    }
    let correct: number;
    if (search?.chosenBy === "oracle") {
      correct = search.correct; // the search has counted on these very images
      await this.#received(setting, random);
    } else {
      await this.#open(setting, random);
      correct = await countCorrect(this.#bench.scorer, this.#bench.test, this.#batch, stopped);
    }
    const mse = meanSquareError(this.#estimate, this.#bench.weights);
    return { correct, mse, setting, search };
  }

  /** Gives the network the weights that a setting makes of r, refined. */
  async #open(setting: Setting, random: RandomSource): Promise<void> {
    const { weights, statistics } = await this.#received(setting, random);
    await this.#bench.scorer.setWeights(weights, statistics);
  }

  /** The estimate, refined. So a search chooses the setting that is best behind the refinements. */
  async #received(setting: Setting, random: RandomSource): Promise<ReceivedNetwork> {
    const weights = this.#estimate;
    this.#estimator.estimate(this.#r, this.#known, setting, weights);
    const network: ReceivedNetwork = { weights, statistics: undefined };
    const { refine } = this.#receiver;
    if (refine.length === 0) return network;
    const { layout, scorer, moments, probe, meanSquares, parameters } = this.#bench;
    const places = new Map(layout.entries.map((entry) => [entry.name, entry]));
    await refineNetwork(refine, network, {
      ...networkPlan(this.#bench)!, // which the study has checked
      observation: this.#observation,
      ownStatistics: ownStatistics(this.#bench, weights),
      parameter: (name) => {
        const place = places.get(name);
        if (place === undefined) return parameters.get(name)!;
        return weights.subarray(place.offset, place.offset + place.size);
      },
      moments: moments ?? [],
      meanSquares,
      measureStatistics: (of) => {
        this.#unlabelled ??= this.#drawUnlabelled(random);
        return scorer.measureStatistics!(of, this.#unlabelled.inputs, this.#unlabelled.count);
      },
      probe: probe && {
        logRatios: probe.logRatios,
        measureVariances: (...given) =>
          scorer.measureVariances!(...given, probe.images.inputs, probe.images.count),
      },
    });
    return network;
  }

  /** The same for all settings of a search, and for all receivers that look at as many. */
  #drawUnlabelled(random: RandomSource): Examples {
    const { validation } = this.#bench;
    const stream = random.stream("unlabelled");
    const images = unlabelledImages(this.#receiver.refine);
    return pickExamples(validation!, stream.sample(validation!.count, images));
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
