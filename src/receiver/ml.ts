/**
 * Maximum likelihood under Gaussian noise: ŵ = r. Unbiased; E|ŵ − w|² = Var[n].
 *
 * Source: Kay, Fundamentals of Statistical Signal Processing: Estimation Theory (1993), ch. 7.
 */
import { z } from "zod";
import { defineEstimator } from "./estimator.js";

export const ml = defineEstimator({
  name: "ml",
  summary: "maximum likelihood: the observation itself",
  params: z.strictObject({}),
  needs: [],
  settings: () => [{}],

  estimate(r, _known, _setting, out) {
    out.set(r);
  },
});
