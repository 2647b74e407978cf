/**
 * How each ONNX operator becomes layers of TensorFlow.js.
 *
 * Source: ONNX operator set 20; tfjs-layers 4.22.
 */
import type { OnnxNode } from "../../weights/onnx-proto.js";
import { channelsLast, identityOrder, renamed, sameOrder } from "./axes.js";
import { float, integer, integers, layerName } from "./onnx-attributes.js";
import { pad, slice, split } from "./onnx-crops.js";
import type { OnnxConversion } from "./onnx-to-layers.js";
import { convolution, globalPool, pool } from "./onnx-windows.js";
import type { FloatTensor } from "./trace.js";

type Operator = (node: OnnxNode, c: OnnxConversion) => void;

export const operators: Readonly<Record<string, Operator>> = {
  Conv: convolution,
  MaxPool: pool,
  AveragePool: pool,
  GlobalAveragePool: globalPool,
  GlobalMaxPool: globalPool,
  ReduceMean: meanOverImage,
  BatchNormalization: batchNormalization,
  Gemm: gemm,
  MatMul: (node, c) => dense(node, c, c.tensor(node.input[1]), undefined),
  Relu: activation("relu"),
  Sigmoid: activation("sigmoid"),
  Tanh: activation("tanh"),
  Softmax: softmax,
  Add: add,
  Mul: (node, c) => merge("Multiply", node, c),
  Concat: concatenate,
  Flatten: reshape,
  Reshape: reshape,
  Squeeze: reshape,
  Unsqueeze: reshape,
  Transpose: transpose,
  Split: split,
  Slice: slice,
  Pad: pad,
  Dropout: dropout,
  Identity: (node, c) => passOn(node, c),
};

function passOn(node: OnnxNode, c: OnnxConversion): void {
  const { layer, order } = c.value(node.input[0]);
  c.hold(node.output[0], layer, order);
}

/** A layer that works on each number alone. */
function elementwise(
  node: OnnxNode,
  c: OnnxConversion,
  className: string,
  config: Readonly<Record<string, unknown>>,
): void {
  const { layer, order } = c.value(node.input[0]);
  c.hold(node.output[0], c.layer(className, node.output[0], config, [layer]), order);
}

function activation(name: string): Operator {
  return (node, c) => elementwise(node, c, "Activation", { activation: name });
}

function softmax(node: OnnxNode, c: OnnxConversion): void {
  const rank = c.shape(node.input[0]).length;
  const axis = integer(node, "axis", -1);
  if (rank !== 2 || (axis !== -1 && axis !== 1)) {
    throw c.refused(node, `must be over the last of 2 axes, got axis ${axis} of ${rank}`);
  }
  elementwise(node, c, "Activation", { activation: "softmax" });
}

function dropout(node: OnnxNode, c: OnnxConversion): void {
  const rate = c.tensor(node.input[1])?.values[0] ?? float(node, "ratio", 0.5);
  elementwise(node, c, "Dropout", { rate: Number(rate.toPrecision(7)) });
}

function batchNormalization(node: OnnxNode, c: OnnxConversion): void {
  const [x, ...names] = node.input;
  const parts = ["gamma", "beta", "moving_mean", "moving_variance"];
  const weights = names.map((name, i) => {
    const tensor = c.tensor(name);
    if (tensor === undefined) throw c.refused(node, `must have a constant as its input "${name}"`);
    return { part: parts[i], ...tensor };
  });
  if (integer(node, "training_mode", 0) !== 0) {
    throw c.refused(node, "must use running statistics, got training_mode 1");
  }
  const rank = c.shape(x).length;
  const order = rank === 4 ? channelsLast : identityOrder(rank);
  if (rank !== 2 && rank !== 4) {
    throw c.refused(node, `must have 2 or 4 axes to convert, got ${rank}`);
  }
  const config = {
    axis: -1,
    momentum: float(node, "momentum", 0.9),
    epsilon: float(node, "epsilon", 1e-5),
    center: true,
    scale: true,
  };
  const name = layerName(node, names[0]);
  const layer = c.layer("BatchNormalization", name, config, [c.inOrder(x, order)], weights);
  c.hold(node.output[0], layer, order);
}

function gemm(node: OnnxNode, c: OnnxConversion): void {
  const plain = float(node, "alpha", 1) === 1 && float(node, "beta", 1) === 1;
  if (!plain || integer(node, "transA", 0) !== 0) {
    throw c.refused(node, "must have alpha 1, beta 1 and transA 0 to convert");
  }
  const matrix = c.tensor(node.input[1]);
  const stored = integer(node, "transB", 0) === 1 ? matrix && transposed(matrix) : matrix;
  const bias = c.tensor(node.input[2]);
  if (node.input[2] && bias === undefined) throw c.refused(node, "must add a constant vector");
  dense(node, c, stored, bias);
}

/** `matrix` is [in, out]. */
function dense(
  node: OnnxNode,
  c: OnnxConversion,
  matrix: FloatTensor | undefined,
  bias: FloatTensor | undefined,
  output = node.output[0],
): void {
  if (matrix?.shape.length !== 2)
    throw c.refused(node, "must multiply by a constant matrix, which is all that a layer can");
  const [, units] = matrix.shape;
  const order = identityOrder(c.shape(node.input[0]).length);
  const weights = [{ part: "kernel", ...matrix }];
  if (bias !== undefined) {
    const values = new Float32Array(units);
    // A bias may be one number for all, or [1, units].
    for (let i = 0; i < units; i++) values[i] = bias.values[i % bias.values.length];
    weights.push({ part: "bias", shape: [units], values });
  }
  const config = { units, activation: "linear", use_bias: bias !== undefined };
  const name = layerName(node, node.input[1]);
  c.hold(output, c.layer("Dense", name, config, [c.inOrder(node.input[0], order)], weights), order);
}

function transposed({ shape: [rows, columns], values }: FloatTensor): FloatTensor {
  const out = new Float32Array(values.length);
  for (let i = 0; i < rows; i++) {
    for (let j = 0; j < columns; j++) out[j * rows + i] = values[i * columns + j];
  }
  return { shape: [columns, rows], values: out };
}

/** A sum of two values, or the bias of the matrix product before it. */
function add(node: OnnxNode, c: OnnxConversion): void {
  const constant = node.input.find((name) => c.tensor(name) !== undefined);
  if (constant === undefined) {
    merge("Add", node, c);
    return;
  }
  const product = c.producer(node.input.find((name) => name !== constant)!);
  const bias = c.tensor(constant)!;
  if (product?.op_type !== "MatMul" || bias.shape.length !== 1) {
    throw c.refused(
      node,
      `adds the constant "${constant}", for which the layers format has no layer`,
    );
  }
  dense(product, c, c.tensor(product.input[1]), bias, node.output[0]);
}

function merge(className: string, node: OnnxNode, c: OnnxConversion): void {
  const [a, b] = node.input;
  for (const name of [a, b]) {
    if (c.tensor(name) !== undefined) {
      throw c.refused(
        node,
        `takes the constant "${name}", for which the layers format has no layer`,
      );
    }
  }
  if (c.shape(a).join() !== c.shape(b).join()) {
    throw c.refused(
      node,
      `must join values of one shape, got [${c.shape(a).join(", ")}] and [${c.shape(b).join(", ")}]`,
    );
  }
  const { order } = c.whole(a);
  const layers = [c.inOrder(a, order), c.inOrder(b, order)];
  c.hold(node.output[0], c.layer(className, node.output[0], {}, layers), order);
}

function concatenate(node: OnnxNode, c: OnnxConversion): void {
  const rank = c.shape(node.input[0]).length;
  const axis = (integer(node, "axis", 0) + rank) % rank;
  const order = rank === 4 ? channelsLast : identityOrder(rank);
  const layers = node.input.map((name) => c.inOrder(name, order));
  const layer = c.layer("Concatenate", node.output[0], { axis: order.indexOf(axis) }, layers);
  c.hold(node.output[0], layer, order);
}

/** Mean over the rows and columns of images. */
function meanOverImage(node: OnnxNode, c: OnnxConversion): void {
  const axes = integers(node, "axes") ?? c.integers(node.input[1]) ?? [];
  const rank = c.shape(node.input[0]).length;
  const over = axes.map((axis) => (axis + rank) % rank).sort();
  if (rank !== 4 || over.join() !== "2,3") {
    throw c.refused(node, `must be over axes 2 and 3 of 4 to convert, got axes ${axes.join(", ")}`);
  }
  globalPool(node, c);
}

function reshape(node: OnnxNode, c: OnnxConversion): void {
  const [x] = node.input;
  const [from, to] = [c.shape(x), c.shape(node.output[0])];
  const [batch, ...target] = to;
  if (batch !== from[0]) throw c.refused(node, "must leave the batch alone");
  const { layer, order } = c.value(x);
  // What was pooled over the image is held as [batch, channels] already: nothing to flatten.
  if (from.join() === to.join() || (sameOrder(order, [0, 1]) && to.length === 2)) {
    c.hold(node.output[0], layer, order);
    return;
  }
  const name = node.output[0];
  const whole = c.inOrder(x, identityOrder(from.length));
  const made =
    target.length === 1 ? c.layer("Flatten", name, {}, [whole]) : c.reshape(whole, target, name);
  c.hold(name, made, identityOrder(to.length));
}

function transpose(node: OnnxNode, c: OnnxConversion): void {
  const rank = c.shape(node.input[0]).length;
  const perm = integers(node, "perm") ?? [...identityOrder(rank)].reverse();
  if (perm[0] !== 0) throw c.refused(node, "must leave the batch the first axis");
  const { layer, order } = c.value(node.input[0]);
  c.hold(node.output[0], layer, renamed(order, perm));
}
