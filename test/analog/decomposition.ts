/** Bussgang decomposition of a measurement with standard errors, and the normal distribution for theory. */
import jstat from "jstat";
import { RandomSource } from "../../src/kernel/index.js";

export const density = (x: number) => Math.exp(-0.5 * x * x) / Math.sqrt(2 * Math.PI);
export const erf = (x: number) => 2 * jstat.normal.cdf(x * Math.SQRT2, 0, 1) - 1;

export function gaussian(count: number, sigma = 1, seed = 1): Float32Array {
  const x = new Float32Array(count);
  new RandomSource(seed).stream("gaussian").fillNormal(x, sigma);
  return x;
}

export interface Measured {
  readonly value: number;
  readonly se: number;
}

/** Mean of independent values. */
export function meanOf(values: Float64Array): Measured {
  const mean = values.reduce((sum, v) => sum + v, 0) / values.length;
  const variance = values.reduce((sum, v) => sum + (v - mean) ** 2, 0) / values.length;
  return { value: mean, se: Math.sqrt(variance / values.length) };
}

/** α = Σxy / Σx², and the mean of (y − αx)². */
export function decomposition(x: Float32Array, y: Float32Array) {
  let products = 0;
  let squares = 0;
  for (let k = 0; k < x.length; k++) {
    products += x[k] * y[k];
    squares += x[k] * x[k];
  }
  const alpha = products / squares;
  const rest = Float64Array.from(x, (v, k) => y[k] - alpha * v);
  const slope = meanOf(rest.map((d, k) => (d * x[k] * x.length) / squares));
  return {
    gain: { value: alpha, se: slope.se },
    distortion: meanOf(rest.map((d) => d * d)),
    power: meanOf(Float64Array.from(y, (v) => v * v)),
  };
}

/** Simpson's rule. */
export function integral(f: (x: number) => number, from: number, to: number, steps = 20_000) {
  const h = (to - from) / steps;
  let sum = f(from) + f(to);
  for (let i = 1; i < steps; i++) sum += (i % 2 === 1 ? 4 : 2) * f(from + i * h);
  return (sum * h) / 3;
}
