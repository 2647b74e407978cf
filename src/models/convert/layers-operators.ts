/**
 * How each layer of TensorFlow.js becomes nodes of ONNX.
 *
 * Source: tfjs-layers 4.22 and Keras 2; ONNX operator set 17.
 */
import { type AxisOrder, channelsFirst, identityOrder, renamed } from "./axes.js";
import { activated, clip, inner, softmax } from "./layers-activations.js";
import type { Held, LayersConversion } from "./layers-to-onnx.js";
import type { LayerNode } from "./layers-topology.js";
import {
  convolution,
  cropping,
  depthwise,
  globalPool,
  pool,
  zeroPadding,
} from "./layers-windows.js";

type LayerClass = (layer: LayerNode, c: LayersConversion) => Held;

export const layerClasses: Readonly<Record<string, LayerClass>> = {
  InputLayer: input,
  Conv2D: convolution,
  DepthwiseConv2D: depthwise,
  Dense: dense,
  BatchNormalization: batchNormalization,
  Activation: (layer, c) => {
    const held = c.value(layer.inputs[0]);
    return activated(layer, c, held, layer.name);
  },
  ReLU: relu,
  LeakyReLU: (layer, c) =>
    elementwise(layer, c, "LeakyRelu", { alpha: { float: Number(layer.config.alpha ?? 0.3) } }),
  Softmax: (layer, c) => {
    const held = c.value(layer.inputs[0]);
    const axis = Number(layer.config.axis ?? -1);
    return { ...held, value: softmax(layer, c, held, axis, layer.name) };
  },
  MaxPooling2D: pool("MaxPool"),
  AveragePooling2D: pool("AveragePool"),
  GlobalAveragePooling2D: globalPool("GlobalAveragePool"),
  GlobalMaxPooling2D: globalPool("GlobalMaxPool"),
  Flatten: (layer, c) => {
    const value = wholeInput(layer, c);
    const size = c
      .value(layer.inputs[0])
      .shape.slice(1)
      .reduce((a, b) => a * b, 1);
    const flat = c.node(layer, "Flatten", [value], { axis: { int: 1 } });
    return { value: flat, order: [0, 1], shape: [-1, size] };
  },
  Reshape: reshape,
  Permute: permute,
  Add: merge("Add"),
  Multiply: merge("Mul"),
  Concatenate: concatenate,
  Dropout: dropout,
  ZeroPadding2D: zeroPadding,
  Cropping2D: cropping,
};

function input(layer: LayerNode, c: LayersConversion): Held {
  const shape = layer.config.batch_input_shape;
  if (!Array.isArray(shape) || shape.slice(1).some((n) => !Number.isInteger(n))) {
    throw c.refused(
      layer,
      `must have a batch_input_shape that is open in the batch only, got ${JSON.stringify(shape)}`,
    );
  }
  const type = layer.config.dtype === "int32" ? "int64" : "float32";
  const order = shape.length === 4 ? channelsFirst : identityOrder(shape.length);
  const sizes = order.slice(1).map((axis) => Number(shape[axis]));
  const value = c.graph.input(layer.name, [null, ...sizes], type);
  return { value, order, shape: [-1, ...shape.slice(1).map(Number)] };
}

/** The layer's input in its own order of axes. */
function wholeInput(layer: LayerNode, c: LayersConversion): string {
  const [from] = layer.inputs;
  return c.inOrder(from, identityOrder(c.value(from).order.length));
}

/** A node that works on each number alone. */
function elementwise(
  layer: LayerNode,
  c: LayersConversion,
  opType: string,
  attributes: Parameters<LayersConversion["node"]>[3] = {},
): Held {
  const held = c.value(layer.inputs[0]);
  return { ...held, value: c.node(layer, opType, [held.value], attributes) };
}

function relu(layer: LayerNode, c: LayersConversion): Held {
  const { max_value: limit, negative_slope: slope, threshold } = layer.config;
  if (slope || threshold) {
    throw c.refused(layer, "must have a slope and a threshold of 0 to convert");
  }
  if (typeof limit !== "number") return elementwise(layer, c, "Relu");
  const held = c.value(layer.inputs[0]);
  return { ...held, value: clip(c, held.value, limit, layer.name) };
}

function dropout(layer: LayerNode, c: LayersConversion): Held {
  const held = c.value(layer.inputs[0]);
  const rate = Float32Array.of(Number(layer.config.rate));
  const ratio = c.graph.initializer(`${layer.name}.ratio`, [], rate);
  return { ...held, value: c.node(layer, "Dropout", [held.value, ratio]) };
}

function dense(layer: LayerNode, c: LayersConversion): Held {
  const { name } = layer;
  const { shape, values } = c.weight(layer, "kernel", 2);
  const [ins, units] = shape;
  const biased = layer.config.use_bias !== false;
  const bias = () => c.vector(layer, "bias", units, "bias");
  const x = wholeInput(layer, c);
  const { shape: from } = c.value(layer.inputs[0]);
  const order = identityOrder(from.length);
  const output = inner(layer);
  let y: string;
  if (order.length === 2) {
    const rows = new Float32Array(values.length); // [out, in], as PyTorch has it
    for (let i = 0; i < ins; i++) {
      for (let o = 0; o < units; o++) rows[o * ins + i] = values[i * units + o];
    }
    const inputs = [x, c.graph.initializer(`${name}.weight`, [units, ins], rows)];
    if (biased) inputs.push(bias());
    y = c.graph.node("Gemm", inputs, { transB: { int: 1 } }, output);
  } else {
    const matrix = c.graph.initializer(`${name}.weight`, [ins, units], values);
    y = c.graph.node("MatMul", [x, matrix], {}, biased ? `${name}.product` : output);
    if (biased) y = c.graph.node("Add", [y, bias()], {}, output);
  }
  return activated(layer, c, { value: y, order, shape: [...from.slice(0, -1), units] }, name);
}

function batchNormalization(layer: LayerNode, c: LayersConversion): Held {
  const { name, config } = layer;
  const { shape } = c.value(layer.inputs[0]);
  const rank = shape.length;
  const axis = Number(Array.isArray(config.axis) ? config.axis[0] : (config.axis ?? -1));
  if ((axis + rank) % rank !== rank - 1 || (rank !== 2 && rank !== 4)) {
    throw c.refused(
      layer,
      `must be over the last of 2 or 4 axes to convert, got axis ${axis} of ${rank}`,
    );
  }
  const channels = shape[rank - 1];
  const fixed = (part: string, value: number) =>
    c.graph.initializer(`${name}.${part}`, [channels], new Float32Array(channels).fill(value));
  const tensors = [
    config.scale === false ? fixed("weight", 1) : c.vector(layer, "gamma", channels, "weight"),
    config.center === false ? fixed("bias", 0) : c.vector(layer, "beta", channels, "bias"),
    c.vector(layer, "moving_mean", channels, "running_mean"),
    c.vector(layer, "moving_variance", channels, "running_var"),
  ];
  const order: AxisOrder = rank === 4 ? channelsFirst : identityOrder(rank);
  const value = c.node(
    layer,
    "BatchNormalization",
    [c.inOrder(layer.inputs[0], order), ...tensors],
    {
      epsilon: { float: Number(config.epsilon ?? 1e-3) },
      momentum: { float: Number(config.momentum ?? 0.99) },
    },
  );
  return { value, order, shape };
}

function reshape(layer: LayerNode, c: LayersConversion): Held {
  const given = layer.config.target_shape;
  if (!Array.isArray(given)) throw c.refused(layer, "must have a target_shape");
  const target = given.map((size) => (size === null ? -1 : Number(size)));
  const product = (sizes: readonly number[]) => sizes.reduce((a, b) => a * b, 1);
  const size = product(c.value(layer.inputs[0]).shape.slice(1));
  const open = target.indexOf(-1);
  if (open >= 0) target[open] = size / -product(target);
  if (product(target) !== size) {
    throw c.refused(
      layer,
      `must have a target_shape of ${size} numbers, got ${JSON.stringify(given)}`,
    );
  }
  const shape = [-1, ...target];
  const list = c.integers(`${layer.name}.shape`, shape);
  const value = c.node(layer, "Reshape", [wholeInput(layer, c), list]);
  return { value, order: identityOrder(shape.length), shape };
}

function permute(layer: LayerNode, c: LayersConversion): Held {
  const { value, order, shape } = c.value(layer.inputs[0]);
  const dims = layer.config.dims;
  if (!Array.isArray(dims) || dims.length !== order.length - 1) {
    throw c.refused(
      layer,
      `must have dims for ${order.length - 1} axes, got ${JSON.stringify(dims)}`,
    );
  }
  const perm = [0, ...dims.map(Number)];
  return { value, order: renamed(order, perm), shape: perm.map((axis) => shape[axis]) };
}

function merge(opType: string): LayerClass {
  return (layer, c) => {
    const [first, ...others] = layer.inputs;
    const held = c.value(first);
    let sum = held.value;
    others.forEach((name, i) => {
      const output = i === others.length - 1 ? layer.name : `${layer.name}.${i}`;
      sum = c.graph.node(opType, [sum, c.inOrder(name, held.order)], {}, output);
    });
    return { ...held, value: sum };
  };
}

function concatenate(layer: LayerNode, c: LayersConversion): Held {
  const { order, shape } = c.value(layer.inputs[0]);
  const axis = (Number(layer.config.axis ?? -1) + order.length) % order.length;
  const values = layer.inputs.map((name) => c.inOrder(name, order));
  const value = c.node(layer, "Concat", values, { axis: { int: order.indexOf(axis) } });
  const size = layer.inputs.reduce((sum, name) => sum + c.value(name).shape[axis], 0);
  return { value, order, shape: shape.map((n, i) => (i === axis ? size : n)) };
}
