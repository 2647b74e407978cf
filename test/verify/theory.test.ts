/** What the checks of `weightlink verify` compare with, against numbers from elsewhere. */
import { expect, test } from "vitest";
import { deviationOfIndependent, meanOfIndependent } from "../../src/verify/check.js";
import { besselJ0, expectation, rayleighMmse } from "../../src/verify/integrals.js";
import {
  awgnBitErrorRate,
  bitErrorShares,
  qam16,
  qpsk,
  randomSymbols,
  rayleighBitErrorRate,
} from "../../src/verify/modulation.js";
import { gaussian } from "../../src/verify/send.js";
import { pcmAfterDay, reramAfterDay } from "../../src/verify/storage-theory.js";
import { assertWithin } from "../within.js";

const relative = (value: number, theory: number) => Math.abs(value / theory - 1);

test("bit error rates at Eb/N0 = 5 dB: five digits computed apart from this project", () => {
  expect(relative(awgnBitErrorRate(qpsk, 5), 5.9539e-3)).toBeLessThan(1e-5);
  expect(relative(awgnBitErrorRate(qam16, 5), 4.1893e-2)).toBeLessThan(2e-5);
  expect(relative(rayleighBitErrorRate(qpsk, 5), 6.4183e-2)).toBeLessThan(1e-5);
  expect(relative(rayleighBitErrorRate(qam16, 5), 1.0313e-1)).toBeLessThan(5e-5);
});

test.each([
  [-10, 0.91563],
  [0, 0.59635],
  [5, 0.37613],
  [10, 0.20146],
  [15, 0.09491],
  [20, 0.04079],
])("Rayleigh MMSE at %d dB is %d", (snrDb, theory) => {
  expect(Math.abs(rayleighMmse(10 ** (snrDb / 10)) - theory)).toBeLessThan(0.6e-5);
});

test("J0: value at 1, first zero, far out", () => {
  expect(besselJ0(1)).toBeCloseTo(0.7651976865579666, 12);
  expect(besselJ0(2.404825557695773)).toBeCloseTo(0, 12);
  expect(besselJ0(50)).toBeCloseTo(0.05581232766925181, 12);
});

test("expectations of z⁴ and |z|", () => {
  expect(expectation((z) => z ** 4, 200)).toBeCloseTo(3, 9);
  expect(expectation(Math.abs, 4000)).toBeCloseTo(Math.sqrt(2 / Math.PI), 5);
});

test("symbols have unit mean square per component, and Gray labels", () => {
  for (const modulation of [qpsk, qam16]) {
    const x = randomSymbols(modulation, 50_000, "gray");
    const squares = Float64Array.from(x, (v) => v * v);
    const { value, standardError } = meanOfIndependent(squares);
    assertWithin(value, 1, Math.max(standardError, 1e-9));
    expect(meanOfIndependent(bitErrorShares(modulation, x, x)).value).toBe(0);
  }
  // To the neighbouring amplitude is one bit; over two amplitudes of the other sign two.
  const levels = [-3, -1, 1, 3].map((v) => v / Math.sqrt(5));
  const wrong = (sent: number, seen: number) =>
    4 *
    bitErrorShares(qam16, Float32Array.of(levels[sent], 1), Float32Array.of(levels[seen], 1))[0];
  expect([wrong(0, 1), wrong(1, 2), wrong(2, 3), wrong(0, 2), wrong(0, 3)]).toEqual([
    1, 1, 1, 2, 1,
  ]);
});

test("mean and standard deviation of a sample, with their standard errors", () => {
  const n = 200_000;
  const sample = gaussian(n, "moments", "test").map((v) => 4 + 3 * v);
  const mean = meanOfIndependent(sample);
  const deviation = deviationOfIndependent(sample);
  assertWithin(mean.value, 4, 3 / Math.sqrt(n));
  assertWithin(deviation.value, 3, 3 / Math.sqrt(2 * n));
  expect(relative(mean.standardError, 3 / Math.sqrt(n))).toBeLessThan(0.02);
  expect(relative(deviation.standardError, 3 / Math.sqrt(2 * n))).toBeLessThan(0.02);
});

test("phase-change memory after a day: the published table, less what both levels share", () => {
  const [half, full] = [0.5, 1].map(pcmAfterDay);
  // Four digits of 10⁶ samples: five standard errors of the difference, and half a digit twice.
  expect(Math.abs(full.mean - half.mean - (0.6649 - 0.3325))).toBeLessThan(4.7e-4);
  const published = 0.0606 ** 2 - 0.0411 ** 2;
  // 0.00005 and 0.0606/√(2e6) of each deviation.
  expect(Math.abs(full.variance - half.variance - published)).toBeLessThan(5e-5);
});

test("resistive memory after a day: far from zero the deviation is the fit", () => {
  const sigma = (x: number) =>
    (0.701 + 22.086 * x - 50.773 * x ** 2 + 47.095 * x ** 3 - 16.458 * x ** 4) / 40;
  const unused = (sigma(0) ** 2 * (1 - 1 / Math.PI)) / 2; // of max(0, σ ξ)
  expect(relative(reramAfterDay(0.75).variance, sigma(0.75) ** 2 + unused)).toBeLessThan(1e-5);
  expect(reramAfterDay(0.75).mean).toBeCloseTo(0.75 - sigma(0) / Math.sqrt(2 * Math.PI), 5);
});
