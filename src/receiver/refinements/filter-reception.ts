/** How the weights of one output channel arrived, and what the estimator made of them. */
import type { Filter } from "../../models/filters.js";
import type { Observation } from "../../observation.js";

export interface FilterReception {
  /** Slope of ŵ on r over the weights that arrived: 1 for ml, and exact for estimators that are affine in r. */
  readonly gain: number;
  /** Weights that arrived over weights. */
  readonly share: number;
  /** Σ σ² over the weights that arrived. */
  readonly noise: number;
  /** Σ (r² − σ²) over them: an unbiased estimate of Σ w². */
  readonly power: number;
}

/** `offset` is the place of the layer's weights in the weight vector. */
export function receptionOf(
  { start, stride, size }: Filter,
  offset: number,
  { r, noiseVariance }: Observation,
  estimate: Float32Array,
): FilterReception {
  let arrived = 0;
  let noise = 0;
  let [sumR, sumE, sumRR, sumRE] = [0, 0, 0, 0];
  for (let j = 0; j < size; j++) {
    const k = offset + start + j * stride;
    const variance = typeof noiseVariance === "number" ? noiseVariance : noiseVariance[k];
    if (variance === Infinity) continue;
    arrived++;
    noise += variance;
    sumR += r[k];
    sumE += estimate[k];
    sumRR += r[k] * r[k];
    sumRE += r[k] * estimate[k];
  }
  if (arrived === 0) return { gain: 0, share: 0, noise: 0, power: 0 };
  const spread = sumRR - (sumR * sumR) / arrived;
  // One weight has no slope; its ratio is the gain of an estimator without a mean.
  let gain = sumRR > 0 ? sumRE / sumRR : 1;
  if (arrived > 1 && spread > 0) gain = (sumRE - (sumR * sumE) / arrived) / spread;
  return { gain, share: arrived / size, noise, power: sumRR - noise };
}
