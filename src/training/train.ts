/**
 * A training from its first epoch or from a checkpoint to its last epoch. Writes no file: it hands over what is
 * to be kept.
 */
import { performance } from "node:perf_hooks";
import { InputError } from "../errors.js";
import { scoreModel, type TrainingBench } from "./bench.js";
import type { Checkpoint } from "./checkpoint.js";
import type { EpochRecord } from "./history.js";
import { LossNotFinite, readState, type StepsResult, trainSteps, writeState } from "./local.js";

/** Loss or weights are no finite numbers any more. */
export class TrainingDiverged extends Error {}

export interface TrainingEvents {
  /** Aborting it ends the training before its next step; its reason is thrown. */
  readonly signal?: AbortSignal | undefined;
  /** What the epoch, counted from 0, has come to so far. */
  readonly onStep?: (epoch: number, soFar: StepsResult) => void;
  /** An epoch is finished; its steps took so long, scoring not included. */
  readonly onEpoch?: (record: EpochRecord, secondsOfSteps: number) => void;
  /** Something to go on from, with the model as it is then; the next step waits for it. */
  readonly onCheckpoint: (checkpoint: Checkpoint, model: Uint8Array) => Promise<void>;
}

/** Where a training stands. */
export function checkpointOf(
  { identity, trainer }: TrainingBench,
  history: readonly EpochRecord[],
): Checkpoint {
  return { identity, steps: trainer.steps, history, state: readState(trainer) };
}

/** Sets the training back to where a checkpoint has it. Throws InputError where that does not fit. */
export function restore({ trainer }: TrainingBench, { state, steps }: Checkpoint): void {
  for (const { name } of trainer.tensors) {
    if (!state.has(name)) throw new InputError(`the checkpoint lacks the tensor "${name}"`);
    if (state.get(name)!.length !== trainer.read(name).length) {
      throw new InputError(`the checkpoint's tensor "${name}" has another size`);
    }
  }
  writeState(trainer, state);
  trainer.setSteps(steps);
}

/**
 * Runs the epochs that `history` lacks and gives the whole history. Throws TrainingDiverged, or the reason of the
 * signal.
 */
export async function trainEpochs(
  bench: TrainingBench,
  history: readonly EpochRecord[],
  { signal, onStep, onEpoch, onCheckpoint }: TrainingEvents,
): Promise<readonly EpochRecord[]> {
  const { trainer, batches, rate, plan } = bench;
  const { epochs, checkpointEvery, evaluateEvery } = plan.settings.training;
  const stopped = () => signal?.throwIfAborted();
  for (let epoch = history.length; epoch < epochs; epoch++) {
    const finished = epoch + 1;
    const due = (every: number) => finished % every === 0 || finished === epochs;
    const start = performance.now();
    const result = await finiteSteps(epoch, batches.perEpoch, () =>
      trainSteps(trainer, batches.epoch(epoch), {
        rate,
        stopped,
        onStep: (soFar) => onStep?.(epoch, soFar),
      }),
    );
    const seconds = (performance.now() - start) / 1000;
    checkFinite(bench, finished);
    const model = trainer.exportModel();
    const { learningRate, loss, correct, examples } = result;
    const record: EpochRecord = {
      epoch: finished,
      steps: trainer.steps,
      learningRate,
      loss,
      ...(Number.isFinite(correct) && { training: { correct, total: examples } }),
      ...(due(evaluateEvery) && (await scoreModel(bench, model, stopped))),
    };
    history = [...history, record];
    onEpoch?.(record, seconds);
    if (due(checkpointEvery)) await onCheckpoint(checkpointOf(bench, history), model);
  }
  return history;
}

async function finiteSteps(
  epoch: number,
  stepsPerEpoch: number,
  steps: () => Promise<StepsResult>,
): Promise<StepsResult> {
  try {
    return await steps();
  } catch (error) {
    if (!(error instanceof LossNotFinite)) throw error;
    const step = error.step - epoch * stepsPerEpoch + 1;
    throw new TrainingDiverged(
      `the loss is ${error.loss} in epoch ${epoch + 1} at step ${step} of ${stepsPerEpoch}; a lower learning rate may help`,
    );
  }
}

/** The last update of an epoch shows in no loss, so the values that would be kept are looked at. */
function checkFinite({ trainer }: TrainingBench, epoch: number): void {
  for (const { name } of trainer.tensors) {
    if (trainer.read(name).every(Number.isFinite)) continue;
    throw new TrainingDiverged(
      `"${name}" is not finite after the last step of epoch ${epoch}; a lower learning rate may help`,
    );
  }
}
