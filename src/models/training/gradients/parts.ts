/** Operators that gradients are made of, with the shapes that follow. */
import { InputError } from "../../../errors.js";
import type { ForwardNode, GradientGraph } from "../rule.js";
import { sizeOf } from "../tensor-values.js";

export function reshape(graph: GradientGraph, value: string, shape: readonly number[]): string {
  const from = graph.shapeOf(value);
  if (from.length === shape.length && from.every((size, i) => size === shape[i])) return value;
  return graph.node("Reshape", [value, graph.ints(shape)], shape);
}

/**
 * As few axes as can be are moved: the runtime is several times faster without those of one element, and with axes
 * that stay side by side as one.
 */
export function transpose(graph: GradientGraph, value: string, perm: readonly number[]): string {
  const from = graph.shapeOf(value);
  const runs: number[][] = [];
  for (const axis of perm.filter((axis) => from[axis] !== 1)) {
    const last = runs.at(-1);
    const next = last && last.at(-1)! + 1;
    // Axes of one element between two others do not part them.
    const follows = next !== undefined && axis >= next && sizeOf(from.slice(next, axis)) === 1;
    if (follows) last!.push(axis);
    else runs.push([axis]);
  }
  const shape = perm.map((axis) => from[axis]!);
  if (runs.length <= 1) return reshape(graph, value, shape);
  const order = runs.toSorted((a, b) => a[0]! - b[0]!);
  const sizes = order.map((run) => sizeOf(run.map((axis) => from[axis]!)));
  const moved = runs.map((run) => order.indexOf(run));
  const merged = reshape(graph, value, sizes);
  const result = graph.node(
    "Transpose",
    [merged],
    moved.map((i) => sizes[i]!),
    {
      perm: { ints: moved },
    },
  );
  return reshape(graph, result, shape);
}

/** Sum over `axes`, which are dropped. */
export function sum(graph: GradientGraph, value: string, axes: readonly number[]): string {
  const shape = graph.shapeOf(value).filter((_, axis) => !axes.includes(axis));
  return graph.node("ReduceSum", [value, graph.ints(axes)], shape, { keepdims: { int: 0 } });
}

export function times(graph: GradientGraph, value: string, factor: number): string {
  if (factor === 1) return value;
  return graph.node("Mul", [value, graph.floats([factor], [])], graph.shapeOf(value));
}

/** Zeros around a value: so many before and after along each axis. */
export function pad(
  graph: GradientGraph,
  value: string,
  before: readonly number[],
  after: readonly number[],
): string {
  if ([...before, ...after].every((n) => n === 0)) return value;
  const shape = graph.shapeOf(value).map((size, i) => before[i]! + size + after[i]!);
  return graph.node("Pad", [value, graph.ints([...before, ...after])], shape);
}

/** `counts` elements along `axes` from `starts` on, every `steps`-th. */
export function slice(
  graph: GradientGraph,
  value: string,
  axes: readonly number[],
  starts: readonly number[],
  counts: readonly number[],
  steps: readonly number[] = axes.map(() => 1),
): string {
  const from = graph.shapeOf(value);
  const shape = from.map((size, axis) => counts[axes.indexOf(axis)] ?? size);
  if (sizeOf(shape) === sizeOf(from)) return value;
  const ends = starts.map((start, i) => start + (counts[i]! - 1) * steps[i]! + 1);
  const inputs = [starts, ends, axes, steps].map((list) => graph.ints(list));
  return graph.node("Slice", [value, ...inputs], shape);
}

/** op(a) · op(b) of two matrices, times `alpha`. */
export function product(
  graph: GradientGraph,
  a: string,
  b: string,
  { transA = false, transB = false, alpha = 1 } = {},
): string {
  const rows = graph.shapeOf(a)[transA ? 1 : 0]!;
  const columns = graph.shapeOf(b)[transB ? 0 : 1]!;
  return graph.node("Gemm", [a, b], [rows, columns], {
    transA: { int: Number(transA) },
    transB: { int: Number(transB) },
    alpha: { float: alpha },
  });
}

/** Values of an integer input that must be constant; `what` is its name in ONNX. */
export function constantInts(
  node: ForwardNode,
  graph: GradientGraph,
  input: number,
  what: string,
): readonly number[] {
  const values = graph.constantInts(node.inputs[input]!);
  if (values === undefined) {
    throw new InputError(
      `training: ${node.operator} "${node.name}": ${what} must be constant, and "${node.inputs[input]}" is computed`,
    );
  }
  return values;
}
