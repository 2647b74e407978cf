import { expect, test } from "vitest";
import { RandomSource } from "../../../src/kernel/index.js";
import { mean, standardDeviation } from "../../../src/math/statistics.js";
import {
  type Compressor,
  optimalCompressor,
} from "../../../src/transmitter/codings/optimal-compressor.js";
import { assertWithin } from "../../within.js";
import { gaussian } from "./sending-coded.js";

/** c(|w|) and its slope there. */
function at({ knots, slopes }: Compressor, magnitude: number): { c: number; slope: number } {
  let c = 0;
  let j = 0;
  for (; j + 1 < knots.length && magnitude >= knots[j + 1]!; j++) {
    c += slopes[j]! * (knots[j + 1]! - knots[j]!);
  }
  return { c: c + slopes[j]! * (magnitude - knots[j]!), slope: slopes[j]! };
}

/** E[1/c'²] and E[c²] over values. */
function moments(compressor: Compressor, values: Float32Array) {
  let [error, power] = [0, 0];
  for (const w of values) {
    const { c, slope } = at(compressor, Math.abs(w));
    error += slope ** -2 / values.length;
    power += c ** 2 / values.length;
  }
  return { error, power };
}

/** Laplace values, E|w| = scale. */
function laplace(name: string, size: number, scale: number): Float32Array {
  const stream = new RandomSource(4).stream(name);
  return Float32Array.from({ length: size }, () => {
    const u = 2 * stream.uniform() - 1;
    return -Math.sign(u) * Math.log1p(-Math.abs(u)) * scale;
  });
}

test("Gaussian values: a straight line, of gain² 1/σ", () => {
  const deviation = 0.3;
  const draws = Array.from({ length: 30 }, (_, i) =>
    optimalCompressor(gaussian(`draw ${i}`, 20_000, deviation), 5),
  );
  const segments = draws[0]!.slopes.length;
  expect(segments).toBe(5);
  for (let j = 0; j < segments; j++) {
    const slopes = draws.map((draw) => draw.slopes[j]!);
    assertWithin(mean(slopes), deviation ** -0.5, standardDeviation(slopes) / Math.sqrt(30));
    expect(standardDeviation(slopes)).toBeLessThan(0.06); // of 1.83: or the check would be idle
  }
});

test("Laplace values: as good as the solution of the Euler-Lagrange equation", () => {
  // Fixed point of q(x) = ∫_x^∞ p c, c(x) = ∫_0^x (p/q)^(1/3), for p = e^(−x) on x > 0 and λ = 1.
  const step = 0.002;
  const n = 12_000; // up to x = 24
  const p = Float64Array.from({ length: n }, (_, i) => Math.exp(-(i + 0.5) * step));
  const c = Float64Array.from(p, (_, i) => (i + 0.5) * step);
  const slope = new Float64Array(n);
  for (let round = 0; round < 60; round++) {
    let q = 0;
    for (let i = n - 1; i >= 0; i--) {
      q += p[i]! * c[i]! * step;
      slope[i] = Math.cbrt(p[i]! / q);
    }
    let sum = 0;
    for (let i = 0; i < n; i++) {
      c[i] = sum + (slope[i]! * step) / 2;
      sum += slope[i]! * step;
    }
  }
  let [error, power] = [0, 0];
  for (let i = 0; i < n; i++) {
    error += (p[i]! / slope[i]! ** 2) * step;
    power += p[i]! * c[i]! ** 2 * step;
  }
  const least = (error * power) / 2; // over that of a line, E[w²] = 2
  expect(least).toBeGreaterThan(0.85);
  expect(least).toBeLessThan(0.95);

  const values = laplace("values", 400_000, 0.2);
  const found = moments(optimalCompressor(values, 8), values);
  const squares = values.map((w) => w * w);
  const square = squares.reduce((a, b) => a + b, 0) / values.length;
  const ratio = (found.error * found.power) / square;
  // Straight pieces cannot do better, and eight of them are no 1.5 % worse.
  expect(ratio / least).toBeGreaterThan(0.998);
  expect(ratio / least).toBeLessThan(1.015);
  expect(found.error / found.power).toBeCloseTo(1, 5); // λ = 1
});

test("no small change of the slopes is better", () => {
  const values = laplace("tensor", 5000, 0.7);
  const { knots, slopes } = optimalCompressor(values, 4);
  const cost = (s: Float32Array) => {
    const { error, power } = moments({ knots, slopes: s }, values);
    return error + power;
  };
  const least = cost(slopes);
  for (let j = 0; j < slopes.length; j++) {
    for (const factor of [0.97, 1.03]) {
      const other = slopes.map((s, i) => (i === j ? s * factor : s));
      expect(cost(other)).toBeGreaterThan(least);
    }
  }
  // Heavier tails than a Gaussian's: steeper in the middle.
  for (let j = 1; j < slopes.length; j++) expect(slopes[j]!).toBeLessThan(slopes[j - 1]!);
});

test("few values get few segments, equal ones and zeros no empty ones", () => {
  expect(optimalCompressor(gaussian("few", 40), 4).slopes.length).toBe(1);
  const equal = optimalCompressor(new Float32Array(1000).fill(-0.5), 4);
  expect(equal.slopes.length).toBeLessThanOrEqual(2);
  expect(equal.slopes.every((s) => s > 0 && Number.isFinite(s))).toBe(true);
  expect(Array.from(optimalCompressor(new Float32Array(100), 4).slopes)).toEqual([0]);
  const sparse = gaussian("sparse", 1000).map((w, k) => (k % 2 === 0 ? 0 : w));
  expect(optimalCompressor(sparse, 4).slopes.every((s) => s > 0 && Number.isFinite(s))).toBe(true);
});
