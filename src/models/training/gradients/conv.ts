/**
 * Gradients of a convolution y[n, o, p] = Σ x[n, c, p · stride + t · dilation − before] w[o, c, t] + b[o], in
 * any number of dimensions, with groups.
 *
 * - dL/dx with stride 1 is a convolution of dL/dy with the kernel turned around and its channels exchanged; with
 *   larger strides it is the transposed convolution of dL/dy.
 * - dL/dw is one product of matrices per group: dL/dy as [outs, images · positions] and x as it meets each tap,
 *   [ins · taps, images · positions].
 *
 * Source: Dumoulin, Visin, "A guide to convolution arithmetic for deep learning", arXiv 1603.07285, section 4.
 */
import { defineRule, type GradientGraph } from "../rule.js";
import { sizeOf } from "../tensor-values.js";
import { pad, reshape, slice, sum, transpose } from "./parts.js";
import { type SlidingWindow, slidingWindow, taps } from "./sliding-window.js";

export const conv = defineRule({
  operator: "Conv",
  gradient(node, [g], graph) {
    const [x, w, b] = node.inputs as [string, string, string?];
    const shape = graph.shapeOf(w);
    const group = node.int("group", 1);
    const spatial = (value: string) => graph.shapeOf(value).slice(2);
    const window = slidingWindow(node, shape.slice(2), spatial(x), spatial(g!));
    const axes = [0, ...window.kernel.map((_, i) => i + 2)];
    return [
      graph.needsGradient(x) ? inputGradient(graph, g!, x, w, group, window) : undefined,
      graph.needsGradient(w) ? weightGradient(graph, g!, x, w, group, window) : undefined,
      b && graph.needsGradient(b) ? sum(graph, g!, axes) : undefined,
    ];
  },
});

function inputGradient(
  graph: GradientGraph,
  g: string,
  x: string,
  w: string,
  group: number,
  window: SlidingWindow,
): string {
  const { kernel, strides, dilations, before, after } = window;
  const shape = graph.shapeOf(x);
  const spans = kernel.map((size, i) => (size - 1) * dilations[i]!);
  const flippable = spans.every((span, i) => before[i]! <= span && after[i]! <= span);
  if (strides.every((s) => s === 1) && flippable) {
    return graph.node("Conv", [g, turned(graph, w, group)], shape, {
      kernel_shape: { ints: kernel },
      dilations: { ints: dilations },
      group: { int: group },
      pads: {
        ints: [...spans.map((s, i) => s - before[i]!), ...spans.map((s, i) => s - after[i]!)],
      },
    });
  }
  // Input positions behind the last that a kernel meets have gradient 0.
  const unseen = spans.map((span, i) => {
    const met = (graph.shapeOf(g)[i + 2]! - 1) * strides[i]! + span + 1;
    return shape[i + 2]! - (met - before[i]!);
  });
  const cut = unseen.map((rest) => Math.max(0, -rest));
  const added = unseen.map((rest) => Math.max(0, rest));
  const zeros = shape.map(() => 0);
  const seen = shape.map((size, axis) => size - (added[axis - 2] ?? 0));
  // Some strides meet nothing but padding.
  if (seen.some((size) => size <= 0))
    return graph.node("ConstantOfShape", [graph.ints(shape)], shape);
  const spread = graph.node("ConvTranspose", [g, w], seen, {
    kernel_shape: { ints: kernel },
    strides: { ints: strides },
    dilations: { ints: dilations },
    group: { int: group },
    pads: { ints: [...before, ...cut] },
  });
  return pad(graph, spread, zeros, [0, 0, ...added]);
}

/** The kernel [outs, ins / group, taps] turned around, as [ins, outs / group, taps]. */
function turned(graph: GradientGraph, w: string, group: number): string {
  const [outs, ins, ...kernel] = graph.shapeOf(w) as [number, number, ...number[]];
  const shape = [group * ins, outs / group, ...kernel];
  const size = sizeOf(kernel);
  const apart = reshape(graph, w, [group, outs / group, ins, size]);
  const exchanged = reshape(graph, transpose(graph, apart, [0, 2, 1, 3]), shape);
  if (size === 1) return exchanged;
  const axes = kernel.map((_, i) => i + 2);
  const backwards = [kernel.map(() => -1), kernel.map((k) => -k - 1), axes, kernel.map(() => -1)];
  return graph.node("Slice", [exchanged, ...backwards.map((list) => graph.ints(list))], shape);
}

/** For g[n, o, p] = dL/dy and x as above; `w` only for its shape. */
export function weightGradient(
  graph: GradientGraph,
  g: string,
  x: string,
  w: string,
  group: number,
  { kernel, strides, dilations, before, after }: SlidingWindow,
): string {
  const [images, outs, ...output] = graph.shapeOf(g) as [number, number, ...number[]];
  const ins = graph.shapeOf(w)[1]!;
  const count = sizeOf(kernel);
  const positions = images * sizeOf(output);
  const channelsFirst = [1, 0, ...kernel.map((_, i) => i + 2)];
  const axes = kernel.map((_, i) => i + 2);
  const padded = pad(
    graph,
    transpose(graph, x, channelsFirst),
    [0, 0, ...before],
    [0, 0, ...after],
  );
  const met = taps(kernel).map((tap) => {
    const starts = tap.map((t, i) => t * dilations[i]!);
    const part = slice(graph, padded, axes, starts, output, strides);
    return reshape(graph, part, [group * ins, 1, positions]);
  });
  const columns =
    count === 1
      ? met[0]!
      : graph.node("Concat", met, [group * ins, count, positions], { axis: { int: 1 } });
  const left = reshape(graph, transpose(graph, g, channelsFirst), [group, outs / group, positions]);
  const right = reshape(graph, columns, [group, ins * count, positions]);
  const product = graph.node(
    "MatMul",
    [left, transpose(graph, right, [0, 2, 1])],
    [group, outs / group, ins * count],
  );
  return reshape(graph, product, graph.shapeOf(w));
}
