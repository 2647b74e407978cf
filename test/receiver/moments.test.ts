import { describe, expect, test } from "vitest";
import { RandomSource } from "../../src/kernel/index.js";
import { estimateMoments, momentsOf } from "../../src/receiver/moments.js";
import { assertWithin } from "../within.js";

const count = 100_000;
const mean = 0.3;
const variance = 2.5;

/** r = w + n, w ~ N(mean, variance). */
function received(noiseVariance: number | Float32Array): Float32Array {
  const random = new RandomSource(5);
  const r = new Float32Array(count);
  const n = new Float32Array(count);
  random.stream("weights").fillNormal(r, Math.sqrt(variance), mean);
  random.stream("noise").fillNormal(n, 1);
  for (let k = 0; k < count; k++) {
    const v = typeof noiseVariance === "number" ? noiseVariance : noiseVariance[k];
    r[k] += v === Infinity ? 1000 : Math.sqrt(v) * n[k];
  }
  return r;
}

/** 1/|h|² of Rayleigh fading, an eighth of the weights erased: the mean of it has no expectation. */
function fades(): Float32Array {
  const random = new RandomSource(5).stream("fades");
  return Float32Array.from({ length: count }, (_, k) =>
    k % 8 === 3 ? Infinity : 0.7 / -Math.log(1 - random.uniform()),
  );
}

test("one noise variance: mean of r, and var(r) − σ²", () => {
  const noise = 1.7;
  const found = estimateMoments(received(noise), noise);
  assertWithin(found.mean, mean, Math.sqrt((variance + noise) / count));
  assertWithin(found.variance, variance, (variance + noise) * Math.sqrt(2 / count));
});

describe("noise variances behind Rayleigh fades, with erasures", () => {
  const noise = fades();
  const r = received(noise);
  const found = estimateMoments(r, noise);

  test("mean and variance within five standard errors of the weights'", () => {
    let first = 0;
    let second = 0;
    for (const v of noise) {
      if (v === Infinity) continue;
      first += 1 / (variance + v);
      second += 1 / (variance + v) ** 2;
    }
    assertWithin(found.mean, mean, 1 / Math.sqrt(first));
    assertWithin(found.variance, variance, Math.sqrt(2 / second));
  });

  test("they solve the likelihood equations", () => {
    let location = 0;
    let spread = 0;
    let scale = 0;
    for (let k = 0; k < count; k++) {
      const total = found.variance + noise[k];
      if (total === Infinity) continue;
      location += (r[k] - found.mean) / total;
      spread += ((r[k] - found.mean) ** 2 - total) / total ** 2;
      scale += 1 / total;
    }
    expect(Math.abs(location / scale)).toBeLessThan(1e-4);
    expect(Math.abs(spread / scale)).toBeLessThan(1e-4);
  });
});

test("noise beyond the weights' own variance: floored at 0", () => {
  const r = received(0.5);
  expect(estimateMoments(r, 5).variance).toBe(0);
  expect(estimateMoments(r, new Float32Array(count).fill(5)).variance).toBe(0);
});

test("without noise they are the moments, one variance or many; with some erased, those of the rest", () => {
  const r = received(0);
  const { mean: m, variance: v } = momentsOf(r);
  expect(estimateMoments(r, 0)).toEqual({ mean: m, variance: v });
  const many = estimateMoments(r, new Float32Array(count));
  expect(many.mean).toBeCloseTo(m, 9);
  expect(many.variance).toBeCloseTo(v, 9);
  const noise = new Float32Array(count);
  noise.fill(Infinity, 0, count / 2);
  const rest = estimateMoments(r, noise);
  expect(rest.mean).toBeCloseTo(momentsOf(r, count / 2).mean, 9);
  expect(rest.variance).toBeCloseTo(momentsOf(r, count / 2).variance, 9);
});

test("nothing arrived: the mean announced, and no variance; zeros do no harm", () => {
  const r = new Float32Array(40).fill(0.25);
  const lost = new Float32Array(40).fill(Infinity);
  expect(estimateMoments(r, lost)).toEqual({ mean: 0.25, variance: 0 });
  expect(estimateMoments(new Float32Array(40), new Float32Array(40))).toEqual({
    mean: 0,
    variance: 0,
  });
});
