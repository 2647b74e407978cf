import { describe, expect, test } from "vitest";
import { leastErrorFullScale, quantizer } from "../../src/analog/quantizer.js";
import { assertWithin } from "../within.js";
import { density, gaussian, meanOf } from "./decomposition.js";

/**
 * Optimum uniform quantizers of a unit Gaussian: bits, step, mean square error. Up to 32 levels Max (1960),
 * table II, which ends at 36; the others are the minimum of `integrated` below.
 */
const optimum: [bits: number, step: number, error: number][] = [
  [1, 1.596, 0.3634],
  [2, 0.9957, 0.1188],
  [3, 0.586, 0.03744],
  [4, 0.3352, 0.01154],
  [5, 0.1881, 0.003495],
  [6, 0.1041, 0.00104],
  [7, 0.0569, 0.0003043],
  [8, 0.0308, 0.00008769],
];

/** E[(q − x)²] by the trapezoidal rule, with q the nearest of the levels ±Δ/2, ±3Δ/2, ... */
function integrated(bits: number, step: number): number {
  const levels = Array.from({ length: 2 ** (bits - 1) }, (_, i) => (i + 0.5) * step);
  const h = 1 / 4096;
  let sum = 0;
  for (let x = h / 2; x < 10; x += h) {
    const nearest = levels.reduce((best, q) => Math.min(best, Math.abs(q - x)), Infinity);
    sum += 2 * nearest * nearest * density(x) * h;
  }
  return sum;
}

describe.each(optimum)("%d bits, Gaussian source, step %d", (bits, step, error) => {
  const fullScale = 2 ** (bits - 1) * step;

  test("the published error is that of numerical integration, and the step its minimum", () => {
    const digit = 10 ** (Math.floor(Math.log10(error)) - 3); // the fourth
    expect(Math.abs(integrated(bits, step) - error)).toBeLessThan(0.6 * digit);
    const best = integrated(bits, step);
    expect(integrated(bits, step * 1.02)).toBeGreaterThan(best);
    expect(integrated(bits, step * 0.98)).toBeGreaterThan(best);
  });

  test("the quantizer makes that error", () => {
    const x = gaussian(1_000_000);
    const q = x.slice();
    quantizer(bits, fullScale)(q);
    const { value, se } = meanOf(Float64Array.from(q, (v, k) => (v - x[k]) ** 2));
    assertWithin(value, error, se);
  });

  test("the search for the full scale finds it", () => {
    const found = leastErrorFullScale(bits, gaussian(2 ** 15, 1, 3));
    // The error is flat around its minimum: 5 % beside the step costs 1 %.
    expect(Math.abs(found / fullScale - 1)).toBeLessThan(0.05);
    expect(integrated(bits, found / 2 ** (bits - 1)) / error).toBeLessThan(1.01);
  });
});

test("levels are odd multiples of Δ/2, and the outermost hold beyond the full scale", () => {
  const block = Float32Array.of(-9, -2, -1.01, -1, -0.01, 0, 0.99, 1, 1.99, 2, 9);
  quantizer(2, 2)(block);
  expect([...block]).toEqual([-1.5, -1.5, -1.5, -0.5, -0.5, 0.5, 0.5, 1.5, 1.5, 1.5, 1.5]);
});

test("a signal of two levels needs one bit, and its full scale is twice the level", () => {
  const x = Float32Array.from({ length: 1000 }, (_, k) => (k % 3 === 0 ? 3 : -3));
  const fullScale = leastErrorFullScale(1, x);
  expect(Math.abs(fullScale / 6 - 1)).toBeLessThan(1e-3);
});

test("heavy tails ask for a larger full scale than a Gaussian of the same power", () => {
  const x = gaussian(2 ** 15).map((v, k) => v * (k % 16 === 0 ? 3.6 : 0.4)); // kurtosis 30
  expect(leastErrorFullScale(6, x)).toBeGreaterThan(
    1.5 * leastErrorFullScale(6, gaussian(2 ** 15)),
  );
});
