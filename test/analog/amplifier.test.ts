import { describe, expect, test } from "vitest";
import { amplifier, amplifierParams } from "../../src/analog/amplifier.js";
import { assertWithin } from "../within.js";
import { decomposition, density, erf, gaussian, integral } from "./decomposition.js";

const components = 1_000_000;
const sigma = 1.7; // per component; not 1, so that a forgotten power shows

function sent(params: object, complex: boolean) {
  const x = gaussian(components, sigma);
  const y = x.slice();
  amplifier(amplifierParams.parse(params), sigma ** 2, complex)(y);
  return { x, y };
}

/** Rapp's curve as its source writes it: output amplitude at r, with saturation A. */
const rapp = (r: number, a: number, p: number) => r / (1 + (r / a) ** (2 * p)) ** (1 / (2 * p));

describe.each([-3, 0, 3, 7])("soft limiter, %d dB back-off, complex Gaussian", (inputBackoffDb) => {
  test("gain and output power are the closed forms", () => {
    const { x, y } = sent({ name: "soft-limiter", inputBackoffDb }, true);
    const { gain, power, distortion } = decomposition(x, y);
    // Ochiai & Imai, IEEE Trans. Commun. 50 (2002) 89–101: γ² = A² / E|x|²
    const c = 10 ** (inputBackoffDb / 20);
    const alpha = 1 - Math.exp(-c * c) + (Math.sqrt(Math.PI) / 2) * c * (1 - erf(c));
    const total = 1 - Math.exp(-c * c);
    // I and Q of a symbol are clipped together, so a mean over components has half as many terms.
    assertWithin(gain.value, alpha, gain.se * Math.SQRT2);
    assertWithin(power.value, total * sigma ** 2, power.se * Math.SQRT2);
    const variance = (total - alpha ** 2) * sigma ** 2;
    assertWithin(distortion.value, variance, distortion.se * Math.SQRT2);
  });
});

test("a soft limiter of real symbols clips at the saturation", () => {
  const { x, y } = sent({ name: "soft-limiter", inputBackoffDb: 2 }, false);
  const { gain } = decomposition(x, y);
  assertWithin(gain.value, erf(10 ** 0.1 / Math.SQRT2), gain.se);
  expect(y.reduce((most, v) => Math.max(most, v), 0)).toBeCloseTo(sigma * 10 ** 0.1, 5);
});

describe.each([
  [0.7, 1],
  [2, 4],
  [3, -2],
])("Rapp, smoothness %d, %d dB back-off", (smoothness, inputBackoffDb) => {
  const params = { name: "rapp", smoothness, inputBackoffDb };
  const c = 10 ** (inputBackoffDb / 20);

  test("complex Gaussian: gain and power by integration over the Rayleigh envelope", () => {
    const { x, y } = sent(params, true);
    const { gain, power } = decomposition(x, y);
    const envelope = (r: number) => 2 * r * Math.exp(-r * r); // E r² = 1
    const alpha = integral((r) => r * rapp(r, c, smoothness) * envelope(r), 0, 8);
    const total = integral((r) => rapp(r, c, smoothness) ** 2 * envelope(r), 0, 8);
    assertWithin(gain.value, alpha, gain.se * Math.SQRT2);
    assertWithin(power.value, total * sigma ** 2, power.se * Math.SQRT2);
  });

  test("real Gaussian: gain and power by integration over the magnitude", () => {
    const { x, y } = sent(params, false);
    const { gain, power } = decomposition(x, y);
    const alpha = integral((r) => 2 * r * rapp(r, c, smoothness) * density(r), 0, 10);
    const total = integral((r) => 2 * rapp(r, c, smoothness) ** 2 * density(r), 0, 10);
    assertWithin(gain.value, alpha, gain.se);
    assertWithin(power.value, total * sigma ** 2, power.se);
  });
});

test.each([0.5, 1, 2, 3, 10, 100])(
  "Rapp's curve, smoothness %d, from 0.001 to 1000 times A; the phase stays",
  (p) => {
    const r = Float32Array.from({ length: 601 }, (_, k) => 10 ** (-3 + k / 100));
    const magnitudes = r.map((v, k) => (k % 2 === 0 ? v : -v));
    const symbols = new Float32Array(2 * r.length);
    r.forEach((v, k) => {
      symbols[2 * k] = v * Math.cos(k);
      symbols[2 * k + 1] = v * Math.sin(k);
    });
    const params = amplifierParams.parse({ name: "rapp", smoothness: p, inputBackoffDb: 0 });
    amplifier(params, 1, false)(magnitudes); // A = 1
    amplifier(params, 0.5, true)(symbols);
    r.forEach((v, k) => {
      const t = 2 * p * Math.log(v); // in logarithms, where no power overflows
      const logSum = Math.max(t, 0) + Math.log1p(Math.exp(-Math.abs(t))); // ln(1 + r^2p)
      const out = Math.exp(Math.log(v) - logSum / (2 * p));
      expect(Math.abs(magnitudes[k] / out - (k % 2 === 0 ? 1 : -1))).toBeLessThan(1e-5);
      expect(Math.abs(symbols[2 * k] / out - Math.cos(k))).toBeLessThan(1e-5);
      expect(Math.abs(symbols[2 * k + 1] / out - Math.sin(k))).toBeLessThan(1e-5);
    });
  },
);

test("Rapp with a large smoothness is the soft limiter", () => {
  const limited = sent({ name: "soft-limiter", inputBackoffDb: 1 }, true).y;
  const rounded = sent({ name: "rapp", smoothness: 100, inputBackoffDb: 1 }, true).y;
  // At the knee r = A the curve is 2^(−1/200) of the limiter's: 0.35 % below, and nowhere more.
  let most = 0;
  limited.forEach((v, k) => {
    most = Math.max(most, Math.abs(v - rounded[k]));
  });
  const saturation = Math.SQRT2 * sigma * 10 ** 0.05;
  expect(most / saturation).toBeLessThan(0.0035);
  expect(most / saturation).toBeGreaterThan(0.003);
});

test("a linear amplifier changes nothing", () => {
  const { x, y } = sent({ name: "linear", inputBackoffDb: 3 }, true);
  expect(y.every((v, k) => v === x[k])).toBe(true);
});
