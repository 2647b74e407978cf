/**
 * Convolutions, poolings, crops and paddings of TensorFlow.js as nodes of ONNX.
 *
 * Padding "same" is written out as the zeros that it means: ONNX Runtime does not take "SAME_UPPER" with dilations, nor
 * with strides larger than the kernel.
 */
import type { AttributeValue } from "../onnx-graph.js";
import { channelsFirst, samePads } from "./axes.js";
import { activated, inner } from "./layers-activations.js";
import type { Held, LayersConversion } from "./layers-to-onnx.js";
import type { LayerNode } from "./layers-topology.js";

/** A pair of numbers of the layer, which may be written as one. */
function pair(layer: LayerNode, key: string, fallback: readonly number[]): number[] {
  const given = layer.config[key];
  if (given === undefined || given === null) return [...fallback];
  return Array.isArray(given) ? given.map(Number) : [Number(given), Number(given)];
}

function checkFormat(layer: LayerNode, c: LayersConversion): void {
  const format = layer.config.data_format;
  if (format === "channels_first") {
    throw c.refused(
      layer,
      'must have data_format "channels_last" to convert, got "channels_first"',
    );
  }
}

interface Window {
  /** Attributes of the node. */
  readonly attributes: Readonly<Record<string, AttributeValue>>;
  /** Shape of what comes out, in the layers' order; `channels` of it. */
  shape(channels: number): number[];
}

function windowOf(
  layer: LayerNode,
  c: LayersConversion,
  kernel: readonly number[],
  strides: readonly number[],
  dilations: readonly number[],
): Window {
  checkFormat(layer, c);
  const { shape } = c.value(layer.inputs[0]);
  if (shape.length !== 4) throw c.refused(layer, `must be over images, got ${shape.length} axes`);
  const padding = layer.config.padding ?? "valid";
  if (padding !== "same" && padding !== "valid") {
    throw c.refused(layer, `must have padding "same" or "valid", got ${JSON.stringify(padding)}`);
  }
  const sides = [0, 1].map((k) => {
    const size = shape[1 + k];
    const pads =
      padding === "same" ? samePads(size, kernel[k], strides[k], dilations[k]) : ([0, 0] as const);
    const reach = (kernel[k] - 1) * dilations[k] + 1;
    return { pads, out: Math.floor((size + pads[0] + pads[1] - reach) / strides[k]) + 1 };
  });
  const pads = [...sides.map((side) => side.pads[0]), ...sides.map((side) => side.pads[1])];
  return {
    attributes: {
      kernel_shape: { ints: kernel },
      strides: { ints: strides },
      pads: { ints: pads },
    },
    shape: (channels) => [-1, ...sides.map((side) => side.out), channels],
  };
}

export function convolution(layer: LayerNode, c: LayersConversion): Held {
  const { shape, values } = c.weight(layer, "kernel", 4);
  const [rows, columns, ins, outs] = shape;
  const groups = Number(layer.config.groups ?? 1);
  return convolved(layer, c, [rows, columns], ins, outs, groups, values);
}

export function depthwise(layer: LayerNode, c: LayersConversion): Held {
  const { shape, values } = c.weight(layer, "depthwise_kernel", 4);
  const [rows, columns, ins, multiplier] = shape;
  if (pair(layer, "dilation_rate", [1, 1]).some((rate) => rate !== 1)) {
    throw c.refused(layer, "has a dilation_rate, which Keras uses and TensorFlow.js leaves out");
  }
  // [rows, columns, in, multiplier] has its outputs in the order of (in, multiplier).
  return convolved(layer, c, [rows, columns], 1, ins * multiplier, ins, values);
}

/** `values` are [rows, columns, ins, outs], with the inputs of one group. */
function convolved(
  layer: LayerNode,
  c: LayersConversion,
  kernel: readonly [number, number],
  ins: number,
  outs: number,
  groups: number,
  values: Float32Array,
): Held {
  const { name, config } = layer;
  const dilations = pair(layer, "dilation_rate", [1, 1]);
  const window = windowOf(layer, c, kernel, pair(layer, "strides", [1, 1]), dilations);
  const taps = kernel[0] * kernel[1];
  const turned = new Float32Array(values.length);
  for (let t = 0; t < taps; t++) {
    for (let i = 0; i < ins; i++) {
      for (let o = 0; o < outs; o++)
        turned[(o * ins + i) * taps + t] = values[(t * ins + i) * outs + o];
    }
  }
  const inputs = [
    c.inOrder(layer.inputs[0], channelsFirst),
    c.graph.initializer(`${name}.weight`, [outs, ins, ...kernel], turned),
  ];
  if (config.use_bias !== false) inputs.push(c.vector(layer, "bias", outs, "bias"));
  const attributes = {
    ...window.attributes,
    dilations: { ints: dilations },
    group: { int: groups },
  };
  const value = c.graph.node("Conv", inputs, attributes, inner(layer));
  return activated(layer, c, { value, order: channelsFirst, shape: window.shape(outs) }, name);
}

export function pool(opType: "MaxPool" | "AveragePool") {
  return (layer: LayerNode, c: LayersConversion): Held => {
    const kernel = pair(layer, "pool_size", [2, 2]);
    const window = windowOf(layer, c, kernel, pair(layer, "strides", kernel), [1, 1]);
    const x = c.inOrder(layer.inputs[0], channelsFirst);
    const value = c.node(layer, opType, [x], window.attributes);
    const channels = c.value(layer.inputs[0]).shape[3];
    return { value, order: channelsFirst, shape: window.shape(channels) };
  };
}

export function globalPool(opType: "GlobalAveragePool" | "GlobalMaxPool") {
  return (layer: LayerNode, c: LayersConversion): Held => {
    checkFormat(layer, c);
    if (layer.config.keepdims) throw c.refused(layer, "must have keepdims false to convert");
    const x = c.inOrder(layer.inputs[0], channelsFirst);
    const pooled = c.graph.node(opType, [x], {}, `${layer.name}.pooled`);
    const value = c.node(layer, "Flatten", [pooled], { axis: { int: 1 } });
    return { value, order: [0, 1], shape: [-1, c.value(layer.inputs[0]).shape[3]] };
  };
}

/** [before, after] of rows and of columns, as the layer writes them: one number, one a side, or all four. */
function margins(layer: LayerNode, key: string): (readonly [number, number])[] {
  const given = layer.config[key];
  const sides: unknown[] = Array.isArray(given) ? given : [given, given];
  return sides.map((side) =>
    Array.isArray(side) ? [Number(side[0]), Number(side[1])] : [Number(side), Number(side)],
  );
}

export function zeroPadding(layer: LayerNode, c: LayersConversion): Held {
  checkFormat(layer, c);
  const { value, order, shape } = c.value(layer.inputs[0]);
  const sizes = [...shape];
  const pads = new Array<number>(2 * order.length).fill(0);
  margins(layer, "padding").forEach(([before, after], i) => {
    const axis = order.indexOf(1 + i);
    pads[axis] = before;
    pads[order.length + axis] = after;
    sizes[1 + i] += before + after;
  });
  const list = c.integers(`${layer.name}.pads`, pads);
  const padded = c.node(layer, "Pad", [value, list], { mode: { string: "constant" } });
  return { value: padded, order, shape: sizes };
}

export function cropping(layer: LayerNode, c: LayersConversion): Held {
  checkFormat(layer, c);
  const { value, order, shape } = c.value(layer.inputs[0]);
  const sides = margins(layer, "cropping");
  const list = (name: string, values: readonly number[]) =>
    c.integers(`${layer.name}.${name}`, values);
  const sliced = c.node(layer, "Slice", [
    value,
    list(
      "starts",
      sides.map(([before]) => before),
    ),
    // Counted from the end; beyond it where nothing is cut off.
    list(
      "ends",
      sides.map(([, after]) => (after === 0 ? Number.MAX_SAFE_INTEGER : -after)),
    ),
    list("axes", [order.indexOf(1), order.indexOf(2)]),
  ]);
  const sizes = shape.map((n, i) => {
    const [before, after] = sides[i - 1] ?? [0, 0]; // rows and columns are axes 1 and 2
    return n - before - after;
  });
  return { value: sliced, order, shape: sizes };
}
