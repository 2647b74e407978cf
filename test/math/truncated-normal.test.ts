import { describe, expect, test } from "vitest";
import { normalMeanBetween } from "../../src/math/truncated-normal.js";

/** ∫ z e^(−z²/2) / ∫ e^(−z²/2) from a to b by Simpson's rule, scaled by the density at the end that has most of it. */
function integrated(a: number, b: number): number {
  const near = Math.max(0, a, -b);
  // Beyond this the density is below 1e-30 of that at `near`.
  const reach = 12 / Math.max(1, near / 6);
  const from = Math.max(a, a + b < 0 ? b - reach - 12 : a);
  const to = Math.min(b, a + b < 0 ? b : Math.max(a, 0) + reach + 12);
  const steps = 200_000;
  const h = (to - from) / steps;
  let [mass, first] = [0, 0];
  for (let i = 0; i <= steps; i++) {
    const z = from + i * h;
    const weight = i === 0 || i === steps ? 1 : i % 2 === 1 ? 4 : 2;
    const density = weight * Math.exp(0.5 * (near - z) * (near + z));
    mass += density;
    first += density * z;
  }
  return first / mass;
}

const intervals = [
  [-0.3, 0.8],
  [-6, 0.1],
  [0, 0.5],
  [-2, 2.5],
  [1.2, 1.9],
  [3, 3.0004], // just above and below where the series takes over
  [3, 3.0002],
  [-1e-6, 3e-6],
  [4, 9],
  [9, 9.7],
  [25, 26],
  [60, 60.01],
  [-41, -38.5],
] as const;

describe("the mean of a standard normal between a and b", () => {
  test.each(intervals)("%d to %d: the integral", (a, b) => {
    expect(Math.abs(normalMeanBetween(a, b) - integrated(a, b))).toBeLessThan(1e-10);
    expect(normalMeanBetween(-b, -a)).toBe(-normalMeanBetween(a, b));
  });

  test.each([-7, -0.4, 0, 0.3, 2, 8, 20, 37])("above %d: the integral", (a) => {
    expect(normalMeanBetween(a, Infinity)).toBeCloseTo(integrated(a, a + 40), 9);
    expect(normalMeanBetween(-Infinity, -a)).toBe(-normalMeanBetween(a, Infinity));
  });

  test("without bounds it is 0", () => {
    expect(normalMeanBetween(-Infinity, Infinity)).toBe(0);
  });

  test.each([50, 1e3, 1e6, 1e12])("far out, above %d: a + 1/a − 2/a³", (a) => {
    const theory = a + 1 / a - 2 / a ** 3;
    expect(Math.abs(normalMeanBetween(a, Infinity) / theory - 1)).toBeLessThan(10 / a ** 6 + 1e-15);
    // A cell that is wide against 1/a looks like one without an end.
    expect(normalMeanBetween(a, a + 50)).toBe(normalMeanBetween(a, Infinity));
  });
});
