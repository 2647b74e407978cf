import { expect, test } from "vitest";
import { RandomSource } from "../../src/kernel/index.js";
import { logGammaDraw } from "../../src/math/gamma-draw.js";
import { assertWithin } from "../within.js";

test.each([0.3, 1, 4.5])("Gamma(%d, 1): mean a, variance a, and E e^−x = 2^−a", (shape) => {
  const random = new RandomSource(1).stream(`gamma ${shape}`);
  const n = 100_000;
  const values = Float64Array.from({ length: n }, () => Math.exp(logGammaDraw(shape, random)));
  const mean = values.reduce((a, b) => a + b, 0) / n;
  assertWithin(mean, shape, Math.sqrt(shape / n));
  const variance = values.reduce((a, v) => a + (v - shape) ** 2, 0) / n;
  // E(x − a)⁴ = 3a² + 6a
  assertWithin(variance, shape, Math.sqrt((3 * shape ** 2 + 6 * shape - shape ** 2) / n));

  // E e^−x = 2^−a, and E e^−2x = 3^−a for its spread.
  const laplace = values.reduce((a, v) => a + Math.exp(-v), 0) / n;
  assertWithin(laplace, 2 ** -shape, Math.sqrt((3 ** -shape - 4 ** -shape) / n));
});

test("small shapes: the logarithm stays finite where the number is below the smallest double", () => {
  const random = new RandomSource(2).stream("tiny");
  const logs = Array.from({ length: 100 }, () => logGammaDraw(1e-4, random));
  expect(logs.every(Number.isFinite)).toBe(true);
  expect(logs.filter((log) => Math.exp(log) === 0).length).toBeGreaterThan(80);
});
