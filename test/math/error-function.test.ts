import { describe, expect, test } from "vitest";
import { erfc, erfcx, normalCdf } from "../../src/math/error-function.js";

/** erfcx(x) = (2/√π) ∫₀^∞ e^(−t² − 2xt) dt by Simpson's rule, for moderate x. */
function erfcxByIntegration(x: number): number {
  const end = x < 0 ? 8 - 2 * x : Math.min(8, 20 / x);
  const steps = 20_000;
  const h = end / steps;
  let sum = 0;
  for (let i = 0; i <= steps; i++) {
    const t = i * h;
    const weight = i === 0 || i === steps ? 1 : i % 2 === 1 ? 4 : 2;
    sum += weight * Math.exp(-t * t - 2 * x * t);
  }
  return ((2 / Math.sqrt(Math.PI)) * sum * h) / 3;
}

// On either side of each seam between the intervals.
describe.each([
  -4, -1.7, -0.4688, -0.4687, -0.2, 0.03, 0.4687, 0.4688, 0.9, 2.3, 3.9999, 4.0001, 9.5,
])("x = %d", (x) => {
  test("erfcx and erfc are the integral", () => {
    const reference = erfcxByIntegration(x);
    expect(Math.abs(erfcx(x) / reference - 1)).toBeLessThan(1e-12);
    expect(Math.abs(erfc(x) / (reference * Math.exp(-x * x)) - 1)).toBeLessThan(1e-12);
  });
});

test("erfc at the ends of the line", () => {
  expect([-Infinity, -30, 30, Infinity].map(erfc)).toEqual([2, 2, 0, 0]);
  expect(normalCdf(-Infinity)).toBe(0);
});

test("erfcx far out is its asymptotic series 1/(x√π) (1 − 1/2x² + 3/4x⁴)", () => {
  for (const x of [200, 1e4, 1e9]) {
    const series = (1 / (x * Math.sqrt(Math.PI))) * (1 - 1 / (2 * x * x) + 3 / (4 * x ** 4));
    expect(Math.abs(erfcx(x) / series - 1)).toBeLessThan(1e-13);
  }
});

test("normalCdf: Φ(−z) is 1 − Φ(z), and the tail keeps its digits", () => {
  expect(normalCdf(1.3) + normalCdf(-1.3)).toBeCloseTo(1, 14);
  // Abramowitz & Stegun, table 26.2: −log₁₀ Q(10) = 23.11805.
  expect(-Math.log10(normalCdf(-10))).toBeCloseTo(23.11805, 5);
});
