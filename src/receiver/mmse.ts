/**
 * Linear MMSE estimate of weights from r = w + n, both white and uncorrelated:
 *
 *   ŵ = μ + g (r − μ),   g = η / (η + 1),   η = Var[w] / Var[n]
 *   E|ŵ − w|² = Var[w] Var[n] / (Var[w] + Var[n])
 *
 * The best affine estimator for any prior with these two moments, and the posterior mean when w is
 * Gaussian. The moments are those of all weights, or of each tensor (prior.ts says where they come from).
 *
 * Source: Kay, Fundamentals of Statistical Signal Processing: Estimation Theory (1993), ch. 12.
 */
import { z } from "zod";
import { defineEstimator } from "./estimator.js";
import { partsOf, priorParams } from "./prior.js";

export const mmse = defineEstimator({
  name: "mmse",
  summary: "minimum mean square error under a Gaussian prior, one for all weights or per tensor",
  params: z.strictObject(priorParams("global")),
  needs: ["noiseVariance", "prior"],
  prior: ({ scope, prior }) => ({ kind: "moments", scope, source: prior }),
  settings: () => [{}],

  estimate(r, { noiseVariance, prior }, _setting, out) {
    for (const { from, to, mean, variance } of partsOf(prior, r.length)) {
      for (let k = from; k < to; k++) {
        const noise = typeof noiseVariance === "number" ? noiseVariance : noiseVariance[k];
        // Without noise r is the weight itself, even where Var[w] is 0 too.
        const g = noise === 0 ? 1 : variance / (variance + noise);
        out[k] = mean + g * (r[k] - mean);
      }
    }
  },
});
