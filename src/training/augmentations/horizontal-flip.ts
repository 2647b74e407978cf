/** Left and right exchanged, of each image with the same probability. */
import { z } from "zod";
import { quantity } from "../../units.js";
import { defineAugmentation } from "./augmentation.js";

export const horizontalFlip = defineAugmentation({
  name: "horizontal-flip",
  summary: "exchanges left and right",

  params: z.strictObject({
    probability: quantity(undefined, z.number().min(0).max(1))
      .prefault(0.5)
      .describe("share of the images that are flipped"),
  }),

  open({ probability }, { channels, rows, columns }) {
    const size = channels * rows * columns;
    return (images, random) => {
      for (let image = 0; image < images.length; image += size) {
        if (!(random.uniform() < probability)) continue;
        for (let row = image; row < image + size; row += columns) {
          for (let left = row, right = row + columns - 1; left < right; left++, right--) {
            const moved = images[left];
            images[left] = images[right];
            images[right] = moved;
          }
        }
      }
    };
  },
});
