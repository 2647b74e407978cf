/**
 * What one prior for all tensors makes of each: a linear estimate ŵ = μ + g (r − μ) of a tensor with mean μ_t and
 * variance V_t behind noise σ² has the mean square error
 *
 *   g² σ² + (1 − g)² (V_t + (μ_t − μ)²)
 *
 * least at g_t = V_t / (V_t + σ²) about the tensor's own mean, where it is g_t σ². The global prior has
 * g = V / (V + σ²) for all.
 */
import { momentsOf } from "../../src/receiver/moments.js";
import type { Layout } from "../../src/weights/layout.js";

export interface TensorGain {
  readonly tensor: string;
  readonly weights: number;
  readonly variance: number;
  /** Gain of the tensor's own prior, and its mean square error over its variance. */
  readonly ownGain: number;
  readonly ownError: number;
  /** The same of the prior for all tensors. */
  readonly globalGain: number;
  readonly globalError: number;
}

/** Every tensor behind noise of the given variance, in the order of the layout. */
export function tensorGains(weights: Float32Array, layout: Layout, noise: number): TensorGain[] {
  const all = momentsOf(weights);
  const globalGain = all.variance / (all.variance + noise);
  return layout.entries.map(({ name, offset, size }) => {
    const { mean, variance } = momentsOf(weights, offset, offset + size);
    const ownGain = variance / (variance + noise);
    const distance = variance + (mean - all.mean) ** 2;
    return {
      tensor: name,
      weights: size,
      variance,
      ownGain,
      ownError: (ownGain * noise) / variance,
      globalGain,
      globalError: (globalGain ** 2 * noise + (1 - globalGain) ** 2 * distance) / variance,
    };
  });
}
