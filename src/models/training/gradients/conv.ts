/**
 * Gradients of a convolution y[n, o, p] = Σ x[n, c, p · stride + t · dilation − before] w[o, c, t] + b[o], in
 * any number of dimensions, with groups.
 *
 * - dL/dx is the transposed convolution of dL/dy; with stride 1 that is a convolution with the kernel turned around
 *   and its channels exchanged, which the runtime mostly does faster.
 * - dL/dw is a convolution of x with dL/dy as its kernel, images in the part of channels, strides in that of
 *   dilations and the other way around.
 *
 * Source: Dumoulin, Visin, "A guide to convolution arithmetic for deep learning", arXiv 1603.07285, section 4.
 */
import { defineRule, type GradientGraph } from "../rule.js";
import { sizeOf } from "../tensor-values.js";
import { pad, product, reshape, slice, sum, transpose } from "./parts.js";
import { type SlidingWindow, slidingWindow } from "./sliding-window.js";

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
  const ins = graph.shapeOf(w)[1]!;
  const plain = spans.every(
    (span, i) => strides[i] === 1 && before[i]! <= span && after[i]! <= span,
  );
  // The runtime convolves slowly where few channels come out; a transposed convolution does not mind.
  if (plain && (ins >= 16 || group > 1)) {
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
  const size = sizeOf(kernel);
  // A product with the exchange matrix: a slice with negative steps takes three times as long.
  const exchange = Float32Array.from({ length: size * size }, (_, k) =>
    Number((k % size) + Math.floor(k / size) === size - 1),
  );
  const rows = reshape(graph, w, [outs * ins, size]);
  const backwards = size === 1 ? rows : product(graph, rows, graph.floats(exchange, [size, size]));
  const apart = reshape(graph, backwards, [group, outs / group, ins, size]);
  const exchanged = transpose(graph, apart, [0, 2, 1, 3]);
  return reshape(graph, exchanged, [group * ins, outs / group, ...kernel]);
}

/**
 * As a convolution: with the channels innermost, the inputs of neighbouring taps lie side by side, and a row of taps
 * with all its channels is one run of the signal that dL/dy slides over.
 * For g[n, o, p] = dL/dy and x as above; `w` only for its shape.
 */
export function weightGradient(
  graph: GradientGraph,
  g: string,
  x: string,
  w: string,
  group: number,
  window: SlidingWindow,
): string {
  const { kernel, strides, dilations, before, after } = window;
  const [images, outs, ...output] = graph.shapeOf(g) as [number, number, ...number[]];
  const input = graph.shapeOf(x).slice(2);
  const ins = graph.shapeOf(w)[1]!;
  const last = kernel.length - 1;
  const axes = kernel.map((_, i) => i + 2);

  const apart = reshape(graph, x, [images, group, ins, ...input]);
  const channelsLast = transpose(graph, apart, [1, 0, ...axes.map((axis) => axis + 1), 2]);
  /** Along the last axis every position holds all channels. */
  const channelsIn = (sizes: readonly number[]) =>
    sizes.map((size, i) => (i === last ? size * ins : size));
  const signal = reshape(graph, channelsLast, [1, group * images, ...channelsIn(input)]);

  const spans = kernel.map((size, i) => (size - 1) * dilations[i]! + 1);
  const reach = output.map((size, i) => (size - 1) * strides[i]!);
  // Padding that no kernel meets would make more taps than there are.
  const padding = after.map((size, i) => {
    const unmet = before[i]! + input[i]! + size - reach[i]! - spans[i]!;
    return Math.max(0, size - unmet);
  });
  const places = kernel.map((_, i) => before[i]! + input[i]! + padding[i]! - reach[i]!);
  const rows = places.map((count, i) =>
    i === last ? count : Math.floor((count - 1) / dilations[i]!) + 1,
  );
  const slid = graph.node(
    "Conv",
    [signal, transpose(graph, g, [1, 0, ...axes])],
    [1, outs, ...channelsIn(rows)],
    {
      kernel_shape: { ints: output },
      strides: { ints: dilations.map((d, i) => (i === last ? 1 : d)) },
      dilations: { ints: channelsIn(strides) },
      group: { int: group },
      pads: { ints: [...channelsIn(before), ...channelsIn(padding)] },
    },
  );
  const found = reshape(graph, slid, [outs, ...rows, ins]);
  const steps = kernel.map((_, i) => (i === last ? dilations[i]! : 1));
  const starts = kernel.map(() => 0);
  const taps = slice(
    graph,
    found,
    axes.map((axis) => axis - 1),
    starts,
    kernel,
    steps,
  );
  return transpose(graph, taps, [0, last + 2, ...axes.map((axis) => axis - 1)]);
}
