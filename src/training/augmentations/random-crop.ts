/**
 * Each image framed in black and cut to its size again at a random place: a shift by up to `padding` pixels
 * up or down and left or right, all (2 padding + 1)² of them equally likely.
 *
 *   out[c, y, x] = in[c, y + dy, x + dx], black beyond the edges,   dx, dy ∈ {−padding, ..., padding}
 *
 * The frame is black as the pixels were before normalization, as where PyTorch's RandomCrop stands before
 * ToTensor and Normalize. So it is (0 − mean) / std here, and not 0, which would be a grey.
 *
 * Source: He, Zhang, Ren, Sun, Deep Residual Learning for Image Recognition (2016), 4.2, who take padding 4.
 */
import { z } from "zod";
import { InputError } from "../../errors.js";
import { quantity } from "../../units.js";
import { defineAugmentation } from "./augmentation.js";

export const randomCrop = defineAugmentation({
  name: "random-crop",
  summary: "frames images in black and cuts them to size at a random place",

  params: z.strictObject({
    padding: quantity(undefined, z.number().int().positive())
      .prefault(4)
      .describe("width of the frame: the largest shift [pixels]"),
  }),

  open({ padding }, { channels, rows, columns, black }) {
    if (padding >= Math.min(rows, columns)) {
      throw new InputError(
        `training.augmentation.random-crop: padding must be below the images' ${Math.min(rows, columns)} pixels, got ${padding}`,
      );
    }
    const size = channels * rows * columns;
    const whole = new Float32Array(size);
    return (images, random) => {
      for (let image = 0; image < images.length; image += size) {
        const dy = random.integer(2 * padding + 1) - padding;
        const dx = random.integer(2 * padding + 1) - padding;
        for (let i = 0; i < size; i++) whole[i] = images[image + i];
        const left = Math.max(0, -dx);
        const right = Math.min(columns, columns - dx);
        let to = image;
        for (let c = 0; c < channels; c++) {
          for (let y = dy; y < rows + dy; y++) {
            const inside = y >= 0 && y < rows;
            const from = (c * rows + y) * columns + dx;
            for (let x = 0; x < columns; x++) {
              images[to++] = inside && x >= left && x < right ? whole[from + x] : black[c];
            }
          }
        }
      }
    };
  },
});
