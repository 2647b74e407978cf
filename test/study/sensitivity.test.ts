import { expect, test } from "vitest";
import type { ExampleInput, Examples } from "../../src/datasets/dataset.js";
import { RandomSource } from "../../src/kernel/index.js";
import type { Scorer } from "../../src/models/model.js";
import { type MeasuredNetwork, measureSensitivities } from "../../src/study/sensitivity.js";
import type { Layout } from "../../src/weights/layout.js";
import { assertWithin } from "../within.js";

/** Under both labels they are the 400 that are looked at, so that the sum over labels is exact. */
const images = 200;
const sizes = [400, 300, 200];
/** How strongly a tensor's weights act on the score, and how large they are. */
const gains = [0.05, 0.3, 1.2];
const deviations = [2, 0.1, 0.05];
const weightCount = sizes.reduce((a, b) => a + b, 0);

const layout: Layout = {
  size: weightCount,
  entries: sizes.map((size, i) => ({
    name: `tensor${i}`,
    shape: [size],
    size,
    role: "weight" as const,
    offset: sizes.slice(0, i).reduce((a, b) => a + b, 0),
  })),
};

/** One vector of weightCount numbers per image. */
const inputs = new Float32Array(images * weightCount);
new RandomSource(2).stream("inputs").fillNormal(inputs);
layout.entries.forEach(({ offset, size }, i) => {
  for (let m = 0; m < images; m++) {
    for (let k = 0; k < size; k++) inputs[m * weightCount + offset + k]! *= gains[i]!;
  }
});

const clean = new Float32Array(weightCount);
layout.entries.forEach(({ offset, size }, i) => {
  const stream = new RandomSource(2).stream(`weights ${i}`);
  stream.fillNormal(clean.subarray(offset, offset + size), deviations[i]);
});

/**
 * Two classes of score 0 and z = a·(w − w₀): the loss is ln(1 + e^±z), and the mean over both labels
 * ln(2 cosh(z/2)), which grows with z² alone.
 */
class LinearScorer implements Scorer {
  readonly runtime = "test";
  #weights = clean;
  async setWeights(weights: Float32Array): Promise<void> {
    this.#weights = weights.slice();
  }
  async run(given: readonly ExampleInput[], count: number): Promise<Float32Array> {
    const a = given[0]!.data as Float32Array;
    const scores = new Float32Array(2 * count);
    for (let m = 0; m < count; m++) {
      let z = 0;
      for (let k = 0; k < weightCount; k++)
        z += a[m * weightCount + k]! * (this.#weights[k]! - clean[k]!);
      scores[2 * m + 1] = z;
    }
    return scores;
  }
  async close(): Promise<void> {}
}

/** Every image twice, once under each label. */
const examples: Examples = {
  count: 2 * images,
  inputs: [{ data: twice(inputs), shape: [weightCount] }],
  labels: Int32Array.from({ length: 2 * images }, (_, m) => (m < images ? 0 : 1)),
};

function twice(a: Float32Array): Float32Array {
  const both = new Float32Array(2 * a.length);
  both.set(a);
  both.set(a, a.length);
  return both;
}

const network = (tensorVariances: readonly number[]): MeasuredNetwork => ({
  layout,
  weights: clean,
  tensorVariances,
  scorer: new LinearScorer(),
  normalizes: false,
});

/** E[ln cosh(z/2)] for z of variance s, by the midpoint rule. */
function growth(s: number): number {
  let sum = 0;
  const step = 0.01;
  for (let t = -8; t < 8; t += step) {
    const x = t + step / 2;
    sum +=
      (Math.log(Math.cosh((Math.sqrt(s) * x) / 2)) * Math.exp((-x * x) / 2) * step) /
      Math.sqrt(2 * Math.PI);
  }
  return sum;
}

test("logistic loss with linear scores: E[ln cosh(z/2)] over the noise energy", async () => {
  const variances = deviations.map((d) => d * d);
  const measured = await measureSensitivities(network(variances), examples, 100);
  expect([...measured.keys()]).toEqual(layout.entries.map(({ name }) => name));
  layout.entries.forEach(({ name, size }, i) => {
    const v = variances[i]!;
    const zVariance = size * gains[i]! ** 2 * v;
    const theory = growth(zVariance) / (size * v);
    // Three draws: the energy of each scatters by √(2/size), and z² over the images by √(2/images).
    const relative = Math.sqrt((2 / size + 2 / images) / 3);
    assertWithin(measured.get(name)!, theory, theory * relative);
  });
});

test("a tensor without spread cannot be measured and counts 0; the same images and noise each time", async () => {
  const variances = [4, 0, 0.0025];
  const first = await measureSensitivities(network(variances), examples, 64);
  expect(first.get("tensor1")).toBe(0);
  const again = await measureSensitivities(network(variances), examples, 200);
  expect(again.get("tensor2")! / first.get("tensor2")!).toBeCloseTo(1, 4);
});

/** Takes a shift and a gain of all scores away again, as a normalization with its own statistics does. */
class NormalizingScorer extends LinearScorer {
  readonly given: (Float32Array | undefined)[] = [];
  async measureStatistics(weights: Float32Array): Promise<Float32Array> {
    return Float32Array.of(weights[0]!);
  }
  override async setWeights(weights: Float32Array, statistics?: Float32Array): Promise<void> {
    this.given.push(statistics);
    await super.setWeights(weights);
  }
}

test("batch normalizations get the statistics of the noisy network each time", async () => {
  const scorer = new NormalizingScorer();
  await measureSensitivities({ ...network([4, 1, 1]), scorer, normalizes: true }, examples, 100);
  expect(scorer.given).toHaveLength(1 + 3 * layout.entries.length);
  expect(scorer.given[0]![0]).toBe(clean[0]);
  for (const statistics of scorer.given.slice(1, 4)) expect(statistics![0]).not.toBe(clean[0]);
  for (const statistics of scorer.given.slice(4)) expect(statistics![0]).toBe(clean[0]);
});

test("asks between batches whether to stop", async () => {
  let asked = 0;
  const stop = () => {
    if (++asked > 5) throw new Error("stopped");
  };
  await expect(measureSensitivities(network([4, 1, 1]), examples, 100, stop)).rejects.toThrow(
    "stopped",
  );
});
