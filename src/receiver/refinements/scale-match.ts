/**
 * One gain per layer, so that the layer's output has the variance it had.
 *
 *   ŵ ← ŵ √( Σ w² / Σ ŵ² ),   the sums over the layer's weight tensor
 *
 * With inputs that are uncorrelated and equally strong, the power of a layer's output, summed over its channels, is
 * theirs times Σ w². Noise makes it larger (ml), shrinkage smaller (mmse); for both the result is the same, since
 * a gain on ŵ cancels. It lies between the two: r √(η / (η + 1)) for white noise.
 *
 * `power: sent` takes one number per tensor from the transmitter, the mean of w². `power: estimated` takes
 * mean(r² − σ²) over the weights that arrived, and leaves a layer alone where that is not positive.
 *
 * Source: Banner, Nahshan, Soudry, "Post training 4-bit quantization of convolutional networks for
 * rapid-deployment", NeurIPS 2019 (arXiv 1810.05723), sec. 4, with one gain per channel and means taken out.
 * Limits: inputs are correlated and unequal in truth. Biases are not scaled.
 */
import { z } from "zod";
import type { Observation } from "../../observation.js";
import { defineRefinement } from "./refinement.js";
import { meanSquareSent } from "./sent.js";
import { travellingLayers } from "./travelling.js";

export const scaleMatch = defineRefinement({
  name: "scale-match",
  summary: "one gain per layer, so that its weights have the power that they had",

  params: z.strictObject({
    power: z
      .enum(["sent", "estimated"])
      .default("sent")
      .describe(
        "mean square of each tensor: one number that the transmitter sends, or estimated from r and its noise variance",
      ),
  }),

  changesWeights: true,

  needsNoiseVariance: ({ power }) => power === "estimated",

  sends: ({ power }, plan) =>
    power === "sent" ? travellingLayers(plan).map(({ layer }) => meanSquareSent(layer.weight)) : [],

  lacks: (plan) =>
    travellingLayers(plan).length > 0
      ? undefined
      : "has no convolution or matrix product whose weights travel",

  refine({ weights }, context, { power }) {
    const { observation, layout, meanSquares } = context;
    // Layers may share a tensor, which is scaled once.
    const tensors = new Set(travellingLayers(context).map(({ layer }) => layer.weight));
    layout.entries.forEach(({ name, offset, size }, i) => {
      if (!tensors.has(name)) return;
      const wanted =
        power === "sent" ? meanSquares[i] : estimatedMeanSquare(observation, offset, size);
      let sum = 0;
      for (let k = offset; k < offset + size; k++) sum += weights[k] * weights[k];
      if (!(wanted > 0 && sum > 0)) return;
      const gain = Math.sqrt((wanted * size) / sum);
      for (let k = offset; k < offset + size; k++) weights[k] *= gain;
    });
  },
});

function estimatedMeanSquare(
  { r, noiseVariance }: Observation,
  offset: number,
  size: number,
): number {
  let sum = 0;
  let arrived = 0;
  for (let k = offset; k < offset + size; k++) {
    const variance = typeof noiseVariance === "number" ? noiseVariance : noiseVariance[k];
    if (variance === Infinity) continue;
    sum += r[k] * r[k] - variance;
    arrived++;
  }
  return sum / arrived;
}
