/**
 * The compressor u = c(w) whose expander makes least of small noise, at a given power, for given values.
 *
 * Noise of variance v on u is, to first order, v / c'(w)² on w. Least error Σ 1 / c'(w)² at fixed Σ c(w)² is a
 * problem of the calculus of variations; with the density p of the values its Euler–Lagrange equation reads
 *
 *   d/dw [p / c'³] = −λ p c
 *
 * For a Gaussian p, c ∝ w solves it (then p' = −w p / Var[w]): nothing is gained by bending. Where p has heavier
 * tails, c is steeper than a line in the middle and flatter outside. Scaling c shows Σ 1 / c'² = λ Σ c² at the
 * optimum; with the same λ for several tensors their gains come out of it too, Gaussian ones with
 * gain² ∝ 1 / √E_t (power-allocation.ts, `variance`).
 *
 * Here c is odd and linear between knots, the last segment without an end: with a_ij the length that |w_i| has in
 * segment j, c(|w_i|) = Σ_j s_j a_ij for the slopes s_j, and with n_j values in segment j
 *
 *   f(s) = Σ_j n_j / s_j² + sᵀ Q s,   Q = Σ_i a_i a_iᵀ
 *
 * is convex for s > 0. Newton's method finds its minimum. Knots lie where a share 2^−j of the values is beyond, and
 * a segment has at least 32 values, so that slopes follow the distribution and not single values.
 *
 * Source: the equation by the calculus of variations as above; Gelfand & Fomin, Calculus of Variations (1963),
 * 1.4; Boyd & Vandenberghe, Convex Optimization (2004), 9.5 for the method.
 * Limits: odd, so a mean of the values is not taken out.
 */

import { factorize, solve } from "./cholesky.js";

export interface Compressor {
  /** Where segments begin, from 0 up, of |w|. */
  readonly knots: Float32Array;
  /** dc/d|w| in each segment; all 0 where there is nothing but zeros. */
  readonly slopes: Float32Array;
}

const leastValues = 32;
const mostSteps = 100;

/** `segments` at most; fewer where there are few values. Slopes are those for λ = 1. */
export function optimalCompressor(values: Float32Array, segments: number): Compressor {
  const magnitudes = values.map(Math.abs).sort();
  const knots = knotsOf(magnitudes, segments);
  const { counts, q } = quadraticForm(magnitudes, knots);
  const m = knots.length;
  const total = q.reduce((a, b) => a + b, 0);
  if (total === 0) return { knots, slopes: new Float32Array(m) };

  // Begin with the best line, f = n / s² + s² Σ w².
  let power = 0;
  for (const magnitude of magnitudes) power += magnitude * magnitude;
  let slopes = new Float64Array(m).fill((magnitudes.length / power) ** 0.25);
  let value = objective(slopes, counts, q);
  for (let step = 0; step < mostSteps; step++) {
    const direction = newtonDirection(slopes, counts, q);
    let length = 1;
    let next = slopes;
    let nextValue = Infinity;
    for (; length > 1e-6; length /= 2) {
      next = slopes.map((s, j) => s + length * direction[j]);
      nextValue = next.every((s) => s > 0) ? objective(next, counts, q) : Infinity;
      if (nextValue < value) break;
    }
    if (!(nextValue < value)) break;
    const gained = value - nextValue;
    slopes = next;
    value = nextValue;
    if (gained < 1e-12 * value) break;
  }
  return { knots, slopes: Float32Array.from(slopes) };
}

function knotsOf(sorted: Float32Array, segments: number): Float32Array {
  const knots = [0];
  for (let j = 1; j < segments; j++) {
    const beyond = sorted.length * 2 ** -j;
    const knot = sorted[Math.floor(sorted.length - beyond)];
    if (beyond < leastValues || sorted.length * 2 ** -(j - 1) - beyond < leastValues) break;
    if (knot > knots[knots.length - 1]) knots.push(knot);
  }
  return Float32Array.from(knots);
}

/** Values in each segment, and Q row by row. */
function quadraticForm(sorted: Float32Array, knots: Float32Array) {
  const m = knots.length;
  const counts = new Float64Array(m);
  const sums = new Float64Array(m); // of the length in the value's own segment
  const squares = new Float64Array(m);
  for (let i = 0, j = 0; i < sorted.length; i++) {
    while (j + 1 < m && sorted[i] >= knots[j + 1]) j++;
    const inside = sorted[i] - knots[j];
    counts[j]++;
    sums[j] += inside;
    squares[j] += inside * inside;
  }
  const q = new Float64Array(m * m);
  let beyond = 0; // values in later segments
  for (let l = m - 1; l >= 0; l--) {
    const width = l + 1 < m ? knots[l + 1] - knots[l] : 0;
    q[l * m + l] = squares[l] + width * width * beyond;
    for (let j = 0; j < l; j++) {
      const cross = (knots[j + 1] - knots[j]) * (sums[l] + width * beyond);
      q[j * m + l] = cross;
      q[l * m + j] = cross;
    }
    beyond += counts[l];
  }
  return { counts, q };
}

function objective(slopes: Float64Array, counts: Float64Array, q: Float64Array): number {
  const m = slopes.length;
  let sum = 0;
  for (let j = 0; j < m; j++) {
    sum += counts[j] / slopes[j] ** 2;
    for (let l = 0; l < m; l++) sum += slopes[j] * q[j * m + l] * slopes[l];
  }
  return sum;
}

/** −H⁻¹ ∇f by Cholesky; H is positive definite, since every segment holds values. */
function newtonDirection(slopes: Float64Array, counts: Float64Array, q: Float64Array) {
  const m = slopes.length;
  const h = q.map((entry) => 2 * entry);
  const x = new Float64Array(m);
  for (let j = 0; j < m; j++) {
    h[j * m + j] += (6 * counts[j]) / slopes[j] ** 4;
    x[j] = (2 * counts[j]) / slopes[j] ** 3;
    for (let l = 0; l < m; l++) x[j] -= 2 * q[j * m + l] * slopes[l];
  }
  factorize(h, m);
  solve(h, m, x);
  return x;
}
