/**
 * The receiver's first half: received packets to observations r = w + n, one per weight.
 */
import type { Packet } from "../channel.js";
import type { ProcessGenerator, Simulation, Store } from "../kernel/index.js";
import type { Cells, Observation } from "../observation.js";

/** How components became weights, which the transmitter announces. */
export interface Announced {
  /** Factor from weights to components. */
  readonly scale: number;
  /** Weight that each component carries; as they lie where absent. */
  readonly order: Uint32Array | undefined;
}

/**
 * Collects `r` in weight order. A packet that comes again fills in what was missing; padding behind the last
 * weight is dropped.
 */
export class Collector {
  readonly #r: Float32Array;
  readonly #announced: Announced;
  #noiseVariance: number | Float32Array | undefined;
  /** Of the packets so far; null where they differ or one has none. */
  #cells: Cells | null | undefined;

  /** `certain`: every component will come, so that there is nothing to fill in. */
  constructor(r: Float32Array, announced: Announced, { certain = true } = {}) {
    this.#r = r;
    this.#announced = announced;
    if (!certain) this.#noiseVariance = new Float32Array(r.length).fill(Infinity);
  }

  take({ first, reception, tries }: Packet): void {
    const r = this.#r;
    const { scale, order } = this.#announced;
    const { y, noiseVariance: stated, cells } = reception;
    const power = scale * scale;
    const missingOnly = tries > 1;
    const one = typeof stated === "number" ? stated / power : undefined;
    this.#noiseVariance ??= one ?? new Float32Array(r.length);
    if (typeof this.#noiseVariance === "number" && one !== this.#noiseVariance) {
      // Packets so far shared one value; from here on each weight has its own.
      this.#noiseVariance = new Float32Array(r.length).fill(this.#noiseVariance);
    }
    const variances = this.#noiseVariance;
    if (this.#cells === undefined) this.#cells = cells ?? null;
    else if (this.#cells !== cells) this.#cells = null;
    for (let k = 0; k < y.length; k++) {
      const w = order === undefined ? first + k : order[first + k];
      if (w >= r.length) continue;
      if (typeof variances !== "number") {
        if (missingOnly && variances[w] !== Infinity) continue;
        variances[w] = one ?? (stated as Float32Array)[k] / power;
      }
      r[w] = y[k] / scale;
    }
  }

  /** When nothing comes any more. What `r` holds where the variance is infinite means nothing. */
  finish(): Observation {
    const observation = { r: this.#r, noiseVariance: this.#noiseVariance ?? 0 };
    const cells = this.#cells;
    if (!cells) return observation;
    const { step, noiseVariance } = cells;
    const { scale } = this.#announced;
    return {
      ...observation,
      cells: { ...cells, step: step / scale, noiseVariance: noiseVariance / scale ** 2 },
    };
  }
}

/** Takes `mean`, which the transmitter announces, for what never arrived. */
export function fillLost({ r, noiseVariance }: Observation, mean: number): void {
  if (typeof noiseVariance === "number") return;
  for (let w = 0; w < r.length; w++) if (noiseVariance[w] === Infinity) r[w] = mean;
}

/**
 * The receiver's process: hands each packet to `take`, and back to the transmitter's `ready` when the answer
 * has got there, `feedbackDelayS` later.
 */
export function* receiverProcess(
  sim: Simulation,
  arrived: Store<Packet>,
  ready: Store<Packet>,
  feedbackDelayS: number,
  take: (packet: Packet) => void,
): ProcessGenerator {
  for (;;) {
    const packet = yield* arrived.get();
    take(packet);
    if (feedbackDelayS === 0) yield* ready.put(packet);
    else sim.schedule(feedbackDelayS, () => ready.put(packet));
  }
}
