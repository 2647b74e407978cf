/**
 * Training without files, schedules of epochs or a command line: some steps on some batches, from given values.
 *
 * A training run is this over its epochs; a federated device is this over the batches of a round, from the
 * weights that it was sent.
 */
import type { TrainedTensor, Trainer } from "../models/training/trainer.js";
import type { Batch, BatchSource } from "./batches.js";

/** The loss of a step is not a finite number; the weights are those before that step. */
export class LossNotFinite extends Error {
  constructor(
    readonly loss: number,
    /** Counted from 0 since the start of the training. */
    readonly step: number,
  ) {
    super(`the loss of step ${step + 1} is ${loss}`);
  }
}

export interface StepsResult {
  readonly steps: number;
  readonly examples: number;
  /** Mean over the steps of the loss before each update. */
  readonly loss: number;
  /** Examples that the network got right before the update; NaN for losses without classes. */
  readonly correct: number;
  /** Of the last step; NaN without any. */
  readonly learningRate: number;
}

export interface StepOptions {
  /** Learning rate of a step, counted as the trainer counts them. */
  readonly rate: (step: number) => number;
  /** Asked before every step; may throw to give up. */
  readonly stopped?: () => void;
  /** What the steps of this call have come to so far. */
  readonly onStep?: (soFar: StepsResult) => void;
}

/** One step on each batch. Throws LossNotFinite. */
export async function trainSteps(
  trainer: Trainer,
  batches: Iterable<Batch>,
  { rate, stopped = () => {}, onStep = () => {} }: StepOptions,
): Promise<StepsResult> {
  let soFar: StepsResult = {
    steps: 0,
    examples: 0,
    loss: Number.NaN,
    correct: 0,
    learningRate: Number.NaN,
  };
  let losses = 0;
  for (const { inputs, labels } of batches) {
    stopped();
    const { steps: step } = trainer;
    const learningRate = rate(step);
    const { loss, correct } = await trainer.step(inputs, labels, learningRate);
    if (!Number.isFinite(loss)) throw new LossNotFinite(loss, step);
    losses += loss;
    const steps = soFar.steps + 1;
    soFar = {
      steps,
      examples: soFar.examples + labels.length,
      loss: losses / steps,
      correct: soFar.correct + correct,
      learningRate,
    };
    onStep(soFar);
  }
  return soFar;
}

/** Values of tensors by name. */
export type TrainerState = ReadonlyMap<string, Float32Array>;

/** Copies of the trainer's tensors of some roles, by default of all. */
export function readState(
  trainer: Trainer,
  roles: readonly TrainedTensor["role"][] = ["parameter", "statistic", "optimizer"],
): Map<string, Float32Array> {
  const wanted = trainer.tensors.filter(({ role }) => roles.includes(role));
  return new Map(wanted.map(({ name }) => [name, trainer.read(name).slice()]));
}

/** Writes every tensor: those of `state`, and zeros to the optimizer's where `state` has none. */
export function writeState(trainer: Trainer, state: TrainerState): void {
  for (const { name, shape, role } of trainer.tensors) {
    const values = state.get(name);
    if (values !== undefined) trainer.write(name, values);
    else if (role === "optimizer") {
      trainer.write(name, new Float32Array(shape.reduce((a, b) => a * b, 1)));
    } else throw new RangeError(`writeState: the state lacks "${name}"`);
  }
}

/** Work that one device does by itself. */
export interface LocalTask extends Omit<StepOptions, "rate"> {
  readonly batches: BatchSource;
  /** Epoch that begins, counted from 0: epochs already trained on, so that no order of the examples comes twice. */
  readonly epoch: number;
  /** Steps to take, over as many epochs as that needs. */
  readonly steps: number;
  /** Learning rate of a step, counted from 0 in this task. */
  readonly rate: (step: number) => number;
}

export interface LocalResult extends StepsResult {
  /** Parameters and statistics after the last step, as copies. */
  readonly state: TrainerState;
  /** The epoch to begin with next. */
  readonly nextEpoch: number;
}

/**
 * Trains from `start` (parameters and statistics; the optimizer begins without a memory unless `start` has
 * it) and gives back where that leads. What the trainer held before does not matter. Throws LossNotFinite.
 */
export async function trainLocally(
  trainer: Trainer,
  start: TrainerState,
  { batches, epoch, steps, ...options }: LocalTask,
): Promise<LocalResult> {
  writeState(trainer, start);
  trainer.setSteps(0);
  const result = await trainSteps(trainer, batchesFrom(batches, epoch, steps), options);
  return {
    ...result,
    state: readState(trainer, ["parameter", "statistic"]),
    nextEpoch: epoch + Math.ceil(steps / batches.perEpoch),
  };
}

/** `steps` batches, from the first one of an epoch on. */
function* batchesFrom(source: BatchSource, epoch: number, steps: number): Generator<Batch> {
  for (let left = steps; left > 0; epoch++) {
    for (const batch of source.epoch(epoch)) {
      yield batch;
      if (--left === 0) return;
    }
  }
}
