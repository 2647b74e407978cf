/**
 * One trial: one transmission, seen through every receiver of its point.
 *
 * Random streams are named by (seed, trial), and also by the point where `commonNoise` is off; so no
 * result depends on which other points or receivers are simulated, where, or in which order.
 */
import { RandomSource } from "../kernel/index.js";
import { meanOfFinite } from "../math/statistics.js";
import { refinementVectorsSent } from "../receiver/refinements/chain.js";
import { numbersSent } from "../receiver/side-information.js";
import { describePoint, type Plan, type PlannedPoint, pointKey } from "../scenario/load.js";
import {
  channelOf,
  estimatorOf,
  type ReceiverSettings,
  receiverLabel,
} from "../scenario/schema.js";
import { blockFloatBits } from "../transmitter/block-float.js";
import { bitsPerNumber } from "../transmitter/coding.js";
import type { TransmitterParams } from "../transmitter/transmitter.js";
import { ratioToDb } from "../units.js";
import { type AnnouncedBench, announced } from "./announced.js";
import { type Bench, networkPlan } from "./bench.js";
import { equivalentWnrDb } from "./equivalent-wnr.js";
import { ReceiverRun } from "./receiver-run.js";
import type { Timeline, TransmissionFacts, TrialResult } from "./results.js";
import {
  type Arrival,
  type Transmission,
  type TransmissionResult,
  transmit,
  withSideInformation,
} from "./transmission.js";

/** Names one trial of a study. */
export interface Job {
  readonly point: number;
  readonly trial: number;
}

/** What a trial gives. Plain data, so that it can cross to another thread. */
export interface TrialOutcome extends Job {
  /** A row for every receiver that has a result. */
  readonly results: readonly TrialResult[];
  /** What was sent, whatever the receivers made of it. */
  readonly sent: TransmissionFacts;
  /** Equivalent WNR of every tensor, in the order of the layout [dB]. */
  readonly tensors: readonly { tensor: string; weights: number; equivalentWnrDb: number }[];
  /** Receivers without a result here, and why; what the channel has to say. */
  readonly notes: readonly string[];
  /** Of the first trial at a point. */
  readonly timeline?: Timeline;
  /** Wall-clock time that the trial took [s]. */
  readonly elapsedS: number;
}

/** Packets of a timeline that are kept: a page cannot show more than that, and a store need not. */
const timelinePackets = 2000;

/** Runs the trials of one bench, one after another, in the same two buffers. */
export class TrialRunner {
  readonly #r: Float32Array;
  readonly #estimate: Float32Array;
  readonly #announced = new Map<number, AnnouncedBench>();

  constructor(
    readonly plan: Plan,
    readonly bench: Bench,
  ) {
    this.#r = new Float32Array(bench.layout.size);
    this.#estimate = new Float32Array(bench.layout.size);
  }

  /** The bench as receivers know it, kept from one trial to the next. */
  #told(statisticsBits: number): AnnouncedBench {
    const known = this.#announced.get(statisticsBits) ?? announced(this.bench, statisticsBits);
    this.#announced.set(statisticsBits, known);
    return known;
  }

  /** `stopped` is asked between inferences; throws to give up. */
  async run({ point: index, trial }: Job, stopped?: () => void): Promise<TrialOutcome> {
    const start = performance.now();
    const { plan, bench } = this;
    const point = plan.points[index];
    const { transmitter } = point.settings;
    const told = this.#told(transmitter.statisticsBits);
    stopped?.();
    const arrivals: Arrival[] = [];
    const transmission = transmissionOf(plan, point, bench, trial);
    const sent = transmit(transmission, this.#r, trial === 0 ? arrivals : undefined);
    const { meanSquare } = bench.statistics;
    const facts = factsOf(sent, bench);
    const results: TrialResult[] = [];
    const notes: string[] = [...sent.notes];
    for (const receiver of point.settings.receivers as ReceiverSettings[]) {
      const { observation } = sent;
      const run = new ReceiverRun(told, receiver, observation, plan.study.batch, this.#estimate);
      notes.push(...run.notes.map((note) => `${receiverLabel(receiver)}: ${note}`));
      const outcome = await run.score(trialRandom(plan, point, trial), stopped);
      if (outcome === undefined) {
        notes.push(
          `${receiverLabel(receiver)}: every setting lies at or beyond the pole λ' = 1 + η at ${describePoint(point) || "the only point"}; it has no result there`,
        );
        continue;
      }
      const total = bench.test.count;
      results.push({
        point: index,
        trial,
        estimator: receiverLabel(receiver),
        parameters: point.parameters,
        ...withSideInformation(facts, sideBitsOf(receiver, bench, transmitter), transmitter),
        correct: outcome.correct,
        total,
        accuracy: outcome.correct / total,
        mse: outcome.mse,
        nmse: outcome.mse / meanSquare,
        setting: outcome.setting,
        ...(outcome.search && { search: outcome.search }),
      });
    }
    return {
      point: index,
      trial,
      results,
      sent: facts,
      tensors: tensorsOf(sent, bench),
      notes,
      ...(trial === 0 && {
        timeline: {
          point: index,
          trial,
          packetsSent: arrivals.length,
          packets: arrivals.slice(0, timelinePackets).map(({ noiseVariance, ...packet }) => ({
            ...packet,
            snrDb: ratioDb(meanSquare, noiseVariance),
          })),
        },
      }),
      elapsedS: (performance.now() - start) / 1000,
    };
  }
}

/** What the receiver must be told to work, beyond what every receiver is [bits]. */
function sideBitsOf(
  receiver: ReceiverSettings,
  bench: Bench,
  { statisticsBits }: TransmitterParams,
): number {
  const network = networkPlan(bench);
  const numbers = numbersSent(estimatorOf(receiver), receiver, bench.layout.entries.length);
  const vectors = network === undefined ? [] : refinementVectorsSent(receiver.refine, network);
  return bitsPerNumber * numbers + blockFloatBits(vectors, statisticsBits);
}

function factsOf(sent: TransmissionResult, { statistics }: Bench): TransmissionFacts {
  const { observation, notes: _, shrunk, ...counted } = sent;
  const { noiseVariance } = observation;
  const meanNoise = meanOfFinite(noiseVariance);
  return {
    snrDb: ratioDb(statistics.meanSquare, meanNoise),
    wnrDb: ratioDb(statistics.variance, meanNoise),
    equivalentWnrDb: equivalentWnrDb(noiseVariance, statistics.variance, { shrunk }),
    erasureRate: erasureRate(noiseVariance),
    ...counted,
  };
}

function tensorsOf(
  { observation, shrunk }: TransmissionResult,
  { layout, tensorVariances }: Bench,
) {
  return layout.entries.map(({ name, offset, size }, i) => ({
    tensor: name,
    weights: size,
    equivalentWnrDb: equivalentWnrDb(observation.noiseVariance, tensorVariances[i], {
      from: offset,
      to: offset + size,
      shrunk,
    }),
  }));
}

/** In dB; -Infinity where nothing arrived, so that there is no noise to speak of. */
function ratioDb(power: number, noise: number): number {
  return Number.isNaN(noise) ? -Infinity : ratioToDb(power / noise);
}

function erasureRate(noiseVariance: number | Float32Array): number {
  if (typeof noiseVariance === "number") return 0;
  let erased = 0;
  for (let k = 0; k < noiseVariance.length; k++) if (noiseVariance[k] === Infinity) erased++;
  return erased / noiseVariance.length;
}

export function transmissionOf(
  plan: Plan,
  point: PlannedPoint,
  bench: Bench,
  trial: number,
): Transmission {
  return {
    weights: bench.weights,
    layout: bench.layout,
    statistics: bench.statistics,
    sensitivities: bench.sensitivities,
    transmitter: point.settings.transmitter,
    channel: channelOf(point.settings),
    channelParams: point.settings.channel as never,
    trial,
    random: trialRandom(plan, point, trial),
  };
}

function trialRandom({ study }: Plan, point: PlannedPoint, trial: number): RandomSource {
  const source = new RandomSource(study.seed);
  const own = study.commonNoise ? source : source.child(`point ${pointKey(point)}`);
  return own.child(`trial ${trial}`);
}
