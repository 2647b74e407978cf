import { describe, expect, test } from "vitest";
import { exponentialIntegral, meanInverseGain } from "../../src/fading/inverse-gain.js";
import { integrate, ricianPowerDensity } from "./laws.js";

// 5 digits of E1 at thresholds −ln of the active share; Zhu, Wang & Huang, arXiv 1812.11494.
test.each([
  [0.9, 1.7758],
  [0.8, 1.134],
  [0.6, 0.5469],
  [0.5, 0.3787],
  [0.4, 0.2529],
])("active share %s under Rayleigh fading: E1 = %s", (share, value) => {
  expect(meanInverseGain(-Math.log(share))).toBeCloseTo(value, 4);
});

// Abramowitz & Stegun, Handbook of Mathematical Functions, tables 5.1 and 5.2.
test.each([
  [0.5, 0.5597735947761608],
  [1, 0.2193839343955203],
  [2, 0.0489005107080611],
  [10, 4.156968929685324e-6],
])("E1(%s) = %s", (x, value) => {
  expect(Math.abs(exponentialIntegral(x) / value - 1)).toBeLessThan(1e-12);
});

describe.each([-100, -10, 0.7, 6, 15, 25])("kFactorDb %s", (kDb) => {
  test.each([0.03, 0.3, 0.95, 2.5])("threshold %s: the integral of the density over u", (g) => {
    const k = 10 ** (kDb / 10);
    // In v = ln u the integrand is the density itself; beyond u = 40 nothing is left.
    const theory = integrate((v) => ricianPowerDensity(Math.exp(v), k), Math.log(g), Math.log(40));
    const value = meanInverseGain(g, kDb);
    // 1e-9 relative, or absolute where the density has all but vanished.
    expect(Math.abs(value - theory)).toBeLessThan(1e-9 * theory + 1e-12);
  });
});

test("a line of sight of 60 dB leaves 1/u = 1", () => {
  expect(Math.abs(meanInverseGain(0.5, 60) - 1)).toBeLessThan(1e-5);
});

test.each([0, -1, Number.NaN, Infinity])("threshold %s is refused", (bad) => {
  expect(() => meanInverseGain(bad)).toThrow(/threshold must be finite and > 0/);
});
