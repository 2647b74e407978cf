/**
 * Gradients of y = softmax(x) along an axis, dL/dx = y (g − Σ g y), and of y = log softmax(x),
 * dL/dx = g − e^y Σ g.
 *
 * Source: Goodfellow, Bengio, Courville, Deep Learning (2016), 6.2.2.3.
 */
import { defineRule, type ForwardNode, type GradientGraph } from "../rule.js";

export const softmax = defineRule({
  operator: "Softmax",
  gradient(node, [g], graph) {
    const y = node.outputs[0]!;
    const shape = graph.shapeOf(y);
    const mean = sumAlongAxis(node, graph, graph.node("Mul", [g!, y], shape));
    return [graph.node("Mul", [y, graph.node("Sub", [g!, mean], shape)], shape)];
  },
});

export const logSoftmax = defineRule({
  operator: "LogSoftmax",
  gradient(node, [g], graph) {
    const y = node.outputs[0]!;
    const shape = graph.shapeOf(y);
    const shared = graph.node(
      "Mul",
      [graph.node("Exp", [y], shape), sumAlongAxis(node, graph, g!)],
      shape,
    );
    return [graph.node("Sub", [g!, shared], shape)];
  },
});

/** Along the node's axis, which stays with one element. */
function sumAlongAxis(node: ForwardNode, graph: GradientGraph, value: string): string {
  const shape = graph.shapeOf(value);
  const axis = (node.int("axis", -1) + shape.length) % shape.length;
  return graph.sumTo(
    value,
    shape.map((size, i) => (i === axis ? 1 : size)),
  );
}
