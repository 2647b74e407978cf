/**
 * A study: every point, every trial, every receiver.
 *
 * Random streams are named by (seed, trial), and also by the point where `commonNoise` is off; so no
 * result depends on which other points or receivers are simulated.
 */
import type { Examples } from "../datasets/dataset.js";
import { RandomSource } from "../kernel/index.js";
import { pickExamples } from "../models/fit-inputs.js";
import { countCorrect } from "../models/score.js";
import type { Estimator, Known, Setting } from "../receiver/estimator.js";
import type { Plan, PlannedPoint } from "../scenario/load.js";
import {
  channelOf,
  estimatorOf,
  type ReceiverSettings,
  receiverLabel,
} from "../scenario/schema.js";
import { ratioToDb } from "../units.js";
import { type Bench, benchKey, checkKappa, openBench } from "./bench.js";
import type { SearchRecord, TrialResult } from "./results.js";
import { openLink, type Transmission, transmit } from "./transmission.js";

export interface PreparedStudy {
  readonly plan: Plan;
  /** Every model and data set of the study; usually one. */
  readonly benches: ReadonlyMap<string, Bench>;
}

/**
 * Opens and checks all that the study needs, so that what is wrong shows before anything is written.
 * Throws InputError.
 */
export async function prepareStudy(plan: Plan, stopped?: () => void): Promise<PreparedStudy> {
  const { study, points } = plan;
  const benches = new Map<string, Bench>();
  for (const point of points) {
    const key = benchKey(point.settings);
    if (!benches.has(key)) {
      const options = { threads: study.threads, batch: study.batch, ...(stopped && { stopped }) };
      benches.set(key, await openBench(point.settings, options));
    }
    checkKappa(point.settings, benches.get(key)!);
    // The last trial asks most of a recorded trace.
    openLink(transmissionOf(plan, point, benches.get(key)!, study.trials - 1));
  }
  return { plan, benches };
}

/** Ends all sessions. */
export async function closeStudy({ benches }: PreparedStudy): Promise<void> {
  for (const { scorer } of benches.values()) await scorer.close();
}

export interface StudyEvents {
  /** Asked between inferences; throws to end the study. */
  readonly stopped?: () => void;
  /** One transmission is done: a result for every receiver. */
  readonly onTrial?: (results: readonly TrialResult[]) => void;
  /** A receiver could not be run at a point; said once for each. */
  readonly onNote?: (note: string) => void;
}

/** Runs the points in order, each with all its trials. */
export async function runStudy(prepared: PreparedStudy, events: StudyEvents = {}): Promise<void> {
  const { plan, benches } = prepared;
  for (let index = 0; index < plan.points.length; index++) {
    const point = plan.points[index];
    const bench = benches.get(benchKey(point.settings))!;
    const r = new Float32Array(bench.layout.size);
    const estimate = new Float32Array(bench.layout.size);
    const noted = new Set<string>();
    for (let trial = 0; trial < plan.study.trials; trial++) {
      events.stopped?.();
      const sent = transmit(transmissionOf(plan, point, bench, trial), r);
      const { noiseVariance } = sent.observation;
      const meanNoise = meanOf(noiseVariance);
      const results: TrialResult[] = [];
      for (const receiver of point.settings.receivers as ReceiverSettings[]) {
        const run = new ReceiverRun(bench, receiver, sent.observation, plan.study.batch, estimate);
        const outcome = await run.score(trialRandom(plan, point, trial), events.stopped);
        if (outcome === undefined) {
          const note = `${receiverLabel(receiver)}: every setting lies at or beyond the pole λ' = 1 + η at ${describePoint(point) || "the only point"}; it has no result there`;
          if (!noted.has(note)) events.onNote?.(note);
          noted.add(note);
          continue;
        }
        const total = bench.test.count;
        results.push({
          point: index,
          trial,
          estimator: receiverLabel(receiver),
          parameters: point.parameters,
          snrDb: ratioToDb(bench.statistics.meanSquare / meanNoise),
          wnrDb: ratioToDb(bench.statistics.variance / meanNoise),
          correct: outcome.correct,
          total,
          accuracy: outcome.correct / total,
          mse: outcome.mse,
          nmse: outcome.mse / bench.statistics.meanSquare,
          airtimeS: sent.airtimeS,
          energy: sent.energy,
          packets: sent.packets,
          setting: outcome.setting,
          ...(outcome.search && { search: outcome.search }),
        });
      }
      events.onTrial?.(results);
    }
  }
}

/** One receiver on one observation. */
class ReceiverRun {
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
    { r, noiseVariance }: { r: Float32Array; noiseVariance: number | Float32Array },
    batch: number,
    estimate: Float32Array,
  ) {
    this.#bench = bench;
    this.#receiver = receiver;
    this.#estimator = estimatorOf(receiver);
    this.#r = r;
    const { mean, variance } = bench.statistics;
    this.#known = told(this.#estimator, { noiseVariance, prior: { mean, variance } });
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
      correct = await this.#countWith(setting, this.#bench.test, stopped);
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
    const { choose, kappa } = this.#receiver;
    const { test, validation } = this.#bench;
    const images =
      choose === "oracle"
        ? test
        : pickExamples(validation!, random.stream("validation").sample(validation!.count, kappa));
    const departure = (s: Setting) => this.#estimator.departure?.(s) ?? 0;
    let best = { setting: settings[0], correct: -1 };
    for (const setting of settings) {
      const correct = await this.#countWith(setting, images, stopped);
      const nearer = departure(setting) < departure(best.setting);
      if (correct > best.correct || (correct === best.correct && nearer)) {
        best = { setting, correct };
      }
    }
    return {
      setting: best.setting,
      search: {
        chosenBy: choose,
        images: images.count,
        correct: best.correct,
        settings: settings.length,
        leftOut,
        imageInferences: settings.length * images.count,
      },
    };
  }

  #estimateWith(setting: Setting): void {
    this.#estimator.estimate(this.#r, this.#known, setting, this.#estimate);
  }

  /** How many of the images the network gets right with the weights that a setting gives. */
  async #countWith(
    setting: Setting,
    images: Examples,
    stopped: (() => void) | undefined,
  ): Promise<number> {
    const { scorer } = this.#bench;
    this.#estimateWith(setting);
    await scorer.setWeights(this.#estimate);
    return countCorrect(scorer, images, this.#batch, stopped);
  }
}

/** Only what the estimator declares to need. */
function told(estimator: Estimator, known: Known): Known {
  return Object.fromEntries(estimator.needs.map((key) => [key, known[key]])) as unknown as Known;
}

function transmissionOf(
  plan: Plan,
  point: PlannedPoint,
  bench: Bench,
  trial: number,
): Transmission {
  return {
    weights: bench.weights,
    statistics: bench.statistics,
    transmitter: point.settings.transmitter,
    channel: channelOf(point.settings),
    channelParams: point.settings.channel as never,
    trial,
    random: trialRandom(plan, point, trial),
  };
}

function trialRandom({ study }: Plan, point: PlannedPoint, trial: number): RandomSource {
  const source = new RandomSource(study.seed);
  const own = study.commonNoise ? source : source.child(`point ${describePoint(point)}`);
  return own.child(`trial ${trial}`);
}

function describePoint({ parameters }: PlannedPoint): string {
  return Object.entries(parameters)
    .map(([path, value]) => `${path} = ${value}`)
    .join(", ");
}

function meanOf(values: number | Float32Array): number {
  if (typeof values === "number") return values;
  let sum = 0;
  for (let k = 0; k < values.length; k++) sum += values[k];
  return sum / values.length;
}

function meanSquareError(estimate: Float32Array, weights: Float32Array): number {
  let sum = 0;
  for (let k = 0; k < weights.length; k++) {
    const d = estimate[k] - weights[k];
    sum += d * d;
  }
  return sum / weights.length;
}
