import { describe, expect, test } from "vitest";
import { RandomSource } from "../../src/kernel/index.js";
import { jamesStein } from "../../src/receiver/james-stein.js";
import { assertWithin } from "../within.js";

const noiseVariance = 0.7;

/** Tensors of p weights each, about a mean of their own, and their observations. */
function draw(p: number, tensorCount: number, variance: number) {
  const random = new RandomSource(21).stream("james-stein");
  const size = p * tensorCount;
  const w = new Float32Array(size);
  const r = new Float32Array(size);
  const tensors = Array.from({ length: tensorCount }, (_, i) => ({
    from: i * p,
    to: (i + 1) * p,
    shape: [p],
  }));
  for (const { from, to } of tensors) {
    const mean = 3 * random.normal();
    for (let k = from; k < to; k++) {
      w[k] = mean + Math.sqrt(variance) * random.normal();
      r[k] = w[k] + Math.sqrt(noiseVariance) * random.normal();
    }
  }
  return { w, r, tensors, out: new Float32Array(size) };
}

/** Total squared error of each tensor: mean and its standard error. */
function risk(a: Float32Array, w: Float32Array, tensors: readonly { from: number; to: number }[]) {
  const totals = tensors.map(({ from, to }) => {
    let sum = 0;
    for (let k = from; k < to; k++) sum += (a[k] - w[k]) ** 2;
    return sum;
  });
  const mean = totals.reduce((x, y) => x + y) / totals.length;
  const square = totals.reduce((x, y) => x + (y - mean) ** 2, 0) / (totals.length - 1);
  return { totals, mean, se: Math.sqrt(square / totals.length) };
}

test("Gaussian weights: total squared error p σ² − (p − 3) σ⁴ / (V + σ²)", () => {
  const variance = 2.1; // so large that the positive part never acts
  const p = 40;
  const { w, r, tensors, out } = draw(p, 4000, variance);
  jamesStein.estimate(r, { noiseVariance, tensors }, {}, out);
  const theory = p * noiseVariance - ((p - 3) * noiseVariance ** 2) / (variance + noiseVariance);
  const { mean, se } = risk(out, w, tensors);
  assertWithin(mean, theory, se);
});

describe.each([0, 0.2, 9])("weights of variance %d", (variance) => {
  test("a tensor of 8 weights is nearer than r, on paired noise", () => {
    const { w, r, tensors, out } = draw(8, 20_000, variance);
    jamesStein.estimate(r, { noiseVariance, tensors }, {}, out);
    const mine = risk(out, w, tensors).totals;
    const theirs = risk(r, w, tensors).totals;
    const gains = mine.map((m, i) => theirs[i] - m);
    const mean = gains.reduce((a, b) => a + b) / gains.length;
    const se = Math.sqrt(gains.reduce((a, b) => a + (b - mean) ** 2, 0)) / gains.length;
    expect(mean / se).toBeGreaterThan(5);
  });
});

test("the positive part: a spread below the noise's is shrunk to the mean, never beyond it", () => {
  const r = Float32Array.of(1, 1.1, 0.9, 1.05, 0.95, 1);
  const out = new Float32Array(6);
  jamesStein.estimate(r, { noiseVariance, tensors: [{ from: 0, to: 6, shape: [6] }] }, {}, out);
  for (const v of out) expect(v).toBeCloseTo(1, 6);
});

test("one tensor by hand, and three weights or fewer stay as received", () => {
  const r = Float32Array.of(2, -1, 4, 0, 5, 1.5, 2.5);
  const tensors = [
    { from: 0, to: 5, shape: [5] },
    { from: 5, to: 7, shape: [2] },
  ];
  const out = new Float32Array(7);
  jamesStein.estimate(r, { noiseVariance, tensors }, {}, out);
  // Mean 2, Σ (r − 2)² = 26, B = 2 · 0.7 / 26.
  const keep = 1 - 1.4 / 26;
  [2, -1, 4, 0, 5].forEach((v, k) => {
    expect(out[k]).toBeCloseTo(2 + keep * (v - 2), 6);
  });
  expect([...out.subarray(5)]).toEqual([1.5, 2.5]);
});

test("different noise variances: the noisier a weight, the nearer to the mean; never below the equal case", () => {
  const { r, tensors, out } = draw(400, 3, 1.2);
  const same = new Float32Array(r.length);
  jamesStein.estimate(r, { noiseVariance, tensors }, {}, same);
  const equal = new Float32Array(r.length).fill(noiseVariance);
  jamesStein.estimate(r, { noiseVariance: equal, tensors }, {}, out);
  // Morris's form with one variance is the same up to terms of 1/p.
  for (let k = 0; k < r.length; k += 13) expect(Math.abs(out[k] - same[k])).toBeLessThan(0.03);
  const mixed = Float32Array.from(r, (_, k) => (k % 2 === 0 ? 0.1 : 3));
  jamesStein.estimate(r, { noiseVariance: mixed, tensors }, {}, out);
  const keep = (k: number, mean: number) => (out[k] - mean) / (r[k] - mean);
  for (const { from, to } of tensors) {
    // Two weights of equal noise tell the mean that they are shrunk to.
    const gain = (a: number, b: number) => (out[a] - out[b]) / (r[a] - r[b]);
    const little = gain(from, from + 2);
    const mean = (out[from] - little * r[from]) / (1 - little);
    for (let k = from + 10; k < to - 1; k += 50) {
      expect(keep(k - (k % 2), mean)).toBeGreaterThan(keep(k - (k % 2) + 1, mean));
    }
  }
});
