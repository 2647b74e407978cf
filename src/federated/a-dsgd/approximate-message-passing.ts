/**
 * Message passing with a soft threshold: a sparse x of n values from s < n noisy sums y = A x + w, Var[w] = σ², δ = s/n.
 * Each step makes of x^t what behaves as x plus white noise, and thresholds that:
 *
 *   u^t = x^t + Aᵀ z^t,   x̂^t = η(u^t; α τ_t),   η(u; θ) = sign(u) max(|u| − θ, 0),   c_t: share of nonzeros in x̂^t
 *
 * How it goes on depends on A. With independent Gaussian entries (AMP):
 *
 *   x^{t+1} = x̂^t,   z^{t+1} = y − A x^{t+1} + (c_t/δ) z^t,   τ_t² = ‖z^t‖²/s
 *
 * where the last term of z, Onsager's, takes out what earlier steps left, so that for n → ∞ state evolution holds:
 *
 *   τ_{t+1}² = σ² + E(η(X + τ_t Z; α τ_t) − X)²/δ,   τ_0² = σ² + E[X²]/δ
 *
 * With orthogonal rows, A Aᵀ = I/δ (OAMP), a denoiser without divergence takes the place of Onsager's term:
 *
 *   x^{t+1} = (x̂^t − c_t u^t)/(1 − c_t),   z^{t+1} = y − A x^{t+1},   τ_t² = ‖z^t‖²/s − δ (‖z^t‖²/s − σ²)
 *
 * The mean square error of x̂ is estimated by Stein's unbiased formula, mean(min(u², θ²)) + τ² (2 c − 1).
 *
 * Without `threshold`, α is the one that recovers the least sparse signals without noise, in the minimax sense:
 *
 *   δ = 2 φ(α)/(α + 2 (φ(α) − α Φ(−α))),   recovered by AMP while k/s < ρ(δ) = 1 − α Φ(−α)/φ(α)
 *
 * Source: Donoho, Maleki & Montanari, "Message passing algorithms for compressed sensing", PNAS 106 (2009)
 * 18914–18919, and "The noise-sensitivity phase transition in compressed sensing", IEEE Trans. Inf. Theory 57 (2011)
 * 6920–6941 for ρ(δ); Ma & Ping, "Orthogonal AMP", IEEE Access 5 (2017) 2020–2033; Stein, Ann. Statist. 9 (1981)
 * 1135–1151.
 */
import { normalCdf, normalDensity } from "../../math/error-function.js";
import type { Projection } from "./projection.js";

export interface Recovery {
  /** Steps. */
  readonly iterations: number;
  /** α. */
  readonly threshold: number;
}

/** Buffers and results of recoveries with projections of one size. */
export class MessagePassing {
  /** x̂ of the last step. */
  readonly estimate: Float64Array;
  /** u behind it: x plus noise. */
  readonly unbiased: Float64Array;
  /** Estimated mean square error of `estimate`; may fall below 0 where it is small. */
  estimateVariance = 0;
  /** τ² of `unbiased`. */
  unbiasedVariance = 0;
  /** x^t. */
  readonly #input: Float64Array;
  readonly #residual: Float64Array;
  readonly #projected: Float64Array;

  constructor(rows: number, columns: number) {
    this.estimate = new Float64Array(columns);
    this.unbiased = new Float64Array(columns);
    this.#input = new Float64Array(columns);
    this.#residual = new Float64Array(rows);
    this.#projected = new Float64Array(rows);
  }

  /** Calls `each` with the number of every finished step. */
  recover(
    a: Projection,
    y: Float64Array,
    noiseVariance: number,
    { iterations, threshold }: Recovery,
    each?: (step: number) => void,
  ): void {
    const { rows, columns } = a;
    const x = this.#input.fill(0);
    const z = this.#residual;
    z.set(y);
    for (let t = 1; t <= iterations; t++) {
      this.#observe(a, noiseVariance);
      const nonzeros = this.#threshold(threshold * Math.sqrt(this.unbiasedVariance));
      if (a.orthogonalRows) {
        // Where nothing fell below the threshold there would be nothing left to divide by.
        const share = Math.min(nonzeros / columns, 1 - 1 / columns);
        for (let c = 0; c < columns; c++) {
          x[c] = (this.estimate[c] - share * this.unbiased[c]) / (1 - share);
        }
      } else x.set(this.estimate);
      const onsager = a.orthogonalRows ? 0 : nonzeros / rows;
      a.forward(x, this.#projected);
      for (let j = 0; j < rows; j++) z[j] = y[j] - this.#projected[j] + onsager * z[j];
      each?.(t);
    }
  }

  /** u and τ², of x and z. */
  #observe(a: Projection, noiseVariance: number): void {
    const { unbiased: u } = this;
    const x = this.#input;
    const z = this.#residual;
    a.adjoint(z, u);
    for (let c = 0; c < u.length; c++) u[c] += x[c];
    let square = 0;
    for (let j = 0; j < z.length; j++) square += z[j] * z[j];
    square /= a.rows;
    const excess = Math.max(0, square - noiseVariance);
    this.unbiasedVariance = square - (a.orthogonalRows ? (a.rows / a.columns) * excess : 0);
  }

  /** x̂ and its error, of u and τ²; returns the number of nonzeros. */
  #threshold(theta: number): number {
    const { estimate, unbiased: u } = this;
    let nonzeros = 0;
    let clipped = 0;
    for (let c = 0; c < u.length; c++) {
      const excess = Math.abs(u[c]) - theta;
      if (excess > 0) {
        estimate[c] = Math.sign(u[c]) * excess;
        clipped += theta * theta;
        nonzeros++;
      } else {
        estimate[c] = 0;
        clipped += u[c] * u[c];
      }
    }
    const n = u.length;
    this.estimateVariance = clipped / n + this.unbiasedVariance * ((2 * nonzeros) / n - 1);
    return nonzeros;
  }
}

/** The minimax α for δ in (0, 1), and ρ(δ), the share of nonzeros over s up to which it recovers without noise. */
export function minimaxThreshold(delta: number): { threshold: number; transition: number } {
  // δ falls from 1 to 0 as α grows; at 10 it is 1e-22.
  let low = 0;
  let high = 10;
  for (let step = 0; step < 60; step++) {
    const middle = (low + high) / 2;
    if (deltaOf(middle) > delta) low = middle;
    else high = middle;
  }
  const transition = 1 - (low * normalCdf(-low)) / normalDensity(low);
  return { threshold: low, transition };
}

function deltaOf(alpha: number): number {
  const density = normalDensity(alpha);
  return (2 * density) / (alpha + 2 * (density - alpha * normalCdf(-alpha)));
}
