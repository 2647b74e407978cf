import { describe, expect, test } from "vitest";
import { RandomSource } from "../../src/kernel/index.js";
import { horizontalFlip } from "../../src/training/augmentations/horizontal-flip.js";
import { randomCrop } from "../../src/training/augmentations/random-crop.js";
import { assertWithin } from "../within.js";

const form = { channels: 2, rows: 3, columns: 5, black: [-7, -8] };
const size = 2 * 3 * 5;
const stream = (name: string) => new RandomSource(1).stream(name);

/** Images that are all the same, with a number of its own in every pixel. */
const same = (count: number) => Float32Array.from({ length: count * size }, (_, i) => i % size);
const imagesOf = (batch: Float32Array) =>
  Array.from({ length: batch.length / size }, (_, i) => [
    ...batch.subarray(i * size, (i + 1) * size),
  ]);

/** The crop at a shift, from its formula. */
function shifted(dy: number, dx: number): number[] {
  const image: number[] = [];
  for (let c = 0; c < 2; c++) {
    for (let y = 0; y < 3; y++) {
      for (let x = 0; x < 5; x++) {
        const inside = y + dy >= 0 && y + dy < 3 && x + dx >= 0 && x + dx < 5;
        image.push(inside ? (c * 3 + y + dy) * 5 + x + dx : form.black[c]);
      }
    }
  }
  return image;
}

describe("random-crop", () => {
  test("every image is one of the (2 padding + 1)² shifts with black around it, all as often", () => {
    const count = 20_000;
    const batch = same(count);
    randomCrop.open({ padding: 2 }, form)(batch, stream("crop"));
    const found = new Map<string, number>();
    for (const image of imagesOf(batch)) {
      const key = image.join();
      found.set(key, (found.get(key) ?? 0) + 1);
    }
    const shifts = [-2, -1, 0, 1, 2];
    const keys = shifts.flatMap((dy) => shifts.map((dx) => shifted(dy, dx).join()));
    expect(found.size).toBe(25);
    for (const key of keys) {
      assertWithin(found.get(key) ?? 0, count / 25, Math.sqrt((count / 25) * (24 / 25)));
    }
  });

  test("padding as large as the image is refused", () => {
    expect(() => randomCrop.open({ padding: 3 }, form)).toThrow(
      "training.augmentation.random-crop: padding must be below the images' 3 pixels, got 3",
    );
  });
});

describe("horizontal-flip", () => {
  const flipped = Array.from({ length: size }, (_, i) => i - (i % 5) + (4 - (i % 5)));

  test("images are as they were or mirrored, mirrored with the probability", () => {
    const count = 20_000;
    const batch = same(count);
    horizontalFlip.open({ probability: 0.3 }, form)(batch, stream("flip"));
    const original = [...same(1)].join();
    let flips = 0;
    for (const image of imagesOf(batch)) {
      const key = image.join();
      if (key === flipped.join()) flips++;
      else expect(key).toBe(original);
    }
    assertWithin(flips / count, 0.3, Math.sqrt((0.3 * 0.7) / count));
  });

  test("half of the images by default", () => {
    expect(horizontalFlip.params.parse({}).probability).toBe(0.5);
  });
});
