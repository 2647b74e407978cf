/**
 * The batches of each epoch: all examples in a new random order, changed by the augmentations.
 *
 * Everything random is drawn anew from streams named by the epoch, so epoch 7 is the same whether or not
 * epochs 0 to 6 ran before it in this process: resuming needs no positions of streams.
 *
 * Batches are of equal size. What is left of an epoch's order after the last whole batch is left out of that
 * epoch; another order leaves out others.
 */
import type { ExampleInput, Examples } from "../datasets/dataset.js";
import { InputError } from "../errors.js";
import type { RandomSource } from "../kernel/index.js";
import type { Augment } from "./augmentations/augmentation.js";

/** Valid until the next batch is asked for: all batches lie in the same memory. */
export interface Batch {
  readonly inputs: readonly ExampleInput[];
  readonly labels: Int32Array;
}

/** An augmentation of the examples' only input, and the name of its streams. */
export interface NamedAugment {
  readonly name: string;
  readonly augment: Augment;
}

export class BatchSource {
  readonly #examples: Examples;
  readonly #augmentations: readonly NamedAugment[];
  readonly #random: RandomSource;
  readonly #batch: Batch;
  readonly #indices: Int32Array;
  readonly #order: Int32Array;

  /**
   * With `indices`, an epoch has those examples alone, each as often as it is listed. Throws InputError where a
   * batch is larger than all examples.
   */
  constructor(
    examples: Examples,
    readonly size: number,
    random: RandomSource,
    augmentations: readonly NamedAugment[] = [],
    indices?: Int32Array,
  ) {
    const count = indices?.length ?? examples.count;
    if (size > count) {
      throw new InputError(
        `training.batch must be at most the ${count} training examples, got ${size}`,
      );
    }
    this.#indices = indices ?? Int32Array.from({ length: count }, (_, i) => i);
    this.#examples = examples;
    this.#random = random;
    this.#augmentations = augmentations;
    this.#order = new Int32Array(count);
    this.#batch = {
      inputs: examples.inputs.map((input) => ({ ...input, data: roomFor(input, size) })),
      labels: new Int32Array(size),
    };
  }

  /** Whole batches in an epoch. */
  get perEpoch(): number {
    return Math.floor(this.#order.length / this.size);
  }

  /** Examples that each epoch does without. */
  get leftOut(): number {
    return this.#order.length % this.size;
  }

  /** The batches of an epoch, counted from 0. */
  *epoch(epoch: number): Generator<Batch, void, void> {
    const order = this.#order;
    order.set(this.#indices);
    this.#random.child("order").stream(`epoch ${epoch}`).shuffle(order);
    const changes = this.#augmentations.map(({ name, augment }, i) => ({
      augment,
      random: this.#random.child(`augmentation ${i} ${name}`).stream(`epoch ${epoch}`),
    }));
    const { inputs, labels } = this.#batch;
    for (let first = 0; first + this.size <= order.length; first += this.size) {
      for (let i = 0; i < this.size; i++) labels[i] = this.#examples.labels[order[first + i]];
      inputs.forEach((input, k) => {
        this.#gather(this.#examples.inputs[k].data, input.data, first);
      });
      for (const { augment, random } of changes) augment(inputs[0].data as Float32Array, random);
      yield this.#batch;
    }
  }

  #gather(from: ExampleInput["data"], to: ExampleInput["data"], first: number): void {
    // Elements are only moved, so the code for one type of number serves them all.
    const target = to as Float32Array;
    const size = target.length / this.size;
    for (let i = 0; i < this.size; i++) {
      const at = this.#order[first + i] * size;
      target.set(from.subarray(at, at + size) as Float32Array, i * size);
    }
  }
}

function roomFor({ data, shape }: ExampleInput, count: number): ExampleInput["data"] {
  const size = shape.reduce((a, b) => a * b, 1);
  return new (data.constructor as Float32ArrayConstructor)(count * size);
}
