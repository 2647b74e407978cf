import { describe, expect, test } from "vitest";
import { glyphs } from "../../src/datasets/glyphs.js";
import { assertWithin } from "../within.js";

const open = (params: object = {}) => glyphs.open(glyphs.params.parse(params));
const pixels = (params: object, split: "train" | "validation" | "test" = "test") =>
  open(params).load(split).inputs[0].data as Float32Array;

const side = 28;

describe("glyphs", () => {
  test("the default sizes, 28 x 28 with one channel, ten classes, no files", () => {
    const dataset = open();
    expect([dataset.classes, dataset.files]).toEqual([10, []]);
    expect(dataset.load("validation").count).toBe(1000);
    const { count, inputs, labels } = dataset.load("test");
    expect([count, labels.length]).toEqual([2000, 2000]);
    expect(inputs[0].shape).toEqual([1, side, side]);
    expect(inputs[0].data.length).toBe(2000 * side * side);
  });

  test("black is the darkest that a pixel can be, and validation images are its own", () => {
    const { black, ownValidation } = open();
    expect(black[0]).toBeCloseTo(Math.min(...pixels({ testImages: 20 })), 6);
    expect(ownValidation).toBe(true);
  });

  test("image i shows class i mod 10, so classes are balanced", () => {
    expect([...open({ testImages: 23 }).load("test").labels]).toEqual(
      Array.from({ length: 23 }, (_, i) => i % 10),
    );
  });

  test("the same parameters give the same images, another seed gives others", () => {
    const images = pixels({ testImages: 20, seed: 3 });
    expect(pixels({ testImages: 20, seed: 3 })).toEqual(images);
    expect(sameImages(pixels({ testImages: 20, seed: 4 }), images)).toBe(0);
  });

  test("fewer images are the beginning of more", () => {
    const many = pixels({ testImages: 57 });
    expect(pixels({ testImages: 12 })).toEqual(many.subarray(0, 12 * side * side));
  });

  test("the number of images in one split leaves the others alone", () => {
    expect(pixels({ testImages: 5, trainImages: 7, validationImages: 9 })).toEqual(
      pixels({ testImages: 5 }),
    );
  });

  test("no image is in two splits, nor twice in one", () => {
    const counts = { trainImages: 100, validationImages: 100, testImages: 100 };
    const splits = (["train", "validation", "test"] as const).map((s) => pixels(counts, s));
    const all = splits.flatMap((data) => Array.from({ length: 100 }, (_, i) => image(data, i)));
    expect(new Set(all.map((values) => values.join())).size).toBe(300);
  });

  test("normalized: over other seeds too, pixels have mean 0 and variance 1", () => {
    // Pixels of one image go together, so images are what is counted: the mean over n images has the
    // standard error s / sqrt(n), with s the spread of one image's mean (and likewise for squares).
    const n = 3000;
    const data = pixels({ seed: 5, trainImages: n }, "train");
    const means = Array.from({ length: n }, (_, i) => mean(image(data, i)));
    const squares = Array.from({ length: n }, (_, i) => mean(image(data, i).map((v) => v * v)));
    // The constants are rounded to 0.001 of a pixel whose standard deviation is 0.213, and were
    // measured on 10,000 images themselves.
    const rounding = 0.0005 / 0.213;
    assertWithin(mean(means), 0, standardError(means, n, 10_000) + rounding);
    assertWithin(mean(squares), 1, standardError(squares, n, 10_000) + 2 * rounding);
  });

  test("pixels lie between paper and full ink before normalization", () => {
    const data = pixels({ testImages: 200 });
    // Paper is 0 and ink 1: the two extremes, which occur, are 1 / 0.213 apart.
    expect(
      data.reduce((a, b) => Math.max(a, b)) - data.reduce((a, b) => Math.min(a, b)),
    ).toBeCloseTo(1 / 0.213, 4);
  });

  test("classes differ: the mean image of each tells them apart far better than chance", () => {
    const train = open({ trainImages: 2000 }).load("train");
    const data = train.inputs[0].data as Float32Array;
    const templates = Array.from({ length: 10 }, () => new Float32Array(side * side));
    for (let i = 0; i < train.count; i++) {
      image(data, i).forEach((v, k) => {
        templates[i % 10][k] += v / (train.count / 10);
      });
    }
    const tested = pixels({ testImages: 500 });
    const correct = Array.from({ length: 500 }, (_, i) => {
      const distances = templates.map((template) =>
        mean(image(tested, i).map((v, k) => (v - template[k]) ** 2)),
      );
      return distances.indexOf(Math.min(...distances)) === i % 10;
    }).filter(Boolean).length;
    // Chance is 50 of 500 with a standard deviation of 6.7; a network reaches 495, templates must not.
    expect(correct).toBeGreaterThan(150);
    expect(correct).toBeLessThan(450);
  });

  test("strict parameters: an unknown key, no images, half an image and a negative seed are errors", () => {
    for (const params of [
      { image: 10 },
      { testImages: 0 },
      { trainImages: 1.5 },
      { validationImages: -3 },
      { seed: -1 },
      { seed: "one" },
    ]) {
      expect(glyphs.params.safeParse(params).success, JSON.stringify(params)).toBe(false);
    }
  });
});

function image(data: Float32Array, i: number): Float32Array {
  return data.subarray(i * side * side, (i + 1) * side * side);
}

/** How many images of one set are equal to the image of the same number in the other. */
function sameImages(a: Float32Array, b: Float32Array): number {
  const count = a.length / (side * side);
  return Array.from({ length: count }, (_, i) => image(a, i).join() === image(b, i).join()).filter(
    Boolean,
  ).length;
}

function mean(values: ArrayLike<number>): number {
  let sum = 0;
  for (let i = 0; i < values.length; i++) sum += values[i];
  return sum / values.length;
}

/** Of the difference between the means of n values and of m others like them. */
function standardError(values: readonly number[], n: number, m: number): number {
  const center = mean(values);
  const variance = mean(values.map((v) => (v - center) ** 2));
  return Math.sqrt(variance / n + variance / m);
}
