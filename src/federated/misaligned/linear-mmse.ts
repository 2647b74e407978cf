/**
 * Linear MMSE estimate of the sum of misaligned symbols (model and indices: sampling.ts): the server also knows the
 * mean square p_m of a component of every device's symbols, and takes them for uncorrelated with mean 0. Then
 *
 *   t̂ = (BᵀWB + Λ)⁻¹ BᵀW y,   W = diag(d_n),   Λ = diag(σ²/(|h_m|² p_m)),   m̂[i] = Σ_m t̂_m[i]/h_m
 *   v[i] = σ² cᴴ Z_i c,   Z_i: the M × M block of the inverse at symbol period i,   c_m = 1/h_m
 *
 * with a band of M elements beside the diagonal, factorized once for all packets; the inverse's blocks are within the
 * band (banded-cholesky.ts). Without Λ this is maximum likelihood (maximum-likelihood.ts).
 *
 * m̂ is shrunk: with P = Σ p_m, its covariance with the sum is P − v. An observation must not be, so that it is undone:
 *
 *   ŝ[i] = m̂[i] P/(P − v),   Var = v P/(P − v)   per real component, of which 1/Var = 1/v − 1/P
 *
 * whose error holds the other combinations of the symbols and is uncorrelated with the sum itself. A Gaussian MMSE
 * estimator behind it gives m̂ back.
 *
 * Source: Kay, Fundamentals of Statistical Signal Processing: Estimation Theory (1993), ch. 12; for misaligned sums
 * with the moments of the updates Shao, Gündüz & Liew, "Bayesian over-the-air computation", IEEE J. Sel. Areas
 * Commun. 41 (2023) 589–606, arXiv 2109.03780.
 */
import { factorizeBand, inverseBand, solveBand } from "./banded-cholesky.js";
import { inverseGains, type PacketModel, type SumEstimator } from "./sampling.js";

/** `powers`: p_m of every arrival, above 0. */
export function linearMmse(model: PacketModel, powers: Float64Array): SumEstimator {
  const { symbols, arrivals, shares, gains } = model;
  const inverse = inverseGains(model);
  const received = powers.map((power, m) => (gains[2 * m] ** 2 + gains[2 * m + 1] ** 2) * power);
  const noiseVariance = Math.max(model.noiseVariance, leastNoise * Math.max(...received));
  const band = normalEquations(
    model,
    received.map((power) => noiseVariance / power),
  );
  factorizeBand(band, arrivals);
  const z = inverseBand(band, arrivals);
  const { variances, factors } = unshrunk({ ...model, noiseVariance }, inverse, powers, z);
  const t = new Float64Array(2 * symbols * arrivals);

  return {
    variances,
    estimate(y, sums) {
      // BᵀW y: every symbol gathers the M samples that see it.
      for (let q = 0, m = 0; q < symbols * arrivals; q++, m = m === arrivals - 1 ? 0 : m + 1) {
        let re = 0;
        let im = 0;
        for (let n = q, k = m; n < q + arrivals; n++, k = k === arrivals - 1 ? 0 : k + 1) {
          re += shares[k] * y[2 * n];
          im += shares[k] * y[2 * n + 1];
        }
        t[2 * q] = re;
        t[2 * q + 1] = im;
      }
      solveBand(band, arrivals, t);
      for (let i = 0, at = 0; i < symbols; i++) {
        let re = 0;
        let im = 0;
        for (let m = 0; m < arrivals; m++, at += 2) {
          re += inverse[2 * m] * t[at] - inverse[2 * m + 1] * t[at + 1];
          im += inverse[2 * m] * t[at + 1] + inverse[2 * m + 1] * t[at];
        }
        sums[2 * i] = factors[i] * re;
        sums[2 * i + 1] = factors[i] * im;
      }
    },
  };
}

/**
 * Least noise over received power, −130 dB: below the rounding of the normal equations, where devices that arrive
 * together with different gains would leave no pivot.
 */
const leastNoise = 1e-13;

/** The band of BᵀWB + diag(`precisions`, repeated). */
export function normalEquations(
  { symbols, arrivals, shares }: PacketModel,
  precisions: Float64Array,
): Float64Array {
  const band = new Float64Array(symbols * arrivals * arrivals);
  for (let q = 0; q < symbols * arrivals; q++) {
    // Samples q … q − b + M − 1 see both symbols q and q − b.
    let sum = 0;
    for (let b = arrivals - 1; b >= 0; b--) {
      sum += shares[(q + arrivals - 1 - b) % arrivals];
      if (b <= q) band[q * arrivals + b] = sum;
    }
    band[q * arrivals] += precisions[q % arrivals];
  }
  return band;
}

/** Variances of the unshrunk sums, and what the shrunk ones are multiplied by. */
function unshrunk(
  { symbols, arrivals, noiseVariance }: PacketModel,
  inverse: Float64Array,
  powers: Float64Array,
  z: Float64Array,
): { variances: Float64Array; factors: Float64Array } {
  const power = powers.reduce((sum, p) => sum + p, 0);
  const variances = new Float64Array(symbols);
  const factors = new Float64Array(symbols);
  for (let i = 0; i < symbols; i++) {
    let v = 0;
    for (let a = 0; a < arrivals; a++) {
      const row = (i * arrivals + a) * arrivals;
      for (let b = 0; b <= a; b++) {
        // Re(c_a* c_b); elements beside the diagonal stand for two.
        const product = inverse[2 * a] * inverse[2 * b] + inverse[2 * a + 1] * inverse[2 * b + 1];
        v += (a === b ? 1 : 2) * product * z[row + a - b];
      }
    }
    v *= noiseVariance;
    // Behind noise that drowns everything, rounding may leave nothing of the sum: it did not arrive.
    const arrived = v < power;
    factors[i] = arrived ? power / (power - v) : 0;
    variances[i] = arrived ? (v * power) / (power - v) : Number.POSITIVE_INFINITY;
  }
  return { variances, factors };
}
