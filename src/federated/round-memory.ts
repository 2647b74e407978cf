/** Memory that the rounds of a training write into, so that they allocate little. */
import type { FederatedBench } from "./bench.js";

export class RoundMemory {
  /** The model vector that is broadcast without errors; threads share it. */
  readonly sent: Float32Array;
  /** What a device receives of a broadcast. */
  readonly received: Float32Array;
  readonly estimate: Float32Array;
  readonly candidate: Float32Array;
  readonly #size: number;
  readonly #travelling: number;
  readonly #starts: Float32Array[] = [];
  readonly #trained: Float32Array[] = [];
  readonly #updates: Float32Array[] = [];

  constructor({ whole, travelling }: Pick<FederatedBench, "whole" | "travelling">) {
    this.#size = whole.size;
    this.#travelling = travelling.size;
    this.sent = shared(whole.size);
    this.candidate = new Float32Array(whole.size);
    this.estimate = new Float32Array(travelling.size);
    this.received = new Float32Array(travelling.size);
  }

  /** The model vector that the i-th device of a broadcast with errors begins with; threads share it. */
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
