/**
 * Gradients of matrix products: for Y = A B, dL/dA = G Bᵀ and dL/dB = Aᵀ G.
 *
 * Source: Giles, "Collected matrix derivative results for forward and reverse mode algorithmic differentiation"
 * (2008), 2.2.
 */
import { defineRule, type GradientGraph } from "../rule.js";
import { sizeOf } from "../tensor-values.js";
import { product, reshape, times, transpose } from "./parts.js";

/** Y = alpha · op(A) op(B) + beta · C, C broadcast. */
export const gemm = defineRule({
  operator: "Gemm",
  gradient(node, [g], graph) {
    const [a, b, c] = node.inputs as [string, string, string?];
    const transA = node.int("transA", 0) !== 0;
    const transB = node.int("transB", 0) !== 0;
    const alpha = node.float("alpha", 1);
    const toA = () =>
      transA
        ? product(graph, b, g!, { transA: transB, transB: true, alpha })
        : product(graph, g!, b, { transB: !transB, alpha });
    const toB = () =>
      transB
        ? product(graph, g!, a, { transA: true, transB: transA, alpha })
        : product(graph, a, g!, { transA: !transA, alpha });
    const toC = () => times(graph, graph.sumTo(g!, graph.shapeOf(c!)), node.float("beta", 1));
    return [
      graph.needsGradient(a) ? toA() : undefined,
      graph.needsGradient(b) ? toB() : undefined,
      c && graph.needsGradient(c) ? toC() : undefined,
    ];
  },
});

/** Stacks of matrices, broadcast like NumPy's matmul; a vector is a matrix of one row (A) or one column (B). */
export const matMul = defineRule({
  operator: "MatMul",
  gradient({ inputs: [a, b] }, [g], graph) {
    const shapeA = graph.shapeOf(a!);
    const shapeB = graph.shapeOf(b!);
    const matrixA = shapeA.length === 1 ? [1, ...shapeA] : shapeA;
    const matrixB = shapeB.length === 1 ? [...shapeB, 1] : shapeB;
    const outer = graph.shapeOf(g!).slice(0, Math.max(matrixA.length, matrixB.length) - 2);
    const gradient = reshape(graph, g!, [...outer, matrixA.at(-2)!, matrixB.at(-1)!]);
    const left = reshape(graph, a!, matrixA);
    const right = reshape(graph, b!, matrixB);
    const toA = () => {
      if (matrixB.length === 2) {
        const flat = product(graph, asRows(graph, gradient), right, { transB: true });
        return reshape(graph, flat, shapeA);
      }
      return fitted(graph, stacked(graph, gradient, swapped(graph, right)), matrixA, shapeA);
    };
    const toB = () => {
      // One matrix for the whole stack: one product over all rows at once.
      if (matrixB.length === 2) {
        const rows = product(graph, asRows(graph, left), asRows(graph, gradient), { transA: true });
        return reshape(graph, rows, shapeB);
      }
      return fitted(graph, stacked(graph, swapped(graph, left), gradient), matrixB, shapeB);
    };
    return [
      graph.needsGradient(a!) ? toA() : undefined,
      graph.needsGradient(b!) ? toB() : undefined,
    ];
  },
});

function asRows(graph: GradientGraph, value: string): string {
  const shape = graph.shapeOf(value);
  const columns = shape.at(-1)!;
  return reshape(graph, value, [sizeOf(shape) / columns, columns]);
}

/** Every matrix of a stack transposed. */
function swapped(graph: GradientGraph, value: string): string {
  const axes = graph.shapeOf(value).map((_, axis) => axis);
  return transpose(graph, value, [...axes.slice(0, -2), axes.at(-1)!, axes.at(-2)!]);
}

function stacked(graph: GradientGraph, a: string, b: string): string {
  const shapeA = graph.shapeOf(a);
  const shapeB = graph.shapeOf(b);
  const depth = Math.max(shapeA.length, shapeB.length) - 2;
  const outer = Array.from({ length: depth }, (_, i) =>
    Math.max(shapeA.at(i - depth - 2) ?? 1, shapeB.at(i - depth - 2) ?? 1),
  );
  return graph.node("MatMul", [a, b], [...outer, shapeA.at(-2)!, shapeB.at(-1)!]);
}

function fitted(
  graph: GradientGraph,
  gradient: string,
  matrix: readonly number[],
  shape: readonly number[],
): string {
  return reshape(graph, graph.sumTo(gradient, matrix), shape);
}
