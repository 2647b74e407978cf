/**
 * Convolutions, poolings, crops and paddings of TensorFlow.js as nodes of ONNX.
 *
 * Padding "same" is ONNX's SAME_UPPER: ceil(size / stride) positions, what is odd at the end.
 */
import type { AttributeValue } from "../onnx-graph.js";
import { channelsFirst } from "./axes.js";
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

function padding(layer: LayerNode, c: LayersConversion): AttributeValue {
  const given = layer.config.padding ?? "valid";
  if (given !== "same" && given !== "valid") {
    throw c.refused(layer, `must have padding "same" or "valid", got ${JSON.stringify(given)}`);
  }
  return { string: given === "same" ? "SAME_UPPER" : "VALID" };
}

export function convolution(layer: LayerNode, c: LayersConversion): Held {
  const { shape, values } = c.weight(layer, "kernel");
  const [rows, columns, ins, outs] = shape;
  const groups = Number(layer.config.groups ?? 1);
  return convolved(layer, c, [rows, columns], ins, outs, groups, values);
}

export function depthwise(layer: LayerNode, c: LayersConversion): Held {
  const { shape, values } = c.weight(layer, "depthwise_kernel");
  const [rows, columns, ins, multiplier] = shape;
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
  checkFormat(layer, c);
  const { name, config } = layer;
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
  if (config.use_bias !== false) {
    inputs.push(c.graph.initializer(`${name}.bias`, [outs], c.weight(layer, "bias").values));
  }
  const attributes = {
    kernel_shape: { ints: [...kernel] },
    strides: { ints: pair(layer, "strides", [1, 1]) },
    dilations: { ints: pair(layer, "dilation_rate", [1, 1]) },
    group: { int: groups },
    auto_pad: padding(layer, c),
  };
  const value = c.graph.node("Conv", inputs, attributes, inner(layer));
  return activated(layer, c, { value, order: channelsFirst }, name);
}

export function pool(opType: "MaxPool" | "AveragePool") {
  return (layer: LayerNode, c: LayersConversion): Held => {
    checkFormat(layer, c);
    const kernel = pair(layer, "pool_size", [2, 2]);
    const value = c.node(layer, opType, [c.inOrder(layer.inputs[0], channelsFirst)], {
      kernel_shape: { ints: kernel },
      strides: { ints: pair(layer, "strides", kernel) },
      auto_pad: padding(layer, c),
    });
    return { value, order: channelsFirst };
  };
}

export function globalPool(opType: "GlobalAveragePool" | "GlobalMaxPool") {
  return (layer: LayerNode, c: LayersConversion): Held => {
    checkFormat(layer, c);
    if (layer.config.keepdims) throw c.refused(layer, "must have keepdims false to convert");
    const x = c.inOrder(layer.inputs[0], channelsFirst);
    const pooled = c.graph.node(opType, [x], {}, `${layer.name}.pooled`);
    const value = c.node(layer, "Flatten", [pooled], { axis: { int: 1 } });
    return { value, order: [0, 1] };
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
  const { value, order } = c.value(layer.inputs[0]);
  const pads = new Array<number>(2 * order.length).fill(0);
  margins(layer, "padding").forEach(([before, after], i) => {
    const axis = order.indexOf(1 + i);
    pads[axis] = before;
    pads[order.length + axis] = after;
  });
  const list = c.integers(`${layer.name}.pads`, pads);
  const padded = c.node(layer, "Pad", [value, list], { mode: { string: "constant" } });
  return { value: padded, order };
}

export function cropping(layer: LayerNode, c: LayersConversion): Held {
  checkFormat(layer, c);
  const { value, order } = c.value(layer.inputs[0]);
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
  return { value: sliced, order };
}
