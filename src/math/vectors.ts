/**
 * Sums of long vectors. Loops over one or two arrays each, in functions of their own: an engine makes fast code of these, and
 * less so of loops inside of larger functions or over a list of arrays.
 */

import { sumOfSquares } from "./statistics.js";

/** out ← out + x. */
export function addTo(out: Float32Array, x: Float32Array): void {
  for (let k = 0; k < out.length; k++) out[k] += x[k];
}

/** The mean of vectors of one length, `times` over, as a new one. Sums are double. */
export function meanOf(vectors: readonly Float32Array[], times = 1): Float32Array {
  const sum = new Float64Array(vectors[0].length);
  for (const vector of vectors) addTo64(sum, vector);
  return scaled(sum, times / vectors.length);
}

// Apart from `addTo`, so that either sees one type of array.
function addTo64(out: Float64Array, x: Float32Array): void {
  for (let k = 0; k < out.length; k++) out[k] += x[k];
}

function scaled(x: Float64Array, factor: number): Float32Array {
  const out = new Float32Array(x.length);
  for (let k = 0; k < out.length; k++) out[k] = factor * x[k];
  return out;
}

/** out[at + k − from] ← a[k] − b[k], k from `from` to `to`. */
export function writeDifference(
  a: Float32Array,
  b: Float32Array,
  { from, to }: Range,
  out: Float32Array,
  at: number,
): void {
  for (let k = from; k < to; k++) out[at + k - from] = a[k] - b[k];
}

/** out[k] ← x[k] + factor · step[at + k − from], k from `from` to `to`. */
export function writeStep(
  x: Float32Array,
  { from, to }: Range,
  factor: number,
  step: Float32Array,
  at: number,
  out: Float32Array,
): void {
  for (let k = from; k < to; k++) out[k] = x[k] + factor * step[at + k - from];
}

/** The stretches of x one after another, as a new vector. */
export function gather(x: Float32Array, stretches: readonly Range[]): Float32Array {
  const out = new Float32Array(stretches.reduce((sum, { from, to }) => sum + to - from, 0));
  let at = 0;
  for (const { from, to } of stretches) {
    out.set(x.subarray(from, to), at);
    at += to - from;
  }
  return out;
}

/** Undoes `gather`: writes x into the stretches of `out`. */
export function scatter(x: Float32Array, stretches: readonly Range[], out: Float32Array): void {
  let at = 0;
  for (const { from, to } of stretches) {
    out.set(x.subarray(at, at + to - from), from);
    at += to - from;
  }
}

/** |estimate / divisor − truth|² / |truth|². */
export function normalizedError(
  estimate: Float32Array,
  divisor: number,
  truth: Float32Array,
): number {
  let error = 0;
  for (let k = 0; k < truth.length; k++) error += (estimate[k] / divisor - truth[k]) ** 2;
  return error / sumOfSquares(truth);
}

interface Range {
  readonly from: number;
  readonly to: number;
}
