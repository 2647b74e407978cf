/**
 * Partly alike: four fifths of the images are dealt out at random, the others are sorted by label and dealt in runs, the
 * first run to device 0. So all devices have all classes, and each has more of one or two.
 *
 * Source: Shao, Liew, Gündüz, "Denoising Noisy Neural Networks: A Bayesian Approach with Compensation", arXiv
 * 2105.10699, section VI. Its published code indexes positions instead of images there, so that the published
 * figures are of a split close to `iid`; this is the split that the paper describes.
 */
import { z } from "zod";
import { quantity } from "../../units.js";
import { cut, definePartition, joined, shuffled } from "./partition.js";

export const paper = definePartition({
  name: "paper",
  summary: "four fifths at random, the rest sorted by label (arXiv 2105.10699)",

  params: z.strictObject({
    randomFraction: quantity(undefined, z.number().min(0).max(1))
      .prefault(0.8)
      .describe("part of the images that is dealt out at random"),
  }),

  split({ randomFraction }, { labels, devices, random }) {
    const order = shuffled(labels.length, random, "images");
    const first = Math.round(randomFraction * labels.length);
    const mixed = cut(order.subarray(0, first), devices);
    // Equal labels stay in random order.
    const runs = cut(
      order.slice(first).sort((a, b) => labels[a] - labels[b]),
      devices,
    );
    return mixed.map((part, k) => joined([part, runs[k]]));
  },
});
