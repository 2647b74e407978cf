import { describe, expect, test } from "vitest";
import { omegaBits, Quantizer } from "../../src/federated/qsgd.js";
import { RandomSource } from "../../src/kernel/index.js";
import { assertWithin } from "../within.js";

function gaussian(size: number, seed = 1): Float32Array {
  const v = new Float32Array(size);
  new RandomSource(seed).stream("v").fillNormal(v, 0.3);
  return v;
}

function quantized(v: Float32Array, levels: number, seed: number): Float32Array {
  const quantizer = new Quantizer(v.length);
  quantizer.take(v, new RandomSource(seed).stream("dither"));
  const out = new Float32Array(v.length);
  quantizer.addTo(out, levels);
  return out;
}

function normOf(v: ArrayLike<number>): number {
  return Math.sqrt(Array.from(v).reduce((sum, x) => sum + x * x, 0));
}

/** Elias's omega code, as it is written. */
function omega(n: number): string {
  let code = "0";
  for (let rest = n; rest > 1; ) {
    const group = rest.toString(2);
    code = group + code;
    rest = group.length - 1;
  }
  return code;
}

test("bits of Elias's omega code are those of the code as it is written", () => {
  for (const n of [1, 2, 3, 4, 7, 8, 15, 16, 17, 100, 255, 256, 65_535, 65_536, 2 ** 24, 2 ** 30]) {
    expect(omegaBits(n), String(n)).toBe(omega(n).length);
  }
});

describe.each([
  [1, 900], // sparse form
  [4, 900],
  [200, 900], // dense form
  [7, 1], // a scalar
])("%s levels, %s components", (levels, size) => {
  test("the size is that of the shorter of the two codes, written out", () => {
    const v = gaussian(size);
    const norm = Math.fround(normOf(v));
    const step = norm / levels;
    const q = Array.from(quantized(v, levels, 3), (x) => Math.round(x / step));
    const dense = q.map((l) => omega(Math.abs(l) + 1) + (l === 0 ? "" : "s")).join("");
    const places = q.flatMap((l, i) => (l === 0 ? [] : [i]));
    const sparse =
      omega(places.length + 1) +
      places.map((i, n) => `${omega(i - (places[n - 1] ?? -1))}s${omega(Math.abs(q[i]))}`).join("");
    const head = `${"f".repeat(64)}b${omega(levels)}`;
    const quantizer = new Quantizer(size);
    quantizer.take(v, new RandomSource(3).stream("dither"));
    expect(quantizer.bits(levels)).toBe(head.length + Math.min(dense.length, sparse.length));
  });

  test("unbiased, with the stated variance", () => {
    const v = gaussian(size);
    const quantizer = new Quantizer(size);
    const random = new RandomSource(11);
    const repeats = 400;
    const sum = new Float64Array(size);
    let squares = 0;
    let stated = 0;
    for (let n = 0; n < repeats; n++) {
      quantizer.take(v, random.stream(`dither ${n}`));
      const q = new Float32Array(size);
      quantizer.addTo(q, levels);
      stated = quantizer.variance(levels);
      for (let i = 0; i < size; i++) {
        sum[i] += q[i] - v[i];
        squares += (q[i] - v[i]) ** 2;
      }
    }
    // Along v itself and along a direction of ones, errors must average out.
    const along = (direction: (i: number) => number) => {
      let mean = 0;
      let most = 0;
      for (let i = 0; i < size; i++) {
        mean += (sum[i] / repeats) * direction(i);
        most = Math.max(most, Math.abs(direction(i)));
      }
      // Errors of components are independent, so that the variance is at most that of the largest weight.
      assertWithin(mean, 0, most * Math.sqrt((size * stated) / repeats) + 1e-6);
    };
    along(() => 1);
    along((i) => v[i]);
    const theory = size * stated;
    // Errors lie within a step, so that their squares vary by less than step² times their mean.
    const step = normOf(v) / levels;
    assertWithin(squares / repeats, theory, step * Math.sqrt(theory / repeats) + 1e-9);
    const bound = Math.min(size / levels ** 2, Math.sqrt(size) / levels) * normOf(v) ** 2;
    expect(theory).toBeLessThanOrEqual(bound * (1 + 1e-6));
  });
});

test.each([300, 2000, 9000])("levelsWithin %s bits: they fit, and one more does not", (bits) => {
  const quantizer = new Quantizer(1000);
  quantizer.take(gaussian(1000), new RandomSource(2).stream("dither"));
  const levels = quantizer.levelsWithin(bits);
  if (levels > 0) expect(quantizer.bits(levels)).toBeLessThanOrEqual(bits);
  expect(quantizer.bits(levels + 1)).toBeGreaterThan(bits);
});

test("nothing fits into fewer bits than the head", () => {
  const quantizer = new Quantizer(10);
  quantizer.take(gaussian(10), new RandomSource(2).stream("dither"));
  expect(quantizer.levelsWithin(65)).toBe(0);
  expect(quantizer.levelsWithin(Number.NaN)).toBe(0);
});

test("room without end: the most levels, and errors of float32", () => {
  const v = gaussian(200);
  const quantizer = new Quantizer(200);
  quantizer.take(v, new RandomSource(2).stream("dither"));
  expect(quantizer.levelsWithin(1e9)).toBe(2 ** 24);
  const q = quantized(v, 2 ** 24, 2);
  expect(Math.max(...v.map((x, i) => Math.abs(q[i] - x)))).toBeLessThan(normOf(v) * 2 ** -23);
});

test("a vector of zeros is one of zeros", () => {
  const zeros = new Float32Array(50);
  expect(quantized(zeros, 3, 1).every((x) => x === 0)).toBe(true);
  const quantizer = new Quantizer(50);
  quantizer.take(zeros, new RandomSource(2).stream("dither"));
  expect(quantizer.variance(3)).toBe(0);
});
