/** Memory that the rounds of a training write into, so that they allocate little. */
import type { FederatedBench } from "./bench.js";

export class RoundMemory {
  readonly estimate: Float32Array;
  readonly candidate: Float32Array;
  readonly #size: number;
  readonly #travelling: number;
  #received: Float32Array | undefined;
  readonly #starts: Float32Array[] = [];
  readonly #trained: Float32Array[] = [];
  readonly #updates: Float32Array[] = [];

  constructor({ whole, travelling }: Pick<FederatedBench, "whole" | "travelling">) {
    this.#size = whole.size;
    this.#travelling = travelling.size;
    this.candidate = new Float32Array(whole.size);
    this.estimate = new Float32Array(travelling.size);
  }

  /** What a device receives of a broadcast with errors. */
  get received(): Float32Array {
    this.#received ??= new Float32Array(this.#travelling);
    return this.#received;
  }

  /** A model vector that devices begin with: the 0th where all begin with the same. Threads share it. */
  start(i: number): Float32Array {
    this.#starts[i] ??= shared(this.#size);
    return this.#starts[i];
  }

  /** The trained model vector of the i-th device of a round; threads share it. */
  trained(i: number): Float32Array {
    this.#trained[i] ??= shared(this.#size);
    return this.#trained[i];
  }

  /** The update of the i-th device of a round. */
  update(i: number): Float32Array {
    this.#updates[i] ??= new Float32Array(this.#travelling);
    return this.#updates[i];
  }
}

function shared(size: number): Float32Array {
  return new Float32Array(new SharedArrayBuffer(size * Float32Array.BYTES_PER_ELEMENT));
}
