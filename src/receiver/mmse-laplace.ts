/**
 * Posterior mean of Laplacian weights, p(w) = e^(−|w − μ|/b) / 2b with Var[w] = 2b², behind Gaussian noise of
 * variance σ². With d = r − μ:
 *
 *   ŵ = μ + d − (σ²/b) (P₊ − P₋) / (P₊ + P₋),   P± = e^(∓d/b) Φ((±d − σ²/b) / σ)
 *
 * P± are the posterior weights of w > μ and of w < μ. On either side the posterior is a Gaussian about
 * d ∓ σ²/b that is cut off at 0, and in the sum the two terms of the cut-off cancel. Small |d| are shrunk to
 * nearly nothing, large ones by σ²/b only.
 *
 * Trained weights have heavier tails than a Gaussian, and this is the simplest prior with such tails.
 *
 * Source: elementary integration of e^(−|w|/b) N(r; w, σ²); the test repeats it numerically. The prior is that of
 * the lasso: Tibshirani, JRSS B 58 (1996) 267–288, section 5.
 * Limits: the location is the mean and not the median of the weights, the scale follows from their variance.
 */
import { z } from "zod";
import { erfcx, normalCdf } from "../math/error-function.js";
import { defineEstimator } from "./estimator.js";
import { partsOf, priorParams } from "./prior.js";

export const mmseLaplace = defineEstimator({
  name: "mmse-laplace",
  summary: "posterior mean under a Laplacian prior, one for all weights or per tensor",
  params: z.strictObject(priorParams("global")),
  needs: ["noiseVariance", "prior"],
  prior: ({ scope, prior }) => ({ kind: "moments", scope, source: prior }),
  settings: () => [{}],

  estimate(r, { noiseVariance, prior }, _setting, out) {
    for (const { from, to, mean, variance } of partsOf(prior, r.length)) {
      const b = Math.sqrt(variance / 2);
      for (let k = from; k < to; k++) {
        const noise = typeof noiseVariance === "number" ? noiseVariance : noiseVariance[k];
        out[k] = noise === 0 ? r[k] : mean + posteriorMean(r[k] - mean, Math.sqrt(noise), b);
      }
    }
  },
});

/**
 * Beyond this σ/b the prior's shape no longer shows, and the difference below would lose its digits. It is infinite
 * for an erased weight, and for weights that are all equal.
 */
const linearFrom = 1e4;

/** Of a Laplacian weight about 0 with scale `b`, from d = w + n with noise deviation `sigma`. */
function posteriorMean(d: number, sigma: number, b: number): number {
  const c = sigma / b;
  if (c > linearFrom) return (d * 2) / (2 + c * c);
  const t = Math.abs(d) / sigma;
  // P₋ / P₊ for positive d; erfcx holds the digits that e^(d/b) and Φ would lose apart from each other.
  const farSide = 0.5 * erfcx((c + t) * Math.SQRT1_2);
  const odds =
    t < c
      ? erfcx((c + t) * Math.SQRT1_2) / erfcx((c - t) * Math.SQRT1_2)
      : (farSide * Math.exp(-0.5 * (t - c) ** 2)) / normalCdf(t - c);
  const size = sigma * (t - (c * (1 - odds)) / (1 + odds));
  return d < 0 ? -size : size;
}
