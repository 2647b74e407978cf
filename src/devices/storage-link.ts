/**
 * The link of a storage device: a tensor's weights are scaled so that its largest magnitude (`peak`) is 1,
 * written, read and scaled back,
 *
 *   y = peak · c · d,   d the reading of u = x / peak, c = 1 or the drift compensation
 *
 * Global drift compensation scales by what the summed magnitude of a tensor has become:
 *
 *   c = Σ |u| / Σ |d|
 *
 * Packets are handed on as they are read, so the sums run along the tensor: weight k is scaled by the sums
 * over weights 0 .. k, and both begin with a reference at half of the range. After 300 weights this is the
 * factor of the whole tensor to 1 to 4 %, after 3,000 to less than 1 %.
 *
 * The noise variance that is stated is the mean square error that the device's moments let expect at the level
 * that was read (error-table.ts), so that drift that was not compensated counts as noise.
 */
import type { Link, Reception, Stretch } from "../channel.js";
import type { Cells } from "./cells.js";
import { ErrorTable } from "./error-table.js";

/** Weights written at a time. */
const block = 512;

export function storageLink(
  stretches: readonly Stretch[],
  cells: Cells,
  { driftCompensation = false } = {},
): Link {
  const runs = new Runs(stretches);
  const reference = cells.moments(0.5).mean;
  const errors = new ErrorTable(cells);
  const levels = new Float64Array(block);
  const readings = new Float64Array(block);
  let written = 0;
  let read = 0;

  /** `count` components from `first` on, all of one tensor. */
  function store(
    x: Float32Array,
    { y, variances }: Reception,
    first: number,
    count: number,
    peak: number,
  ): void {
    const u = levels.subarray(0, count);
    for (let k = 0; k < count; k++) u[k] = Math.max(-1, Math.min(1, x[first + k] / peak));
    cells.store(u, readings);
    for (let k = 0; k < count; k++) {
      const d = readings[k];
      let c = 1;
      if (driftCompensation) {
        written += Math.abs(u[k]);
        read += Math.abs(d);
        c = written / read;
      }
      y[first + k] = peak * c * d;
      variances[first + k] = peak * peak * errors.at(d, c);
    }
  }

  return {
    transmit(x, _timeS, reception) {
      for (let from = 0; from < x.length; ) {
        const { begins, peak, count } = runs.next(Math.min(block, x.length - from));
        if (begins) {
          written = 0.5;
          read = reference;
        }
        if (peak > 0) store(x, reception, from, count, peak);
        else {
          // Zeros need no device, and neither does padding.
          reception.y.fill(0, from, from + count);
          reception.variances.fill(0, from, from + count);
        }
        from += count;
      }
      reception.noiseVariance = reception.variances;
    },
  };
}

/** Walks along the stretches; what lies behind the last is padding. */
class Runs {
  readonly #stretches: readonly Stretch[];
  #stretch = 0;
  #position = 0;

  constructor(stretches: readonly Stretch[]) {
    this.#stretches = stretches.filter(({ components }) => components > 0);
  }

  /** The next run of at most `limit` components that lie in one stretch. */
  next(limit: number): { begins: boolean; peak: number; count: number } {
    const stretch = this.#stretches[this.#stretch];
    if (stretch === undefined) return { begins: false, peak: 0, count: limit };
    const { first, components, peak } = stretch;
    const begins = this.#position === first;
    const left = first + components - this.#position;
    const count = Math.min(limit, left);
    this.#position += count;
    if (count === left) this.#stretch++;
    return { begins, peak, count };
  }
}
