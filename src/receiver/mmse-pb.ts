/**
 * MMSE_pb, the posterior mean with a population compensator λ' and a bias compensator β:
 *
 *   ŵ = (η r + σ_w² β) / (η + 1 − λ'),   η = σ_w² / σ_n²
 *
 * λ' = 1, β = 0 is ML; λ' = 0, β = μ/σ_w² is MMSE. Both compensators correct for what the network
 * does with the weights, which no error measure of single weights sees; labelled images choose them.
 *
 * The gain η / (η + 1 − λ') has a pole at λ' = 1 + η and is negative beyond it: such settings are not
 * estimators and are left out.
 *
 * Source: Shao, Liew, Gündüz, "Denoising Noisy Neural Networks: A Bayesian Approach with
 * Compensation", arXiv 2105.10699, eq. (17) ff.
 */
import { z } from "zod";
import { numberList } from "../units.js";
import { defineEstimator, type Known } from "./estimator.js";

export const mmsePb = defineEstimator({
  name: "mmse-pb",
  summary: "MMSE with population compensator λ' and bias compensator β (arXiv 2105.10699)",

  params: z.strictObject({
    lambda: numberList()
      .prefault([1])
      .describe("population compensator λ': a number, or a grid such as 0.95:0.01:1.06"),
    beta: numberList()
      .prefault([0])
      .describe("bias compensator β: a number, or a grid such as -4:0.2:0.4"),
  }),

  needs: ["noiseVariance", "prior"],

  settings: ({ lambda, beta }) => lambda.flatMap((l) => beta.map((b) => ({ lambda: l, beta: b }))),

  isValid: ({ lambda }, { noiseVariance, prior }) =>
    prior.variance + (1 - lambda) * largest(noiseVariance) > 0,

  departure: ({ lambda, beta }) => Math.hypot(lambda - 1, beta / 100),

  estimate(r, { noiseVariance, prior }, { lambda, beta }, out) {
    const { variance } = prior;
    for (let k = 0; k < r.length; k++) {
      const noise = typeof noiseVariance === "number" ? noiseVariance : noiseVariance[k];
      // Numerator and denominator times σ_n², so that no noise is no special case.
      const denominator = variance + (1 - lambda) * noise;
      // An erased weight has infinite noise, and r is its prior mean.
      const known = noise === 0 || noise === Infinity;
      out[k] = known ? r[k] : (variance * (r[k] + noise * beta)) / denominator;
    }
  },
});

/** The weight with the most noise meets the pole first; one that was erased meets none. */
function largest(noiseVariance: Known["noiseVariance"]): number {
  if (typeof noiseVariance === "number") return noiseVariance;
  return noiseVariance.reduce((a, b) => (b === Infinity ? a : Math.max(a, b)), 0);
}
