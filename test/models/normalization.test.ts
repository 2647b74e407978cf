import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { RandomSource } from "../../src/kernel/index.js";
import { measureInputMoments } from "../../src/models/input-moments.js";
import { OnnxGraphBuilder } from "../../src/models/onnx-graph.js";
import { openOnnxModel } from "../../src/models/onnx-model.js";
import { defaultTravelRules, layOut } from "../../src/weights/layout.js";
import { DataType, decodeModel, encodeModel } from "../../src/weights/onnx-proto.js";
import { folderWith } from "../files/temporary-folder.js";
import { forward, smallNetwork } from "./small-network.js";

const draw = (name: string, size: number, sigma = 1, mean = 0) => {
  const values = new Float32Array(size);
  new RandomSource(5).stream(name).fillNormal(values, sigma, mean);
  return values;
};

async function open(bytes: Uint8Array) {
  const path = join(folderWith({ "m.onnx": bytes }), "m.onnx");
  const model = await openOnnxModel(path);
  const layout = layOut(model.tensors, defaultTravelRules);
  const weights = model.readWeights(layout);
  const scorer = await model.openScorer(layout, { threads: 1 });
  return { model, layers: model.layers!, layout, weights, scorer };
}

const examples = 7;
const images = { data: draw("images", examples * 2 * 36, 1.3, 0.4), shape: [2, 6, 6] };

/** Sums in another order, in single precision. */
const close = (measured: Float32Array, expected: readonly number[]) =>
  measured.forEach((value, k) => {
    expect(Math.abs(value - expected[k])).toBeLessThan(2e-5 * (1 + Math.abs(expected[k])));
  });

describe.each([9, 13, 17, 18])("operator set %d", (opset) => {
  test("statistics are mean and population variance, each layer behind layers that use theirs", async () => {
    const { layers, weights, scorer } = await open(smallNetwork().build(opset));
    expect(layers.normalization.map(({ channels, offset }) => [channels, offset])).toEqual([
      [3, 0],
      [4, 6],
    ]);
    const measured = await scorer.measureStatistics!(weights, [images], examples);
    const expected = forward(weights, images.data, examples).statistics;
    expect(measured).toHaveLength(14);
    close(measured, expected);
    await scorer.close();
  });

  test("given statistics are the ones that the scores come from; without, the file's are", async () => {
    const { weights, scorer, layers } = await open(smallNetwork().build(opset));
    const given = draw("given", layers.statisticsSize, 0.3, 1.5).map(Math.abs);
    for (const statistics of [given, undefined]) {
      await scorer.setWeights(weights, statistics);
      const scores = await scorer.run([images], examples);
      const expected = forward(weights, images.data, examples, statistics ?? "running").scores;
      close(scores, expected);
    }
    await scorer.close();
  });
});

describe.each([9, 17, 18])("operator set %d, given means and powers of the variance", (opset) => {
  const variances = (statistics: readonly number[]) => [
    ...statistics.slice(3, 6),
    ...statistics.slice(10, 14),
  ];

  test("with exponent 0 layers stand behind the given statistics, with 1 behind their own", async () => {
    const { weights, scorer, layers } = await open(smallNetwork().build(opset));
    const given = draw("given", layers.statisticsSize, 0.3, 1.5).map(Math.abs);
    const measure = (statistics: Float32Array, exponent: number) =>
      scorer.measureVariances!(
        weights,
        statistics,
        new Float32Array(7).fill(exponent),
        [images],
        examples,
      );
    const behindGiven = forward(weights, images.data, examples, given).statistics;
    close(await measure(given, 0), variances(behindGiven));
    const { statistics } = forward(weights, images.data, examples);
    const means = Float32Array.from(statistics).fill(1, 3, 6).fill(1, 10, 14);
    close(await measure(means, 1), variances(statistics));
    await scorer.close();
  });

  test("with exponent ½ the second layer stands behind f √v of the first", async () => {
    const { weights, scorer, layers } = await open(smallNetwork().build(opset));
    const given = draw("given", layers.statisticsSize, 0.3, 1.5).map(Math.abs);
    const first = forward(weights, images.data, examples, given).statistics.slice(3, 6);
    const resulting = given.slice();
    first.forEach((v, c) => {
      resulting[3 + c] *= Math.sqrt(v);
    });
    const exponents = Float32Array.of(0.5, 0.5, 0.5, 0, 0, 0, 0);
    const measured = await scorer.measureVariances!(weights, given, exponents, [images], examples);
    close(measured, variances(forward(weights, images.data, examples, resulting).statistics));
    await scorer.close();
  });
});

test("statistics of another length are refused", async () => {
  const { weights, scorer } = await open(smallNetwork().build());
  await expect(scorer.setWeights(weights, new Float32Array(13))).rejects.toThrow(
    "setWeights: needs 14 statistics, got 13",
  );
});

test("layers: a kernel's window, biases, and which batch normalization follows", async () => {
  const { layers } = await open(smallNetwork().build());
  const [first, second, last] = layers.linear;
  expect(first).toMatchObject({ weight: "c1", bias: "b1", ins: 2, outs: 3, normalization: 0 });
  expect(first.window).toEqual({
    group: 1,
    kernel: [3, 2],
    strides: [2, 1],
    dilations: [1, 2],
    pads: { rows: [1, 0], columns: [1, 1] },
  });
  expect(second).toMatchObject({
    weight: "c2",
    bias: undefined,
    ins: 3,
    outs: 4,
    normalization: 1,
  });
  expect(last).toMatchObject({ weight: "fc", bias: "fcb", inputsFirst: true, ins: 4, outs: 3 });
  expect(last.normalization).toBeUndefined();
  expect(layers.linear).toHaveLength(3);
  // Conv, norm, ReLU, Conv, norm, ReLU, pooling, Flatten, MatMul, Add; constants of the file are left out.
  expect(layers.flow.map(({ normalization }) => normalization)).toEqual([
    undefined,
    0,
    undefined,
    undefined,
    1,
    ...Array(5).fill(undefined),
  ]);
  expect(layers.flow.every(({ inputs }) => inputs.length === 1)).toBe(true);
  expect(layers.flow[0].inputs).toEqual(["input"]);
});

test("batch normalizations that share a running variance get statistics of their own", async () => {
  const model = decodeModel(smallNetwork().build());
  // As PyTorch exports equal tensors: one initializer, and Identity.
  const { graph } = model;
  const norms = graph.node.filter((n) => n.op_type === "BatchNormalization");
  graph.node.unshift({
    op_type: "Identity",
    input: [norms[1].input[3]!],
    output: ["again"],
    attribute: [],
  });
  norms[1].input[3] = "again";
  const { weights, scorer, layers } = await open(encodeModel(model));
  expect(layers.normalization).toHaveLength(2);
  const measured = await scorer.measureStatistics!(weights, [images], examples);
  await scorer.setWeights(weights, measured);
  const scores = await scorer.run([images], examples);
  const expected = forward(weights, images.data, examples, measured).scores;
  scores.forEach((score, k) => {
    expect(Math.abs(score - expected[k])).toBeLessThan(2e-5 * (1 + Math.abs(expected[k])));
  });
  await scorer.close();
});

test("input moments are those of what the kernel's taps meet, padding included", async () => {
  const { layers, layout, weights, scorer } = await open(smallNetwork().build());
  const placed = layers.linear.map((layer) => {
    const { offset, size } = layout.entries.find(({ name }) => name === layer.weight)!;
    return { layer, offset, size };
  });
  const set = { count: examples, inputs: [images], labels: new Int32Array(examples) };
  const bias = Float32Array.of(10, 20, 30);
  const measured = await measureInputMoments(scorer, weights, placed, () => bias, set, 3);
  const { patches } = forward(weights, images.data, examples, "running");
  placed.forEach(({ layer, offset }, l) => {
    const { taps, rows } = patches[l];
    const { inputMean, inputVariance, outputMean } = measured[l];
    const means = new Float64Array(layer.ins);
    let variance = 0;
    const size = layer.ins * taps;
    for (let j = 0; j < size; j++) {
      let [sum, squares] = [0, 0];
      for (const row of rows) {
        sum += row[j];
        squares += row[j] * row[j];
      }
      const mean = sum / rows.length;
      means[Math.floor(j / taps)] += mean / taps;
      variance += (squares / rows.length - mean * mean) / size;
    }
    for (let i = 0; i < layer.ins; i++) expect(inputMean[i]).toBeCloseTo(means[i], 4);
    expect(inputVariance).toBeCloseTo(variance, 4);
    if (layer.inputsFirst || layer.window === undefined) return;
    const first = means.reduce((sum, m, i) => {
      for (let t = 0; t < taps; t++) sum += m * weights[offset + i * taps + t];
      return sum;
    }, bias[0]);
    expect(outputMean[0]).toBeCloseTo(first, 4);
  });
  await scorer.close();
});

test("half precision: statistics are cast to the type of the running ones", async () => {
  const g = new OnnxGraphBuilder("half");
  const x = g.input("x", [null, 2]);
  const w = g.initializer("w", [2, 2], Float32Array.of(1, 0.5, -0.25, 2));
  const y = g.node("MatMul", [x, w]);
  const ones = (name: string, value: number) =>
    g.initializer(name, [2], new Float32Array(2).fill(value));
  const parameters = [ones("gamma", 2), ones("beta", 0.5), ones("mean", 0), ones("variance", 1)];
  g.output(g.node("BatchNormalization", [y, ...parameters], {}, "z"), [null, 2]);
  const model = decodeModel(g.build());
  const variance = model.graph.initializer.find((t) => t.name === "variance")!;
  variance.data_type = DataType.FLOAT16;
  variance.raw_data = new Uint8Array(Uint16Array.of(0x3c00, 0x3c00).buffer);
  const cast = { name: "to", type: 2, i: DataType.FLOAT };
  model.graph.node.unshift({
    op_type: "Cast",
    input: ["variance"],
    output: ["v32"],
    attribute: [cast],
  });
  model.graph.node.at(-1)!.input[4] = "v32";
  const { weights, scorer } = await open(encodeModel(model));
  await scorer.setWeights(weights, Float32Array.of(1, 2, 4, 9));
  const scores = await scorer.run([{ data: Float32Array.of(3, 4), shape: [2] }], 1);
  // z = 2 (y − mean) / √variance + 0.5 with y = (2, 9.5)
  expect(scores[0]).toBeCloseTo((2 * (2 - 1)) / 2 + 0.5, 4);
  expect(scores[1]).toBeCloseTo((2 * (9.5 - 2)) / 3 + 0.5, 4);
  await scorer.close();
});

test("a graph without batch normalization says what it has instead", async () => {
  const g = new OnnxGraphBuilder("transformer");
  const x = g.input("x", [null, 4]);
  const w = g.initializer("w", [4, 4], draw("w", 16));
  const gamma = g.initializer("gamma", [4], new Float32Array(4).fill(1));
  g.output(g.node("LayerNormalization", [g.node("MatMul", [x, w]), gamma], {}, "y"), [null, 4]);
  const { layers } = await open(g.build());
  expect(layers.normalization).toHaveLength(0);
  expect(layers.otherNormalizations).toEqual(["LayerNormalization"]);
});
