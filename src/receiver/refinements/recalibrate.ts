/**
 * Batch normalization statistics measured anew on unlabelled images, in the network that was received.
 *
 * Noise in the weights moves and widens what comes out of a layer, and the running statistics of the clean network
 * no longer fit. Every batch normalization takes mean and population variance of its input over the images and all
 * positions, each layer behind layers that do so already.
 *
 * So a layer that a batch normalization follows may be scaled at will: ŵ = θ r gives the same output for every
 * θ > 0, up to the normalization's ε, and ml and mmse differ by the last layer alone.
 *
 * Source: Li, Wang, Shi, Liu, Hou, "Revisiting Batch Normalization For Practical Domain Adaptation", arXiv
 * 1603.04779; for noisy weights Joshi et al., Nature Communications 11, 2473 (2020), "AdaBS".
 * Limits: all images are one batch, since later layers must see the statistics of all of them; memory grows with
 * their number.
 */
import { z } from "zod";
import { quantity } from "../../units.js";
import { defineRefinement } from "./refinement.js";

export const batchNormRecalibrate = defineRefinement({
  name: "batch-norm-recalibrate",
  summary: "batch normalization statistics measured on unlabelled images in the received network",

  params: z.strictObject({
    images: quantity(undefined, z.number().int().positive())
      .prefault(200)
      .describe("unlabelled images, drawn anew in each trial from those that are not test images"),
  }),

  setsStatistics: true,

  images: ({ images }) => images,

  lacks: ({ layers }) =>
    layers.normalization.length > 0
      ? undefined
      : `has no BatchNormalization operator with running statistics${insteadOf(layers.otherNormalizations)}`,

  async refine(network, { measureStatistics }) {
    network.statistics = await measureStatistics(network.weights);
  },
});

/** What a network normalizes by, where that needs no statistics. */
export function insteadOf(others: readonly string[]): string {
  if (others.length === 0) return "";
  return ` (its ${others.join(", ")} takes its statistics from each example, so nothing has to be recalibrated)`;
}
