/**
 * Posterior mean under a mixture of K Gaussians, w ~ Σ π_j N(m_j, v_j), behind Gaussian noise of variance σ²:
 *
 *   ŵ = Σ q_j (m_j + v_j / (v_j + σ²) (r − m_j)),   q_j ∝ π_j N(r; m_j, v_j + σ²)
 *
 * The mixture is fitted by expectation maximisation (src/math/gaussian-mixture.ts): by the transmitter to the
 * weights, who sends 3K − 1 numbers, or by the receiver to r, whose noise it knows. A fit that does not
 * converge leaves the Gaussian with the same moments, and the results say so.
 *
 * Source: Kay, Fundamentals of Statistical Signal Processing: Estimation Theory (1993), ch. 11, per component.
 * Limits: the fit looks at 16,384 weights of each part, evenly spread, so that its time does not depend on the model.
 */
import { z } from "zod";
import { ComponentOdds, gaussian, type Mixture } from "../math/gaussian-mixture.js";
import { quantity } from "../units.js";
import { defineEstimator } from "./estimator.js";
import { partsOf, priorParams } from "./prior.js";

export const mmseMixture = defineEstimator({
  name: "mmse-mixture",
  summary: "posterior mean under a mixture of Gaussians, one for all weights or per tensor",
  params: z.strictObject({
    components: quantity(undefined, z.number().int().min(2).max(8))
      .prefault(3)
      .describe("K: Gaussians in the mixture, 2 to 8"),
    iterations: quantity(undefined, z.number().int().min(1).max(10_000))
      .prefault(500)
      .describe("iterations of the fit at most; one that needs more is left for a Gaussian"),
    ...priorParams("global"),
  }),
  needs: ["noiseVariance", "prior"],
  prior: ({ scope, prior, components, iterations }) => ({
    kind: "mixture",
    scope,
    source: prior,
    components,
    iterations,
  }),
  settings: () => [{}],

  estimate(r, { noiseVariance, prior }, _setting, out) {
    for (const { from, to, mean, variance, mixture } of partsOf(prior, r.length)) {
      const estimate = new MixtureMean(mixture ?? gaussian(mean, variance));
      if (typeof noiseVariance === "number") estimate.setNoise(noiseVariance);
      for (let k = from; k < to; k++) {
        const noise = typeof noiseVariance === "number" ? noiseVariance : noiseVariance[k];
        if (noise === 0) {
          out[k] = r[k];
          continue;
        }
        if (typeof noiseVariance !== "number") estimate.setNoise(noise);
        out[k] = estimate.of(r[k]);
      }
    }
  },
});

/** The posterior mean as a function of r, with what depends on the noise alone computed beforehand. */
class MixtureMean {
  readonly #mixture: Mixture;
  readonly #odds: ComponentOdds;
  readonly #gains: Float64Array;
  readonly #q: Float64Array;

  constructor(mixture: Mixture) {
    const count = mixture.shares.length;
    this.#mixture = mixture;
    this.#odds = new ComponentOdds(count);
    this.#gains = new Float64Array(count);
    this.#q = new Float64Array(count);
  }

  /** Noise variance above 0. */
  setNoise(noise: number): void {
    const { variances } = this.#mixture;
    this.#odds.prepare(this.#mixture, noise);
    for (let j = 0; j < variances.length; j++) {
      this.#gains[j] = variances[j] / (variances[j] + noise);
    }
  }

  of(r: number): number {
    const { means } = this.#mixture;
    const q = this.#q;
    this.#odds.of(this.#mixture, r, q);
    let sum = 0;
    let mean = 0;
    for (let j = 0; j < means.length; j++) {
      sum += q[j];
      mean += q[j] * (means[j] + this.#gains[j] * (r - means[j]));
    }
    return mean / sum;
  }
}
