import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { LayersModel, SymbolicTensor } from "@tensorflow/tfjs";
import { expect, test } from "vitest";
import { layersToOnnx } from "../../../src/models/convert/layers-to-onnx.js";
import { decodeModel } from "../../../src/weights/onnx-proto.js";
import { readTfjsLayers } from "../../../src/weights/tfjs-layers.js";
import { folderWith } from "../../files/temporary-folder.js";
import { parameterShapes } from "../zoo/graph.js";
import {
  layersScores,
  normalValues,
  onnxScores,
  relativeDifference,
  savedLayers,
  tf,
  toOnnx,
} from "./both-ways.js";

const { layers } = tf;
type Value = SymbolicTensor;

/** A network whose variables are all random, variances above 0. */
function randomNetwork(input: Value, output: Value): LayersModel {
  const network = tf.model({ inputs: input, outputs: output });
  for (const variable of network.weights) {
    const shape = variable.shape as number[];
    const values = normalValues(
      variable.originalName,
      shape.reduce((a, b) => a * b, 1),
    );
    const positive = /gamma|variance/.test(variable.originalName);
    variable.write(tf.tensor(positive ? values.map((v) => 0.5 + Math.abs(v)) : values, shape));
  }
  return network;
}

const networks: Record<string, () => { input: Value; output: Value }> = {
  "padding, strides, and activations inside layers": () => {
    const input = tf.input({ shape: [9, 12, 3], name: "images" });
    let x = layers
      .conv2d({ filters: 4, kernelSize: [3, 2], strides: 2, padding: "same", activation: "relu" })
      .apply(input) as Value;
    x = layers
      .depthwiseConv2d({ kernelSize: 3, depthMultiplier: 2, padding: "same", activation: "tanh" })
      .apply(x) as Value;
    x = layers.averagePooling2d({ poolSize: 2, strides: 1, padding: "same" }).apply(x) as Value;
    x = layers.maxPooling2d({ poolSize: [2, 3], padding: "same" }).apply(x) as Value;
    x = layers
      .conv2d({ filters: 3, kernelSize: 2, dilationRate: 2, padding: "same" })
      .apply(x) as Value;
    x = layers.flatten().apply(x) as Value;
    x = layers.dense({ units: 6, activation: "sigmoid", useBias: false }).apply(x) as Value;
    return { input, output: layers.dense({ units: 5, activation: "softmax" }).apply(x) as Value };
  },
  "normalization without scale or shift, ReLU and its kin": () => {
    const input = tf.input({ shape: [6, 5, 2] });
    const centered = layers.batchNormalization({ scale: false }).apply(input) as Value;
    const scaled = layers.batchNormalization({ center: false, epsilon: 0.1 }).apply(input) as Value;
    const parts = [
      layers.reLU({ maxValue: 0.4 }).apply(centered),
      layers.leakyReLU({ alpha: 0.2 }).apply(scaled),
      layers.activation({ activation: "elu" }).apply(centered),
      layers.activation({ activation: "selu" }).apply(centered),
      layers.activation({ activation: "relu6" }).apply(scaled),
    ] as Value[];
    const joined = layers.concatenate({ axis: 2 }).apply(parts) as Value; // along columns
    return { input, output: layers.flatten().apply(joined) as Value };
  },
  "crops, zeros, sums of three, reshaping and permuting": () => {
    const input = tf.input({ shape: [6, 8, 3] });
    const cropped = layers
      .cropping2D({
        cropping: [
          [1, 2],
          [0, 3],
        ],
      })
      .apply(input) as Value;
    const padded = layers
      .zeroPadding2d({
        padding: [
          [2, 1],
          [3, 0],
        ],
      })
      .apply(cropped) as Value;
    const sum = layers.add().apply([padded, input, padded]) as Value;
    const product = layers.multiply().apply([sum, input]) as Value;
    const turned = layers.permute({ dims: [3, 1, 2] }).apply(product) as Value;
    const shaped = layers.reshape({ targetShape: [4, 36] }).apply(turned) as Value;
    const mixed = layers.dense({ units: 7, activation: "relu" }).apply(shaped) as Value;
    const dropped = layers.dropout({ rate: 0.3 }).apply(mixed) as Value;
    return { input, output: layers.softmax({ axis: 2 }).apply(dropped) as Value };
  },
  "an image for an output": () => {
    const input = tf.input({ shape: [4, 6, 2] });
    return { input, output: layers.conv2d({ filters: 3, kernelSize: 1 }).apply(input) as Value };
  },
};

test.each(Object.keys(networks))("%s: the same scores in ONNX Runtime", async (name) => {
  const { input, output } = networks[name]();
  const network = randomNetwork(input, output);
  const json = await savedLayers(network);
  network.dispose();
  const [rows, columns, channels] = input.shape.slice(1) as number[];
  const image = [channels, rows, columns];
  const x = normalValues("images", 3 * channels * rows * columns);
  const theirs = await layersScores(json, image, x);
  const path = await toOnnx(json);
  expect(relativeDifference(await onnxScores(path, image, x), theirs)).toBeLessThan(2e-6);
  const stated = decodeModel(readFileSync(path)).graph.output[0].type!.tensor_type!.shape!.dim;
  expect(stated.slice(1).map((d) => Number(d.dim_value))).toEqual(theirs.shape.slice(1));
});

test("a Sequential network, also as Keras wraps it; names as PyTorch has them", async () => {
  const network = tf.sequential({
    layers: [
      layers.conv2d({ inputShape: [5, 5, 2], filters: 3, kernelSize: 3, name: "conv1" }),
      layers.batchNormalization({ name: "bn1" }),
      layers.flatten(),
      layers.dense({ units: 4, name: "fc" }),
    ],
  });
  const json = await savedLayers(network);
  const x = normalValues("images", 2 * 50);
  const theirs = await layersScores(json, [2, 5, 5], x);
  const path = await toOnnx(json);
  expect(relativeDifference(await onnxScores(path, [2, 5, 5], x), theirs)).toBeLessThan(2e-6);
  expect(parameterShapes(readFileSync(path))).toEqual([
    "conv1.weight [3, 2, 3, 3]",
    "conv1.bias [3]",
    "bn1.weight [3]",
    "bn1.bias [3]",
    "bn1.running_mean [3]",
    "bn1.running_var [3]",
    "fc.weight [4, 27]",
    "fc.bias [4]",
  ]);
  const file = readTfjsLayers(json);
  const wrapped = { ...file, topology: { model_config: file.topology, keras_version: "2.15.0" } };
  expect(
    Buffer.compare((await layersToOnnx(wrapped)).bytes, (await layersToOnnx(file)).bytes),
  ).toBe(0);
});

/** A network of these layers, one behind the other, in a file of its own. */
async function message(...configs: readonly [string, Record<string, unknown>][]): Promise<string> {
  const all: readonly [string, Record<string, unknown>][] = [
    ["InputLayer", { batch_input_shape: [null, 4, 4, 2] }],
    ...configs,
  ];
  const layerList = all.map(([class_name, config], i) => ({
    class_name,
    config: { name: `layer${i}`, ...config },
  }));
  const json = { modelTopology: { class_name: "Sequential", config: layerList } };
  return messageOf({ ...json, weightsManifest: [{ paths: [], weights: [] }] });
}

async function messageOf(json: object): Promise<string> {
  const path = join(folderWith({ "model.json": JSON.stringify(json) }), "model.json");
  const error = await toOnnx(path).catch((e: Error) => e);
  return error instanceof Error
    ? `${error.name}: ${error.message.replace(path, "model.json")}`
    : "";
}

test.each([
  [
    ["LSTM", { units: 3 }],
    'InputError: model.json: layer "layer1" (LSTM) is no layer that converts to ONNX; those that do: InputLayer, Conv2D,',
  ],
  [
    ["MaxPooling2D", { pool_size: [2, 2], data_format: "channels_first" }],
    'layer "layer1" (MaxPooling2D) must have data_format "channels_last" to convert, got "channels_first"',
  ],
  [
    ["MaxPooling2D", { pool_size: [2, 2], padding: "causal" }],
    'layer "layer1" (MaxPooling2D) must have padding "same" or "valid", got "causal"',
  ],
  [
    ["Activation", { activation: "mish" }],
    'layer "layer1" (Activation) must have an activation of linear, softmax, relu6, relu, sigmoid, tanh, elu, selu to convert, got "mish"',
  ],
  [
    ["Conv2D", { filters: 3 }],
    'layer "layer1" (Conv2D) has no floating-point weight "layer1/kernel"',
  ],
  [["Reshape", { target_shape: [5, 5] }], "must have a target_shape of 32 numbers, got [5,5]"],
  [["Permute", { dims: [2, 1] }], "must have dims for 3 axes, got [2,1]"],
  [["GlobalAveragePooling2D", { keepdims: true }], "must have keepdims false to convert"],
  [["ReLU", { threshold: 1 }], "must have a slope and a threshold of 0 to convert"],
] as const)("refused: %o", async ([className, config], expected) => {
  expect(await message([className, config])).toContain(expected);
});

test("refused: open sizes, shared layers, unknown topologies", async () => {
  const open = {
    class_name: "InputLayer",
    config: { name: "in", batch_input_shape: [null, null, 4, 2] },
  };
  const weightsManifest = [{ paths: [], weights: [] }];
  const network = (config: object) =>
    messageOf({ modelTopology: { class_name: "Model", config }, weightsManifest });
  expect(
    await network({
      layers: [{ ...open, inbound_nodes: [] }],
      input_layers: [["in", 0, 0]],
      output_layers: [["in", 0, 0]],
    }),
  ).toBe(
    'InputError: model.json: layer "in" (InputLayer) must have a batch_input_shape that is open in the batch only, got [null,null,4,2]',
  );
  const twice = {
    class_name: "Flatten",
    config: { name: "flat" },
    inbound_nodes: [[["in", 0, 0, {}]], [["in", 0, 0, {}]]],
  };
  expect(
    await network({
      layers: [{ ...open, inbound_nodes: [] }, twice],
      input_layers: [["in", 0, 0]],
      output_layers: [["flat", 0, 0]],
    }),
  ).toBe('InputError: model.json: layer "flat" (Flatten) is applied 2 times, not once');
  expect(await messageOf({ modelTopology: { class_name: "Other" }, weightsManifest })).toBe(
    "InputError: model.json: modelTopology must be a Sequential network or a Model of layers as TensorFlow.js and Keras 2 write them",
  );
});

test("weights that do not fit are refused, by the layer or by running the result", async () => {
  const network = tf.sequential({
    layers: [
      layers.dense({ inputShape: [6], units: 4, name: "a" }),
      layers.dense({ units: 3, name: "b" }),
    ],
  });
  const json = await savedLayers(network);
  const text = readFileSync(json, "utf8");
  // As many numbers in another shape.
  const changed = async (name: string, from: string, to: string) => {
    writeFileSync(
      json,
      text.replace(`"name":"${name}","shape":${from}`, `"name":"${name}","shape":${to}`),
    );
    return toOnnx(json).catch((e: Error) => `${e.name}: ${e.message.replace(json, "model.json")}`);
  };
  expect(await changed("b/kernel", "[4,3]", "[3,4]")).toBe(
    'InputError: model.json: layer "b" (Dense) must have 4 numbers in its weight "b/bias", got 3',
  );
  expect(await changed("b/kernel", "[4,3]", "[12]")).toBe(
    'InputError: model.json: layer "b" (Dense) must have a weight "b/kernel" of 2 axes, got [12]',
  );
  writeFileSync(json, text.replace("[null,6]", "[null,5]"));
  await expect(toOnnx(json)).rejects.toThrow(/model\.json: ONNX Runtime cannot run this model: /);
});

test("a target_shape may leave one size open", async () => {
  const topology = {
    class_name: "Sequential",
    config: [
      {
        class_name: "Reshape",
        config: { name: "r", batch_input_shape: [null, 4, 6], target_shape: [3, -1] },
      },
    ],
  };
  const json = { modelTopology: topology, weightsManifest: [{ paths: [], weights: [] }] };
  const path = join(folderWith({ "model.json": JSON.stringify(json) }), "model.json");
  const x = normalValues("rows", 2 * 24);
  const { data, shape } = await onnxScores(await toOnnx(path), [4, 6], x);
  expect(shape).toEqual([2, 3, 8]);
  expect([...data]).toEqual([...x]);
});
