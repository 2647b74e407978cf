/**
 * One round of federated training: local training, uplink, estimate, update, and what they cost.
 *
 *   Δ_k = w_k − ŵ_k over what travels,   r = Σ Δ_k + n,   w ← w + ν ŝ(r)/divisor
 *
 * with ŵ_k the model as device k has received it (downlink.ts), which is w where the broadcast is without errors.
 *
 * Trained tensors that do not travel (parameters and running statistics of normalizations, unless the scenario sends
 * them) become the exact mean of those of the devices that were heard.
 *
 * Streams are named by trial and round, so a round is the same whether or not the rounds before it ran in this process,
 * and receivers of one trial meet the same devices, batches, fading and noise.
 */
import type { RandomSource } from "../kernel/index.js";
import { sumOfSquares } from "../math/statistics.js";
import { meanOf, normalizedError, writeDifference, writeStep } from "../math/vectors.js";
import type { Scorer } from "../models/model.js";
import { correctAndLoss } from "../models/score.js";
import {
  type FederatedPoint,
  type FederatedReceiver,
  symbolRateHz,
} from "../scenario/federated-schema.js";
import { scheduleOf } from "../scenario/training-schema.js";
import { type FederatedBench, trialSource } from "./bench.js";
import type { Crew } from "./crew.js";
import { type Broadcast, broadcast } from "./downlink.js";
import type { CourseName, RoundRecord } from "./history.js";
import { invite } from "./invite.js";
import { RoundClock } from "./round-clock.js";
import type { RoundMemory } from "./round-memory.js";
import { denoise } from "./server.js";
import type { Aggregate, UplinkLink } from "./uplink.js";

/** What the rounds of one training share. */
export interface RoundContext {
  readonly name: CourseName;
  readonly point: FederatedPoint;
  readonly receiver: FederatedReceiver;
  readonly seed: number;
  /** Images in one inference. */
  readonly batch: number;
  readonly bench: FederatedBench;
  readonly benchKey: string;
  /** Indices of the devices' images. */
  readonly images: readonly Int32Array[];
  readonly link: UplinkLink;
  readonly crew: Crew;
  readonly scorer: Scorer;
  readonly memory: RoundMemory;
  readonly stopped: () => void;
}

/** Where a training stands; what its uplink remembers is in the link. */
export interface CourseState {
  /** The model vector. */
  readonly model: Float32Array;
  readonly records: readonly RoundRecord[];
  readonly notes: readonly string[];
}

/** The model before the first round. */
export async function roundZero(context: RoundContext, model: Float32Array): Promise<CourseState> {
  const nobody = { active: [], dropped: [], late: [], ready: [], heard: [], energies: [] };
  const nothing = { timeS: 0, airtimeS: 0, energy: 0 };
  const record = { round: 0, ...(await score(context, model)), ...nothing, ...nobody };
  return { model, records: [record], notes: [] };
}

/** The training after one more round. Throws what `stopped` throws. */
export async function nextRound(context: RoundContext, before: CourseState): Promise<CourseState> {
  const { point, images, seed, name, link, stopped } = context;
  const last = before.records.at(-1)!;
  const round = last.round; // counted from 0, as streams and uplinks do
  const random = trialSource(seed, name.trial);
  const counts = images.map((own) => own.length);
  const { active, dropped, working } = invite(point, counts, random, round);
  const down = sendDown(context, before.model, { devices: active, round });
  const isDeaf = (device: number) => down.deaf.includes(device);
  const clock = new RoundClock({
    broadcastS: point.server.broadcastS + down.latencyS,
    deadlineS: point.devices.deadlineS,
    devices: working.filter(({ device }) => !isDeaf(device)),
  });
  const { ready, late } = clock.untilUplink();
  const facts = {
    round: round + 1,
    active,
    dropped: active.filter((device) => dropped.includes(device) || isDeaf(device)),
    late,
    ready,
    ...(down.nmse !== undefined && { downlinkNmse: down.nmse }),
  };
  const starts = ready.map((device) => down.start(device));
  const { updates, ...training } = await train(context, { starts, round, ready });
  stopped();

  const costs = (airtimeS: number, energies: readonly number[]) => ({
    timeS: last.timeS + clock.finish(airtimeS),
    airtimeS: last.airtimeS + down.airtimeS + airtimeS,
    energy: last.energy + energies.reduce((a, b) => a + b, 0) / point.devices.count,
    energies,
  });
  if (ready.length > 0 && !isFiniteRound(training.trainingLoss, updates)) {
    const record = { ...facts, heard: [], ...costs(0, []), ...guessing(context, round + 1) };
    return { model: before.model, ...told(before, record, [...down.notes, divergence(record)]) };
  }
  const ofUplink = random.child("uplink").child(`round ${round}`);
  const aggregate =
    ready.length > 0 ? link.send(updates, { round, active: ready, random: ofUplink }) : undefined;
  const ofRound = random.child(`round ${round}`);
  const update =
    aggregate &&
    (await serve(context, before.model, aggregate, { ready, updates, random: ofRound }));
  const model = update?.model ?? before.model;
  const due = isDue(point, round + 1);
  const record: RoundRecord = {
    ...facts,
    ...(due && (await score(context, model))),
    ...(ready.length > 0 && training),
    ...update?.facts,
    ...(aggregate &&
      Number.isFinite(aggregate.noiseVariance) && { noiseVariance: aggregate.noiseVariance }),
    heard: aggregate?.heard ?? [],
    ...costs((aggregate?.symbols ?? 0) / symbolRateHz(point), aggregate?.energy ?? []),
    ...(update === undefined && { lost: true as const }),
  };
  const notes = [
    ...down.notes,
    ...(aggregate?.notes ?? []),
    ...(update?.notes ?? []),
    ...(record.lost ? [loss] : []),
    ...(record.diverged ? [divergence(record)] : []),
  ];
  return { model, ...told(before, record, notes) };
}

/** The rounds that a training that has diverged does not train any more. */
export function afterDivergence(context: RoundContext, state: CourseState): CourseState {
  const { rounds } = context.point.training;
  const last = state.records.at(-1)!;
  const { timeS, airtimeS, energy } = last;
  const nobody = { active: [], dropped: [], late: [], ready: [], heard: [], energies: [] };
  const left = Array.from({ length: rounds - last.round }, (_, i): RoundRecord => {
    const round = last.round + 1 + i;
    return { round, timeS, airtimeS, energy, ...nobody, ...guessing(context, round) };
  });
  return { ...state, records: [...state.records, ...left] };
}

function isDue({ server, training }: FederatedPoint, round: number): boolean {
  return round % server.evaluateEvery === 0 || round === training.rounds;
}

/** What a training that has diverged is worth, where it would have been scored. */
function guessing({ point, bench }: RoundContext, round: number) {
  const scored = isDue(point, round) ? { accuracy: 1 / bench.classes } : {};
  return { ...scored, diverged: true } as const;
}

const divergence = ({ round }: RoundRecord) =>
  `a training has diverged in round ${round}: its accuracy counts as that of guessing from there on`;

const loss = "nobody was heard in some rounds: they are lost, and the model stays as it was";

function told({ records, notes }: CourseState, record: RoundRecord, more: readonly string[]) {
  return { records: [...records, record], notes: [...new Set([...notes, ...more])] };
}

/** The model on its way to the devices of a round. */
function sendDown(
  { point, bench, memory, seed, name: { trial } }: RoundContext,
  model: Float32Array,
  { devices, round }: { readonly devices: readonly number[]; readonly round: number },
): Broadcast & { readonly start: (device: number) => Float32Array } {
  const { downlink } = point;
  if (downlink === undefined) {
    const common = memory.start(0);
    common.set(model);
    return { latencyS: 0, airtimeS: 0, deaf: [], notes: [], start: () => common };
  }
  const sent = broadcast(model, {
    downlink,
    bench,
    memory,
    devices,
    receptionsBefore: receptionsBefore(point, trial, round),
    random: trialSource(seed, trial).child("downlink").child(`round ${round}`),
  });
  return { ...sent, start: (device) => memory.start(devices.indexOf(device)) };
}

/** Receptions of the model before a round, in this trial and those before it. */
export function receptionsBefore(
  { training, devices }: FederatedPoint,
  trial: number,
  round: number,
): number {
  return (trial * training.rounds + round) * devices.active;
}

interface LocalTraining {
  readonly round: number;
  readonly ready: readonly number[];
  /** The model vector that each of them has received. */
  readonly starts: readonly Float32Array[];
}

/** Trains the ready devices, in parallel where there are workers. */
async function train(
  { name, point, seed, bench, benchKey, images, crew, memory }: RoundContext,
  { round, ready, starts }: LocalTraining,
) {
  const { training } = point;
  const { learningRate } = training.optimizer as unknown as { learningRate: number };
  const course = { learningRate, steps: training.rounds, stepsPerEpoch: 1 };
  const rate = scheduleOf(point).rate(training.schedule as never, round, course);
  const outcomes = await Promise.all(
    ready.map((device, i) =>
      crew.train({
        ...name,
        bench: benchKey,
        indices: images[device],
        random: [seed, `trial ${name.trial}`, `device ${device}`],
        epoch: round * training.epochs,
        epochs: training.epochs,
        learningRate: rate,
        start: starts[i],
        result: memory.trained(i),
      }),
    ),
  );
  const updates = ready.map((_, i) => {
    const update = memory.update(i);
    const trained = memory.trained(i);
    let at = 0;
    for (const place of bench.travellingPlaces) {
      writeDifference(trained, starts[i], place, update, at);
      at += place.to - place.from;
    }
    return update;
  });
  const trainingLoss = outcomes.reduce((sum, { loss }) => sum + loss, 0) / outcomes.length;
  return { updates, trainingLoss, learningRate: rate };
}

function isFiniteRound(loss: number, updates: readonly Float32Array[]): boolean {
  return Number.isFinite(loss) && updates.every((u) => Number.isFinite(sumOfSquares(u)));
}

interface Sent {
  readonly ready: readonly number[];
  readonly updates: readonly Float32Array[];
  readonly random: RandomSource;
}

/** The server's part: undefined where it has nothing to go by. */
async function serve(
  context: RoundContext,
  model: Float32Array,
  { observation, divisor, heard }: Aggregate,
  { ready, updates, random }: Sent,
) {
  if (observation === undefined) return undefined;
  const { bench, point, receiver, scorer, batch, memory, stopped } = context;
  const { candidate: next, estimate } = memory;
  const places = heard.map((device) => ready.indexOf(device));
  next.set(model);
  averageExactly(
    next,
    bench,
    places.map((i) => memory.trained(i)),
  );
  const factor = point.server.learningRate / divisor;
  const candidate = (sum: Float32Array) => {
    let at = 0;
    for (const place of bench.travellingPlaces) {
      writeStep(model, place, factor, sum, at, next);
      at += place.to - place.from;
    }
    return next;
  };
  const { test, validation, travelling: layout } = bench;
  const denoised = await denoise(
    { receiver, layout, scorer, batch, test, validation, stopped },
    {
      observation,
      truth: meanOf(
        places.map((i) => updates[i]),
        divisor,
      ),
      random,
      candidate,
      out: estimate,
    },
  );
  if (denoised === undefined) return undefined;
  const { setting, search, notes } = denoised;
  const nmse = normalizedError(estimate, divisor, meanOf(updates));
  return {
    model: candidate(estimate).slice(),
    facts: {
      ...(Number.isFinite(nmse) && { nmse }),
      ...(Object.keys(setting).length > 0 && { setting }),
      ...(search && { search }),
    },
    notes,
  };
}

/** Writes the mean over the devices of what does not travel. */
function averageExactly(
  next: Float32Array,
  { exact }: FederatedBench,
  trained: readonly Float32Array[],
): void {
  for (const { from, to } of exact) {
    for (let k = from; k < to; k++) {
      let sum = 0;
      for (const model of trained) sum += model[k];
      next[k] = sum / trained.length;
    }
  }
}

/** Accuracy and loss on the test images; guessing where the loss is no finite number. */
async function score(
  { scorer, bench, batch, stopped }: RoundContext,
  model: Float32Array,
): Promise<Pick<RoundRecord, "accuracy" | "correct" | "total" | "loss" | "diverged">> {
  await scorer.setWeights(model);
  const { correct, loss } = await correctAndLoss(scorer, bench.test, batch, stopped);
  if (!Number.isFinite(loss)) return { accuracy: 1 / bench.classes, diverged: true };
  const total = bench.test.count;
  return { accuracy: correct / total, correct, total, loss };
}
