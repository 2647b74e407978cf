/**
 * Maximum likelihood estimate of the sum of misaligned symbols (model and indices: sampling.ts), which is weighted
 * least squares, ŝ = (HᴴWH)⁻¹ HᴴW y, in closed form.
 *
 * There are M L unknown symbols and M − 1 samples more than that, so all that least squares can do is to repair M − 1
 * contradictions. Stream k, the samples y_k[i] of interval k, sees every symbol exactly once: without noise all M
 * streams have the same sum Σ_q t_q. With noise, their sums Y_k over N_k samples (L for the last one, L + 1 for the
 * others) have variances N_k σ²/d_k. The best estimate of the common sum is their weighted mean Ŷ, and the most likely
 * noise shifts every stream by a constant:
 *
 *   Ŷ = Σ (d_k/N_k) Y_k / Σ (d_k/N_k),   ŷ_k[i] = y_k[i] + (Ŷ − Y_k)/N_k
 *
 * Successive samples differ by one symbol that ends and one that begins, t_k[i] − t_k[i−1] = y_k[i] − y_{k−1}[i], so
 * the symbols follow by sums from the packet's start. With c_m = 1/h_m, A_k[i] = Σ_{j ≤ i} ŷ_k[j]:
 *
 *   ŝ[i] = Σ_m c_m t̂_m[i] = c_M ŷ_M[i] + Σ_{k<M} (c_k − c_{k+1}) A_k[i] + (c_M − c_1) A_M[i−1]
 *
 * With equal gains this is the aligned sample, whose noise the common sum lowers by the order of 1/L; the others tell
 * no more. With different ones the error is a random walk from both ends of the packet, of a variance that grows with
 * L. Variance, with a_k the sum of the coefficients of stream k and q_k that of their squared magnitudes:
 *
 *   Var ŝ[i] = σ² Σ_k (q_k − |a_k|²/N_k)/d_k + σ² |Σ_k a_k/N_k|² / Σ_k (d_k/N_k)   per real component
 *
 * Time and memory are linear in L and in M. Source of the model and of the estimator: arXiv 2102.13604, where the
 * normal equations are solved; test/federated/misaligned/estimators.test.ts compares with that.
 */
import { inverseGains, type PacketModel, type SumEstimator } from "./sampling.js";

/** Every interval must have a positive length. */
export function maximumLikelihood(model: PacketModel): SumEstimator {
  const { symbols, arrivals, shares } = model;
  const last = arrivals - 1;
  const lengths = Float64Array.from(shares, (_, k) => (k === last ? symbols : symbols + 1));
  const information = shares.reduce((sum, share, k) => sum + share / lengths[k], 0);
  const inverse = inverseGains(model);
  // c_k − c_{k+1}, and c_M − c_1 at the end.
  const steps = inverse.map((c, at) => c - inverse[(at + 2) % inverse.length]);
  const [endRe, endIm] = inverse.subarray(2 * last);
  const sumsRe = new Float64Array(arrivals);
  const sumsIm = new Float64Array(arrivals);

  return {
    variances: errorVariances(model, { lengths, information, inverse, steps }),
    estimate(y, sums) {
      // (Ŷ − Y_k)/N_k, first in place of Y_k.
      sumsRe.fill(0);
      sumsIm.fill(0);
      for (let at = 0, k = 0; at < y.length; at += 2, k = k === last ? 0 : k + 1) {
        sumsRe[k] += y[at];
        sumsIm[k] += y[at + 1];
      }
      const commonRe = common(sumsRe, shares, lengths, information);
      const commonIm = common(sumsIm, shares, lengths, information);
      for (let k = 0; k < arrivals; k++) {
        sumsRe[k] = (commonRe - sumsRe[k]) / lengths[k];
        sumsIm[k] = (commonIm - sumsIm[k]) / lengths[k];
      }

      // Σ of (step × ŷ) over all samples before the last one of this symbol period.
      let walkRe = 0;
      let walkIm = 0;
      for (let i = 0, at = 0; i < symbols; i++) {
        for (let k = 0; k < last; k++, at += 2) {
          const re = y[at] + sumsRe[k];
          const im = y[at + 1] + sumsIm[k];
          walkRe += steps[2 * k] * re - steps[2 * k + 1] * im;
          walkIm += steps[2 * k] * im + steps[2 * k + 1] * re;
        }
        const re = y[at] + sumsRe[last];
        const im = y[at + 1] + sumsIm[last];
        at += 2;
        sums[2 * i] = endRe * re - endIm * im + walkRe;
        sums[2 * i + 1] = endRe * im + endIm * re + walkIm;
        walkRe += steps[2 * last] * re - steps[2 * last + 1] * im;
        walkIm += steps[2 * last] * im + steps[2 * last + 1] * re;
      }
    },
  };
}

/** Ŷ, of one component. */
function common(
  sums: Float64Array,
  shares: Float64Array,
  lengths: Float64Array,
  information: number,
): number {
  let weighted = 0;
  for (let k = 0; k < sums.length; k++) weighted += (shares[k] / lengths[k]) * sums[k];
  return weighted / information;
}

interface Coefficients {
  readonly lengths: Float64Array;
  readonly information: number;
  readonly inverse: Float64Array;
  readonly steps: Float64Array;
}

function errorVariances(
  { symbols, arrivals, shares, noiseVariance }: PacketModel,
  { lengths, information, inverse, steps }: Coefficients,
): Float64Array {
  const last = arrivals - 1;
  const variances = new Float64Array(symbols);
  for (let i = 0; i < symbols; i++) {
    let within = 0;
    let meanRe = 0;
    let meanIm = 0;
    for (let k = 0; k < arrivals; k++) {
      const count = k === last ? i : i + 1;
      let re = count * steps[2 * k];
      let im = count * steps[2 * k + 1];
      let squares = count * (steps[2 * k] ** 2 + steps[2 * k + 1] ** 2);
      if (k === last) {
        re += inverse[2 * k];
        im += inverse[2 * k + 1];
        squares += inverse[2 * k] ** 2 + inverse[2 * k + 1] ** 2;
      }
      within += (squares - (re * re + im * im) / lengths[k]) / shares[k];
      meanRe += re / lengths[k];
      meanIm += im / lengths[k];
    }
    const between = (meanRe * meanRe + meanIm * meanIm) / information;
    variances[i] = noiseVariance * (within + between);
  }
  return variances;
}
