/**
 * Each tensor as a matrix whose singular values are shrunk, r = Σ s_i u_i v_iᵀ:
 *
 *   ŵ = Σ s_i (ŝ_i / s_i)^γ u_i v_iᵀ
 *
 * with ŝ_i of least mean square error (src/math/singular-values.ts) and the strength γ between ML's 0 and its 1.
 * Trained layers have few strong directions and many weak ones, and noise has none, so far more of it can be told
 * from the weights than by a variance per tensor. Nothing is told but the noise's variance, no image is looked at,
 * and nothing is sent.
 *
 * Least error is not best accuracy: noise mixes what a layer passes on, and shrinking deletes it. A strength of
 * 0.3 is the default for what it does to networks (docs/results/receivers.md has it measured).
 *
 * A tensor of more than two dimensions is unfolded along each in turn (its coordinate by all others), and the
 * unfolding with the least error |W|² − Σ ŝ² is taken. A tensor of one dimension has one singular value.
 *
 * Where noise variances differ between weights, with g_k = V / (V + σ_k²), ḡ their mean, and w and r about the
 * tensor's mean,
 *
 *   g_k r_k / ḡ = w_k + n'_k,   Var[n'] = (Var[g] V + E[g² σ²]) / ḡ² = V (1/ḡ − 1)
 *
 * is white where noise does not depend on a weight's place, as behind an interleaver, so it stands in for r. A lost
 * weight has g_k = 0, and gets its value from the others in its row and column.
 *
 * Source: singular-values.ts; for weighted observations Leeb & Romanov, "Optimal spectral shrinkage and PCA with
 * heteroscedastic noise", IEEE Trans. Inf. Theory 67 (2021) 3009; for missing ones Nadakuditi, "OptShrink", IEEE
 * Trans. Inf. Theory 60 (2014) 3002.
 * Limits: fades that hit a whole row of weights are taken for weights. Time grows with the cube of a tensor's shorter
 * side, for every setting of a search anew.
 */
import { z } from "zod";
import { type ShrunkMatrix, shrinkMatrix, type WideMatrix } from "../math/singular-values.js";
import { numberList } from "../units.js";
import { defineEstimator } from "./estimator.js";
import { estimateMoments } from "./moments.js";

export const svdShrinkage = defineEstimator({
  name: "svd-shrinkage",
  summary: "shrinks the singular values of each tensor as far as noise has raised them; no prior",
  params: z.strictObject({
    strength: numberList(undefined, z.number().min(0).max(1))
      .prefault([0.3])
      .describe(
        "γ: 0 leaves what was received, 1 is the least mean square error; a number, or a grid such as 0:0.1:1",
      ),
  }),
  needs: ["noiseVariance", "tensors"],
  settings: ({ strength }) => strength.map((each) => ({ strength: each })),
  departure: ({ strength }) => strength,

  estimate(r, { noiseVariance, tensors }, { strength }, out) {
    for (const { from, to, shape: stated } of tensors) {
      const shape = stated.length === 0 ? [1] : stated; // a scalar
      const white = whiten(r, noiseVariance, from, to);
      if (white.noiseVariance === 0) {
        for (let k = from; k < to; k++) out[k] = white.mean + white.deviations[k - from];
        continue;
      }
      const { shrunk, dimension } = bestUnfolding(white.deviations, shape, white.noiseVariance);
      const values = shrunk.values(strength);
      const place = unfolded(shape, dimension);
      for (let k = from; k < to; k++) {
        const exact = typeof noiseVariance !== "number" && noiseVariance[k] === 0;
        out[k] = exact ? r[k] : white.mean + values[place(k - from)];
      }
    }
  },
});

/** Deviations from the mean, behind noise that is as strong on each of them. */
function whiten(r: Float32Array, noiseVariance: number | Float32Array, from: number, to: number) {
  const { mean, variance } = estimateMoments(r, noiseVariance, from, to);
  const deviations = new Float64Array(to - from);
  if (typeof noiseVariance === "number" && noiseVariance !== Infinity) {
    for (let k = from; k < to; k++) deviations[k - from] = r[k] - mean;
    return { mean, deviations, noiseVariance };
  }
  let sum = 0;
  for (let k = from; k < to; k++) {
    const noise = typeof noiseVariance === "number" ? noiseVariance : noiseVariance[k];
    const gain = noise === 0 ? 1 : variance / (variance + noise);
    deviations[k - from] = gain === 0 ? 0 : gain * (r[k] - mean);
    sum += gain;
  }
  const meanGain = sum / (to - from);
  // Where nothing stands out of the noise, the mean is all that is known.
  if (meanGain === 0) return { mean, deviations, noiseVariance: 0 };
  for (let k = 0; k < deviations.length; k++) deviations[k] /= meanGain;
  return { mean, deviations, noiseVariance: variance * (1 / meanGain - 1) };
}

function bestUnfolding(deviations: Float64Array, shape: readonly number[], noiseVariance: number) {
  let best: { shrunk: ShrunkMatrix; dimension: number } | undefined;
  const dimensions = [...shape.keys()].filter((dimension) => shape[dimension] > 1);
  // Both unfoldings of a matrix are the matrix; a tensor of one weight has none.
  if (dimensions.length === 2) dimensions.pop();
  for (const dimension of dimensions.length === 0 ? [0] : dimensions) {
    const shrunk = shrinkMatrix(unfold(deviations, shape, dimension), noiseVariance);
    if (best === undefined || shrunk.energy > best.shrunk.energy) best = { shrunk, dimension };
  }
  return best!;
}

function unfold(values: Float64Array, shape: readonly number[], dimension: number): WideMatrix {
  const rows = Math.min(shape[dimension], values.length / shape[dimension]);
  const matrix = new Float64Array(values.length);
  const place = unfolded(shape, dimension);
  for (let k = 0; k < values.length; k++) matrix[place(k)] = values[k];
  return { rows, columns: values.length / rows, values: matrix };
}

/** Where an element of a tensor lies in the unfolding along a dimension, transposed where that makes it wide. */
function unfolded(shape: readonly number[], dimension: number): (k: number) => number {
  const length = shape[dimension];
  const inner = shape.slice(dimension + 1).reduce((a, b) => a * b, 1);
  const others = shape.reduce((a, b) => a * b, 1) / length;
  return (k) => {
    const block = Math.floor(k / inner);
    const along = block % length;
    const other = ((block - along) / length) * inner + (k - block * inner);
    return length <= others ? along * others + other : other * length + along;
  };
}
