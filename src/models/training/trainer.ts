/**
 * A network in training, as loops see it: one step at a time on batches of equal size.
 */
import type { ExampleInput } from "../../datasets/dataset.js";

export interface TrainedTensor {
  readonly name: string;
  readonly shape: readonly number[];
  /** `parameter`: changed by the optimizer; `statistic`: running mean or variance; `optimizer`: its memory. */
  readonly role: "parameter" | "statistic" | "optimizer";
}

export interface StepResult {
  /** Mean loss over the batch, before the update. */
  readonly loss: number;
  /** Examples of the batch that the network got right before the update; NaN for losses without classes. */
  readonly correct: number;
}

export interface Trainer {
  /** Examples in a step. */
  readonly batch: number;
  /** All that training changes, in the order of the model, parameters first. */
  readonly tensors: readonly TrainedTensor[];
  /** Steps taken since the start, which resuming carries on. */
  readonly steps: number;
  /**
   * One step. `inputs` hold exactly `batch` examples each. Where the loss is not finite, nothing has changed.
   */
  step(
    inputs: readonly ExampleInput[],
    labels: Int32Array,
    learningRate: number,
  ): Promise<StepResult>;
  /** Values of a tensor now, valid until the next step. Throws RangeError for unknown names. */
  read(tensor: string): Float32Array;
  /** Replaces values; sizes must agree. Throws RangeError. */
  write(tensor: string, values: Float32Array): void;
  /** Sets the count of steps, for resuming: Adam's corrections and dropout depend on it. */
  setSteps(steps: number): void;
  /** The model file with the trained values in place of those that it came with. */
  exportModel(): Uint8Array;
  close(): Promise<void>;
}
