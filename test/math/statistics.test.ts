import seedrandom from "seedrandom";
import { describe, expect, test } from "vitest";
import {
  mean,
  meanInterval95,
  standardDeviation,
  wilsonInterval,
} from "../../src/math/statistics.js";

/** Normals by Box and Muller, so that the test leans on no code of the project. */
function normals(seed: string): () => number {
  const uniform = seedrandom(seed);
  return () => Math.sqrt(-2 * Math.log(1 - uniform())) * Math.cos(2 * Math.PI * uniform());
}

describe("mean and standard deviation", () => {
  test("known sample: mean 5, sum of squares 32, so s = √(32 / 7)", () => {
    const sample = [2, 4, 4, 4, 5, 5, 7, 9];
    expect(mean(sample)).toBe(5);
    expect(standardDeviation(sample)).toBeCloseTo(Math.sqrt(32 / 7), 14);
  });

  test("a large offset does not eat the spread (NIST NumAcc4: s = 0.1)", () => {
    const sample = [10000000.2];
    for (let i = 0; i < 500; i++) sample.push(10000000.1, 10000000.3);
    expect(standardDeviation(sample)).toBeCloseTo(0.1, 8);
  });

  test("too few values", () => {
    expect(mean([])).toBeNaN();
    expect(standardDeviation([3])).toBeNaN();
  });
});

describe("Student t interval of the mean", () => {
  // t(0.975, ν) as printed in the NIST/SEMATECH e-Handbook of Statistical Methods, 1.3.6.7.2.
  const table: [number, number][] = [
    [1, 12.706],
    [2, 4.303],
    [3, 3.182],
    [4, 2.776],
    [5, 2.571],
    [9, 2.262],
    [10, 2.228],
    [19, 2.093],
    [30, 2.042],
    [60, 2.0],
    [99, 1.984],
  ];

  test.each(table)("ν = %i: half-width is %f standard errors", (freedom, t) => {
    const n = freedom + 1;
    const sample = Array.from({ length: n }, (_, i) => 3 + 0.7 * i * i);
    const [low, high] = meanInterval95(sample)!;
    const standardError = standardDeviation(sample) / Math.sqrt(n);
    expect((high - low) / 2 / standardError).toBeCloseTo(t, 3);
    expect((high + low) / 2).toBeCloseTo(mean(sample), 9);
  });

  test("null below two values, a point when all are equal", () => {
    expect(meanInterval95([])).toBeNull();
    expect(meanInterval95([0.8])).toBeNull();
    expect(meanInterval95([0.5, 0.5, 0.5])).toEqual([0.5, 0.5]);
  });

  test.each([2, 5, 10])("covers the true mean in 95 %% of runs of %i normals", (n) => {
    const runs = 20_000;
    const normal = normals(`student ${n}`);
    let covered = 0;
    for (let run = 0; run < runs; run++) {
      const sample = Array.from({ length: n }, () => 2 + 3 * normal());
      const [low, high] = meanInterval95(sample)!;
      if (low <= 2 && 2 <= high) covered++;
    }
    const standardError = Math.sqrt((0.95 * 0.05) / runs);
    expect(Math.abs(covered / runs - 0.95)).toBeLessThan(5 * standardError);
  });
});

describe("Wilson interval of a proportion", () => {
  // Newcombe, Statistics in Medicine 17 (1998) 857, Table I, method 3 (score, no correction).
  test.each([
    [81, 263, 0.2553, 0.3662],
    [15, 148, 0.0624, 0.1605],
    [0, 20, 0, 0.1611],
    [1, 29, 0.0061, 0.1718],
  ])("%i of %i", (correct, total, low, high) => {
    const interval = wilsonInterval(correct, total);
    expect(interval[0]).toBeCloseTo(low, 4);
    expect(interval[1]).toBeCloseTo(high, 4);
  });

  test("mirrors, narrows with confidence, and stays inside [0, 1]", () => {
    const [low, high] = wilsonInterval(37, 50);
    const [mirroredLow, mirroredHigh] = wilsonInterval(13, 50);
    expect(low).toBeCloseTo(1 - mirroredHigh, 12);
    expect(high).toBeCloseTo(1 - mirroredLow, 12);
    const [low80, high80] = wilsonInterval(37, 50, 0.8);
    expect(low80).toBeGreaterThan(low);
    expect(high80).toBeLessThan(high);
    expect(wilsonInterval(0, 7)[0]).toBe(0);
    expect(wilsonInterval(7, 7)[1]).toBe(1);
  });

  test("solves (p̂ − p)² = z² p (1 − p) / n at both ends, z = 2.575829 at 99 %", () => {
    for (const p of wilsonInterval(812, 1000, 0.99)) {
      const score = (0.812 - p) / Math.sqrt((p * (1 - p)) / 1000);
      expect(Math.abs(score)).toBeCloseTo(2.575829, 5);
    }
  });

  test("covers p in about 95 % of draws: exactly the binomial sum over covered counts", () => {
    const n = 40;
    const p = 0.3;
    const random = seedrandom("wilson");
    const runs = 20_000;
    let covered = 0;
    for (let run = 0; run < runs; run++) {
      let correct = 0;
      for (let i = 0; i < n; i++) if (random() < p) correct++;
      const [low, high] = wilsonInterval(correct, n);
      if (low <= p && p <= high) covered++;
    }
    // Brown, Cai & DasGupta: near the nominal level, with the ripple of a discrete count.
    const exact = exactCoverage(n, p);
    expect(Math.abs(exact - 0.95)).toBeLessThan(0.02);
    const standardError = Math.sqrt((exact * (1 - exact)) / runs);
    expect(Math.abs(covered / runs - exact)).toBeLessThan(5 * standardError);
  });

  test.each([
    [1, 0, 0.95, "wilsonInterval: total must be a positive integer, got 0"],
    [8, 7, 0.95, "wilsonInterval: correct must be an integer from 0 to 7, got 8"],
    [Number.NaN, 7, 0.95, "wilsonInterval: correct must be an integer from 0 to 7, got NaN"],
    [1, 7, 95, "wilsonInterval: confidence must lie between 0 and 1, got 95"],
  ])("refuses %f of %f at %f", (correct, total, confidence, message) => {
    expect(() => wilsonInterval(correct, total, confidence)).toThrow(message);
  });
});

/** Probability that the score test at 1.959964 accepts p, summed over the binomial counts. */
function exactCoverage(n: number, p: number): number {
  let probability = (1 - p) ** n;
  let sum = 0;
  for (let k = 0; k <= n; k++) {
    if (Math.abs(k / n - p) <= 1.959964 * Math.sqrt((p * (1 - p)) / n)) sum += probability;
    probability *= ((n - k) / (k + 1)) * (p / (1 - p));
  }
  return sum;
}
