/**
 * Gradients of pools: that of a maximum goes to where it was found, that of a mean to all that it is over.
 */
import { InputError } from "../../../errors.js";
import { defineRule, type ForwardNode, type GradientGraph } from "../rule.js";
import { sizeOf } from "../tensor-values.js";
import { pad, reshape, times } from "./parts.js";
import { type SlidingWindow, slidingWindow } from "./sliding-window.js";

/** Of equal values the first in a window counts, as ONNX Runtime's indices say. */
export const maxPool = defineRule({
  operator: "MaxPool",
  gradient(node, [g], graph) {
    const shape = graph.shapeOf(node.inputs[0]!);
    const pooled = graph.shapeOf(g!);
    const places = node.outputs[1]!;
    const { kernel, strides, dilations, before, after } = windowOf(
      node,
      shape.slice(2),
      pooled.slice(2),
    );
    const apart = kernel.every((size, i) => (size - 1) * dilations[i]! < strides[i]!);
    if (apart && [...before, ...after].every((n) => n === 0)) {
      const inputs = [g!, places, graph.ints(shape)];
      const window = { kernel_shape: { ints: kernel }, strides: { ints: strides } };
      return [graph.node("MaxUnpool", inputs, shape, window)];
    }
    // A value may be the maximum of several windows.
    const flat = [sizeOf(pooled)];
    const inputs = [
      graph.node("ConstantOfShape", [graph.ints([sizeOf(shape)])], [sizeOf(shape)]),
      reshape(graph, places, flat),
      reshape(graph, g!, flat),
    ];
    const spread = graph.node("ScatterElements", inputs, [sizeOf(shape)], {
      axis: { int: 0 },
      reduction: { string: "add" },
    });
    return [reshape(graph, spread, shape)];
  },
});

export const averagePool = defineRule({
  operator: "AveragePool",
  gradient(node, [g], graph) {
    const shape = graph.shapeOf(node.inputs[0]!);
    const output = graph.shapeOf(g!).slice(2);
    const window = windowOf(node, shape.slice(2), output);
    if (node.int("ceil_mode", 0) !== 0) {
      throw new InputError(`training: AveragePool "${node.name}": ceil_mode must be 0`);
    }
    const share = shareOfWindow(node, graph, g!, window, shape.slice(2));
    const { kernel, strides, dilations, before, after } = window;
    const apart = kernel.every((size, i) => size === strides[i] && dilations[i] === 1);
    if (apart && [...before, ...after].every((n) => n === 0)) {
      return [repeated(graph, share, kernel, shape)];
    }
    // As if all channels were images of one channel: a transposed convolution with ones.
    const [images, channels, ...spatial] = shape as [number, number, ...number[]];
    const single = reshape(graph, share, [images * channels, 1, ...output]);
    const spans = kernel.map(
      (size, i) => (output[i]! - 1) * strides[i]! + (size - 1) * dilations[i]! + 1,
    );
    const unseen = spatial.map((size, i) => size - (spans[i]! - before[i]!));
    const added = unseen.map((rest) => Math.max(0, rest));
    const seen = [images * channels, 1, ...spatial.map((size, i) => size - added[i]!)];
    const ones = graph.floats(new Float32Array(sizeOf(kernel)).fill(1), [1, 1, ...kernel]);
    const spread = graph.node("ConvTranspose", [single, ones], seen, {
      kernel_shape: { ints: kernel },
      strides: { ints: strides },
      dilations: { ints: dilations },
      pads: { ints: [...before, ...unseen.map((rest) => Math.max(0, -rest))] },
    });
    const whole = pad(graph, spread, [0, 0, ...before.map(() => 0)], [0, 0, ...added]);
    return [reshape(graph, whole, shape)];
  },
});

export const globalAveragePool = defineRule({
  operator: "GlobalAveragePool",
  gradient({ inputs: [x] }, [g], graph) {
    const shape = graph.shapeOf(x!);
    const share = times(graph, g!, 1 / sizeOf(shape.slice(2)));
    return [graph.node("Expand", [share, graph.ints(shape)], shape)];
  },
});

function windowOf(
  node: ForwardNode,
  input: readonly number[],
  output: readonly number[],
): SlidingWindow {
  const kernel = node.ints("kernel_shape");
  if (kernel === undefined) {
    throw new InputError(`training: node "${node.name}": kernel_shape is missing`);
  }
  return slidingWindow(node, kernel, input, output);
}

/** dL/dy over the number of elements that each mean is over; padding counts only with count_include_pad. */
function shareOfWindow(
  node: ForwardNode,
  graph: GradientGraph,
  g: string,
  window: SlidingWindow,
  input: readonly number[],
): string {
  const output = graph.shapeOf(g).slice(2);
  const { kernel, strides, dilations, before, after } = window;
  const whole =
    node.int("count_include_pad", 0) !== 0 || [...before, ...after].every((n) => n === 0);
  if (whole) return times(graph, g, 1 / sizeOf(kernel));
  const along = output.map((count, i) =>
    Array.from({ length: count }, (_, y) => {
      const places = Array.from(
        { length: kernel[i]! },
        (_, t) => y * strides[i]! + t * dilations[i]! - before[i]!,
      );
      return places.filter((at) => at >= 0 && at < input[i]!).length;
    }),
  );
  let counts = [1];
  for (const sizes of along) counts = counts.flatMap((c) => sizes.map((size) => c * size));
  const shares = graph.floats(
    counts.map((count) => 1 / count),
    [1, 1, ...output],
  );
  return graph.node("Mul", [g, shares], graph.shapeOf(g));
}

/** Every element as often as the kernel is large, where windows lie side by side. */
function repeated(
  graph: GradientGraph,
  value: string,
  kernel: readonly number[],
  shape: readonly number[],
): string {
  const [images, channels, ...output] = graph.shapeOf(value) as [number, number, ...number[]];
  const between = output.flatMap((size) => [size, 1]);
  const wide = output.flatMap((size, i) => [size, kernel[i]!]);
  const blocks = [images, channels, ...wide];
  const apart = reshape(graph, value, [images, channels, ...between]);
  const filled = graph.node("Expand", [apart, graph.ints(blocks)], blocks);
  const covered = [images, channels, ...output.map((size, i) => size * kernel[i]!)];
  const rest = shape.map((size, axis) => size - covered[axis]!);
  return pad(
    graph,
    reshape(graph, filled, covered),
    shape.map(() => 0),
    rest,
  );
}
