/**
 * What a device does in a round: trains on its own images from the model that it was sent. Runs on the main thread or on a
 * worker thread, with one training graph for all devices that come by.
 */
import type { Examples } from "../datasets/dataset.js";
import { RandomSource } from "../kernel/index.js";
import { openTrainer, type TrainerOptions } from "../models/training/onnx-trainer.js";
import type { Trainer } from "../models/training/trainer.js";
import { augmentationOf } from "../scenario/training-schema.js";
import type { ImageForm } from "../training/augmentations/augmentation.js";
import { BatchSource, type NamedAugment } from "../training/batches.js";
import { LossNotFinite, trainLocally } from "../training/local.js";

/** Where a tensor lies in the model vector. */
export interface TrainedPlace {
  readonly name: string;
  readonly from: number;
  readonly to: number;
}

/** All that training on devices needs. Plain data, so that it can cross to another thread. */
export interface TrainingPart {
  readonly bytes: Uint8Array;
  readonly options: TrainerOptions;
  /** All training images, in shared memory. */
  readonly examples: Examples;
  /** Parameters and statistics. */
  readonly places: readonly TrainedPlace[];
  readonly augmentation: readonly { readonly entry: object; readonly form: ImageForm }[];
}

/** One device in one round. Plain data. */
export interface DeviceTask {
  /** The device's training images. */
  readonly indices: Int32Array;
  /** Seed and names of its random streams. */
  readonly random: readonly [seed: number, ...names: string[]];
  /** Epoch that begins, counted from the first round: no order of the images comes twice. */
  readonly epoch: number;
  readonly epochs: number;
  readonly learningRate: number;
  /** The model vector that the device has received, and where the trained one goes. */
  readonly start: Float32Array;
  readonly result: Float32Array;
}

export interface DeviceOutcome {
  /** Mean over the steps; NaN where a step's loss was not finite, and then `result` means nothing. */
  readonly loss: number;
  readonly steps: number;
}

/** Steps of a device in an epoch. */
export function stepsPerEpoch(images: number, batch: number): number {
  return images === 0 ? 0 : Math.max(1, Math.floor(images / batch));
}

export class DeviceTrainer {
  readonly #part: TrainingPart;
  readonly #trainer: Trainer;
  readonly #augmentations: readonly NamedAugment[];

  private constructor(part: TrainingPart, trainer: Trainer) {
    this.#part = part;
    this.#trainer = trainer;
    this.#augmentations = part.augmentation.map(({ entry, form }) => {
      const { name, open } = augmentationOf(entry);
      return { name, augment: open(entry as never, form) };
    });
  }

  static async open(part: TrainingPart): Promise<DeviceTrainer> {
    return new DeviceTrainer(part, await openTrainer(part.bytes, part.options));
  }

  /** `stopped` is asked before every step; throws to give up. */
  async train(task: DeviceTask, stopped: () => void): Promise<DeviceOutcome> {
    const { examples, places, options } = this.#part;
    const { start, result, epoch, epochs, learningRate } = task;
    const batches = new BatchSource(
      examples,
      options.batch,
      new RandomSource(...task.random),
      this.#augmentations,
      filled(task.indices, options.batch),
    );
    const state = new Map(places.map(({ name, from, to }) => [name, start.subarray(from, to)]));
    try {
      const trained = await trainLocally(this.#trainer, state, {
        batches,
        epoch,
        steps: epochs * batches.perEpoch,
        rate: () => learningRate,
        stopped,
      });
      for (const { name, from } of places) result.set(trained.state.get(name)!, from);
      return { loss: trained.loss, steps: trained.steps };
    } catch (error) {
      if (!(error instanceof LossNotFinite)) throw error;
      return { loss: Number.NaN, steps: error.step };
    }
  }

  close(): Promise<void> {
    return this.#trainer.close();
  }
}

/** Fewer images than a batch has are taken again, in turn, until there is one batch. */
function filled(indices: Int32Array, batch: number): Int32Array {
  if (indices.length >= batch) return indices;
  return Int32Array.from({ length: batch }, (_, i) => indices[i % indices.length]);
}
