import seedrandom from "seedrandom";
import { describe, expect, test } from "vitest";
import { holm, pairedDifference, welchDifference } from "../../src/math/mean-difference.js";

/** Normals by Box and Muller, so that the test leans on no code of the project. */
function normals(seed: string): () => number {
  const uniform = seedrandom(seed);
  return () => Math.sqrt(-2 * Math.log(1 - uniform())) * Math.cos(2 * Math.PI * uniform());
}

const draw = (count: number, value: () => number) => Array.from({ length: count }, value);

/** Share of `runs` in which `holds` is true, less its theory, in standard errors. */
function deviation(runs: number, theory: number, holds: () => boolean): number {
  const share = draw(runs, () => (holds() ? 1 : 0)).reduce((a, b) => a + b, 0) / runs;
  return Math.abs(share - theory) / Math.sqrt((theory * (1 - theory)) / runs);
}

describe("against SciPy 1.17", () => {
  test("ttest_ind(y, x, equal_var=False)", () => {
    const x = [12.1, 11.4, 13.9, 12.8, 10.2, 14.5, 12.0];
    const y = [13.0, 15.9, 11.1, 17.8, 14.4];
    const found = welchDifference(x, y)!;
    expect(found.difference).toBeCloseTo(14.44 - 86.9 / 7, 12);
    expect(found.degreesOfFreedom).toBeCloseTo(5.8504015412067885, 10);
    expect(found.pValue).toBeCloseTo(0.1660281466137432, 8);
    expect(found.interval95[0]).toBeCloseTo(-1.127336814214999, 7);
    expect(found.interval95[1]).toBeCloseTo(5.1787653856435725, 7);
  });

  test("ttest_1samp(d, 0)", () => {
    const found = pairedDifference([0.4, -1.1, 2.3, 1.9, 0.8, 3.1])!;
    expect(found.degreesOfFreedom).toBe(5);
    expect(found.pValue).toBeCloseTo(0.10176829493284148, 8);
    expect(found.interval95[0]).toBeCloseTo(-0.3508163280910219, 7);
    expect(found.interval95[1]).toBeCloseTo(2.817482994757789, 7);
  });
});

test("the interval leaves out 0 where p is below 5 %, and nowhere else", () => {
  const normal = normals("interval and p");
  for (let i = 0; i < 500; i++) {
    const x = draw(4, () => normal());
    const y = draw(6, () => 2 * normal() + 1);
    for (const { interval95, pValue } of [welchDifference(x, y)!, pairedDifference(y)!]) {
      expect(interval95[0] > 0 || interval95[1] < 0).toBe(pValue < 0.05);
    }
  }
});

test("Welch covers the true difference in 95 % of samples of unequal variance and size", () => {
  const normal = normals("welch");
  const covers = () => {
    const x = draw(12, () => 3 + 4 * normal());
    const y = draw(6, () => 5 + normal());
    const [low, high] = welchDifference(x, y)!.interval95;
    return low <= 2 && 2 <= high;
  };
  // Satterthwaite's degrees of freedom are an approximation; here it is off by less than 0.1 %.
  expect(deviation(4000, 0.95, covers)).toBeLessThan(5);
});

test("pairs that share their noise: exact coverage, and narrower than Welch by √(1 − ρ)", () => {
  const normal = normals("paired");
  let [paired, welch] = [0, 0];
  const covers = () => {
    const shared = draw(200, () => normal());
    // Correlation ρ = 0.9.
    const own = () => Math.sqrt(0.1) * normal();
    const x = shared.map((z) => Math.sqrt(0.9) * z + own());
    const y = shared.map((z) => Math.sqrt(0.9) * z + own() + 0.3);
    const ofPairs = pairedDifference(y.map((v, k) => v - x[k]!))!.interval95;
    const ofSamples = welchDifference(x, y)!.interval95;
    paired += ofPairs[1] - ofPairs[0];
    welch += ofSamples[1] - ofSamples[0];
    return ofPairs[0] <= 0.3 && 0.3 <= ofPairs[1];
  };
  expect(deviation(2000, 0.95, covers)).toBeLessThan(5);
  expect(paired / welch).toBeCloseTo(Math.sqrt(0.1), 2);
});

test("without spread: a point, certain unless it is 0; too few values: nothing", () => {
  expect(pairedDifference([3, 3, 3])).toMatchObject({ interval95: [3, 3], pValue: 0 });
  expect(pairedDifference([0, 0, 0])).toMatchObject({ interval95: [0, 0], pValue: 1 });
  expect(welchDifference([7, 7], [9, 9, 9])).toMatchObject({
    difference: 2,
    interval95: [2, 2],
    degreesOfFreedom: 3,
    pValue: 0,
  });
  expect(welchDifference([7, 7], [7, 7])).toMatchObject({ interval95: [0, 0], pValue: 1 });
  expect(pairedDifference([3])).toBeUndefined();
  expect(welchDifference([3], [1, 2])).toBeUndefined();
});

describe("Holm", () => {
  test("by hand: factors 4, 3, 2, 1 from the smallest p on, never falling, at most 1", () => {
    expect(holm([0.01, 0.04, 0.03, 0.005])).toEqual([0.03, 0.06, 0.06, 0.02]);
    expect(holm([0.6, 0.5])).toEqual([1, 1]);
    expect(holm([])).toEqual([]);
  });

  test("without any effect, something is significant in at most 5 % of studies, 5 % if independent", () => {
    const uniform = seedrandom("holm");
    const independent = () => Math.min(...holm(draw(20, () => uniform()))) < 0.05;
    // 1 − (1 − 0.05/20)^20
    expect(deviation(4000, 1 - (1 - 0.05 / 20) ** 20, independent)).toBeLessThan(5);
    const dependent = draw(4000, () => holm(Array(20).fill(uniform()))[0]!);
    expect(dependent.filter((p) => p < 0.05).length / 4000).toBeLessThan(0.05);
  });
});
