/**
 * Linear MMSE estimate of weights from r = w + n, both white and uncorrelated:
 *
 *   ŵ = μ + g (r − μ),   g = η / (η + 1),   η = Var[w] / Var[n]
 *   E|ŵ − w|² = Var[w] Var[n] / (Var[w] + Var[n])
 *
 * The best affine estimator for any prior with these two moments, and the posterior mean when w is
 * Gaussian. The moments are the true ones of the weights sent, over all of them.
 *
 * Source: Kay, Fundamentals of Statistical Signal Processing: Estimation Theory (1993), ch. 12.
 */
import { z } from "zod";
import { defineEstimator } from "./estimator.js";

export const mmse = defineEstimator({
  name: "mmse",
  summary: "minimum mean square error under one Gaussian prior for all weights",
  params: z.strictObject({}),
  needs: ["noiseVariance", "prior"],
  settings: () => [{}],

  estimate(r, { noiseVariance, prior }, _setting, out) {
    const { mean, variance } = prior;
    for (let k = 0; k < r.length; k++) {
      const noise = typeof noiseVariance === "number" ? noiseVariance : noiseVariance[k];
      // Without noise r is the weight itself, even where Var[w] is 0 too.
      const g = noise === 0 ? 1 : variance / (variance + noise);
      out[k] = mean + g * (r[k] - mean);
    }
  },
});
