/**
 * What a receiver can say of the error of a reading d that it scales by c. At level u it is, squared and averaged,
 *
 *   E[(c d − u)² | u] = c² E[d²] − 2 c u E[d] + u²
 *
 * The receiver does not know u. It takes the level û(d) whose mean reading is d; of readings within two standard
 * deviations of zero, which tell little of their level, û goes in proportion to d.
 *
 * A curve f of the level, averaged over the scatter of û, is not f(u); to first order 2 f(û) − E[f(û′) | û] makes
 * up for it, with d′ normal. What is stated is then right on average at every level that is not lost in noise,
 * and so is its mean over a tensor (docs/channels/pcm-storage.md has figures).
 */
import type { Cells } from "./cells.js";
import { normalNodes } from "./clipped-normal.js";

/** Intervals of the grids: of levels from −1 to 1, and of the readings that these have on average. */
const steps = 512;

export class ErrorTable {
  readonly #lowest: number;
  readonly #stepsPerUnit: number;
  /** E[d²], u E[d] and u² by reading. */
  readonly #squares: Float64Array;
  readonly #products: Float64Array;
  readonly #levels: Float64Array;
  readonly #least: number;

  constructor(cells: Cells) {
    const levels = Float64Array.from({ length: steps + 1 }, (_, i) => levelAt(i));
    const moments = Array.from(levels, (u) => cells.moments(u));
    const means = Float64Array.from(moments, ({ mean }) => mean);
    const variances = Float64Array.from(moments, ({ variance }) => variance);
    this.#lowest = means[0];
    this.#stepsPerUnit = steps / (means[steps] - means[0]);
    this.#least = 0.1 * Math.min(...variances);

    const nearZero = 2 * Math.sqrt(variances[steps / 2]);
    const slope = levelAt(positionIn(means, nearZero)) / nearZero;
    /** û of each reading of the grid, as a position in the grid of levels. */
    const written = levels.map((_, i) => {
      const d = this.#lowest + i / this.#stepsPerUnit;
      return Math.abs(d) < nearZero ? positionOf(d * slope) : positionIn(means, d);
    });
    const nodes = normalNodes();
    const unbiased = (byLevel: Float64Array): Float64Array => {
      const plain = written.map((at) => valueAt(byLevel, at));
      return plain.map((value, i) => {
        const mean = valueAt(means, written[i]);
        const sigma = Math.sqrt(valueAt(variances, written[i]));
        let average = 0;
        for (const { z, weight } of nodes) {
          average += weight * valueAt(plain, this.#position(mean + sigma * z));
        }
        return 2 * value - average;
      });
    };
    this.#squares = unbiased(means.map((mean, i) => mean ** 2 + variances[i]));
    this.#products = unbiased(means.map((mean, i) => mean * levels[i]));
    this.#levels = unbiased(levels.map((u) => u ** 2));
  }

  /** Mean square error of c d about the level that was written. */
  at(d: number, c: number): number {
    const position = this.#position(d);
    const error =
      c * (c * valueAt(this.#squares, position) - 2 * valueAt(this.#products, position)) +
      valueAt(this.#levels, position);
    // What is right on average may fall below zero.
    return Math.max(error, c * c * this.#least);
  }

  #position(d: number): number {
    return (d - this.#lowest) * this.#stepsPerUnit;
  }
}

function levelAt(position: number): number {
  return (2 * position) / steps - 1;
}

function positionOf(level: number): number {
  return ((level + 1) * steps) / 2;
}

/** Where a rising curve has a value. */
function positionIn(curve: Float64Array, value: number): number {
  let i = 0;
  while (i < steps - 1 && curve[i + 1] < value) i++;
  const part = (value - curve[i]) / (curve[i + 1] - curve[i]);
  return i + Math.max(0, Math.min(1, part));
}

/** A curve between two steps; beyond the ends, its value there. */
function valueAt(curve: Float64Array, position: number): number {
  const within = Math.max(0, Math.min(steps, position));
  const i = Math.min(steps - 1, Math.floor(within));
  return curve[i] + (within - i) * (curve[i + 1] - curve[i]);
}
