/**
 * Posterior mean of Gaussian weights of which a converter has shown only the cell: a ≤ w + n < b, with n of variance
 * s² added before the converter. With D² = V + s², α = (a − μ)/D, β = (b − μ)/D:
 *
 *   ŵ = μ + (V/D) (φ(α) − φ(β)) / (Φ(β) − Φ(α))
 *   E|ŵ − w|² = V − (V²/D²) Σ_cells (φ(α) − φ(β))² / (Φ(β) − Φ(α))
 *
 * The fraction is the mean of a standard normal between α and β, and E[w | w + n = v] = μ + (V/D²)(v − μ). The
 * outermost cells reach to infinity. `mmse` takes the converter's error for noise that is not correlated with w; this
 * is never worse for Gaussian weights, and the same in the limit of many bits.
 *
 * Where r does not lie in cells (an ideal converter, another channel, a chain, a code) it is `mmse`, and the results
 * say so: bits can then be swept up to an ideal converter with one list of receivers.
 *
 * Source: Kay, Fundamentals of Statistical Signal Processing: Estimation Theory (1993), ch. 11; moments of the
 * truncated normal: Johnson, Kotz & Balakrishnan, Continuous Univariate Distributions 1 (1994), 13.10.
 * Limits: what the transmitter's converter and amplifier do to w counts as Gaussian noise of that variance, which it is
 * not, so behind few bits or hard clipping there it is not the posterior mean. Nor is it for weights that are
 * not Gaussian, such as all layers of a network under one prior: `mmse` needs no more than two moments and can
 * then be better by a little, which is why the default here is a prior for each tensor.
 */
import { z } from "zod";
import { normalMeanBetween } from "../math/truncated-normal.js";
import type { Cells } from "../observation.js";
import { defineEstimator } from "./estimator.js";
import { mmse } from "./mmse.js";
import { type Moments, partsOf, priorParams } from "./prior.js";

export const quantizedPosterior = defineEstimator({
  name: "quantized-posterior",
  summary: "posterior mean given the converter's cell, under a Gaussian prior, one or per tensor",
  params: z.strictObject(priorParams("tensor")),
  needs: ["noiseVariance", "prior", "cells"],
  prior: ({ scope, prior }) => ({ kind: "moments", scope, source: prior }),
  settings: () => [{}],

  estimate(r, { noiseVariance, prior, cells }, setting, out) {
    if (cells === undefined) {
      mmse.estimate(r, { noiseVariance, prior }, setting, out);
      return;
    }
    const { step, count, rescale } = cells;
    const perCell = 1 / (rescale * step);
    const means = new Float64Array(count);
    for (const part of partsOf(prior, r.length)) {
      means.fill(Number.NaN); // until a weight falls there
      for (let k = part.from; k < part.to; k++) {
        if (typeof noiseVariance !== "number" && noiseVariance[k] === Infinity) {
          out[k] = part.mean;
          continue;
        }
        const cell = Math.min(Math.max(Math.floor(r[k] * perCell) + count / 2, 0), count - 1);
        if (Number.isNaN(means[cell])) means[cell] = posteriorMean(cell, cells, part);
        out[k] = means[cell];
      }
    }
  },
});

function posteriorMean(cell: number, cells: Cells, { mean, variance }: Moments): number {
  if (variance === 0) return mean;
  const { step, count, noiseVariance } = cells;
  const deviation = Math.sqrt(variance + noiseVariance);
  const edge = (j: number) => (step * (j - count / 2) - mean) / deviation;
  const from = cell === 0 ? -Infinity : edge(cell);
  const to = cell === count - 1 ? Infinity : edge(cell + 1);
  return mean + (variance / deviation) * normalMeanBetween(from, to);
}
