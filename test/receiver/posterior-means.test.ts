import { describe, expect, test } from "vitest";
import { RandomSource } from "../../src/kernel/index.js";
import { mmseErasure } from "../../src/receiver/mmse-erasure.js";
import { mmseLaplace } from "../../src/receiver/mmse-laplace.js";
import { mmseMixture } from "../../src/receiver/mmse-mixture.js";
import { assertWithin } from "../within.js";

const mean = -0.2;
const variance = 1.3;
const mixture = {
  shares: Float64Array.of(0.5, 0.3, 0.2),
  means: Float64Array.of(-0.6, 0.1, 0.35),
  variances: Float64Array.of(0.02, 0.9, 4.1),
};

const normal = (x: number, m: number, v: number) =>
  Math.exp(-((x - m) ** 2) / (2 * v)) / Math.sqrt(2 * Math.PI * v);
const laplacian = (w: number) => {
  const b = Math.sqrt(variance / 2);
  return Math.exp(-Math.abs(w - mean) / b) / (2 * b);
};
const mixed = (w: number) =>
  mixture.shares.reduce(
    (sum, p, j) => sum + p * normal(w, mixture.means[j], mixture.variances[j]),
    0,
  );

/** E[w | r] = ∫ w p(w) N(r; w, σ²) dw / ∫ p(w) N(r; w, σ²) dw by the midpoint rule; also E[(w − ŵ)² | r]. */
function integrate(prior: (w: number) => number, r: number, noise: number) {
  // Wide enough for prior and likelihood, with the cusp of the Laplacian on an edge between steps.
  const reach = 40;
  const steps = 80_000;
  const h = (2 * reach) / steps;
  let [mass, first, second] = [0, 0, 0];
  for (let i = 0; i < steps; i++) {
    const w = mean - reach + (i + 0.5) * h;
    const density = prior(w) * normal(r, w, noise);
    mass += density;
    first += density * w;
    second += density * w * w;
  }
  return { mass, mean: first / mass, spread: second / mass - (first / mass) ** 2 };
}

const cases = [
  {
    name: "mmse-laplace",
    estimator: mmseLaplace,
    density: laplacian,
    prior: { mean, variance },
  },
  {
    name: "mmse-mixture",
    estimator: mmseMixture,
    density: mixed,
    prior: { mean, variance, parts: [{ from: 0, to: 11, mean, variance, mixture }] },
  },
];

describe.each(cases)("$name", ({ estimator, density, prior }) => {
  test.each([0.004, 0.3, 1.9, 60])("noise variance %d: the integral over the prior", (noise) => {
    const r = Float32Array.of(-8, -2.5, -0.9, -0.3, -0.2, -0.1, 0.02, 0.4, 1.2, 3.3, 11);
    const one = new Float32Array(r.length);
    const each = new Float32Array(r.length);
    estimator.estimate(r, { noiseVariance: noise, prior }, {}, one);
    const noiseVariance = new Float32Array(r.length).fill(noise);
    estimator.estimate(r, { noiseVariance, prior }, {}, each);
    for (let k = 0; k < r.length; k++) {
      const theory = integrate(density, r[k], noise).mean;
      // Single precision of the estimate.
      expect(Math.abs(one[k] - theory)).toBeLessThan(1e-6 * Math.max(1, Math.abs(theory)));
      expect(Math.abs(each[k] - theory)).toBeLessThan(1e-6 * Math.max(1, Math.abs(theory)));
    }
  });
});

test("mmse-laplace: far out it shrinks by σ²/b, and by less than float32 tells for small and huge σ/b", () => {
  const b = Math.sqrt(variance / 2);
  const out = new Float32Array(1);
  const estimate = (r: number, noiseVariance: number) => {
    mmseLaplace.estimate(Float32Array.of(r), { noiseVariance, prior: { mean, variance } }, {}, out);
    return out[0];
  };
  expect(estimate(500, 0.7)).toBeCloseTo(500 - 0.7 / b, 3);
  expect(estimate(-500, 0.7)).toBeCloseTo(-500 + 0.7 / b, 3);
  expect(estimate(1.234, 1e-12)).toBeCloseTo(1.234, 6);
  // σ/b = 9,999 and 10,001: the formula and its limit 2 d / (2 + c²) meet.
  for (const c of [300, 9_999, 10_001]) {
    const d = 3 * c * b;
    const linear = mean + (2 * d) / (2 + c * c);
    expect(estimate(mean + d, (c * b) ** 2)).toBeCloseTo(linear, 5);
  }
});

/** Weights of the prior, in float32, with noise of the given variances in turn. */
function draw(
  sample: (random: { uniform(): number; normal(): number }) => number,
  noise: number[],
) {
  const count = 60_000;
  const source = new RandomSource(8);
  const [weights, channel] = [source.stream("weights"), source.stream("noise")];
  const w = Float32Array.from({ length: count }, () => sample(weights));
  const noiseVariance = Float32Array.from({ length: count }, (_, k) => noise[k % noise.length]);
  const r = Float32Array.from(w, (v, k) => v + Math.sqrt(noiseVariance[k]) * channel.normal());
  return { w, r, noiseVariance };
}

describe.each([
  {
    ...cases[0],
    sample: (random: { uniform(): number }) => {
      const sign = random.uniform() < 0.5 ? -1 : 1;
      return mean - sign * Math.sqrt(variance / 2) * Math.log(1 - random.uniform());
    },
  },
  {
    ...cases[1],
    sample: (random: { uniform(): number; normal(): number }) => {
      const u = random.uniform();
      const j = u < 0.5 ? 0 : u < 0.8 ? 1 : 2;
      return mixture.means[j] + Math.sqrt(mixture.variances[j]) * random.normal();
    },
  },
])("$name on weights of its prior", ({ estimator, density, prior, sample }) => {
  test("unbiased, with the mean square error of the integral", () => {
    const noises = [0.3, 1.9];
    const { w, r, noiseVariance } = draw(sample, noises);
    const out = new Float32Array(w.length);
    const whole =
      prior.parts === undefined
        ? prior
        : { ...prior, parts: [{ ...prior.parts[0], to: w.length }] };
    estimator.estimate(r, { noiseVariance, prior: whole }, {}, out);
    const errors = out.map((v, k) => v - w[k]);
    const bias = errors.reduce((a, e) => a + e, 0) / w.length;
    const squares = errors.map((e) => e * e);
    const mse = squares.reduce((a, s) => a + s, 0) / w.length;
    const spread = squares.reduce((a, s) => a + (s - mse) ** 2, 0) / w.length;
    assertWithin(bias, 0, Math.sqrt(mse / w.length));
    // E over r of the posterior variance, on a grid of r.
    const theory =
      noises
        .map((noise) => {
          let sum = 0;
          let mass = 0;
          for (let x = -30; x <= 30; x += 0.15) {
            const posterior = integrateCoarse(density, x, noise);
            sum += posterior.mass * posterior.spread;
            mass += posterior.mass;
          }
          return sum / mass;
        })
        .reduce((a, b) => a + b) / noises.length;
    assertWithin(mse, theory, Math.sqrt(spread / w.length));
  });
});

/** As `integrate`, coarse enough to be repeated over r. */
function integrateCoarse(prior: (w: number) => number, r: number, noise: number) {
  const h = 0.02;
  let [mass, first, second] = [0, 0, 0];
  for (let w = mean - 24 + h / 2; w < mean + 24; w += h) {
    const density = prior(w) * normal(r, w, noise);
    mass += density;
    first += density * w;
    second += density * w * w;
  }
  const centre = first / mass;
  return { mass, spread: mass > 0 ? second / mass - centre * centre : 0 };
}

test("mmse-erasure: what arrived stays, what did not is the mean of its tensor", () => {
  const r = Float32Array.of(1.5, 0.2, -0.7, 0.2, 9);
  const noiseVariance = Float32Array.of(0.4, Infinity, 0, Infinity, 3);
  const parts = [
    { from: 0, to: 2, mean: 0.9, variance: 2 },
    { from: 2, to: 5, mean: -1.1, variance: 3 },
  ];
  const out = new Float32Array(5);
  mmseErasure.estimate(r, { noiseVariance, prior: { mean: 0.2, variance: 2, parts } }, {}, out);
  expect(out).toEqual(Float32Array.of(1.5, 0.9, -0.7, -1.1, 9));
  mmseErasure.estimate(r, { noiseVariance, prior: { mean: 0.2, variance: 2 } }, {}, out);
  expect(out).toEqual(r);
  const known = { noiseVariance: Infinity, prior: { mean: 0.2, variance: 2, parts } };
  mmseErasure.estimate(r, known, {}, out);
  expect(out).toEqual(Float32Array.of(0.9, 0.9, -1.1, -1.1, -1.1));
});
