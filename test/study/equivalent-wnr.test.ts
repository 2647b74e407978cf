import { expect, test } from "vitest";
import { equivalentWnrDb, meanEquivalentWnrDb } from "../../src/study/equivalent-wnr.js";

const db = (ratio: number) => 10 * Math.log10(ratio);

test("white noise: the WNR itself, as one number and as one number per weight", () => {
  expect(equivalentWnrDb(0.5, 3)).toBeCloseTo(db(6), 12);
  expect(equivalentWnrDb(new Float32Array(7).fill(0.5), 3)).toBeCloseTo(db(6), 12);
});

test("a share p lost: 1 / (1 + η_eq) = p + (1 − p) / (1 + η)", () => {
  const noise = Float32Array.of(Infinity, 0.5, 0.5, 0.5);
  const error = 0.25 + 0.75 / 7;
  expect(equivalentWnrDb(noise, 3)).toBeCloseTo(db(1 / error - 1), 6);
});

test("Rayleigh fading, divided by h: the linear estimator's error is (1/γ) e^{1/γ} E₁(1/γ)", () => {
  // |h|² at the quantiles of the exponential law, noise 1 / (γ |h|²) on unit variance.
  const n = 200_000;
  const gamma = 10 ** 0.5;
  const noise = Float32Array.from({ length: n }, (_, k) => -1 / gamma / Math.log((k + 0.5) / n));
  expect(1 / (1 + 10 ** (equivalentWnrDb(noise, 1) / 10))).toBeCloseTo(0.37613, 4);
});

test("nothing lost and no noise is infinite, all lost is minus infinite", () => {
  expect(equivalentWnrDb(0, 3)).toBe(Infinity);
  expect(equivalentWnrDb(new Float32Array(3), 3)).toBe(Infinity);
  expect(equivalentWnrDb(new Float32Array(3).fill(Infinity), 3)).toBe(-Infinity);
});

test("a part of the weights, with the variance of that part", () => {
  const noise = Float32Array.of(1, 1, 0.25, 0.25, 9);
  expect(equivalentWnrDb(noise, 2, { from: 2, to: 4 })).toBeCloseTo(db(8), 6);
});

test("shrunk observations: the stated mean square error is that of the linear estimator", () => {
  const shrunk = Float32Array.of(0.5, 0.25, Infinity, 7);
  const error = (0.5 / 2 + 0.25 / 2 + 1 + 1) / 4;
  expect(equivalentWnrDb(shrunk, 2, { shrunk: true })).toBeCloseTo(db(1 / error - 1), 6);
});

test("of several transmissions: of the mean error; of equal ones that ratio, to the last bit", () => {
  expect(meanEquivalentWnrDb([7.3, 7.3, 7.3])).toBe(7.3);
  expect(meanEquivalentWnrDb([Infinity, -Infinity])).toBeCloseTo(0, 12);
  expect(meanEquivalentWnrDb([0, db(3)])).toBeCloseTo(db(5 / 3), 12);
});
