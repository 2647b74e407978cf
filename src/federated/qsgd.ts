/**
 * QSGD: unbiased stochastic quantization of a vector v with s levels, and the bits that it takes.
 *
 *   Q(v_i) = (‖v‖/s) sign(v_i) l_i,   l_i = ⌊s |v_i|/‖v‖ + U_i⌋,   U_i uniform over [0, 1)
 *
 * which rounds up with the probability of the fraction f_i. So E Q = v and Var[Q(v_i)] = (‖v‖/s)² f_i (1 − f_i),
 * whose sum is at most min(d/s², √d/s) ‖v‖². The same U for all s makes levels grow with s.
 *
 * The size is exact, of the shorter of two Elias-coded forms, without writing them:
 *
 *   head     32 bits ‖v‖ (rounded to float32 before it is used), 32 bits mean variance of a component, 1 bit for the
 *            form, ω(s)
 *   dense    each component ω(l + 1), and a sign where l > 0
 *   sparse   ω(1 + number of l > 0), then for each of them ω(distance from the one before), a sign, ω(l)
 *
 * ω(n) is the length of Elias's recursive (omega) code: 1 for n = 1, otherwise 1 + ⌊log2 n⌋ more than that of
 * ⌊log2 n⌋. The mean variance is our addition, for the server's denoiser.
 *
 * Source: Alistarh, Grubic, Li, Tomioka & Vojnovic, "QSGD: Communication-Efficient SGD via Gradient Quantization and
 * Encoding", NeurIPS 2017, arXiv 1610.02132, 3.1 and appendix A; Elias, IEEE Trans. Inf. Theory 21 (1975) 194–203.
 * Limits: one norm for all of the vector, no buckets.
 */
import type { RandomStream } from "../kernel/index.js";
import { sumOfSquares } from "../math/statistics.js";

/** Beyond, the float32 values themselves end. */
export const mostLevels = 2 ** 24;

/** ω(n) by ⌊log2 n⌋. */
const omegaLengths = new Uint8Array(32);
omegaLengths[0] = 1;
for (let log = 1; log < 32; log++) {
  omegaLengths[log] = 1 + log + omegaLengths[31 - Math.clz32(log)];
}

/** Bits of n ≥ 1 in Elias's omega code. */
export function omegaBits(n: number): number {
  return omegaLengths[31 - Math.clz32(n)];
}

/** Quantizes vectors of up to `size` components; holds one at a time. */
export class Quantizer {
  /** U of each component, at steps of 2^−24 that float32 holds exactly, below 1. */
  readonly #dither: Float32Array;
  #v: Float32Array = new Float32Array(0);
  #norm = 0;

  constructor(size: number) {
    this.#dither = new Float32Array(size);
  }

  /** Takes a vector, and its dither from the stream. */
  take(v: Float32Array, dither: RandomStream): void {
    this.#v = v;
    this.#norm = Math.fround(Math.sqrt(sumOfSquares(v)));
    for (let i = 0; i < v.length; i++) this.#dither[i] = dither.integer(2 ** 24) * 2 ** -24;
  }

  /** s/‖v‖; 0 for a vector of zeros. */
  #scale(levels: number): number {
    return this.#norm > 0 ? levels / this.#norm : 0;
  }

  /** Bits of the vector with s levels. */
  bits(levels: number): number {
    const v = this.#v;
    const scale = this.#scale(levels);
    let dense = 0;
    let sparse = 0;
    let count = 0;
    let before = -1;
    for (let i = 0; i < v.length; i++) {
      const level = (Math.abs(v[i]) * scale + this.#dither[i]) | 0;
      if (level === 0) continue;
      dense += omegaBits(level + 1);
      sparse += omegaBits(i - before) + omegaBits(level);
      before = i;
      count++;
    }
    const head = 32 + 32 + 1 + omegaBits(levels);
    // Dense: 1 bit for each zero, and 1 for the sign of each other.
    return head + Math.min(v.length + dense, omegaBits(count + 1) + count + sparse);
  }

  /** A number of levels that fits where one more does not; `mostLevels` where that fits, 0 where not even 1 does. */
  levelsWithin(bits: number): number {
    let fits = 0;
    let over = 1;
    while (over <= mostLevels && this.bits(over) <= bits) {
      fits = over;
      over *= 2;
    }
    while (over - fits > 1 && fits > 0 && fits < mostLevels) {
      const middle = (fits + over) >>> 1;
      if (this.bits(middle) <= bits) fits = middle;
      else over = middle;
    }
    return fits;
  }

  /** Adds Q(v) to `sum`. */
  addTo(sum: Float32Array, levels: number): void {
    const v = this.#v;
    const scale = this.#scale(levels);
    const step = this.#norm / levels;
    for (let i = 0; i < v.length; i++) {
      const level = (Math.abs(v[i]) * scale + this.#dither[i]) | 0;
      if (level > 0) sum[i] += v[i] < 0 ? -step * level : step * level;
    }
  }

  /** Var[Q(v_i)], averaged over the components. */
  variance(levels: number): number {
    const v = this.#v;
    const scale = this.#scale(levels);
    let sum = 0;
    for (let i = 0; i < v.length; i++) {
      const place = Math.abs(v[i]) * scale;
      const fraction = place - Math.floor(place);
      sum += fraction * (1 - fraction);
    }
    return ((this.#norm / levels) ** 2 * sum) / v.length;
  }
}
