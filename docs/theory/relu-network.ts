/**
 * A shallow ReLU network with biases, all of whose weights are received with noise:
 *
 *   f(x) = Σ v_j max(0, u_j·x + b_j) + c,   u, b, v, c ~ N(0, 1),   x ~ N(0, I),   r = w + n, n ~ N(0, 1/η)
 *
 * and the mean square error of its output when the weights are estimated by mmse-pb. Every setting meets the
 * same networks, noise and inputs, so that settings are paired.
 *
 * Loss at β = 0, where ŵ = θ r, with R = 1 + 1/η, ρ = 1/√R and the arc-cosine kernel
 * K(ρ) = E[max(0, a) max(0, b)] = (√(1 − ρ²) + ρ (π − arccos ρ)) / 2π of unit Gaussians with correlation ρ:
 *
 *   E(f̂ − f)² = ½ H (D + 1) (1 − 4 θ² √R K(ρ) + θ⁴ R²) + 1 − 2θ + θ² R
 *
 * for H hidden units and D inputs. Source of K: Cho & Saul, "Kernel methods for deep learning", NIPS 2009.
 */
import type { RandomSource } from "../../src/kernel/index.js";
import { mmsePb } from "../../src/receiver/mmse-pb.js";

export interface ReluStudy {
  readonly inputs: number;
  readonly hidden: number;
  /** Var[w] / Var[n], as a ratio. */
  readonly eta: number;
  readonly networks: number;
  readonly examplesPerNetwork: number;
  readonly random: RandomSource;
}

export type LambdaBeta = { readonly lambda: number; readonly beta: number };

/** Mean of f². */
export const outputPower = (hidden: number, inputs: number) => (hidden * (inputs + 1)) / 2 + 1;

/** Mean square error of the output at ŵ = θ r. */
export function reluLoss(theta: number, { eta, hidden, inputs }: ReluStudy): number {
  const r = 1 + 1 / eta;
  const layers = 1 - 4 * theta ** 2 * Math.sqrt(r) * arcCosine(r ** -0.5) + theta ** 4 * r ** 2;
  return (hidden * (inputs + 1) * layers) / 2 + 1 - 2 * theta + theta ** 2 * r;
}

export function arcCosine(rho: number): number {
  return (Math.sqrt(1 - rho * rho) + rho * (Math.PI - Math.acos(rho))) / (2 * Math.PI);
}

/** Squared error of the output for each setting and each network, its mean over inputs. */
export function reluLosses(study: ReluStudy, settings: readonly LambdaBeta[]): Float64Array[] {
  const { inputs, hidden, eta, networks, examplesPerNetwork, random } = study;
  const gains = settings.map((setting) => gainOf(setting, eta));
  const losses = settings.map(() => new Float64Array(networks));
  const size = hidden * (inputs + 2) + 1;
  const w = new Float32Array(size);
  const r = new Float32Array(size);
  const x = new Float32Array(inputs);
  const [weights, noise, examples] = ["weights", "noise", "inputs"].map((s) => random.stream(s));
  const clean = new Float64Array(hidden); // u_j·x + b_j
  const noisy = new Float64Array(hidden); // the same of what was received
  for (let i = 0; i < networks; i++) {
    weights.fillNormal(w, 1);
    noise.fillNormal(r, Math.sqrt(1 / eta));
    for (let k = 0; k < size; k++) r[k] += w[k];
    for (let e = 0; e < examplesPerNetwork; e++) {
      examples.fillNormal(x, 1);
      const biasAt = hidden * inputs;
      const outAt = biasAt + hidden;
      let output = w[size - 1];
      let sum = 1; // of what the bias of an estimate is multiplied with: inputs, and 1
      for (let d = 0; d < inputs; d++) sum += x[d];
      for (let j = 0; j < hidden; j++) {
        clean[j] = w[biasAt + j];
        noisy[j] = r[biasAt + j];
        for (let d = 0; d < inputs; d++) {
          clean[j] += w[j * inputs + d] * x[d];
          noisy[j] += r[j * inputs + d] * x[d];
        }
        output += w[outAt + j] * Math.max(0, clean[j]);
      }
      for (let s = 0; s < settings.length; s++) {
        const { theta, shift } = gains[s];
        let estimate = theta * r[size - 1] + shift;
        for (let j = 0; j < hidden; j++) {
          const v = theta * r[outAt + j] + shift;
          estimate += v * Math.max(0, theta * noisy[j] + shift * sum);
        }
        losses[s][i] += (estimate - output) ** 2 / examplesPerNetwork;
      }
    }
  }
  return losses;
}

/** ŵ = θ r + shift, as the estimator has it. */
function gainOf(setting: LambdaBeta, eta: number): { theta: number; shift: number } {
  const out = new Float32Array(2);
  const known = { noiseVariance: 1 / eta, prior: { mean: 0, variance: 1 } };
  mmsePb.estimate(Float32Array.of(0, 1), known, setting, out);
  return { theta: out[1] - out[0], shift: out[0] };
}
