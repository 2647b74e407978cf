/**
 * Approximate message passing with a soft threshold: a sparse x of n values from s < n noisy sums y = A x + w,
 * Var[w] = σ², δ = s/n. From x⁰ = 0, z⁰ = y:
 *
 *   u^t = x^t + Aᵀ z^t                    behaves as x + N(0, τ_t²), τ_t² estimated by ‖z^t‖²/s
 *   x^{t+1} = η(u^t; α τ_t)               η(u; θ) = sign(u) max(|u| − θ, 0)
 *   z^{t+1} = y − A x^{t+1} + (‖x^{t+1}‖₀/s) z^t
 *
 * The last term, Onsager's, takes out what earlier steps left in z, so that for A with independent Gaussian entries and
 * n → ∞ the error follows state evolution:
 *
 *   τ_{t+1}² = σ² + E(η(X + τ_t Z; α τ_t) − X)²/δ,   τ_0² = σ² + E[X²]/δ
 *
 * which also turns the last ‖z‖²/s into an estimate of the mean square error, δ (‖z‖²/s − σ²).
 *
 * Without `threshold`, α is the one that recovers the least sparse signals without noise, in the minimax sense:
 *
 *   δ = 2 φ(α)/(α + 2 (φ(α) − α Φ(−α))),   recovered while k/s < ρ(δ) = 1 − α Φ(−α)/φ(α)
 *
 * Source: Donoho, Maleki & Montanari, "Message passing algorithms for compressed sensing", PNAS 106 (2009)
 * 18914–18919; the parametric form of ρ(δ) in Donoho, Maleki & Montanari, "The noise-sensitivity phase transition in
 * compressed sensing", IEEE Trans. Inf. Theory 57 (2011) 6920–6941.
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
  /** x after the last step. */
  readonly estimate: Float64Array;
  /** u of the last z: x plus noise of variance ‖z‖²/s, in theory. */
  readonly unbiased: Float64Array;
  readonly #residual: Float64Array;
  readonly #projected: Float64Array;

  constructor(rows: number, columns: number) {
    this.estimate = new Float64Array(columns);
    this.unbiased = new Float64Array(columns);
    this.#residual = new Float64Array(rows);
    this.#projected = new Float64Array(rows);
  }

  /** Returns the last ‖z‖²/s; calls `each` with the number of every finished step. */
  recover(
    a: Projection,
    y: Float64Array,
    { iterations, threshold }: Recovery,
    each?: (step: number) => void,
  ): number {
    const { rows, columns } = a;
    const x = this.estimate.fill(0);
    const u = this.unbiased;
    const z = this.#residual;
    const ax = this.#projected;
    z.set(y);
    let square = squareOf(z) / rows;
    for (let t = 1; t <= iterations; t++) {
      this.#update(a);
      const theta = threshold * Math.sqrt(square);
      let nonzeros = 0;
      for (let c = 0; c < columns; c++) {
        const excess = Math.abs(u[c]) - theta;
        x[c] = excess > 0 ? Math.sign(u[c]) * excess : 0;
        if (excess > 0) nonzeros++;
      }
      a.forward(x, ax);
      const onsager = nonzeros / rows;
      for (let j = 0; j < rows; j++) z[j] = y[j] - ax[j] + onsager * z[j];
      square = squareOf(z) / rows;
      each?.(t);
    }
    this.#update(a);
    return square;
  }

  /** u ← x + Aᵀ z. */
  #update(a: Projection): void {
    const { estimate: x, unbiased: u } = this;
    a.adjoint(this.#residual, u);
    for (let c = 0; c < u.length; c++) u[c] += x[c];
  }
}

function squareOf(z: Float64Array): number {
  let sum = 0;
  for (let j = 0; j < z.length; j++) sum += z[j] * z[j];
  return sum;
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
