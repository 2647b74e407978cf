import { expect, test } from "vitest";
import { makeProbeImages, pixelStatistics, probeImages } from "../../src/models/probe-images.js";

const shape = [3, 32, 24];
const pixels = {
  mean: Float32Array.of(0.4, -1, 120),
  deviation: Float32Array.of(0.2, 1.5, 60),
};
const images = makeProbeImages(shape, pixels);

/** Correlation of pixels of two channels that lie `lag` columns apart, over all images. */
function correlation(channel: number, other: number, lag: number): number {
  const [channels, rows, columns] = shape;
  let [sum, count] = [0, 0];
  for (let i = 0; i < probeImages; i++) {
    for (let y = 0; y < rows; y++) {
      for (let x = 0; x + lag < columns; x++) {
        const at = (c: number, column: number) =>
          (images[((i * channels + c) * rows + y) * columns + column] - pixels.mean[c]) /
          pixels.deviation[c];
        sum += at(channel, x) * at(other, x + lag);
        count++;
      }
    }
  }
  return sum / count;
}

test("pixels have the means and deviations that are asked for", () => {
  expect(images).toHaveLength(probeImages * 3 * 32 * 24);
  const { mean, deviation } = pixelStatistics(images, shape);
  for (let c = 0; c < 3; c++) {
    expect(Math.abs(mean[c] - pixels.mean[c])).toBeLessThan(1e-4 * pixels.deviation[c]);
    expect(deviation[c] / pixels.deviation[c]).toBeCloseTo(1, 4);
  }
});

test("pixel statistics are those of each channel", () => {
  const { mean, deviation } = pixelStatistics(
    Float32Array.of(1, 3, 10, 10, 5, 7, 20, 40),
    [2, 1, 2],
  );
  expect([...mean]).toEqual([4, 20]);
  expect(deviation[0]).toBeCloseTo(Math.sqrt(5), 6);
  expect(deviation[1]).toBeCloseTo(Math.sqrt(150), 4);
});

test("neighbours are alike and distant pixels less so; channels are independent", () => {
  const lags = [1, 2, 4, 8].map((lag) => correlation(0, 0, lag));
  expect(lags).toEqual([...lags].sort((a, b) => b - a));
  expect(lags[0]).toBeGreaterThan(0.5);
  expect(lags[3]).toBeLessThan(0.3);
  // 100 images, of a few large discs each: some 500 colours.
  expect(Math.abs(correlation(0, 1, 0))).toBeLessThan(5 / Math.sqrt(500));
});

test("they are the same whenever they are made", () => {
  const again = makeProbeImages(shape, pixels);
  expect(again.every((value, k) => value === images[k])).toBe(true);
});
