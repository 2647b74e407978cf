/**
 * James–Stein estimate towards the mean of each tensor, with its positive part:
 *
 *   ŵ_k = r̄ + (1 − B)₊ (r_k − r̄),   B = (p − 3) σ² / Σ (r_k − r̄)²
 *
 * for the p weights of a tensor. Its total squared error is below that of r for any weights once p > 3, and no
 * prior is assumed or told. For Gaussian weights of variance V, without the positive part (which only helps),
 *
 *   E Σ |ŵ − w|² = p σ² − (p − 3) σ⁴ / (V + σ²)
 *
 * Where noise variances differ between weights, each is shrunk by its own (Morris):
 *
 *   B_k = (p − 3)/(p − 1) · σ_k² / (σ_k² + V̂)
 *
 * with r̄ and V̂ from moments.ts; weights that were erased become r̄. A tensor with p ≤ 3 stays as received.
 *
 * Source: Efron & Morris, "Data analysis using Stein's estimator", JASA 70 (1975) 311–319; Morris, "Parametric
 * empirical Bayes inference", JASA 78 (1983) 47–55.
 * Limits: with different noise variances the guarantee for any weights is gone.
 */
import { z } from "zod";
import { defineEstimator } from "./estimator.js";
import { estimateMoments, momentsOf } from "./moments.js";

export const jamesStein = defineEstimator({
  name: "james-stein",
  summary: "shrinks each tensor towards its mean as far as its own spread allows; no prior",
  params: z.strictObject({}),
  needs: ["noiseVariance", "tensors"],
  settings: () => [{}],

  estimate(r, { noiseVariance, tensors }, _setting, out) {
    for (const { from, to } of tensors) {
      if (typeof noiseVariance === "number") equalNoise(r, noiseVariance, from, to, out);
      else unequalNoise(r, noiseVariance, from, to, out);
    }
  },
});

function equalNoise(r: Float32Array, noise: number, from: number, to: number, out: Float32Array) {
  const p = to - from;
  const { mean, variance } = momentsOf(r, from, to);
  if (noise === Infinity) {
    out.fill(mean, from, to); // what the transmitter announces
    return;
  }
  const keep = p <= 3 || noise === 0 ? 1 : Math.max(0, 1 - ((p - 3) * noise) / (p * variance));
  for (let k = from; k < to; k++) out[k] = mean + keep * (r[k] - mean);
}

function unequalNoise(
  r: Float32Array,
  noiseVariance: Float32Array,
  from: number,
  to: number,
  out: Float32Array,
) {
  let p = 0;
  for (let k = from; k < to; k++) if (noiseVariance[k] !== Infinity) p++;
  const { mean, variance } = estimateMoments(r, noiseVariance, from, to);
  const most = p <= 3 ? 0 : (p - 3) / (p - 1);
  for (let k = from; k < to; k++) {
    const noise = noiseVariance[k];
    if (noise === Infinity) out[k] = mean;
    else {
      const shrink = noise === 0 ? 0 : (most * noise) / (noise + variance);
      out[k] = mean + (1 - shrink) * (r[k] - mean);
    }
  }
}
