import { describe, expect, test } from "vitest";
import { RandomSource } from "../../src/kernel/index.js";
import { svdShrinkage } from "../../src/receiver/svd-shrinkage.js";

const [outs, ins, taps] = [48, 64, 9];
const size = outs * ins * taps;

/** A convolution of few directions: outputs by inputs of rank 3 for each tap. */
const w = lowRank();
const energy = squaredError(w, new Float32Array(size));
const strength = { strength: 1 };

/** Uniform, so that noise has nothing to do with a weight's place. */
const uniform = new RandomSource(8).stream("places");
const places = Float64Array.from({ length: size }, () => uniform.uniform());

function lowRank(): Float32Array {
  const random = new RandomSource(6);
  const [left, right] = [new Float32Array(outs * taps * 3), new Float32Array(ins * 3)];
  random.stream("left").fillNormal(left, 1);
  random.stream("right").fillNormal(right, 1 / Math.sqrt(3));
  return Float32Array.from({ length: size }, (_, k) => {
    const [out, input, tap] = [Math.floor(k / (ins * taps)), Math.floor(k / taps) % ins, k % taps];
    let sum = 0;
    for (let i = 0; i < 3; i++) sum += left[(out * taps + tap) * 3 + i] * right[input * 3 + i];
    return sum;
  });
}

function squaredError(a: Float32Array, b: Float32Array): number {
  return a.reduce((sum, v, k) => sum + (v - b[k]) ** 2, 0);
}

function noisy(noiseVariance: number | Float32Array): Float32Array {
  const r = new Float32Array(size);
  new RandomSource(7).stream("noise").fillNormal(r, 1);
  return r.map((n, k) => {
    const variance = typeof noiseVariance === "number" ? noiseVariance : noiseVariance[k];
    return variance === Infinity ? 0.01 : w[k] + Math.sqrt(variance) * n;
  });
}

function errorOf(noiseVariance: number | Float32Array, shape = [outs, ins, 3, 3]): number {
  const out = new Float32Array(size);
  const tensors = [{ from: 0, to: size, shape }];
  svdShrinkage.estimate(noisy(noiseVariance), { noiseVariance, tensors }, strength, out);
  return squaredError(out, w);
}

describe("a tensor of few directions at 0 dB", () => {
  test("its error is that of what the directions hold, a small part of the linear estimate's", () => {
    // Three directions of 432 + 64 weights each, of 27,648.
    expect(errorOf(1) / (0.5 * energy)).toBeLessThan(0.2);
  });

  test("the layout of its dimensions does not matter", () => {
    // The same numbers as inputs by outputs and taps: the one unfolding that shows the directions is found.
    const moved = (values: Float32Array) => {
      const out = new Float32Array(size);
      for (let k = 0; k < size; k++) {
        const [o, i, t] = [Math.floor(k / (ins * taps)), Math.floor(k / taps) % ins, k % taps];
        out[(t * ins + i) * outs + o] = values[k];
      }
      return out;
    };
    const out = new Float32Array(size);
    const tensors = [{ from: 0, to: size, shape: [3, 3, ins, outs] }];
    svdShrinkage.estimate(moved(noisy(1)), { noiseVariance: 1, tensors }, strength, out);
    expect(squaredError(out, moved(w)) / errorOf(1)).toBeCloseTo(1, 3);
  });

  test("a shape of one dimension knows of no directions", () => {
    expect(errorOf(1, [size]) / (0.5 * energy)).toBeGreaterThan(0.9);
  });
});

test("noise that differs between weights counts by what it leaves: the same as white noise of that strength", () => {
  for (const noise of [0.1, 4]) {
    expect(errorOf(new Float32Array(size).fill(noise)) / errorOf(noise)).toBeCloseTo(1, 2);
  }
  const mixed = Float32Array.from({ length: size }, (_, k) => (places[k] < 5 / 13 ? 0.2 : 3));
  const variance = energy / size;
  const gain = (5 / 13) * (variance / (variance + 0.2)) + (8 / 13) * (variance / (variance + 3));
  const like = errorOf(mixed) / errorOf(variance * (1 / gain - 1));
  expect(like).toBeGreaterThan(0.8);
  expect(like).toBeLessThan(1.5);
  // White noise of the mean variance is worse: what is nearly free of noise counts for more.
  expect(errorOf(mixed) / errorOf((5 / 13) * 0.2 + (8 / 13) * 3)).toBeLessThan(0.9);
});

test("lost weights get their values from their rows and columns", () => {
  const third = Float32Array.from({ length: size }, (_, k) => (places[k] < 1 / 3 ? Infinity : 0.1));
  const out = new Float32Array(size);
  const tensors = [{ from: 0, to: size, shape: [outs, ins, 3, 3] }];
  svdShrinkage.estimate(noisy(third), { noiseVariance: third, tensors }, strength, out);
  const lost = third.map((v) => (v === Infinity ? 1 : 0));
  const error = out.reduce((sum, v, k) => sum + lost[k] * (v - w[k]) ** 2, 0);
  const all = w.reduce((sum, v, k) => sum + lost[k] * v * v, 0);
  expect(error / all).toBeLessThan(0.25);
});

test("strength: 0.3 where nothing is said, several to choose from, none beyond 1", () => {
  const settings = (strength?: unknown) =>
    svdShrinkage.settings(svdShrinkage.params.parse({ strength }));
  expect(settings()).toEqual([{ strength: 0.3 }]);
  expect(settings("0:0.5:1")).toHaveLength(3);
  expect(svdShrinkage.params.safeParse({ strength: 1.2 }).success).toBe(false);
  const r = noisy(1);
  const out = new Float32Array(size);
  const known = { noiseVariance: 1, tensors: [{ from: 0, to: size, shape: [outs, ins, 3, 3] }] };
  svdShrinkage.estimate(r, known, { strength: 0 }, out);
  expect(out.every((v, k) => Math.abs(v - r[k]) < 1e-5)).toBe(true);
});
