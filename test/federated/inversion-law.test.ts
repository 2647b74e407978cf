import { describe, expect, test } from "vitest";
import { exponentialIntegral } from "../../src/fading/inverse-gain.js";
import { inversionLaw } from "../../src/federated/inversion-law.js";
import { integrate } from "../fading/laws.js";

/** The same means, integrated over ĥ = r e^(jθ): the trapezoidal rule over θ, Simpson's over r. */
function integrated(g: number, v: number, kDb: number) {
  const k = 10 ** (kDb / 10);
  const m = Math.sqrt(k / (k + 1));
  const scattered = 1 / (k + 1);
  const w = scattered + v;
  const angles = 128;
  const over = (f: (re: number, im: number) => number) =>
    integrate(
      (r) => {
        let sum = 0;
        for (let n = 0; n < angles; n++) {
          const re = r * Math.cos((2 * Math.PI * n) / angles);
          const im = r * Math.sin((2 * Math.PI * n) / angles);
          sum += f(re, im) * Math.exp(-((re - m) ** 2 + im * im) / w);
        }
        return (2 * r * sum) / (angles * w);
      },
      Math.sqrt(g),
      m + 7 * Math.sqrt(w),
      1600,
    );
  const active = over(() => 1);
  const inverse = over((re, im) => 1 / (re * re + im * im));
  // Given ĥ, h is Gaussian with mean m + c (ĥ − m) and variance c v.
  const c = scattered / w;
  const squared = over((re, im) => {
    const a = m + c * (re - m) - re;
    const b = c * im - im;
    return (a * a + b * b + c * v) / (re * re + im * im);
  });
  return { active, inverse, misalignment: squared / active };
}

describe.each([
  [0.1, 0.3, -20],
  [0.4, 0.05, 3],
  [1.1, 0.02, 9],
  [0.2, 0.5, 6],
])("threshold %s, error variance %s, kFactorDb %s", (g, v, kDb) => {
  test("the series are the integrals over the estimate", () => {
    const theory = integrated(g, v, kDb);
    const law = inversionLaw(g, v, kDb);
    for (const key of ["active", "inverse", "misalignment"] as const) {
      expect(Math.abs(law[key] / theory[key] - 1), key).toBeLessThan(1e-8);
    }
  });
});

test.each([
  [0.3, 0.15],
  [1.2, 0.6],
])("Rayleigh, threshold %s, error variance %s: closed forms", (g, v) => {
  const law = inversionLaw(g, v, undefined);
  const z = g / (1 + v);
  const inverse = exponentialIntegral(z) / (1 + v);
  expect(law.active).toBeCloseTo(Math.exp(-z), 12);
  expect(law.inverse).toBeCloseTo(inverse, 12);
  // Bias 1/(1 + v) − 1, and v/(1 + v) of the gain's power that ĥ does not tell.
  const theory = (v / (1 + v)) ** 2 + ((v / (1 + v)) * inverse) / Math.exp(-z);
  expect(law.misalignment).toBeCloseTo(theory, 12);
});

test("perfect knowledge misaligns nothing", () => {
  expect(inversionLaw(0.5, 0, undefined).misalignment).toBe(0);
  expect(inversionLaw(0.5, 0, 4).misalignment).toBe(0);
});

test("a line of sight of 60 dB is never below the threshold", () => {
  const law = inversionLaw(0.5, 0, 60);
  expect(Math.abs(law.active - 1)).toBeLessThan(1e-7);
  expect(Math.abs(law.inverse - 1)).toBeLessThan(1e-5);
});
