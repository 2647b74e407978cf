/**
 * All images in random order, dealt out evenly: every device has the same classes, up to chance. Counts of images
 * differ by one at most.
 */
import { z } from "zod";
import { cut, definePartition, shuffled } from "./partition.js";

export const iid = definePartition({
  name: "iid",
  summary: "images dealt out at random, equally many to each device",
  params: z.strictObject({}),

  split: (_params, { labels, devices, random }) =>
    cut(shuffled(labels.length, random, "images"), devices),
});
