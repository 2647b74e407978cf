import { describe, expect, test } from "vitest";
import { filterOf, outputMeans } from "../../../src/models/filters.js";
import type { LinearLayer } from "../../../src/models/layers.js";
import { biasCorrect } from "../../../src/receiver/refinements/bias-correct.js";
import { batchNormDataFree } from "../../../src/receiver/refinements/data-free.js";
import type { ReceivedNetwork } from "../../../src/receiver/refinements/refinement.js";
import { scaleMatch } from "../../../src/receiver/refinements/scale-match.js";
import { assertWithin } from "../../within.js";
import { contextOf, equal, layer, meanOf, normal, outs, size, weights } from "./one-layer.js";

const sigma = 0.25;
const noise = normal("noise", weights.length, sigma);
const r = weights.map((w, k) => w + noise[k]);
const observation = { r, noiseVariance: sigma * sigma };
const network = (gain = 1): ReceivedNetwork => ({
  weights: r.map((v) => gain * v),
  statistics: undefined,
});

describe("bias-correct", () => {
  test("without a batch normalization the bias takes the shift, and the mean output is the clean one", () => {
    const received = network(0.8);
    const before = received.weights.slice();
    const context = contextOf(observation, received.weights, equal);
    const plain = { ...context.layers, linear: [{ ...layer, normalization: undefined }] };
    biasCorrect.refine(received, { ...context, layers: plain }, {});
    expect(received.statistics).toBeUndefined();
    for (let c = 0; c < outs; c++) {
      expect(Math.abs(meanOf(before, c) - meanOf(weights, c))).toBeGreaterThan(0.1);
      expect(meanOf(received.weights, c)).toBeCloseTo(meanOf(weights, c), 4);
    }
  });

  test("with one behind, the running mean becomes the received weights' mean output, and the variance stays", () => {
    const received = network();
    const before = received.weights.slice();
    const context = contextOf(observation, received.weights, equal);
    biasCorrect.refine(received, context, {});
    for (let c = 0; c < outs; c++) {
      expect(received.statistics![c]).toBeCloseTo(meanOf(before, c), 4);
      expect(received.statistics![outs + c]).toBe(context.ownStatistics[outs + c]);
    }
    expect(received.weights.every((w, k) => w === before[k])).toBe(true);
  });

  test("behind batch-norm-datafree it leaves statistics as they are", () => {
    const received = network();
    const context = contextOf(observation, received.weights, equal);
    batchNormDataFree.refine(received, context, {});
    const before = received.statistics!.slice();
    biasCorrect.refine(received, context, {});
    expect([...received.statistics!]).toEqual([...before]);
  });
});

describe("scale-match", () => {
  const tensor = outs * size;
  const meanSquare = (values: Float32Array) =>
    values.subarray(0, tensor).reduce((sum, v) => sum + v * v, 0) / tensor;

  test.each([1, 0.6])("gain %d: the tensor gets the mean square that was sent", (gain) => {
    const received = network(gain);
    const context = contextOf(observation, received.weights, equal);
    const biases = received.weights.slice(tensor);
    scaleMatch.refine(received, context, { power: "sent" });
    expect(meanSquare(received.weights)).toBeCloseTo(context.meanSquares[0], 6);
    // Biases are not scaled, and the direction of the weights stays.
    expect([...received.weights.slice(tensor)]).toEqual([...biases]);
    expect(received.weights[5] / received.weights[9]).toBeCloseTo(r[5] / r[9], 5);
  });

  test("estimated: mean(r² − σ²) is the mean of w², whatever was lost", () => {
    const loud = 0.6; // so that 5 standard errors are less than σ²
    const noiseVariance = new Float32Array(r.length).fill(loud * loud);
    const partly = weights.map((w, k) => (k % 4 === 1 ? 5 : w + (loud / sigma) * noise[k]));
    for (let k = 1; k < r.length; k += 4) noiseVariance[k] = Infinity;
    const received: ReceivedNetwork = { weights: partly.slice(), statistics: undefined };
    const context = contextOf({ r: partly, noiseVariance }, received.weights, equal);
    scaleMatch.refine(received, context, { power: "estimated" });
    // Var[r² − σ²] = 4 w² σ² + 2 σ⁴, over three quarters of the weights; those differ from the rest too.
    const truth = meanSquare(weights);
    const fourth = weights.subarray(0, tensor).reduce((sum, w) => sum + w ** 4, 0) / tensor;
    const variance = 4 * truth * loud ** 2 + 2 * loud ** 4 + fourth - truth ** 2;
    assertWithin(meanSquare(received.weights), truth, Math.sqrt(variance / (0.75 * tensor)));
  });

  test("estimated: a layer of which nothing but noise seems to have come stays as it is", () => {
    const received = network();
    const loud = { r, noiseVariance: 100 };
    const context = contextOf(loud, received.weights, equal);
    scaleMatch.refine(received, context, { power: "estimated" });
    expect(received.weights.every((w, k) => w === r[k])).toBe(true);
  });
});

test("filters: groups take their own inputs; a matrix with its inputs first is read by columns", () => {
  const grouped: LinearLayer = {
    ...layer,
    ins: 4,
    outs: 6,
    window: { ...layer.window!, group: 2 },
  };
  expect(filterOf(grouped, 4)).toEqual({
    start: 4 * 18,
    stride: 1,
    size: 18,
    firstInput: 2,
    taps: 9,
  });
  const matrix: LinearLayer = { ...layer, window: undefined, inputsFirst: true, ins: 2, outs: 3 };
  // [[1, 2, 3], [4, 5, 6]] with inputs (10, 100) and bias (7, 8, 9)
  const means = outputMeans(
    matrix,
    Float32Array.of(1, 2, 3, 4, 5, 6),
    Float32Array.of(10, 100),
    Float32Array.of(7, 8, 9),
  );
  expect([...means]).toEqual([417, 528, 639]);
  const groupMeans = outputMeans(
    grouped,
    new Float32Array(6 * 18).fill(1),
    Float32Array.of(1, 2, 5, 7),
    undefined,
  );
  expect([...groupMeans]).toEqual([27, 27, 27, 108, 108, 108]);
});
