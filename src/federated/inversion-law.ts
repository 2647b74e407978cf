/**
 * What truncated channel inversion costs and leaves, averaged over the gains h where E|h|² = 1.
 *
 * The device knows ĥ = h + e, e ~ CN(0, v) independent of h, and sends x/ĥ where |ĥ|² ≥ g. So x arrives with gain
 * a = h/ĥ. Rician h has mean m = √(K/(K+1)) and scattered power s² = 1/(K+1); Rayleigh m = 0, s² = 1. Then
 * ĥ ~ m + CN(0, w), w = s² + v, and with c = s²/w
 *
 *   h = m + c (ĥ − m) + ε,   ε ~ CN(0, c v) independent of ĥ
 *   a = c + (1 − c) m/ĥ + ε/ĥ
 *
 *   E[|a − 1|²; sent] = (1 − c)² (I − 2 J + A) + c v E[1/|ĥ|²; sent],   I = m² E[1/|ĥ|²; sent]
 *
 * With κ = m²/w, z = g/w, Poisson weights p_j = e^−κ κ^j/j! and Q(j, z) = e^−z Σ_{i < j} z^i/i!
 *
 *   A = P(sent)            = Σ_{j ≥ 0} p_j Q(j + 1, z)
 *   J = m E[1/ĥ; sent]     = Σ_{j ≥ 1} p_j Q(j, z)
 *   E[1/|ĥ|²; sent]        by src/fading/inverse-gain.ts; (1/w) E₁(z) under Rayleigh fading
 *
 * The series follow from e^(2m Re ĥ/w) = Σ_a Σ_b (mĥ/w)^a (mĥ'/w)^b/(a! b!), ĥ' the conjugate, of which the mean
 * over the phase of ĥ keeps a = b in A and a = b + 1 in J. Under Rayleigh fading E[a | sent] = c = 1/(1 + v):
 * signals are shrunk.
 *
 * Source: Zhu, Wang & Huang, arXiv 1812.11494 (v = 0); ĥ = h + e as in Zhu, Du, Gündüz & Huang, arXiv 2001.05713,
 * without their first-order expansion in e/h.
 */

import { meanInverseGain } from "../fading/inverse-gain.js";
import { ricianParts } from "../fading/rician.js";
import { ratioToDb } from "../math/decibel.js";

export interface InversionLaw {
  /** P(|ĥ|² ≥ g). */
  readonly active: number;
  /** E[1/|ĥ|²; sent]. */
  readonly inverse: number;
  /** E[|a − 1|² | sent]. */
  readonly misalignment: number;
}

export function inversionLaw(
  threshold: number,
  errorVariance: number,
  kFactorDb: number | undefined,
): InversionLaw {
  const { los, scattered } = ricianParts(kFactorDb);
  const w = scattered * scattered + errorVariance;
  const c = (scattered * scattered) / w;
  const power = los * los + w; // E|ĥ|²
  const kappa = (los * los) / w;
  const estimateKDb = los > 0 ? ratioToDb(kappa) : undefined;
  const inverse = meanInverseGain(threshold / power, estimateKDb) / power;
  const { active, cross } = phaseMeans(kappa, threshold / w);
  const bias = (1 - c) ** 2 * (los * los * inverse - 2 * cross + active);
  return { active, inverse, misalignment: (bias + c * errorVariance * inverse) / active };
}

/** A and J. */
function phaseMeans(kappa: number, z: number): { active: number; cross: number } {
  if (kappa === 0) return { active: Math.exp(-z), cross: 0 };
  // Logarithms, since e^−κ and e^−z may be too small for a double where their products are not.
  let logPoisson = -kappa;
  let logTerm = -z; // of e^−z z^i/i!
  let upper = 0; // Q(j, z)
  let active = 0;
  let cross = 0;
  const last = kappa + 12 * Math.sqrt(kappa) + 60; // beyond, the Poisson weights are below 1e-30
  for (let j = 0; j <= last; j++) {
    const p = Math.exp(logPoisson);
    cross += p * upper;
    upper += Math.exp(logTerm);
    active += p * upper;
    logTerm += Math.log(z / (j + 1));
    logPoisson += Math.log(kappa / (j + 1));
  }
  return { active, cross };
}
