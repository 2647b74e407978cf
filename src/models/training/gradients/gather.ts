/**
 * Gradient of choosing slices of a tensor by an index, such as embeddings of words: each chosen slice's gradient is
 * added to that of the slice that it was.
 *
 * For 30,000 words of 128 numbers and 4,096 indices, ScatterElements takes 30 ms on one core; so does ScatterND, but
 * on several threads it adds in an order that changes from run to run, and results with it. A product with a
 * one-hot matrix takes 1 s.
 */
import { defineRule } from "../rule.js";
import { sizeOf } from "../tensor-values.js";
import { reshape } from "./parts.js";

export const gather = defineRule({
  operator: "Gather",
  gradient(node, [g], graph) {
    const [data, indices] = node.inputs as [string, string];
    const shape = graph.shapeOf(data);
    const axis = (node.int("axis", 0) + shape.length) % shape.length;
    const count = sizeOf(graph.shapeOf(indices));
    // All indices along one axis, and the index of every single element.
    const chosen = shape.with(axis, count);
    const along = reshape(
      graph,
      indices,
      shape.map((_, i) => (i === axis ? count : 1)),
    );
    const inputs = [
      graph.node("ConstantOfShape", [graph.ints(shape)], shape),
      graph.node("Expand", [along, graph.ints(chosen)], chosen),
      reshape(graph, g!, chosen),
    ];
    const sum = graph.node("ScatterElements", inputs, shape, {
      axis: { int: axis },
      reduction: { string: "add" },
    });
    return [sum, undefined];
  },
});
