/** Gradients of operators that only give a value another shape, and of the mean over axes. */
import { defineRule } from "../rule.js";
import { sizeOf } from "../tensor-values.js";
import { constantInts, reshape, times } from "./parts.js";

export const reshapeRule = defineRule({
  operator: "Reshape",
  gradient: ({ inputs: [x] }, [g], graph) => [reshape(graph, g!, graph.shapeOf(x!)), undefined],
});

export const flatten = defineRule({
  operator: "Flatten",
  gradient: ({ inputs: [x] }, [g], graph) => [reshape(graph, g!, graph.shapeOf(x!))],
});

/** The gradient of a mean is the same for all that it is over. */
export const reduceMean = reduction("ReduceMean", (count) => 1 / count);

export const reduceSum = reduction("ReduceSum", () => 1);

/** `share` is what each of so many elements counts. */
function reduction(operator: string, share: (count: number) => number) {
  return defineRule({
    operator,
    gradient(node, [g], graph) {
      const shape = graph.shapeOf(node.inputs[0]!);
      // Axes are an input from operator set 13 (ReduceSum) and 18 (ReduceMean) on.
      const axesInput = node.inputs[1];
      const given = axesInput ? constantInts(node, graph, 1, "axes") : node.ints("axes");
      const none = given === undefined || given.length === 0;
      if (none && node.int("noop_with_empty_axes", 0) !== 0) return [g];
      const axes = none
        ? shape.map((_, axis) => axis)
        : given.map((a) => (a + shape.length) % shape.length);
      const kept = shape.map((size, axis) => (axes.includes(axis) ? 1 : size));
      const each = times(graph, reshape(graph, g!, kept), share(sizeOf(shape) / sizeOf(kept)));
      return [graph.node("Expand", [each, graph.ints(shape)], shape)];
    },
  });
}
