/**
 * Only what is missing is estimated: an erased weight becomes the mean of the weights of its tensor, every other
 * one stays as received (maximum likelihood).
 *
 *   E|ŵ − w|² = Var[n] where w arrived, and Var[w] of the tensor where it did not
 *
 * Every other estimator gets the mean of all weights for what is missing, which is wrong where tensors are centred
 * elsewhere. With scope `global` this is `ml`.
 *
 * Source: Kay, Fundamentals of Statistical Signal Processing: Estimation Theory (1993), ch. 12, without data.
 */
import { z } from "zod";
import { defineEstimator } from "./estimator.js";
import { partsOf, priorParams } from "./prior.js";

export const mmseErasure = defineEstimator({
  name: "mmse-erasure",
  summary: "maximum likelihood, and the tensor's mean for weights that never arrived",
  params: z.strictObject(priorParams("tensor")),
  needs: ["noiseVariance", "prior"],
  prior: ({ scope, prior }) => ({ kind: "means", scope, source: prior }),
  settings: () => [{}],

  estimate(r, { noiseVariance, prior }, _setting, out) {
    out.set(r);
    if (typeof noiseVariance === "number") {
      if (noiseVariance !== Infinity) return;
      for (const { from, to, mean } of partsOf(prior, r.length)) out.fill(mean, from, to);
      return;
    }
    for (const { from, to, mean } of partsOf(prior, r.length)) {
      for (let k = from; k < to; k++) if (noiseVariance[k] === Infinity) out[k] = mean;
    }
  },
});
