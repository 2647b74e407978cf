/**
 * The aligned-sample estimator: only the last filter of every symbol period is used, in which all devices send the
 * same symbol i, and their gains are taken for 1:
 *
 *   ŝ[i] = y_M[i] = Σ_m h_m s_m[i] + z,   E|error|² per real component = σ²/(1 − τ_M) + Σ_m |h_m − 1|² p_m
 *
 * with p_m the mean square of a component of device m's symbols, taken for uncorrelated between devices. The error
 * holds the symbols themselves: it is biased, and no noise.
 *
 * Source: arXiv 2102.13604.
 */
import type { PacketModel, SumEstimator } from "./sampling.js";

/** `powers`: p_m of every arrival. */
export function alignedSample(model: PacketModel, powers: Float64Array): SumEstimator {
  const { symbols, arrivals, shares, gains, noiseVariance } = model;
  let variance = noiseVariance / shares[arrivals - 1];
  for (let m = 0; m < arrivals; m++) {
    variance += ((gains[2 * m] - 1) ** 2 + gains[2 * m + 1] ** 2) * powers[m];
  }
  return {
    variances: new Float64Array(symbols).fill(variance),
    estimate(y, sums) {
      for (let i = 0; i < symbols; i++) {
        const at = 2 * (i * arrivals + arrivals - 1);
        sums[2 * i] = y[at];
        sums[2 * i + 1] = y[at + 1];
      }
    },
  };
}
