import { describe, expect, test } from "vitest";
import {
  type Correlation,
  estimate,
  type LinearEstimatorSpec,
  linearEstimator,
} from "../../src/fading/linear-estimate.js";
import { RandomSource } from "../../src/kernel/index.js";
import { meanOf } from "../analog/decomposition.js";
import { assertWithin } from "../within.js";

/** h(i) = Σ g_l e^(−jω_l i), g_l ~ CN(0, p_l): a channel of few paths, over frequency. */
const powers = [0.5, 0.2, 0.3];
const turns = [0.03, 0.21, 0.34]; // rad per place
const correlation: Correlation = (i, j) => [
  powers.reduce((sum, p, l) => sum + p * Math.cos(turns[l]! * (i - j)), 0),
  powers.reduce((sum, p, l) => sum - p * Math.sin(turns[l]! * (i - j)), 0),
];
const pilots = [0, 5, 10, 15, 20, 23];
const places = [1, 2, 3, 7, 12, 19, 22, 27];
const pilotNoise = 0.07;
const spec = (kind: "ls" | "lmmse"): LinearEstimatorSpec => ({
  kind,
  correlation,
  pilots,
  places,
  pilotNoise,
});

describe.each(["ls", "lmmse"] as const)("%s", (kind) => {
  test("c and s are the moments of what it estimates", () => {
    const estimator = linearEstimator(spec(kind));
    const trials = 40_000;
    const stream = new RandomSource(3).stream(kind);
    const gains = new Float32Array(2 * powers.length);
    const noise = new Float32Array(2 * pilots.length);
    const observed = new Float64Array(2 * pilots.length);
    const out = new Float64Array(2 * places.length);
    const errors = places.map(() => new Float64Array(trials)); // |h − cĥ|²
    const products = places.map(() => new Float64Array(2 * trials)); // (h − cĥ) ĥ*
    const h = (place: number) => {
      let re = 0;
      let im = 0;
      powers.forEach((p, l) => {
        const a = Math.sqrt(p) * gains[2 * l];
        const b = Math.sqrt(p) * gains[2 * l + 1];
        const cos = Math.cos(turns[l]! * place);
        const sin = Math.sin(turns[l]! * place);
        re += a * cos + b * sin;
        im += b * cos - a * sin;
      });
      return [re, im] as const;
    };
    for (let t = 0; t < trials; t++) {
      stream.fillComplexNormal(gains, 1);
      stream.fillComplexNormal(noise, pilotNoise);
      pilots.forEach((pilot, k) => {
        const [re, im] = h(pilot);
        observed[2 * k] = re + noise[2 * k];
        observed[2 * k + 1] = im + noise[2 * k + 1];
      });
      estimate(estimator, observed, out);
      places.forEach((place, i) => {
        const [re, im] = h(place);
        const hRe = out[2 * i];
        const hIm = out[2 * i + 1];
        const eRe = re - (estimator.c[2 * i] * hRe - estimator.c[2 * i + 1] * hIm);
        const eIm = im - (estimator.c[2 * i] * hIm + estimator.c[2 * i + 1] * hRe);
        errors[i]![t] = eRe * eRe + eIm * eIm;
        products[i]![t] = eRe * hRe + eIm * hIm;
        products[i]![trials + t] = eIm * hRe - eRe * hIm;
      });
    }
    places.forEach((_, i) => {
      const error = meanOf(errors[i]!);
      assertWithin(error.value, estimator.s[i], error.se);
      const re = meanOf(products[i]!.subarray(0, trials));
      const im = meanOf(products[i]!.subarray(trials));
      assertWithin(re.value, 0, re.se);
      assertWithin(im.value, 0, im.se);
    });
  });
});

test("ls: straight lines between pilots, the nearest pilot beyond the last", () => {
  const estimator = linearEstimator(spec("ls"));
  const out = new Float64Array(2 * places.length);
  estimate(estimator, Float64Array.of(1, 2, 6, -8, 0, 0, 0, 0, 3, 9, 6, 3), out);
  expect(out[0]).toBeCloseTo(1 + (6 - 1) / 5, 12); // place 1, between 0 and 5
  expect(out[5]).toBeCloseTo(2 + (-8 - 2) * (3 / 5), 12); // place 3
  expect(out[12]).toBeCloseTo(3 + (6 - 3) * (2 / 3), 12); // place 22, between 20 and 23
  expect(out[14]).toBe(6); // place 27, beyond
  expect(out[15]).toBe(3);
});

test("ls: the error between two pilots is that of interpolation and half of the noise", () => {
  const estimator = linearEstimator({ ...spec("ls"), pilots: [0, 10], places: [5] });
  const at = (d: number) => correlation(d, 0)[0];
  const theory = 1 + (1 + at(10)) / 2 - 2 * at(5) + pilotNoise / 2; // E|h − (p₀ + p₁)/2|²
  const power = (1 + at(10)) / 2 + pilotNoise / 2; // E|ĥ|²
  const miss = (1 - estimator.c[0]) ** 2 + estimator.c[1] ** 2;
  expect(miss * power + estimator.s[0]).toBeCloseTo(theory, 12);
});

test("lmmse of one pilot: w = r/(1 + σ²), error 1 − |r|²/(1 + σ²), c = 1", () => {
  const { weights, c, s } = linearEstimator({ ...spec("lmmse"), pilots: [4], places: [7] });
  const [re, im] = correlation(7, 4);
  expect(weights[0]).toBeCloseTo(re / (1 + pilotNoise), 12);
  expect(weights[1]).toBeCloseTo(im / (1 + pilotNoise), 12);
  expect(s[0]).toBeCloseTo(1 - (re * re + im * im) / (1 + pilotNoise), 12);
  expect(c[0]).toBeCloseTo(1, 12);
  expect(c[1]).toBeCloseTo(0, 12);
});

test("lmmse: the error is that of estimating the paths instead (two paths, by the matrix inversion lemma)", () => {
  const p = [0.6, 0.4];
  const omega = [0.05, 0.4];
  const two: Correlation = (i, j) => [
    p.reduce((sum, q, l) => sum + q * Math.cos(omega[l]! * (i - j)), 0),
    p.reduce((sum, q, l) => sum - q * Math.sin(omega[l]! * (i - j)), 0),
  ];
  const { s } = linearEstimator({ ...spec("lmmse"), correlation: two });
  // Error covariance of (g₁, g₂): (D⁻¹ + Fᴴ F/σ²)⁻¹, a 2 x 2 matrix [[a, b], [b*, d]] before inversion.
  const a = 1 / p[0]! + pilots.length / pilotNoise;
  const d = 1 / p[1]! + pilots.length / pilotNoise;
  const difference = omega[1]! - omega[0]!;
  const bRe = pilots.reduce((sum, k) => sum + Math.cos(difference * k), 0) / pilotNoise;
  const bIm = -pilots.reduce((sum, k) => sum + Math.sin(difference * k), 0) / pilotNoise;
  const determinant = a * d - bRe * bRe - bIm * bIm;
  places.forEach((place, i) => {
    // f C fᴴ with f = (e^(−jω₁i), e^(−jω₂i))
    const cross = bRe * Math.cos(difference * place) - bIm * Math.sin(difference * place);
    expect(s[i]).toBeCloseTo((a + d - 2 * cross) / determinant, 9);
  });
});

test("lmmse without noise, and with more pilots than paths, is exact", () => {
  const { s } = linearEstimator({ ...spec("lmmse"), pilotNoise: 0 });
  for (const error of s) expect(error).toBeLessThan(1e-7);
});

test("lmmse of too many pilots is refused", () => {
  const many = Array.from({ length: 4096 }, (_, k) => 2 * k);
  expect(() => linearEstimator({ ...spec("lmmse"), pilots: many, places: many })).toThrow(
    /^the lmmse estimate of 4096 places from 4096 pilots takes too long .* use fewer pilots, or ls$/,
  );
});
