/** Moments of normal variables that are cut off, as conductances are at zero. */
import { normalCdf, normalDensity } from "../math/error-function.js";

export interface Moments {
  readonly mean: number;
  readonly variance: number;
}

/**
 * Mean and mean square of min(high, max(low, N(mean, sigma²))). With a = (low − mean)/σ, b = (high − mean)/σ:
 *
 *   E[Z; a < Z < b] = φ(a) − φ(b),   E[Z²; a < Z < b] = Φ(b) − Φ(a) + a φ(a) − b φ(b)
 *
 * and the two ends hold Φ(a) and 1 − Φ(b). (Johnson, Kotz & Balakrishnan, Continuous Univariate
 * Distributions 1 (1994), 13.10.)
 */
export function clippedNormal(
  mean: number,
  sigma: number,
  low: number,
  high = Infinity,
): { mean: number; meanSquare: number } {
  if (sigma === 0) {
    const value = Math.min(high, Math.max(low, mean));
    return { mean: value, meanSquare: value * value };
  }
  const a = (low - mean) / sigma;
  const b = (high - mean) / sigma;
  const below = normalCdf(a);
  const above = b === Infinity ? 0 : normalCdf(-b);
  const inside = 1 - below - above;
  const densityA = normalDensity(a);
  const densityB = normalDensity(b);
  const first = densityA - densityB;
  const second = inside + a * densityA - (b === Infinity ? 0 : b * densityB);
  const upper = above === 0 ? 0 : high * above;
  return {
    mean: low * below + upper + mean * inside + sigma * first,
    meanSquare:
      low * low * below +
      upper * (above === 0 ? 0 : high) +
      mean * mean * inside +
      2 * mean * sigma * first +
      sigma * sigma * second,
  };
}

export interface NormalNode {
  readonly z: number;
  readonly weight: number;
}

/** Nodes to average over a standard normal z from `from` on: E[f(z); z > from] = Σ weight f(z), Simpson's rule. */
export function normalNodes(from = -8): NormalNode[] {
  const end = 8; // beyond it there is less than 1e-15
  const intervals = 64; // even
  const start = Math.min(end, Math.max(-end, from));
  const step = (end - start) / intervals;
  return Array.from({ length: intervals + 1 }, (_, i) => {
    const z = start + i * step;
    const share = i === 0 || i === intervals ? 1 : i % 2 === 1 ? 4 : 2;
    return { z, weight: (share * step * normalDensity(z)) / 3 };
  });
}
