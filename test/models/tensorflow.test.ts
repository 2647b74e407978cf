import { join } from "node:path";
import type { io, LayersModel, SymbolicTensor, Tensor } from "@tensorflow/tfjs";
import * as ort from "onnxruntime-node";
import { describe, expect, test, vi } from "vitest";
import { glyphs } from "../../src/datasets/glyphs.js";
import { InputError } from "../../src/errors.js";
import { RandomSource } from "../../src/kernel/random.js";
import { embeddedModels } from "../../src/models/embedded/index.js";
import { fitExamples } from "../../src/models/fit-inputs.js";
import { OnnxGraphBuilder } from "../../src/models/onnx-graph.js";
import { openOnnxModel } from "../../src/models/onnx-model.js";
import { countCorrect } from "../../src/models/score.js";
import { openTensorFlow } from "../../src/models/tensorflow-backend.js";
import { openTfjsLayersModel } from "../../src/models/tensorflow-model.js";
import { defaultTravelRules, layOut } from "../../src/weights/layout.js";
import { overwriteTensor, readOnnxFile } from "../../src/weights/onnx-file.js";
import { readTfjsLayers } from "../../src/weights/tfjs-layers.js";
import { folderWith } from "../files/temporary-folder.js";
import { layersFromOnnx } from "./layers-from-onnx.js";

const { tf, backend, description, version, whyNotNode } = await openTensorFlow();
const layers = tf.layers;
const random = new RandomSource(7, "tensorflow test");

const SIDE = 12;
const CLASSES = 10;
const shape = [SIDE, SIDE, 3];

/** Every convolution is followed by its normalization; names are `${name}` and `${name}_bn`. */
function convolve(x: SymbolicTensor, name: string, filters: number, kernelSize = 3, strides = 1) {
  const convolution = layers.conv2d({
    name,
    filters,
    kernelSize,
    strides,
    padding: "same",
    useBias: false,
  });
  const normalization = layers.batchNormalization({ name: `${name}_bn`, epsilon: 1e-5 });
  return normalization.apply(convolution.apply(x)) as SymbolicTensor;
}

const relu = (x: SymbolicTensor) => layers.reLU().apply(x) as SymbolicTensor;
const add = (a: SymbolicTensor, b: SymbolicTensor) => layers.add().apply([a, b]) as SymbolicTensor;

/** A residual network of two blocks, the second with a strided shortcut; seeded parameters. */
function residualNetwork(seed = "weights"): LayersModel {
  const input = tf.input({ shape: [SIDE, SIDE, 3], name: "images" });
  const stem = relu(convolve(input, "stem", 8));
  const block1 = convolve(relu(convolve(stem, "block1_a", 8)), "block1_b", 8);
  const joined1 = relu(add(block1, stem));
  const block2 = convolve(relu(convolve(joined1, "block2_a", 16, 3, 2)), "block2_b", 16);
  const joined2 = relu(add(block2, convolve(joined1, "block2_shortcut", 16, 1, 2)));
  const pooled = layers.globalAveragePooling2d({}).apply(joined2);
  const scores = layers.dense({ units: CLASSES, name: "head" }).apply(pooled) as SymbolicTensor;
  const network = tf.model({ inputs: input, outputs: scores });
  seedParameters(network, seed);
  balance(network);
  return network;
}

/** Takes each class's mean score off its bias, or a few classes would win every image. */
function balance(network: LayersModel): void {
  tf.tidy(() => {
    const scores = network.predict(tf.tensor(images(100, "balance"), [100, ...shape])) as Tensor;
    const bias = network.getLayer("head").weights[1];
    bias.write(bias.read().sub(scores.mean(0)));
  });
}

/** Seeded values, none of them the 0 or 1 that normalization starts from. */
function seedParameters(network: LayersModel, seed: string): void {
  for (const variable of network.weights) {
    const stream = random.stream(`${seed}/${variable.originalName}`);
    const shape = variable.shape as number[];
    const values = new Float32Array(product(shape));
    const fanIn = product(shape.slice(0, -1));
    if (shape.length > 1) stream.fillNormal(values, Math.sqrt(2 / fanIn));
    else stream.fillNormal(values, 0.3, 0.1);
    if (/gamma|variance/.test(variable.originalName)) {
      values.forEach((v, i) => {
        values[i] = 0.5 + Math.abs(v);
      });
    }
    const tensor = tf.tensor(values, shape);
    variable.write(tensor);
    tensor.dispose();
  }
}

function product(shape: readonly number[]): number {
  return shape.reduce((total, n) => total * n, 1);
}

/** Noise over a colour of its own for each image: with noise alone all would be of one class. */
function images(count: number, name: string): Float32Array {
  const data = new Float32Array(count * SIDE * SIDE * 3);
  const stream = random.stream(name);
  stream.fillNormal(data);
  for (let start = 0; start < data.length; start += SIDE * SIDE * 3) {
    const colour = [stream.normal(), stream.normal(), stream.normal()];
    for (let i = 0; i < SIDE * SIDE * 3; i++) data[start + i] += 3 * colour[i % 3];
  }
  return data;
}

type Files = Record<string, Uint8Array | string>;
type Manifest = io.WeightsManifestConfig;

/** The files of a saved network, its weights cut in two at no tensor's border. */
async function filesOf(network: LayersModel): Promise<Files> {
  let saved: io.ModelArtifacts | undefined;
  const keep = tf.io.withSaveHandler(async (artifacts) => {
    saved = artifacts;
    return { modelArtifactsInfo: { dateSaved: new Date(), modelTopologyType: "JSON" } };
  });
  await network.save(keep);
  const { modelTopology, weightSpecs, weightData, ...rest } = saved!;
  const bytes = new Uint8Array(weightData as ArrayBuffer);
  const cut = Math.floor(bytes.length / 3) + 1;
  const paths = ["group1-shard1of2.bin", "group1-shard2of2.bin"];
  return {
    "model.json": JSON.stringify({
      ...rest,
      modelTopology,
      weightsManifest: [{ paths, weights: weightSpecs }],
    }),
    [paths[0]]: bytes.slice(0, cut),
    [paths[1]]: bytes.slice(cut),
  };
}

/** A layers model of these weights and no network: enough to be read, not to be run. */
function weightsOnly(manifest: Manifest, shards: Files, topology: object = {}): Files {
  const json = { modelTopology: topology, weightsManifest: manifest };
  return { "model.json": JSON.stringify(json), ...shards };
}

const bytesOf = (array: ArrayBufferView) =>
  new Uint8Array(array.buffer, array.byteOffset, array.byteLength);

async function messageOf(action: () => unknown): Promise<string> {
  try {
    await action();
  } catch (error) {
    expect(error).toBeInstanceOf(InputError);
    return (error as Error).message;
  }
  throw new Error("nothing was thrown");
}

function argmax(scores: Float32Array, classes: number): number[] {
  return Array.from({ length: scores.length / classes }, (_, i) => {
    const own = scores.subarray(i * classes, (i + 1) * classes);
    return own.indexOf(Math.max(...own));
  });
}

describe("backend", () => {
  test("is tfjs-node where that loads, WebAssembly otherwise, and says why", () => {
    expect(version).toMatch(/^4\./);
    if (backend === "node") {
      expect(tf.getBackend()).toBe("tensorflow");
      expect(whyNotNode).toBeUndefined();
      return;
    }
    expect(backend).toBe("wasm");
    expect(tf.getBackend()).toBe("wasm");
    expect(description).toMatch(/^WebAssembly with(out)? SIMD, 1 thread$/);
    expect(whyNotNode).toMatch(/^@tensorflow\/tfjs-node (is not installed|does not load: .+)$/);
  });

  test("greets nobody on the console, and leaves other warnings alone", async () => {
    const warn = vi.spyOn(console, "warn").mockImplementation(() => {});
    const previous = tf.getBackend();
    try {
      await tf.setBackend("cpu");
      tf.tidy(() => tf.ones([2]).dataSync());
      expect(warn).not.toHaveBeenCalled();
      tf.backend_util.warn("a real warning");
      expect(warn).toHaveBeenCalledWith("a real warning");
    } finally {
      warn.mockRestore();
      await tf.setBackend(previous);
    }
  });
});

describe("layers format", () => {
  test("roles come from the layers' classes, and only weights travel", async () => {
    const folder = folderWith(await filesOf(residualNetwork()));
    const { tensors, files } = readTfjsLayers(folder);
    expect(files).toEqual(
      ["model.json", "group1-shard1of2.bin", "group1-shard2of2.bin"].map((f) => join(folder, f)),
    );
    const travelling = layOut(tensors, defaultTravelRules);
    expect(travelling.entries.map((e) => e.name)).toEqual([
      "stem/kernel",
      "block1_a/kernel",
      "block1_b/kernel",
      "block2_a/kernel",
      "block2_b/kernel",
      "block2_shortcut/kernel",
      "head/kernel",
      "head/bias",
    ]);
    // Convolutions: 3·3·3·8 + 2·(3·3·8·8) + 3·3·8·16 + 3·3·16·16 + 8·16; head: 16·10 + 10.
    expect(travelling.size).toBe(216 + 2 * 576 + 1152 + 2304 + 128 + 170);
    // Six normalizations of four vectors each: three of 8 channels, three of 16.
    const all = layOut(tensors, { ...defaultTravelRules, normalization: true });
    expect(all.size - travelling.size).toBe(4 * (3 * 8 + 3 * 16));
  });

  test("finds normalization in nested models and wrappers, and not by its name", async () => {
    const inner = tf.sequential({ name: "inner" });
    inner.add(layers.dense({ units: 6, inputShape: [4, 5], name: "batch_normalization_9" }));
    inner.add(layers.layerNormalization({ name: "plain" }));
    // Built only where it is used, so that its weights carry its name too.
    const late = tf.sequential({ name: "late", layers: [] });
    late.add(layers.batchNormalization({ name: "deep", inputShape: [4, 6] }));
    const wrapped = layers.timeDistributed({
      layer: layers.batchNormalization({ name: "wrapped" }),
      name: "each_step",
    });
    const recurrent = layers.bidirectional({
      layer: layers.lstm({ units: 3, name: "lstm" }) as never,
      mergeMode: "concat",
      name: "both_ways",
    });
    const input = tf.input({ shape: [4, 5] });
    let x = inner.apply(input) as SymbolicTensor;
    x = late.apply(x) as SymbolicTensor;
    x = wrapped.apply(x) as SymbolicTensor;
    x = recurrent.apply(x) as SymbolicTensor;
    const network = tf.model({ inputs: input, outputs: x });

    const { tensors } = readTfjsLayers(folderWith(await filesOf(network)));
    const normalization = tensors.filter((t) => t.role === "normalization").map((t) => t.name);
    // Layer normalization has 2 vectors, the two batch normalizations 4 each.
    expect(normalization.length, normalization.join(" ")).toBe(2 + 4 + 4);
    for (const { name, role } of tensors) {
      const isNorm = /gamma|beta|moving/.test(name.split("/").at(-1)!);
      expect(role, name).toBe(isNorm ? "normalization" : "weight");
    }
    expect(tensors.some((t) => t.name === "batch_normalization_9/kernel")).toBe(true);
  });

  test("takes the topology that Keras writes: model_config, slashes and cells in names", () => {
    const names = [
      "block/bn/gamma",
      "block/bn_conv/kernel",
      "rnn/lstm_cell/kernel",
      "top/last/beta",
    ];
    const weights = names.map((name) => ({ name, shape: [1], dtype: "float32" as const }));
    const layer = (class_name: string, name: string) => ({ class_name, config: { name } });
    const files = weightsOnly(
      [{ paths: ["w.bin"], weights }],
      { "w.bin": new Uint8Array(16) },
      {
        keras_version: "2.4.0",
        model_config: {
          class_name: "Functional",
          config: {
            name: "model",
            layers: [
              layer("BatchNormalization", "block/bn"),
              layer("Conv2D", "block/bn_conv"),
              layer("LSTM", "rnn"),
              // An old Sequential lists its layers straight in its config.
              {
                class_name: "Sequential",
                name: "top",
                config: [layer("BatchNormalization", "last")],
              },
            ],
          },
        },
      },
    );
    const { tensors } = readTfjsLayers(folderWith(files));
    expect(tensors.map((t) => t.role)).toEqual([
      "normalization",
      "weight",
      "weight",
      "normalization",
    ]);
  });

  test("quantized tensors are read as TensorFlow.js reads them; integers and scalars stay", () => {
    const weights: io.WeightsManifestEntry[] = [
      {
        name: "a",
        shape: [2, 3],
        dtype: "float32",
        quantization: { dtype: "uint8", scale: 0.0123, min: -1.57 },
      },
      {
        name: "b",
        shape: [3],
        dtype: "float32",
        quantization: { dtype: "uint16", scale: 3.1e-5, min: -1 },
      },
      { name: "c", shape: [5], dtype: "float32", quantization: { dtype: "float16" } },
      { name: "d", shape: [2], dtype: "int32", quantization: { dtype: "uint8", scale: 1, min: 9 } },
      { name: "e", shape: [2], dtype: "bool" },
      { name: "f", shape: [2], dtype: "int32" },
      { name: "g", shape: [3], dtype: "float32" },
      { name: "h", shape: [], dtype: "float32" },
    ];
    const bytes = Uint8Array.from([
      ...[0, 1, 127, 128, 254, 255],
      ...bytesOf(Uint16Array.of(0, 40000, 65535)),
      // 1, the smallest subnormal, -2.5, the largest, -0
      ...bytesOf(Uint16Array.of(0x3c00, 0x0001, 0xc100, 0x7bff, 0x8000)),
      ...[3, 250],
      ...[1, 0],
      ...bytesOf(Int32Array.of(-5, 1 << 20)),
      ...bytesOf(Float32Array.of(0.1, -2, 3e30)), // not aligned to 4 bytes in the file
      ...bytesOf(Float32Array.of(0.25)),
    ]);
    const manifest: Manifest = [{ paths: ["w.bin"], weights }];
    const { tensors } = readTfjsLayers(folderWith(weightsOnly(manifest, { "w.bin": bytes })));
    expect(tensors.map((t) => `${t.name} ${t.role}`)).toEqual([
      ...["a weight", "b weight", "c weight", "d integer", "e integer", "f integer"],
      ...["g weight", "h scalar"],
    ]);
    const theirs = tf.io.decodeWeights(bytes.buffer, weights);
    for (const { name, values } of tensors) {
      expect([...values], name).toEqual([...theirs[name].dataSync()]);
      theirs[name].dispose();
    }
    expect([...tensors[2].values]).toEqual([1, 2 ** -24, -2.5, 65504, -0]);
  });

  test("optimizer state in the file is no tensor of the network", () => {
    const weights: io.WeightsManifestEntry[] = [
      { name: "dense/kernel", shape: [1], dtype: "float32" },
      { name: "Adam/iter", shape: [1], dtype: "float32", group: "optimizer" },
    ];
    const files = weightsOnly([{ paths: ["w.bin"], weights }], { "w.bin": new Uint8Array(8) });
    expect(readTfjsLayers(folderWith(files)).tensors.map((t) => t.name)).toEqual(["dense/kernel"]);
  });
});

describe("scoring", () => {
  test("scores are those of TensorFlow.js itself; new weights change them, old ones restore them", async () => {
    const network = residualNetwork();
    const model = await openTfjsLayersModel(folderWith(await filesOf(network)));
    expect(model.format).toBe("tfjs-layers");
    expect(model.inputs).toEqual([
      { name: "images", type: "float32", shape: [null, SIDE, SIDE, 3] },
    ]);
    const layout = layOut(model.tensors, defaultTravelRules);
    const clean = model.readWeights(layout);
    expect(clean.subarray(0, 216)).toEqual(await network.getWeights()[0].data());

    const scorer = await model.openScorer(layout, { threads: 0 });
    expect(scorer.runtime).toBe(`TensorFlow.js ${version} (${description})`);
    const count = 150; // more than one batch, and a part of one
    const inputs = [{ data: images(count, "scores"), shape }];
    const theirs = tf.tidy(() => {
      const x = tf.tensor(inputs[0].data, [count, ...shape]);
      return (network.predict(x, { batchSize: count }) as Tensor).dataSync() as Float32Array;
    });
    const untouched = (await scorer.run(inputs, count)).slice();
    expect(untouched.length).toBe(count * CLASSES);
    expect(largestDifference(untouched, theirs)).toBeLessThan(1e-5);

    const noisy = new Float32Array(clean.length);
    random.stream("noise").fillNormal(noisy, 0.05);
    clean.forEach((w, i) => {
      noisy[i] += w;
    });
    await scorer.setWeights(noisy);
    noisy.fill(0); // the scorer must not look at the caller's array any more
    const changed = (await scorer.run(inputs, count)).slice();
    expect(largestDifference(changed, untouched)).toBeGreaterThan(0.01);
    expect([...changed].every(Number.isFinite)).toBe(true);

    await scorer.setWeights(clean);
    expect(await scorer.run(inputs, count)).toEqual(untouched);
    await scorer.close();
  });

  test("each tensor goes where its name says, also beside other models of the same names", async () => {
    const beside = residualNetwork("another"); // takes the names without a suffix
    const files = await filesOf(residualNetwork());
    const model = await openTfjsLayersModel(folderWith(files));
    const other = await openTfjsLayersModel(folderWith(await filesOf(beside)));
    const all = layOut(model.tensors, { ...defaultTravelRules, normalization: true });
    const first = await model.openScorer(all, { threads: 0 });
    const second = await other.openScorer(all, { threads: 0 });
    const inputs = [{ data: images(5, "names"), shape }];
    const [a, b] = [await first.run(inputs, 5), await second.run(inputs, 5)].map((s) => s.slice());
    expect(largestDifference(a, b)).toBeGreaterThan(0.01);

    await first.setWeights(other.readWeights(all));
    expect(await first.run(inputs, 5)).toEqual(b);
    expect(await second.run(inputs, 5)).toEqual(b);
    await first.setWeights(model.readWeights(all));
    expect(await first.run(inputs, 5)).toEqual(a);
    await Promise.all([first.close(), second.close()]);
  });

  test("50 weight swaps and runs leave no tensors behind, and closing frees the network", async () => {
    const folder = folderWith(await filesOf(residualNetwork()));
    const before = tf.memory().numTensors;
    const model = await openTfjsLayersModel(folder);
    expect(tf.memory().numTensors).toBe(before);
    const layout = layOut(model.tensors, defaultTravelRules);
    const scorer = await model.openScorer(layout, { threads: 0 });
    const open = tf.memory();
    const weights = model.readWeights(layout);
    const inputs = [{ data: images(3, "memory"), shape }];
    for (let i = 0; i < 50; i++) {
      weights[i] += 1;
      await scorer.setWeights(weights);
      await scorer.run(inputs, 3);
    }
    expect(tf.memory().numTensors).toBe(open.numTensors);
    expect(tf.memory().numBytes).toBe(open.numBytes);
    await scorer.close();
    expect(tf.memory().numTensors).toBe(before);
  });

  test("training constraints do not bend the weights that arrive", async () => {
    const network = tf.sequential();
    const kernelConstraint = tf.constraints.maxNorm({ maxValue: 1, axis: 0 });
    network.add(layers.dense({ units: 1, inputShape: [2], kernelConstraint, useBias: false }));
    const model = await openTfjsLayersModel(folderWith(await filesOf(network)));
    const scorer = await model.openScorer(layOut(model.tensors, defaultTravelRules), {
      threads: 0,
    });
    await scorer.setWeights(Float32Array.of(3, 4)); // norm 5, the constraint would make it 1
    const inputs = [{ data: Float32Array.of(1, 1, 0, 2), shape: [2] }];
    expect([...(await scorer.run(inputs, 2))]).toEqual([7, 8]);
    await scorer.close();
  });

  test("dimensions that the model leaves open come from the examples; integers are taken", async () => {
    const input = tf.input({ shape: [null], dtype: "int32", name: "tokens" });
    const embedded = layers.embedding({ inputDim: 4, outputDim: 2 }).apply(input);
    const pooled = layers.globalAveragePooling1d({}).apply(embedded) as SymbolicTensor;
    const folder = folderWith(await filesOf(tf.model({ inputs: input, outputs: pooled })));
    const model = await openTfjsLayersModel(folder);
    expect(model.inputs).toEqual([{ name: "tokens", type: "int32", shape: [null, null] }]);
    const scorer = await model.openScorer(layOut(model.tensors, defaultTravelRules), {
      threads: 0,
    });
    await scorer.setWeights(Float32Array.of(0, 0, 1, 10, 2, 20, 3, 30));
    const tokens = [
      { data: Int32Array.of(1, 2, 3, 3, 0, 0), shape: [3] },
      { data: BigInt64Array.of(1n, 2n, 3n, 3n, 0n, 0n), shape: [3] },
    ];
    for (const inputs of tokens) {
      expect([...(await scorer.run([inputs], 2))]).toEqual([2, 20, 1, 10]);
    }
    await scorer.close();
  });

  test("a fixed batch size is for training; open rows and columns come from the images", async () => {
    const input = tf.input({ batchShape: [7, null, null, 2], name: "images" });
    const convolved = layers.conv2d({ filters: 1, kernelSize: 1, useBias: false }).apply(input);
    const pooled = layers.globalMaxPooling2d({}).apply(convolved) as SymbolicTensor;
    const folder = folderWith(await filesOf(tf.model({ inputs: input, outputs: pooled })));
    const model = await openTfjsLayersModel(folder);
    expect(model.inputs[0].shape).toEqual([null, null, null, 2]);
    const scorer = await model.openScorer(layOut(model.tensors, defaultTravelRules), {
      threads: 0,
    });
    await scorer.setWeights(Float32Array.of(1, 10));
    const data = Float32Array.of(1, 2, 3, 4, 5, 6, /**/ 9, 0, 8, 1, 7, 0);
    expect([...(await scorer.run([{ data, shape: [1, 3, 2] }], 2))]).toEqual([65, 18]);
    expect(await messageOf(() => scorer.run([{ data, shape: [2, 3] }], 2))).toMatch(
      /input "images" takes examples of shape \[any, any, 2\], got \[2, 3\]$/,
    );
    await scorer.close();
  });

  test("of several outputs the first is scored", async () => {
    const input = tf.input({ shape: [2] });
    const dense = (units: number) =>
      layers.dense({ units, useBias: false }).apply(input) as SymbolicTensor;
    const network = tf.model({ inputs: input, outputs: [dense(1), dense(3)] });
    const model = await openTfjsLayersModel(folderWith(await filesOf(network)));
    const scorer = await model.openScorer(layOut(model.tensors, defaultTravelRules), {
      threads: 0,
    });
    await scorer.setWeights(Float32Array.of(2, 3, 0, 0, 0, 0, 0, 0));
    const inputs = [{ data: Float32Array.of(1, 1, 1, 2), shape: [2] }];
    expect([...(await scorer.run(inputs, 2))]).toEqual([5, 8]);
    await scorer.close();
  });

  test("inputs of another size are refused", async () => {
    const model = await openTfjsLayersModel(folderWith(await filesOf(residualNetwork())));
    const layout = layOut(model.tensors, defaultTravelRules);
    const scorer = await model.openScorer(layout, { threads: 0 });
    const wrong = [{ data: new Float32Array(3 * 8 * 8), shape: [3, 8, 8] }];
    expect(await messageOf(() => scorer.run(wrong, 1))).toMatch(
      /model\.json: input "images" takes examples of shape \[12, 12, 3\], got \[3, 8, 8\]$/,
    );
    const short = [{ data: new Float32Array(10), shape }];
    await expect(scorer.run(short, 1)).rejects.toThrow(
      "run: 1 examples of shape [12, 12, 3] are 432 values, got 10",
    );
    await expect(scorer.setWeights(new Float32Array(3))).rejects.toThrow(
      `setWeights: needs ${layout.size} weights, got 3`,
    );
    await scorer.close();
  });
});

function largestDifference(a: Float32Array, b: Float32Array): number {
  expect(a.length).toBe(b.length);
  return a.reduce((largest, v, i) => Math.max(largest, Math.abs(v - b[i])), 0);
}

describe("bad files", () => {
  const entry = { name: "w", shape: [2, 2], dtype: "float32" };
  const manifest = (over: object) =>
    [{ paths: ["w.bin"], weights: [{ ...entry, ...over }] }] as Manifest;
  const bytes = { "w.bin": new Uint8Array(16) };
  const reading = (files: Files) => {
    const folder = folderWith(files);
    return messageOf(() => readTfjsLayers(folder)).then((m) => m.replaceAll(`${folder}/`, ""));
  };

  test("missing model.json, not JSON, another kind of JSON", async () => {
    expect(await reading({})).toMatch(/^model\.json: no such file/);
    expect(await reading({ "model.json": "<html>" })).toMatch(/^model\.json: not JSON: /);
    expect(await reading({ "model.json": '{"name":"x"}' })).toMatch(
      /^model\.json: not a model in the layers format of TensorFlow\.js: modelTopology: /,
    );
  });

  test("a graph model is named as such", async () => {
    const graph = { format: "graph-model", modelTopology: { node: [] }, weightsManifest: [] };
    for (const json of [graph, { ...graph, format: undefined }]) {
      expect(await reading({ "model.json": JSON.stringify(json) })).toMatch(
        /^model\.json: format must be the layers format of TensorFlow\.js, got a graph model.*ONNX$/,
      );
    }
  });

  test("weight files that are missing, cut short or too long", async () => {
    const files = await filesOf(residualNetwork());
    const second = files["group1-shard2of2.bin"] as Uint8Array;
    const { "group1-shard2of2.bin": _, ...missing } = files;
    expect(await reading(missing)).toMatch(
      /^group1-shard2of2\.bin: no such file; the nearest .*group1-shard1of2/,
    );
    const total = (5122 + 288) * 4;
    const shards = "group1-shard1of2.bin, group1-shard2of2.bin together";
    expect(await reading({ ...files, "group1-shard2of2.bin": second.slice(5) })).toBe(
      `${shards}: cut short: weightsManifest in model.json asks for ${total} bytes, got ${total - 5}`,
    );
    const longer = Uint8Array.from([...second, 0]);
    expect(await reading({ ...files, "group1-shard2of2.bin": longer })).toBe(
      `${shards}: too long: weightsManifest in model.json asks for ${total} bytes, got ${total + 1}`,
    );
  });

  test.each([
    [{ dtype: "string" }, 'dtype must be one of float32, int32, bool, got "string"'],
    [
      { quantization: { dtype: "int4" } },
      'quantization.dtype must be one of uint8, uint16, float16, got "int4"',
    ],
    [
      { shape: [16], quantization: { dtype: "uint8", scale: 2 } },
      'quantization must have scale and min, got {"dtype":"uint8","scale":2}',
    ],
    [
      { shape: [8], dtype: "int32", quantization: { dtype: "float16" } },
      'dtype of a float16 quantized weight must be float32, got "int32"',
    ],
  ])("weight entry %j", async (over, message) => {
    expect(await reading(weightsOnly(manifest(over), bytes))).toBe(
      `model.json: weight "w": ${message}`,
    );
  });

  test("two weights of one name", async () => {
    const twice = [...manifest({}), ...manifest({})];
    expect(await reading(weightsOnly(twice, bytes))).toBe(
      'model.json: weightsManifest: two weights are named "w"',
    );
  });

  test("a network that TensorFlow.js cannot build or run is refused when it is opened", async () => {
    const files = await filesOf(residualNetwork());
    const json = files["model.json"] as string;
    const withUnknown = json.replace('"ReLU"', '"GroupNormalization"');
    const unknown = folderWith({ ...files, "model.json": withUnknown });
    expect(await messageOf(() => openTfjsLayersModel(unknown))).toMatch(
      /model\.json: TensorFlow\.js cannot build the network: Unknown layer: GroupNormalization/,
    );
    const renamed = folderWith({ ...files, "model.json": json.replace("stem/kernel", "stem/k") });
    expect(await messageOf(() => openTfjsLayersModel(renamed))).toMatch(
      /cannot build the network: .*stem\/k/,
    );
  });

  test("an operation that the backend lacks is named", async () => {
    const folder = folderWith(await filesOf(residualNetwork()));
    const relu = tf.getKernelsForBackend(tf.getBackend()).find((k) => k.kernelName === "Relu")!;
    tf.unregisterKernel("Relu", tf.getBackend());
    try {
      expect(await messageOf(() => openTfjsLayersModel(folder))).toContain(
        `model.json: the network needs the operation "Relu", which TensorFlow.js lacks on ${description}; `,
      );
    } finally {
      tf.registerKernel(relu);
    }
  });
});

/** Convolution kernels [rows, columns, in, out] as ONNX wants them: [out, in, rows, columns]. */
function toOutInRowsColumns(kernel: Float32Array, [rows, columns, ins, outs]: number[]) {
  const out = new Float32Array(kernel.length);
  for (let k = 0; k < rows * columns; k++) {
    for (let i = 0; i < ins; i++) {
      for (let o = 0; o < outs; o++) {
        out[(o * ins + i) * rows * columns + k] = kernel[(k * ins + i) * outs + o];
      }
    }
  }
  return out;
}

/** The residual network once more, as an ONNX graph with these parameters. */
function residualGraph(parameter: (name: string) => { shape: number[]; values: Float32Array }) {
  const graph = new OnnxGraphBuilder("residual");
  const vector = (name: string) => {
    const { shape, values } = parameter(name);
    return graph.initializer(name, shape, values);
  };
  const convolve = (x: string, name: string, pads: number[], strides = 1) => {
    const { shape, values } = parameter(`${name}/kernel`);
    const [rows, columns, ins, outs] = shape;
    const kernel = graph.initializer(
      `${name}/kernel`,
      [outs, ins, rows, columns],
      toOutInRowsColumns(values, shape),
    );
    const y = graph.node("Conv", [x, kernel], {
      pads: { ints: pads },
      strides: { ints: [strides, strides] },
    });
    const statistics = ["gamma", "beta", "moving_mean", "moving_variance"];
    const inputs = [y, ...statistics.map((s) => vector(`${name}_bn/${s}`))];
    return graph.node("BatchNormalization", inputs, { epsilon: { float: 1e-5 } });
  };
  const relu = (x: string) => graph.node("Relu", [x]);

  // "same" padding of a 3x3 kernel: all around at stride 1, at the end only at stride 2.
  const around = [1, 1, 1, 1];
  const atEnd = [0, 0, 1, 1];
  graph.input("images", [null, 3, SIDE, SIDE]);
  const stem = relu(convolve("images", "stem", around));
  const block1 = convolve(relu(convolve(stem, "block1_a", around)), "block1_b", around);
  const joined1 = relu(graph.node("Add", [block1, stem]));
  const block2 = convolve(relu(convolve(joined1, "block2_a", atEnd, 2)), "block2_b", around);
  const shortcut = convolve(joined1, "block2_shortcut", [0, 0, 0, 0], 2);
  const joined2 = relu(graph.node("Add", [block2, shortcut]));
  const pooled = graph.node("Flatten", [graph.node("GlobalAveragePool", [joined2])]);
  const head = [vector("head/kernel"), vector("head/bias")]; // [in, out] in both formats
  graph.output(graph.node("Gemm", [pooled, ...head], {}, "scores"), [null, CLASSES]);
  return graph.build();
}

/** [rows, columns, channels] of every image to [channels, rows, columns]. */
function channelsFirst(data: Float32Array, count: number): Float32Array {
  const out = new Float32Array(data.length);
  const pixels = SIDE * SIDE;
  for (let n = 0; n < count; n++) {
    for (let p = 0; p < pixels; p++) {
      for (let c = 0; c < 3; c++) {
        out[(n * 3 + c) * pixels + p] = data[(n * pixels + p) * 3 + c];
      }
    }
  }
  return out;
}

describe("the same network scored by ONNX Runtime", () => {
  test("gives each of 1,000 images the same class, with clean and with noisy weights", async () => {
    const count = 1000;
    const data = images(count, "both ways");
    const folder = folderWith(await filesOf(residualNetwork()));
    const model = await openTfjsLayersModel(folder);
    const layout = layOut(model.tensors, defaultTravelRules);
    const scorer = await model.openScorer(layout, { threads: 0 });
    const { tensors } = readTfjsLayers(folder);
    const clean = model.readWeights(layout);
    const feeds = {
      images: new ort.Tensor("float32", channelsFirst(data, count), [count, 3, SIDE, SIDE]),
    };
    const classes: number[][] = [];
    for (const sigma of [0, 0.02, 0.1]) {
      const weights = new Float32Array(clean.length);
      random.stream(`both ways/${sigma}`).fillNormal(weights, sigma);
      for (let i = 0; i < weights.length; i++) weights[i] += clean[i];

      const bytes = residualGraph((name) => {
        const entry = layout.entries.find((e) => e.name === name);
        const tensor = tensors.find((t) => t.name === name)!;
        const sent = entry && weights.subarray(entry.offset, entry.offset + entry.size);
        return { shape: [...tensor.shape], values: sent ?? (tensor.values as Float32Array) };
      });
      const session = await ort.InferenceSession.create(bytes, { intraOpNumThreads: 1 });
      const theirs = (await session.run(feeds)).scores.data as Float32Array;
      await session.release();

      await scorer.setWeights(weights);
      const ours = await scorer.run([{ data, shape }], count);
      expect(largestDifference(ours, theirs), `sigma ${sigma}`).toBeLessThan(1e-4);
      classes.push(argmax(ours, CLASSES));
      expect(classes.at(-1)).toEqual(argmax(theirs, CLASSES));
    }
    // The comparison is worth something: classes differ among images, and noise moves them.
    const [own, ...noisy] = classes;
    expect(new Set(own).size).toBeGreaterThan(3);
    for (const moved of noisy) {
      expect(moved.filter((c, i) => c !== own[i]).length).toBeGreaterThan(20);
    }
    await scorer.close();
  });

  const glyphsNetwork = embeddedModels.find((m) => m.name === "glyphs-resnet")!.path;

  test("gets equally many of 2,000 glyphs right, with clean and with noisy weights", async () => {
    const dataset = glyphs.open(glyphs.params.parse({ testImages: 2000 }));
    const examples = dataset.load("test");
    const onnx = await openOnnxModel(glyphsNetwork);
    const layout = layOut(onnx.tensors, defaultTravelRules);
    const clean = onnx.readWeights(layout);
    const onnxScorer = await onnx.openScorer(layout, { threads: 1 });
    const onnxExamples = fitExamples(examples, onnx, "glyphs-resnet.onnx");

    const noisy = new Float32Array(clean.length);
    const sigma = 0.7 * standardDeviation(clean);
    random.stream("glyphs").fillNormal(noisy, sigma);
    for (let i = 0; i < noisy.length; i++) noisy[i] += clean[i];

    /** The network with these weights in its ONNX file, rebuilt by TensorFlow.js. */
    const rebuild = async (weights: Float32Array) => {
      const file = readOnnxFile(glyphsNetwork);
      for (const { name, offset, size } of layout.entries) {
        const place = file.tensors.find((t) => t.name === name)!;
        overwriteTensor(file, place, weights.subarray(offset, offset + size));
      }
      const folder = folderWith(await filesOf(layersFromOnnx(tf, file)));
      return openTfjsLayersModel(folder);
    };
    const layersModel = await rebuild(clean);
    const layersLayout = layOut(layersModel.tensors, defaultTravelRules);
    expect(layersLayout.size).toBe(layout.size);
    const layersScorer = await layersModel.openScorer(layersLayout, { threads: 1 });
    const layersExamples = fitExamples(examples, layersModel, "model.json");

    const counts: number[] = [];
    for (const weights of [clean, noisy]) {
      await onnxScorer.setWeights(weights);
      const expected = await countCorrect(onnxScorer, onnxExamples, 250);
      await layersScorer.setWeights((await rebuild(weights)).readWeights(layersLayout));
      expect(await countCorrect(layersScorer, layersExamples, 250)).toBe(expected);
      counts.push(expected);
    }
    expect(counts[0]).toBeGreaterThan(1900);
    // Noise does harm, but leaves something to be counted.
    expect(counts[1]).toBeLessThan(counts[0] - 50);
    expect(counts[1]).toBeGreaterThan(400);
    await Promise.all([onnxScorer.close(), layersScorer.close()]);
  });
});

function standardDeviation(values: Float32Array): number {
  const mean = values.reduce((sum, v) => sum + v, 0) / values.length;
  return Math.sqrt(values.reduce((sum, v) => sum + (v - mean) ** 2, 0) / values.length);
}
