import { describe, expect, test } from "vitest";
import { RandomSource } from "../../../src/kernel/index.js";
import type { Filter } from "../../../src/models/filters.js";
import { batchNormDataFree, varianceBehind } from "../../../src/receiver/refinements/data-free.js";
import { receptionOf } from "../../../src/receiver/refinements/filter-reception.js";
import type { ReceivedNetwork } from "../../../src/receiver/refinements/refinement.js";
import { vectorsSent } from "../../../src/receiver/refinements/sent.js";
import { SignalShares } from "../../../src/receiver/refinements/signal-share.js";
import { assertWithin } from "../../within.js";
import {
  contextOf,
  equal,
  inputVariance,
  layers,
  meanOf,
  outs,
  type Spread,
  size,
  unequal,
  varianceOf,
  weights,
} from "./one-layer.js";

const sigma = 0.25;
const draws = 1500;

/** Sets the statistics for one draw of the noise; `lost` is the chance of a weight to be lost. */
function receive(draw: number, gain: number, lost: number, spread: Spread) {
  const random = new RandomSource(4).child(`${draw}`);
  const r = new Float32Array(weights.length);
  random.stream("noise").fillNormal(r, sigma);
  const erasures = random.stream("erasures");
  const noiseVariance = new Float32Array(r.length).fill(sigma * sigma);
  for (let k = 0; k < r.length; k++) {
    r[k] += weights[k];
    if (erasures.uniform() < lost) {
      r[k] = 0;
      noiseVariance[k] = Infinity;
    }
  }
  const network: ReceivedNetwork = { weights: r.map((v) => gain * v), statistics: undefined };
  const observation = { r, noiseVariance: lost === 0 ? sigma * sigma : noiseVariance };
  batchNormDataFree.refine(network, contextOf(observation, network.weights, spread), {});
  return { received: network.weights, statistics: network.statistics! };
}

describe.each([
  ["ml", 1, 0, unequal],
  ["a gain of 0.7", 0.7, 0, unequal],
  ["a third of the weights lost", 1, 0.3, equal],
  ["a gain of 0.7 and a third lost", 0.7, 0.3, equal],
] as const)("%s", (_name, gain, lost, spread) => {
  test("the variance is wᵀ C w of the received weights, in the mean over the noise", () => {
    const sum = new Float64Array(outs);
    const squares = new Float64Array(outs);
    for (let draw = 0; draw < draws; draw++) {
      const { received, statistics } = receive(draw, gain, lost, spread);
      for (let c = 0; c < outs; c++) {
        const difference = statistics[outs + c] - varianceOf(received, c, spread);
        sum[c] += difference;
        squares[c] += difference * difference;
      }
    }
    for (let c = 0; c < outs; c++) {
      const mean = sum[c] / draws;
      assertWithin(mean, 0, Math.sqrt((squares[c] / draws - mean * mean) / draws));
    }
  });
});

test.each([1, 0.7])(
  "gain %d: the mean is that of the received weights, for every noise",
  (gain) => {
    for (let draw = 0; draw < 20; draw++) {
      const { received, statistics } = receive(draw, gain, 0, unequal);
      for (let c = 0; c < outs; c++) expect(statistics[c]).toBeCloseTo(meanOf(received, c), 4);
    }
  },
);

test("inputs of which a part is noise: Var = q wᵀ C w + (1 − q) D Σ w², in the mean over the noise", () => {
  const q = 0.35;
  const filter: Filter = { start: 0, stride: 1, size, firstInput: 0, taps: 9 };
  const clean = varianceOf(weights, 0, unequal);
  let [sum, squares] = [0, 0];
  for (let draw = 0; draw < draws; draw++) {
    const r = new Float32Array(size);
    new RandomSource(4).child(`${draw}`).stream("noise").fillNormal(r, sigma);
    let power = 0;
    for (let j = 0; j < size; j++) {
      r[j] += weights[j];
      power += r[j] * r[j];
    }
    const reception = receptionOf(filter, 0, { r, noiseVariance: sigma * sigma }, r);
    const { signal, total } = varianceBehind(reception, clean, q, inputVariance);
    expect(signal).toBeCloseTo(q * clean, 6);
    const difference = total - q * varianceOf(r, 0, unequal) - (1 - q) * inputVariance * power;
    sum += difference;
    squares += difference * difference;
  }
  const mean = sum / draws;
  assertWithin(mean, 0, Math.sqrt((squares / draws - mean * mean) / draws));
});

test("a filter that is lost keeps the stored variance, and one of which half arrived next to nothing of it", () => {
  const random = new RandomSource(4).stream("noise");
  const r = new Float32Array(weights.length);
  random.fillNormal(r, sigma);
  const noiseVariance = new Float32Array(r.length).fill(sigma * sigma);
  for (let k = 0; k < r.length; k++) {
    r[k] += weights[k];
    const filter = Math.floor(k / size);
    if (filter === 0 || (filter === 1 && k % 2 === 0)) {
      r[k] = 0.01; // what a receiver fills in
      noiseVariance[k] = Infinity;
    }
  }
  const network: ReceivedNetwork = { weights: r, statistics: undefined };
  const context = contextOf({ r, noiseVariance }, r, unequal);
  batchNormDataFree.refine(network, context, {});
  const [lost, half] = network.statistics!.subarray(outs);
  const [stored, storedHalf] = context.ownStatistics.subarray(outs);
  expect(lost).toBe(stored);
  const reception = receptionOf(
    { start: size, stride: 1, size, firstInput: 0, taps: 9 },
    0,
    { r, noiseVariance },
    r,
  );
  expect(reception.share).toBe(0.5);
  const { total } = varianceBehind(reception, storedHalf, 1, inputVariance);
  expect(half / total - 1).toBeCloseTo((storedHalf * 0.5 ** 8) / total, 5);
});

test("shares: a sum mixes by variance, a normalization sets, all else passes on", () => {
  const context = contextOf({ r: weights, noiseVariance: 0 }, weights, equal);
  const norm = (scale: string) => ({ ...layers.normalization[0], scale });
  const flow = [
    { output: "a", inputs: ["z"], normalization: 0 },
    { output: "b", inputs: ["z"], normalization: 1 },
    { output: "x", inputs: ["input"], normalization: undefined }, // its variance was sent: 1.7
    { output: "ab", inputs: ["a", "b"], normalization: undefined },
    { output: "relu", inputs: ["ab"], normalization: undefined },
    { output: "y", inputs: ["relu", "x"], normalization: undefined },
  ];
  const gammas: Record<string, Float32Array> = {
    two: Float32Array.of(2, -2),
    three: Float32Array.of(1, Math.sqrt(17)),
  };
  const shares = new SignalShares({
    ...context,
    layers: { ...layers, normalization: [norm("two"), norm("three")], flow },
    parameter: (name) => gammas[name],
  });
  shares.set("a", 0.5);
  shares.set("b", 0.2);
  for (const { output, inputs } of flow.slice(2)) shares.mix(output, inputs);
  expect(shares.of("relu")).toBeCloseTo((4 * 0.5 + 9 * 0.2) / 13, 6);
  expect(shares.of("x")).toBe(1);
  expect(shares.of("y")).toBeCloseTo((4 * 0.5 + 9 * 0.2 + 1.7) / 14.7, 6);
});

test("it is sent a mean per input and output channel and one variance, and counts shared numbers once", () => {
  const sent = batchNormDataFree.sends!(
    {},
    contextOf({ r: weights, noiseVariance: 0 }, weights, equal),
  );
  expect(vectorsSent(sent)).toEqual([8, 3, 1]);
  expect(vectorsSent([...sent, ...sent])).toEqual([8, 3, 1]);
});
