/**
 * E[1/u; u ≥ g] of a fading power u = |h|² with E[u] = 1: what truncated channel inversion spends.
 *
 *   Rayleigh   ∫_g^∞ e^−u / u du = E₁(g)
 *   Rician     u is a mixture over Poisson m with mean K of Gamma(m + 1) of mean (m + 1)/(K + 1), so that with
 *              z = (K + 1) g it is  (K + 1) [ e^−K E₁(z) + Σ_{m ≥ 1} e^−K K^m/m! · Q(m, z)/m ],
 *              Q(m, z) = e^−z Σ_{i < m} z^i/i!
 *
 * Source: NIST Digital Library of Mathematical Functions, 6.6.2, 6.9.1, 8.4.10; the mixture follows from the series
 * of I₀ in the Rician density.
 */
import { dbToRatio } from "../units.js";

/** `kFactorDb` absent: Rayleigh. */
export function meanInverseGain(threshold: number, kFactorDb?: number): number {
  if (!(threshold > 0 && threshold < Infinity)) {
    throw new RangeError(`meanInverseGain: the threshold must be finite and > 0, got ${threshold}`);
  }
  if (kFactorDb === undefined) return exponentialIntegral(threshold);
  const k = dbToRatio(kFactorDb);
  const z = (k + 1) * threshold;
  // Logarithms, since e^−K and e^−z may be too small for a double where their products are not.
  let logPoisson = -k;
  let logTerm = -z; // of e^−z z^i/i!
  let upper = 0; // Q(m, z)
  let sum = Math.exp(-k) * exponentialIntegral(z);
  const last = k + 12 * Math.sqrt(k) + 60; // beyond, the Poisson weights are below 1e-30
  for (let m = 1; m <= last; m++) {
    upper += Math.exp(logTerm);
    logTerm += Math.log(z / m);
    logPoisson += Math.log(k / m);
    sum += (Math.exp(logPoisson) * upper) / m;
  }
  return (k + 1) * sum;
}

/** E₁(x) for x > 0: its power series, or Lentz's evaluation of its continued fraction. */
export function exponentialIntegral(x: number): number {
  if (x > 1) {
    // e^−x / (x + 1 − 1²/(x + 3 − 2²/(x + 5 − …)))
    let b = x + 1;
    let c = Infinity;
    let d = 1 / b;
    let value = d;
    for (let i = 1; i < 200; i++) {
      b += 2;
      d = 1 / (b - i * i * d);
      c = b - (i * i) / c;
      value *= c * d;
      if (Math.abs(c * d - 1) < 1e-15) break;
    }
    return value * Math.exp(-x);
  }
  const euler = 0.577_215_664_901_532_9;
  let sum = -euler - Math.log(x);
  let power = 1; // (−x)^i / i!
  for (let i = 1; i < 40; i++) {
    power *= -x / i;
    sum -= power / i;
  }
  return sum;
}
