/** The statements of docs/theory.md, by Monte Carlo. */
import { describe, expect, test } from "vitest";
import {
  arcCosine,
  type LambdaBeta,
  reluLoss,
  reluLosses,
} from "../../docs/theory/relu-network.js";
import { tensorGains } from "../../docs/theory/tensor-gains.js";
import { RandomSource } from "../../src/kernel/index.js";
import { openModelFile } from "../../src/models/open.js";
import { ml } from "../../src/receiver/ml.js";
import { mmse } from "../../src/receiver/mmse.js";
import { mmsePb } from "../../src/receiver/mmse-pb.js";
import { dbToRatio } from "../../src/units.js";
import { defaultTravelRules, layOut } from "../../src/weights/layout.js";
import { sharedPath } from "../shared.js";
import { assertWithin } from "../within.js";

const count = 200_000;
const spread = 0.6; // σ_w, not 1, so that a forgotten power of it shows

/** w ~ N(0, σ_w²), r = w + n, and what the estimators are told. */
function draw(eta: number, name: string) {
  const random = new RandomSource(31);
  const w = new Float32Array(count);
  const r = new Float32Array(count);
  const noiseVariance = spread ** 2 / eta;
  random.stream(`${name} weights`).fillNormal(w, spread);
  random.stream(`${name} noise`).fillNormal(r, Math.sqrt(noiseVariance));
  for (let k = 0; k < count; k++) r[k] += w[k];
  return { w, r, known: { noiseVariance, prior: { mean: 0, variance: spread ** 2 } } };
}

type Drawn = ReturnType<typeof draw>;
const out = new Float32Array(count);

function estimate({ r, known }: Drawn, setting: LambdaBeta): Float32Array {
  mmsePb.estimate(r, known, setting, out);
  return out.slice();
}

/** Mean of `value` over all k, and its standard error. */
function average(value: (k: number) => number): { mean: number; se: number } {
  let [sum, squares] = [0, 0];
  for (let k = 0; k < count; k++) {
    const v = value(k);
    sum += v;
    squares += v * v;
  }
  const mean = sum / count;
  return { mean, se: Math.sqrt((squares / count - mean * mean) / count) };
}

const step = 0.02;

/** λ' of the least loss on a grid. */
function search(from: number, to: number, loss: (lambda: number) => number): number {
  let best = { lambda: from, loss: Infinity };
  for (let lambda = from; lambda <= to; lambda += step) {
    const found = loss(lambda);
    if (found < best.loss) best = { lambda, loss: found };
  }
  return best.lambda;
}

describe.each([-10, 0, 10])("quadratic network y = w² at %d dB", (etaDb) => {
  const eta = dbToRatio(etaDb);
  const drawn = draw(eta, "quadratic");
  const { w, r, known } = drawn;
  const power = spread ** 4;
  const theta = Math.sqrt((eta * (3 * eta + 1)) / 3) / (eta + 1);
  const lambda = eta + 1 - eta / theta;
  const lossOf = (a: Float32Array) => average((k) => (a[k] ** 2 - w[k] ** 2) ** 2);

  test("ml costs σ_w⁴ (4/η + 3/η²)", () => {
    ml.estimate(r, {}, {}, out);
    const { mean, se } = lossOf(out);
    assertWithin(mean, power * (4 / eta + 3 / eta ** 2), se);
  });

  test("mmse costs σ_w⁴ (3 − (3η² + 2η) / (η + 1)²)", () => {
    mmse.estimate(r, known, {}, out);
    const { mean, se } = lossOf(out);
    assertWithin(mean, power * (3 - (3 * eta ** 2 + 2 * eta) / (eta + 1) ** 2), se);
  });

  test("mmse-pb at λ' = η + 1 − η/θ costs σ_w⁴ (3 − (3η + 1)² / 3(η + 1)²)", () => {
    const { mean, se } = lossOf(estimate(drawn, { lambda, beta: 0 }));
    assertWithin(mean, power * (3 - (3 * eta + 1) ** 2 / (3 * (eta + 1) ** 2)), se);
  });

  test("the best θ² is η (3η + 1) / 3(η + 1)², and a search over λ' finds it", () => {
    // Least squares of w² on r²: θ² = E[r² w²] / E[r⁴], with the standard error of a ratio.
    const fourth = average((k) => r[k] ** 4).mean;
    const square = average((k) => (r[k] * w[k]) ** 2).mean / fourth;
    const residual = average((k) => (r[k] * w[k]) ** 2 - square * r[k] ** 4);
    const se = residual.se / fourth;
    assertWithin(square, theta ** 2, se);
    const found = search(
      lambda - 0.4,
      Math.min(lambda + 0.4, 1),
      (l) => lossOf(estimate(drawn, { lambda: l, beta: 0 })).mean,
    );
    // dλ'/dθ² = η / 2θ³, and half a step of the grid.
    expect(Math.abs(found - lambda)).toBeLessThan((5 * se * eta) / (2 * theta ** 3) + step / 2);
  });

  test("λ' lies between that of mmse and that of ml", () => {
    expect(lambda).toBeGreaterThan(0);
    expect(lambda).toBeLessThan(1);
  });
});

describe("quadratic network with a bias as well: ŵ = θ r + b", () => {
  test.each([
    [0.1, 0],
    [0.1, 0.4],
    [3, 0.5],
  ])("η = %d, θ = %d: loss as in docs/theory.md", (eta, theta) => {
    const drawn = draw(eta, "bias");
    const { w, r } = drawn;
    const b = 0.8 * spread;
    const R = 1 + 1 / eta;
    const t = theta ** 2;
    const withoutBias = 3 * t ** 2 * R ** 2 - 2 * t * (2 + R) + 3;
    const theory = withoutBias + 0.64 * (6 * t * R - 2) + 0.64 ** 2;
    const { mean, se } = average((k) => ((theta * r[k] + b) ** 2 - w[k] ** 2) ** 2);
    assertWithin(mean, theory * spread ** 4, se);
  });

  test("below η = 1/√3 no θ r beats the constant ŵ = σ_w, which costs 2 σ_w⁴; above it does", () => {
    const best = (eta: number) => 3 - (3 * eta + 1) ** 2 / (3 * (eta + 1) ** 2);
    expect(best(3 ** -0.5)).toBeCloseTo(2, 12);
    for (const eta of [0.1, 0.9]) {
      const drawn = draw(eta, "constant");
      // λ' far below 0 leaves β alone.
      const lambda = -1e4;
      const a = estimate(drawn, { lambda, beta: (eta + 1 - lambda) / spread });
      const { mean, se } = average((k) => (a[k] ** 2 - drawn.w[k] ** 2) ** 2);
      assertWithin(mean, 2 * spread ** 4, se);
      expect(Math.sign(mean - best(eta) * spread ** 4)).toBe(eta < 3 ** -0.5 ? -1 : 1);
    }
  });
});

describe.each([
  [2, -4],
  [3, 2],
  [4, 6],
])("product of %d noisy weights at %d dB", (depth, etaDb) => {
  const eta = dbToRatio(etaDb);
  const layers = Array.from({ length: depth }, (_, i) => draw(eta, `layer ${i}`));
  const product = (parts: readonly Float32Array[], k: number) =>
    parts.reduce((p, part) => p * part[k], 1);
  const truth = layers.map(({ w }) => w);
  const lossAt = (lambda: number) => {
    const parts = layers.map((layer) => estimate(layer, { lambda, beta: 0 }));
    return average((k) => (product(parts, k) - product(truth, k)) ** 2);
  };
  const R = 1 + 1 / eta;
  const power = spread ** (2 * depth);

  test("mmse costs σ_w^2L (1 − (1 + 1/η)^−L), ml costs σ_w^2L ((1 + 1/η)^L − 1)", () => {
    const least = lossAt(0);
    assertWithin(least.mean, power * (1 - R ** -depth), least.se);
    const unshrunk = lossAt(1);
    assertWithin(unshrunk.mean, power * (R ** depth - 1), unshrunk.se);
  });

  test("a search over λ' finds mmse", () => {
    const r = layers.map((layer) => layer.r);
    const square = average((k) => product(r, k) ** 2).mean;
    const gain = average((k) => product(r, k) * product(truth, k)).mean / square;
    const residual = average((k) => product(r, k) * product(truth, k) - gain * product(r, k) ** 2);
    const se = residual.se / square; // of θ^L
    assertWithin(gain, R ** -depth, se);
    // Loss in θ^L alone, so the search needs two moments and no more.
    const found = search(-0.4, 0.4, (lambda) => {
      const power = (eta / (eta + 1 - lambda)) ** depth;
      return power ** 2 * square - 2 * power * gain * square;
    });
    // λ' = η + 1 − η/θ, so dλ'/dθ^L = (η/θ²) θ^(1 − L) / L at θ = 1/R.
    const slope = (eta * R ** (depth + 1)) / depth;
    expect(Math.abs(found)).toBeLessThan(5 * se * slope + step / 2);
  });
});

describe("shallow ReLU network with biases", () => {
  const study = {
    inputs: 8,
    hidden: 32,
    eta: dbToRatio(-2),
    networks: 1500,
    examplesPerNetwork: 4,
    random: new RandomSource(33),
  };
  const R = 1 + 1 / study.eta;
  const rho = R ** -0.5;
  const settings = [0, 0.1, 0.5, 1].map((lambda) => ({ lambda, beta: 0 }));
  const losses = reluLosses(study, settings);
  const summary = (values: Float64Array) => {
    const mean = values.reduce((a, b) => a + b) / values.length;
    const square = values.reduce((a, b) => a + (b - mean) ** 2, 0) / (values.length - 1);
    return { mean, se: Math.sqrt(square / values.length) };
  };

  test("losses are those of the network itself, weight by weight", () => {
    const small = { ...study, inputs: 3, hidden: 5, networks: 2, examplesPerNetwork: 2 };
    const setting = { lambda: 0.3, beta: -0.4 };
    const [found] = reluLosses(small, [setting]);
    const [weights, noise, examples] = ["weights", "noise", "inputs"].map((name) =>
      small.random.stream(name),
    );
    const w = new Float32Array(5 * (3 + 2) + 1);
    const r = new Float32Array(w.length);
    const a = new Float32Array(w.length);
    const x = new Float32Array(3);
    const known = { noiseVariance: 1 / small.eta, prior: { mean: 0, variance: 1 } };
    // Weights u row by row, then b, v and c.
    const output = (p: Float32Array) => {
      let f = p[25];
      for (let j = 0; j < 5; j++) {
        const before = p[3 * j] * x[0] + p[3 * j + 1] * x[1] + p[3 * j + 2] * x[2] + p[15 + j];
        f += p[20 + j] * Math.max(0, before);
      }
      return f;
    };
    for (const loss of found) {
      weights.fillNormal(w, 1);
      noise.fillNormal(r, Math.sqrt(1 / small.eta));
      for (let k = 0; k < w.length; k++) r[k] += w[k];
      mmsePb.estimate(r, known, setting, a);
      let sum = 0;
      for (let e = 0; e < 2; e++) {
        examples.fillNormal(x, 1);
        sum += (output(a) - output(w)) ** 2;
      }
      expect(Math.abs(loss / (sum / 2) - 1)).toBeLessThan(1e-4);
    }
  });

  test("the arc-cosine kernel is E[max(0, a) max(0, b)]", () => {
    const { w, r } = draw(1, "kernel"); // correlation 1/√2
    const { mean, se } = average(
      (k) => (Math.max(0, w[k]) * Math.max(0, r[k])) / (spread ** 2 * Math.SQRT2),
    );
    assertWithin(mean, arcCosine(Math.SQRT1_2), se);
  });

  test.each([0, 1, 2, 3])("loss without a bias, setting %d", (i) => {
    const { eta } = study;
    const { mean, se } = summary(losses[i]);
    assertWithin(mean, reluLoss(eta / (eta + 1 - settings[i].lambda), study), se);
  });

  test("its best λ' is η + 1 − η/θ with θ² = 2 K(ρ) R^−3/2, between that of mmse and that of ml", () => {
    const { eta } = study;
    const best = search(-0.5, 1, (lambda) => reluLoss(eta / (eta + 1 - lambda), study));
    const theta = Math.sqrt(2 * arcCosine(rho) * R ** -1.5);
    // The output's own bias alone would have λ' = 0; it is one weight among many.
    expect(Math.abs(best - (eta + 1 - eta / theta))).toBeLessThan(step);
    expect(best).toBeGreaterThan(0.05);
    expect(best).toBeLessThan(0.2);
  });

  test("a bias: dL/db = 2 H θ E√(|x|² + 1) (θ² R^3/2 − (1 + ρ)/2) / √2π at b = 0", () => {
    // Many networks of one input each, since most of the difference between two biases is odd in the weights.
    const many = { ...study, networks: 20_000, examplesPerNetwork: 1 };
    const beta = 0.05;
    const lambdas = [0.1, 0.5, 1];
    const pairs = lambdas.flatMap((lambda) => [
      { lambda, beta },
      { lambda, beta: -beta },
    ]);
    const found = reluLosses(many, pairs);
    const { eta, inputs, hidden } = study;
    // E√(χ²_8 + 1) by the midpoint rule over the density x³ e^(−x/2) / 96.
    let root = 0;
    for (let x = 0.005; x < 120; x += 0.01) {
      root += ((0.01 * x ** (inputs / 2 - 1) * Math.exp(-x / 2)) / 96) * Math.sqrt(x + 1);
    }
    const slopes = lambdas.map((lambda, i) => {
      const theta = eta / (eta + 1 - lambda);
      const shift = beta / (eta + 1 - lambda);
      const { mean, se } = summary(
        found[2 * i].map((v, n) => (v - found[2 * i + 1][n]) / (2 * shift)),
      );
      const excess = theta ** 2 * R ** 1.5 - (1 + rho) / 2;
      const slope = (2 * hidden * theta * root * excess) / Math.sqrt(2 * Math.PI);
      assertWithin(mean, slope, se);
      return { slope, se };
    });
    // Unshrunk weights want a negative bias, as the rectifier gives noise a mean; shrunk ones want none.
    expect(slopes[2].slope / slopes[2].se).toBeGreaterThan(5);
    expect(Math.abs(slopes[0].slope)).toBeLessThan(slopes[2].slope / 50);
  });
});

const resnet20 = sharedPath("models", "resnet20-cifar10.onnx");
describe.skipIf(resnet20 === undefined)("ResNet20: one prior for tensors of all kinds", () => {
  const noise = 0.00935 / dbToRatio(4);
  const read = async () => {
    const model = await openModelFile(resnet20!);
    const layout = layOut(model.tensors, defaultTravelRules);
    const weights = model.readWeights(layout);
    return { layout, weights, rows: tensorGains(weights, layout, noise) };
  };

  test("variances differ by more than a hundredfold, and the last layer has 0.30", async () => {
    const { rows } = await read();
    const variances = rows.filter((row) => row.weights > 10).map((row) => row.variance);
    expect(Math.max(...variances) / Math.min(...variances)).toBeGreaterThan(100);
    const last = rows.find((row) => row.weights === 640)!;
    expect(last.variance).toBeCloseTo(0.3, 2);
  });

  test("errors of either prior, tensor by tensor, are those of the estimator", async () => {
    const { layout, weights, rows } = await read();
    const random = new RandomSource(34);
    const r = new Float32Array(layout.size);
    random.stream("noise").fillNormal(r, Math.sqrt(noise));
    for (let k = 0; k < r.length; k++) r[k] += weights[k];
    const moments = { mean: 0, variance: 0 };
    const parts = layout.entries.map(({ offset, size }, i) => {
      let mean = 0;
      for (let k = offset; k < offset + size; k++) mean += weights[k] / size;
      return { from: offset, to: offset + size, mean, variance: rows[i].variance };
    });
    for (const { from, to, mean, variance } of parts) {
      moments.mean += (mean * (to - from)) / r.length;
      moments.variance += ((variance + mean * mean) * (to - from)) / r.length;
    }
    moments.variance -= moments.mean ** 2;
    const global = new Float32Array(r.length);
    const own = new Float32Array(r.length);
    mmse.estimate(r, { noiseVariance: noise, prior: moments }, {}, global);
    mmse.estimate(r, { noiseVariance: noise, prior: { ...moments, parts } }, {}, own);
    for (const [i, { from, to, variance }] of parts.entries()) {
      const error = (a: Float32Array) => {
        let sum = 0;
        for (let k = from; k < to; k++) sum += (a[k] - weights[k]) ** 2;
        return sum / (to - from) / variance;
      };
      // Given the weights, the error is (1 − g)(μ − w) + g n: variance at most 2 g⁴ σ⁴ + 4 g² σ² (1 − g)² mean.
      const se = (g: number, e: number) => {
        const n = (g ** 2 * noise) / variance;
        return Math.sqrt((2 * n ** 2 + 4 * n * Math.max(0, e - n)) / (to - from));
      };
      const { ownGain, ownError, globalGain, globalError } = rows[i];
      assertWithin(error(own), ownError, se(ownGain, ownError));
      assertWithin(error(global), globalError, se(globalGain, globalError));
      expect(ownError).toBeLessThanOrEqual(globalError + 1e-12);
    }
  });
});
