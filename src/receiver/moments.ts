/**
 * Moments of weights, true or found in noisy observations r = w + n whose noise variances are known.
 *
 * With one noise variance σ²: mean of r, and var(r) − σ², floored at 0.
 *
 * With one variance σ_k² per weight, observations count by what they tell. For weights with variance V,
 * r_k has variance V + σ_k², and the likelihood of Gaussian weights is largest where
 *
 *   μ = Σ a_k r_k / Σ a_k,   V = Σ a_k² ((r_k − μ)² − σ_k²) / Σ a_k²,   a_k = 1 / (V + σ_k²)
 *
 * which is iterated from V = the harmonic mean of σ_k², floored at 0. Any weights are estimated without
 * asymptotic bias, since both equations hold in expectation for any distribution. Unweighted moments would
 * not do: behind a Rayleigh fade the mean of σ_k² has no expectation. Erased weights (σ_k² = Infinity) count 0.
 *
 *   Var[V̂] = 2 / Σ a_k² for Gaussian weights (the Fisher information of V)
 *
 * Source: Raudenbush, "Analyzing effect sizes: random-effects models", in: Cooper, Hedges & Valentine (eds.),
 * The Handbook of Research Synthesis and Meta-Analysis (2009), ch. 16; Kay, Estimation Theory (1993), ch. 7.
 */
import type { Moments } from "./prior.js";

/** Mean and population variance of `values` between `from` and `to` (exclusive). */
export function momentsOf(values: Float32Array, from = 0, to = values.length): Moments {
  let sum = 0;
  for (let k = from; k < to; k++) sum += values[k];
  const mean = sum / (to - from);
  let deviations = 0;
  for (let k = from; k < to; k++) {
    const d = values[k] - mean;
    deviations += d * d;
  }
  return { mean, variance: deviations / (to - from) };
}

const mostIterations = 50;
/** The statistical error is far larger than this. */
const tolerance = 1e-5;

/**
 * Moments of the weights behind `r` between `from` and `to` (exclusive). Where nothing arrived, the mean is
 * that of `r`, which holds what the transmitter announces, and the variance is 0.
 */
export function estimateMoments(
  r: Float32Array,
  noiseVariance: number | Float32Array,
  from = 0,
  to = r.length,
): Moments {
  if (typeof noiseVariance === "number") {
    const { mean, variance } = momentsOf(r, from, to);
    return { mean, variance: Math.max(0, variance - noiseVariance) };
  }
  let certainty = 0;
  let arrived = 0;
  for (let k = from; k < to; k++) {
    if (noiseVariance[k] === Infinity) continue;
    certainty += 1 / noiseVariance[k];
    arrived++;
  }
  if (arrived === 0) return { mean: momentsOf(r, from, to).mean, variance: 0 };
  // Without noise anywhere in it, a weight would count infinitely if V were 0 too.
  const least = 1e-9 * meanSquareOfBest(r, noiseVariance, from, to, arrived / certainty);
  let variance = Math.max(arrived / certainty, least);
  let mean = 0;
  for (let i = 0; i < mostIterations; i++) {
    const assumed = Math.max(variance, least);
    mean = weightedMean(r, noiseVariance, from, to, assumed);
    let excess = 0;
    let total = 0;
    for (let k = from; k < to; k++) {
      const noise = noiseVariance[k];
      if (noise === Infinity) continue;
      const a = 1 / (assumed + noise);
      const d = r[k] - mean;
      excess += a * a * (d * d - noise);
      total += a * a;
    }
    const next = Math.max(0, excess / total);
    const done = Math.abs(next - variance) <= tolerance * Math.max(next, least);
    variance = next;
    if (done) break;
  }
  return { mean, variance };
}

function weightedMean(
  r: Float32Array,
  noiseVariance: Float32Array,
  from: number,
  to: number,
  variance: number,
): number {
  let sum = 0;
  let total = 0;
  for (let k = from; k < to; k++) {
    const noise = noiseVariance[k];
    if (noise === Infinity) continue;
    const a = 1 / (variance + noise);
    sum += a * r[k];
    total += a;
  }
  return sum / total;
}

/** Mean of r² where the noise is at most `noise`: the scale of the weights, give or take that noise. */
function meanSquareOfBest(
  r: Float32Array,
  noiseVariance: Float32Array,
  from: number,
  to: number,
  noise: number,
): number {
  let sum = 0;
  let count = 0;
  for (let k = from; k < to; k++) {
    if (!(noiseVariance[k] <= noise * (1 + 1e-6))) continue;
    sum += r[k] * r[k];
    count++;
  }
  return count > 0 && sum > 0 ? sum / count : 1e-60;
}
