import { describe, expect, test } from "vitest";
import { RandomSource } from "../../src/kernel/index.js";
import { estimators } from "../../src/receiver/index.js";
import { ml } from "../../src/receiver/ml.js";
import { mmse } from "../../src/receiver/mmse.js";
import { mmsePb } from "../../src/receiver/mmse-pb.js";
import { assertWithin } from "../within.js";

const count = 200_000;
const prior = { mean: 0.3, variance: 2.5 };

/** w ~ N(mean, variance) and r = w + n with per-weight or common noise variance. */
function draw(noiseVariance: number | Float32Array) {
  const w = new Float32Array(count);
  const r = new Float32Array(count);
  new RandomSource(11).stream("weights").fillNormal(w, Math.sqrt(prior.variance), prior.mean);
  new RandomSource(11).stream("noise").fillNormal(r, 1);
  for (let k = 0; k < count; k++) {
    const v = typeof noiseVariance === "number" ? noiseVariance : noiseVariance[k];
    r[k] = w[k] + Math.sqrt(v) * r[k];
  }
  return { w, r };
}

function meanSquareError(a: Float32Array, b: Float32Array): number {
  let sum = 0;
  for (let k = 0; k < a.length; k++) sum += (a[k] - b[k]) ** 2;
  return sum / a.length;
}

/** A mean of n squared Gaussians of variance v has standard error v √(2/n). */
const standardError = (variance: number) => variance * Math.sqrt(2 / count);

describe.each([0.4, 1.7])("noise variance %d", (noiseVariance) => {
  const { w, r } = draw(noiseVariance);
  const out = new Float32Array(count);

  test("ml: mean square error is Var[n]", () => {
    ml.estimate(r, {}, {}, out);
    assertWithin(meanSquareError(out, w), noiseVariance, standardError(noiseVariance));
  });

  test("mmse: mean square error is Var[w] Var[n] / (Var[w] + Var[n])", () => {
    mmse.estimate(r, { noiseVariance, prior }, {}, out);
    const theory = (prior.variance * noiseVariance) / (prior.variance + noiseVariance);
    assertWithin(meanSquareError(out, w), theory, standardError(theory));
  });

  test("mmse-pb: bias and variance follow the gain θ = η / (η + 1 − λ')", () => {
    const lambda = 0.6;
    const beta = -0.7;
    mmsePb.estimate(r, { noiseVariance, prior }, { lambda, beta }, out);
    const eta = prior.variance / noiseVariance;
    const theta = eta / (eta + 1 - lambda);
    const shift = (prior.variance * beta) / (eta + 1 - lambda);
    // ŵ − w = (θ − 1) w + θ n + shift
    const mean = (theta - 1) * prior.mean + shift;
    const variance = (theta - 1) ** 2 * prior.variance + theta ** 2 * noiseVariance;
    const se = Math.sqrt((2 * variance ** 2 + 4 * mean ** 2 * variance) / count);
    assertWithin(meanSquareError(out, w), mean ** 2 + variance, se);
  });

  test("mmse-pb: λ' = 1, β = 0 is ml; λ' = 0, β = μ/σ_w² is mmse", () => {
    const other = new Float32Array(count);
    mmsePb.estimate(r, { noiseVariance, prior }, { lambda: 1, beta: 0 }, out);
    // Not toEqual, which would print 200,000 numbers.
    expect(out.every((v, k) => v === r[k])).toBe(true);
    mmse.estimate(r, { noiseVariance, prior }, {}, other);
    const setting = { lambda: 0, beta: prior.mean / prior.variance };
    mmsePb.estimate(r, { noiseVariance, prior }, setting, out);
    for (let k = 0; k < count; k += 97) expect(out[k]).toBeCloseTo(other[k], 5);
  });
});

test("per-weight noise: each weight gets the estimate of its own noise variance", () => {
  const noiseVariance = Float32Array.from({ length: count }, (_, k) => (k % 2 ? 0.25 : 4));
  const { r } = draw(noiseVariance);
  const mixed = new Float32Array(count);
  const single = new Float32Array(count);
  for (const [estimator, setting] of [
    [mmse, {}],
    [mmsePb, { lambda: 0.8, beta: 0.5 }],
  ] as const) {
    estimator.estimate(r, { noiseVariance, prior }, setting as never, mixed);
    for (const parity of [0, 1]) {
      const known = { noiseVariance: parity ? 0.25 : 4, prior };
      estimator.estimate(r, known, setting as never, single);
      // Not an assertion per weight, which would take a minute.
      expect(mixed.every((v, k) => k % 2 !== parity || v === single[k])).toBe(true);
    }
  }
});

test("mmse-pb: a setting is valid before the pole λ' = 1 + η and not from it on", () => {
  const noiseVariance = 5; // η = 0.5
  const isValid = (lambda: number, noise: number | Float32Array = noiseVariance) =>
    mmsePb.isValid!({ noiseVariance: noise, prior })({ lambda, beta: 0 });
  expect([1, 1.49, 1.5, 1.51].map((lambda) => isValid(lambda))).toEqual([true, true, false, false]);
  // The noisiest weight meets it first.
  expect(isValid(1.49, Float32Array.of(0.1, 5, 1))).toBe(true);
  expect(isValid(1.49, Float32Array.of(0.1, 6, 1))).toBe(false);
});

test("mmse, mmse-pb: with a prior per tensor each tensor has its own gain", () => {
  const noiseVariance = 0.8;
  const variances = [0.1, 6.3];
  const parts = variances.map((variance, i) => ({
    from: (i * count) / 2,
    to: ((i + 1) * count) / 2,
    mean: i - 0.3,
    variance,
  }));
  const random = new RandomSource(12);
  const w = new Float32Array(count);
  const r = new Float32Array(count);
  const out = new Float32Array(count);
  const noise = random.stream("noise");
  for (const { from, to, mean, variance } of parts) {
    random.stream(`weights ${from}`).fillNormal(w.subarray(from, to), Math.sqrt(variance), mean);
  }
  for (let k = 0; k < count; k++) r[k] = w[k] + Math.sqrt(noiseVariance) * noise.normal();
  const known = { noiseVariance, prior: { mean: 0.2, variance: 3.4, parts } };
  mmse.estimate(r, known, {}, out);
  for (const { from, to, variance } of parts) {
    const theory = (variance * noiseVariance) / (variance + noiseVariance);
    const error = meanSquareError(out.subarray(from, to), w.subarray(from, to));
    assertWithin(error, theory, theory * Math.sqrt(2 / (count / 2)));
  }
  mmsePb.estimate(r, known, { lambda: 0.4, beta: 0 }, out);
  for (const [i, k] of [10, count - 10].entries()) {
    const eta = variances[i] / noiseVariance;
    expect(out[k] / r[k]).toBeCloseTo(eta / (eta + 1 - 0.4), 5);
  }
  // The pole is that of the tensor with the least variance: 1 + 0.1/0.8.
  const valid = [1.12, 1.13].map((lambda) => mmsePb.isValid!(known)({ lambda, beta: 0 }));
  expect(valid).toEqual([true, false]);
});

test("mmse-pb: the grid is the product of its lists", () => {
  const params = mmsePb.params.parse({ lambda: "0.95:0.01:1.06", beta: "-4:0.2:0.4" });
  const settings = mmsePb.settings(params);
  expect(settings).toHaveLength(12 * 23);
  expect(settings[1]).toEqual({ lambda: 0.95, beta: -3.8 });
});

describe.each(estimators.map((e) => [e.name, e] as const))("%s", (_name, estimator) => {
  const setting = { lambda: 0.5, beta: 0.3, strength: 0.5 } as never;
  const tensors = [
    { from: 0, to: 1, shape: [1] },
    { from: 1, to: 4, shape: [3] },
  ];

  test("without noise it gives the weights", () => {
    const r = Float32Array.of(0.1, -2, 0, 3);
    const out = new Float32Array(4);
    for (const noiseVariance of [0, new Float32Array(4)]) {
      const known = { noiseVariance, prior: { mean: 0.1, variance: 0 }, tensors };
      estimator.estimate(r, known, setting, out);
      expect(out).toEqual(r);
    }
  });

  test("an erased weight becomes the prior mean, whatever its neighbours are", () => {
    const r = Float32Array.of(0.3, -2, 0.3, 3);
    const noiseVariance = Float32Array.of(Infinity, 0.5, Infinity, 0);
    const out = new Float32Array(4);
    const known = { noiseVariance, prior, tensors };
    estimator.estimate(r, known, setting, out);
    expect(out.every(Number.isFinite)).toBe(true);
    expect(out[0]).toBe(r[0]);
    // These have no prior: the rest of the tensor says where it lies.
    if (["james-stein", "svd-shrinkage"].includes(estimator.name))
      expect(out[2]).toBeGreaterThan(2.9);
    else expect(out[2]).toBe(r[2]);
    expect(out[3]).toBe(3);
    estimator.estimate(r, { ...known, noiseVariance: Infinity }, setting, out);
    expect(out.every(Number.isFinite)).toBe(true);
  });

  test("leaves the observation as it is, and has strict parameters", () => {
    const r = Float32Array.of(0.1, -2, 0, 3);
    const out = new Float32Array(4);
    const known = { noiseVariance: 0.5, prior, tensors };
    estimator.estimate(r, known, setting, out);
    expect(r).toEqual(Float32Array.of(0.1, -2, 0, 3));
    expect(estimator.params.safeParse({ lamda: 1 }).success).toBe(false);
  });
});
