/** One block of a linear code, solved for its values; linear-code.ts has the formulas. */
import { factorize, inverseDiagonal, solve } from "./cholesky.js";
import type { Frame } from "./tight-frame.js";

/** Noise is taken to be at least this share of the block's largest, and of its power, so that digits suffice. */
const leastNoise = 1e-9;
/** A value of which a block tells less than this share of its power is lost. */
const leastShare = 1e-9;

/** Fill `y` and `v`, decode, read `w` and `variance`; all rooms are reused. */
export class BlockDecoder {
  /** Received symbols; what lost ones hold does not matter. */
  readonly y: Float64Array;
  /** Their noise variances, Infinity where lost. */
  readonly v: Float64Array;
  readonly w: Float64Array;
  readonly variance: Float64Array;
  readonly #frame: Frame;
  /** 1 / v. */
  readonly #certainty: Float64Array;
  readonly #a: Float64Array;
  readonly #room: Float64Array;

  constructor(frame: Frame) {
    const { n, k } = frame;
    this.#frame = frame;
    this.y = new Float64Array(n);
    this.v = new Float64Array(n);
    this.w = new Float64Array(k);
    this.variance = new Float64Array(k);
    this.#certainty = new Float64Array(n);
    this.#a = new Float64Array(k * k);
    this.#room = new Float64Array(k);
  }

  /** The first `count` values of Fᵀ y: right where all variances are equal. */
  project(count: number): void {
    const { n, k, f } = this.#frame;
    const { y, w } = this;
    w.fill(0, 0, count);
    for (let j = 0; j < n; j++) {
      for (let i = 0; i < count; i++) w[i] += f[j * k + i] * y[j];
    }
  }

  /** `powers` are the mean squares of the `count` values; by least squares where they are absent. */
  decode(count: number, powers: Float32Array | undefined): void {
    const { v, variance } = this;
    if (v.every((each) => each === v[0]) && v[0] !== Infinity) {
      this.project(count);
      variance.fill(v[0], 0, count);
      return;
    }
    this.#weigh(powers);
    this.#normalEquations(count);
    const a = this.#a;
    if (powers !== undefined) for (let i = 0; i < count; i++) a[i * count + i] += 1 / powers[i];
    if (!factorize(a, count)) {
      this.w.fill(0, 0, count);
      variance.fill(Infinity, 0, count);
      return;
    }
    solve(a, count, this.w);
    inverseDiagonal(a, count, variance, this.#room);
    if (powers !== undefined) this.#unbias(count, powers);
  }

  #weigh(powers: Float32Array | undefined): void {
    const { v } = this;
    const certainty = this.#certainty;
    let largest = 0;
    for (let j = 0; j < v.length; j++) if (v[j] !== Infinity) largest = Math.max(largest, v[j]);
    const power = powers?.reduce((most, each) => Math.max(most, each), 0) ?? 0;
    // Without noise and without a scale any weight does.
    const least = leastNoise * (Math.max(largest, power) || 1);
    for (let j = 0; j < v.length; j++) certainty[j] = 1 / Math.max(v[j], least);
  }

  /** A = Fᵀ V⁻¹ F (lower triangle) and w = Fᵀ V⁻¹ y. */
  #normalEquations(count: number): void {
    const { n, k, f } = this.#frame;
    const { y, w } = this;
    const a = this.#a;
    const certainty = this.#certainty;
    a.fill(0, 0, count * count);
    w.fill(0, 0, count);
    for (let j = 0; j < n; j++) {
      if (certainty[j] === 0) continue;
      for (let i = 0; i < count; i++) {
        const weighted = certainty[j] * f[j * k + i];
        w[i] += weighted * y[j];
        for (let l = 0; l <= i; l++) a[i * count + l] += weighted * f[j * k + l];
      }
    }
  }

  #unbias(count: number, powers: Float32Array): void {
    const { w, variance } = this;
    for (let i = 0; i < count; i++) {
      const share = 1 - variance[i] / powers[i];
      if (share > leastShare) {
        w[i] /= share;
        variance[i] /= share;
      } else {
        w[i] = 0;
        variance[i] = Infinity;
      }
    }
  }
}
