/**
 * Convolutions and poolings of ONNX as layers: kernels, strides and padding.
 *
 * ONNX pads as it is told; layers know "valid" (nothing) and "same", which pads so that ceil(size / stride) positions
 * come out, what is odd at the end. Other zeros are a ZeroPadding2D before the layer.
 */
import type { OnnxNode } from "../../weights/onnx-proto.js";
import { channelsLast, samePads } from "./axes.js";
import { imageLayer } from "./layers-file.js";
import { integer, integers, layerName, text } from "./onnx-attributes.js";
import type { OnnxConversion } from "./onnx-to-layers.js";

interface Window {
  readonly kernel: readonly number[];
  readonly strides: readonly number[];
  readonly dilations: readonly number[];
  /** [before, after] for rows and columns. */
  readonly pads: readonly (readonly [number, number])[];
  /** What TensorFlow's "same" would pad. */
  readonly same: readonly (readonly [number, number])[];
}

function windowOf(node: OnnxNode, c: OnnxConversion, kernel: readonly number[]): Window {
  const [x] = node.input;
  const shape = c.shape(x);
  if (shape.length !== 4 || kernel.length !== 2) {
    throw c.refused(node, `must be over rows and columns to convert, got ${shape.length} axes`);
  }
  const strides = integers(node, "strides") ?? [1, 1];
  const dilations = integers(node, "dilations") ?? [1, 1];
  const same = [0, 1].map((k) => samePads(shape[2 + k], kernel[k], strides[k], dilations[k]));
  const auto = text(node, "auto_pad", "NOTSET");
  const given = integers(node, "pads") ?? [0, 0, 0, 0];
  const pads = [0, 1].map((k): [number, number] => {
    const [before, after] = same[k];
    if (auto === "SAME_UPPER") return [before, after];
    if (auto === "SAME_LOWER") return [after, before];
    return auto === "VALID" ? [0, 0] : [given[k], given[k + 2]];
  });
  return { kernel, strides, dilations, pads, same };
}

function isNothing({ pads }: Window): boolean {
  return pads.every(([before, after]) => before === 0 && after === 0);
}

function isSame({ pads, same }: Window): boolean {
  return pads.every(([before, after], k) => before === same[k][0] && after === same[k][1]);
}

/** The layer's padding, and the input with the zeros that it cannot say itself. */
function padded(
  node: OnnxNode,
  c: OnnxConversion,
  window: Window,
  name: string,
): { input: string; padding: "same" | "valid" } {
  const input = c.inOrder(node.input[0], channelsLast);
  if (isNothing(window)) return { input, padding: "valid" };
  if (isSame(window)) return { input, padding: "same" };
  if (window.pads.flat().some((n) => n < 0)) throw c.refused(node, "must not crop its input");
  const config = imageLayer({ padding: window.pads });
  return { input: c.layer("ZeroPadding2D", `${name}.pad`, config, [input]), padding: "valid" };
}

export function convolution(node: OnnxNode, c: OnnxConversion): void {
  const weight = c.tensor(node.input[1]);
  if (weight === undefined) throw c.refused(node, "must have a constant kernel to convert");
  const [outs, insPerGroup, ...kernel] = weight.shape;
  const window = windowOf(node, c, kernel);
  const { strides, dilations } = window;
  if (Math.max(...strides) > 1 && Math.max(...dilations) > 1) {
    throw c.refused(node, "has strides and dilations, of which TensorFlow.js takes one only");
  }
  const groups = integer(node, "group", 1);
  const ins = groups * insPerGroup;
  const depthwise = groups > 1 && insPerGroup === 1;
  if (groups > 1 && !depthwise) {
    throw c.refused(
      node,
      `must have group 1, or as many groups as channels, for the layers format; got group ${groups} for ${ins} channels`,
    );
  }
  if (depthwise && Math.max(...dilations) > 1) {
    throw c.refused(node, "has dilations, which TensorFlow.js leaves out of its DepthwiseConv2D");
  }
  const name = layerName(node, node.input[1]);
  const { input, padding } = padded(node, c, window, name);
  const bias = c.tensor(node.input[2]);
  if (node.input[2] && bias === undefined) throw c.refused(node, "must have a constant bias");
  const multiplier = outs / groups;
  const inner = depthwise ? [ins, multiplier] : [ins, outs];
  const weights = [
    {
      part: depthwise ? "depthwise_kernel" : "kernel",
      shape: [...kernel, ...inner],
      values: kernelsLast(weight.values, outs, insPerGroup, kernel[0] * kernel[1]),
    },
    ...(bias === undefined ? [] : [{ part: "bias", ...bias }]),
  ];
  const config = imageLayer({
    ...(depthwise ? { depth_multiplier: multiplier } : { filters: outs }),
    kernel_size: kernel,
    strides,
    padding,
    dilation_rate: dilations,
    activation: "linear",
    use_bias: bias !== undefined,
  });
  const className = depthwise ? "DepthwiseConv2D" : "Conv2D";
  c.hold(node.output[0], c.layer(className, name, config, [input], weights), channelsLast);
}

/**
 * [out, in, taps] to [taps, in, out]. A depthwise kernel [in * multiplier, 1, taps] becomes [taps, in, multiplier]
 * by the same rule, since its outputs lie in the order of (in, multiplier).
 */
function kernelsLast(values: Float32Array, outs: number, ins: number, taps: number): Float32Array {
  const out = new Float32Array(values.length);
  for (let o = 0; o < outs; o++) {
    for (let i = 0; i < ins; i++) {
      for (let t = 0; t < taps; t++)
        out[(t * ins + i) * outs + o] = values[(o * ins + i) * taps + t];
    }
  }
  return out;
}

export function pool(node: OnnxNode, c: OnnxConversion): void {
  const window = windowOf(node, c, integers(node, "kernel_shape") ?? []);
  const { kernel, strides, dilations, pads } = window;
  const [x, y] = [c.shape(node.input[0]), c.shape(node.output[0])];
  if (dilations.some((d) => d !== 1)) throw c.refused(node, "must have dilations of 1 to convert");
  const whole = [0, 1].every((k) => {
    const size = x[2 + k] + pads[k][0] + pads[k][1];
    return y[2 + k] === Math.floor((size - kernel[k]) / strides[k]) + 1;
  });
  if (!whole) throw c.refused(node, "must have whole windows to convert, got ceil_mode 1");
  const name = node.output[0];
  const config = imageLayer({ pool_size: kernel, strides });
  const maximum = node.op_type === "MaxPool";
  // Padding that is told apart from the image: below all numbers, or not counted in the mean.
  const aside = maximum || integer(node, "count_include_pad", 0) === 0;
  if (aside && !isNothing(window) && !isSame(window)) {
    throw c.refused(
      node,
      `must be padded as "same" or not at all for the layers format, got pads ${pads.flat().join(", ")}`,
    );
  }
  const input = c.inOrder(node.input[0], channelsLast);
  const className = maximum ? "MaxPooling2D" : "AveragePooling2D";
  let layer: string;
  if (aside || isNothing(window)) {
    const padding = isNothing(window) ? "valid" : "same";
    layer = c.layer(className, name, { ...config, padding }, [input]);
  } else {
    const zeros = c.layer("ZeroPadding2D", `${name}.pad`, imageLayer({ padding: pads }), [input]);
    layer = c.layer(className, name, { ...config, padding: "valid" }, [zeros]);
  }
  c.hold(name, layer, channelsLast);
}

/** Over all rows and columns. Layers give [batch, channels], whether ONNX keeps the axes or not. */
export function globalPool(node: OnnxNode, c: OnnxConversion): void {
  const kind = node.op_type === "GlobalMaxPool" ? "Max" : "Average";
  const config = imageLayer({});
  const input = c.inOrder(node.input[0], channelsLast);
  c.hold(
    node.output[0],
    c.layer(`Global${kind}Pooling2D`, node.output[0], config, [input]),
    [0, 1],
  );
}
