import { describe, expect, test } from "vitest";
import { RandomSource } from "../../src/kernel/index.js";
import {
  bootstrapMeans,
  percentileInterval95,
  resamples,
  type Sample,
} from "../../src/math/bootstrap.js";
import { mean } from "../../src/math/statistics.js";
import { assertWithin } from "../within.js";

const source = new RandomSource("bootstrap test");

function sampleOf(units: number[], value: (unit: number) => number): Sample {
  return { units, values: units.map(value) };
}

function covariance(x: readonly number[], y: readonly number[]): number {
  const [meanX, meanY] = [mean(x), mean(y)];
  return mean(x.map((v, i) => (v - meanX) * (y[i]! - meanY)));
}

/** Of the estimate of a covariance from n pairs that are nearly normal. */
function covarianceError(x: readonly number[], y: readonly number[]): number {
  return Math.sqrt((covariance(x, x) * covariance(y, y) + covariance(x, y) ** 2) / x.length);
}

describe("means of resamples", () => {
  test("three values: each sum as often as among the 27 ways to draw them", () => {
    const values = [1, 4, 20];
    const ways = new Map<number, number>();
    for (const a of values) {
      for (const b of values) {
        for (const c of values) ways.set(a + b + c, (ways.get(a + b + c) ?? 0) + 1);
      }
    }
    const count = 54_000;
    const sample = { units: [7, 2, 5], values };
    const [means] = bootstrapMeans([sample], source.stream("three"), count);
    for (const [sum, way] of ways) {
      const p = way / 27;
      const share = means!.filter((m) => Math.abs(3 * m - sum) < 1e-9).length / count;
      assertWithin(share, p, Math.sqrt((p * (1 - p)) / count));
    }
  });

  test("spread and correlation: Σ(x − x̄)(y − ȳ) / n², for samples on the same units", () => {
    const units = [...Array(12).keys()];
    const x = sampleOf(units, (u) => Math.sin(5 * u));
    const y = sampleOf(units, (u) => Math.sin(5 * u) + 0.3 * Math.cos(u));
    const count = 20_000;
    const [meansX, meansY] = bootstrapMeans([x, y], source.stream("same"), count).map((m) => [
      ...m,
    ]);
    for (const [a, b, p, q] of [
      [meansX!, meansX!, x, x],
      [meansX!, meansY!, x, y],
    ] as const) {
      assertWithin(covariance(a, b), covariance(p.values, q.values) / 12, covarianceError(a, b));
    }
    assertWithin(
      mean(meansX!),
      mean(x.values),
      Math.sqrt(covariance(x.values, x.values) / 12 / count),
    );
  });

  test.each([
    [6, 8],
    [5, 20],
  ])("%i of %i units shared: the shared draws carry the correlation", (few, many) => {
    const x = sampleOf([...Array(few).keys()], (u) => (u * u) % 7);
    const y = sampleOf([...Array(many).keys()], (u) => ((u * u) % 7) + Math.cos(u));
    const count = 20_000;
    const [a, b] = bootstrapMeans([x, y], source.stream("few"), count).map((m) => [...m]);
    // Of the `many` draws of y those that x has too are binomial; x takes the first `few` of them.
    let shared = 0;
    const p = few / many;
    let probability = (1 - p) ** many;
    for (let k = 0; k <= many; k++) {
      shared += Math.min(k, few) * probability;
      probability *= ((many - k) / (k + 1)) * (p / (1 - p));
    }
    const theory = (shared * covariance(x.values, y.values.slice(0, few))) / (few * many);
    assertWithin(covariance(a!, b!), theory, covarianceError(a!, b!));
    assertWithin(covariance(a!, a!), covariance(x.values, x.values) / few, covarianceError(a!, a!));
    assertWithin(
      covariance(b!, b!),
      covariance(y.values, y.values) / many,
      covarianceError(b!, b!),
    );
  });

  test("samples without a common unit are independent", () => {
    const x = sampleOf([0, 1, 2, 3], (u) => u * u);
    const y = sampleOf([4, 5, 6, 7, 8], (u) => Math.cos(u));
    const [a, b] = bootstrapMeans([x, y], source.stream("apart"), 20_000).map((m) => [...m]);
    assertWithin(covariance(a!, b!), 0, covarianceError(a!, b!));
  });

  test("a sample's replicates do not depend on others with the same units, nor on their order", () => {
    const units = [3, 1, 2];
    const x = sampleOf(units, (u) => u ** 3);
    const alone = bootstrapMeans([x], source.stream("order"))[0]!;
    const turned = sampleOf([2, 3, 1], (u) => u ** 3);
    const others = bootstrapMeans([sampleOf(units, Math.sqrt), turned], source.stream("order"))[1]!;
    expect(alone).toHaveLength(resamples);
    expect(others).toEqual(alone);
  });

  test.each([
    [[], []],
    [[1, 2], [1]],
  ])("refuses units %j with values %j", (units, values) => {
    expect(() => bootstrapMeans([{ units, values }], source.stream("x"))).toThrow(
      `bootstrapMeans: needs one value for each of at least 1 unit, got ${values.length} for ${units.length}`,
    );
  });
});

describe("percentile interval", () => {
  const replicates = Float64Array.from({ length: 1999 }, (_, i) => ((i * 1000) % 1999) + 1);

  // t(0.975, ν) of the NIST/SEMATECH e-Handbook, 1.3.6.7.2; Φ of its 1.3.6.7.1.
  test.each([
    [1_000_000, 50], // Φ(−1.960) = 0.0250
    [20, 32], // t(19) = 2.093: Φ(−2.093 √(20/19)) = Φ(−2.147) = 0.0159
    [10, 17], // t(9) = 2.262: Φ(−2.384) = 0.0086
    [5, 2], // t(4) = 2.776: Φ(−3.104) = 0.0010
    [3, 1],
    [2, 1],
  ])("of %i units: from the k-th smallest to the k-th largest, k = %i", (units, k) => {
    expect(percentileInterval95(replicates, units)).toEqual([k, 2000 - k]);
  });

  test("infinite replicates are the outermost", () => {
    const values = Float64Array.from(replicates);
    for (let i = 0; i < 1999; i++) {
      if (values[i]! <= 49) values[i] = Number.NEGATIVE_INFINITY;
      if (values[i]! >= 1950) values[i] = Number.POSITIVE_INFINITY;
    }
    expect(percentileInterval95(values, 1e6)).toEqual([50, Number.POSITIVE_INFINITY]);
  });

  test("leaves the replicates in their order", () => {
    const values = Float64Array.of(3, 1, 2);
    expect(percentileInterval95(values, 4)).toEqual([1, 3]);
    expect([...values]).toEqual([3, 1, 2]);
  });

  test("refuses what has no interval", () => {
    expect(() => percentileInterval95(replicates, 1)).toThrow(
      "percentileInterval95: needs at least 2 units, got 1",
    );
    const message = "percentileInterval95: needs replicates that are numbers";
    expect(() => percentileInterval95(Float64Array.of(1, Number.NaN, 3), 9)).toThrow(message);
    expect(() => percentileInterval95(new Float64Array(0), 9)).toThrow(message);
  });
});
