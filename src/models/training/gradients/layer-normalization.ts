/**
 * Gradients of a layer normalization, y = x̂ γ + β with x̂ = (x − m) / √(v + ε), m and v (population) over the axes from
 * `axis` on. With h = g γ and means over the same axes:
 *
 *   dL/dβ = Σ g,   dL/dγ = Σ g x̂,   dL/dx = (h − mean(h) − x̂ mean(h x̂)) / √(v + ε)
 *
 * Source: Ba, Kiros, Hinton, "Layer Normalization", arXiv 1607.06450, section 3.
 */
import { InputError } from "../../../errors.js";
import { defineRule } from "../rule.js";
import { sizeOf } from "../tensor-values.js";
import { times } from "./parts.js";

export const layerNormalization = defineRule({
  operator: "LayerNormalization",
  gradient(node, [g, toMean, toDeviation], graph) {
    if (g === undefined || toMean !== undefined || toDeviation !== undefined) {
      throw new InputError(
        `training: LayerNormalization "${node.name}": only its first output may be used`,
      );
    }
    const [x, gamma, beta] = node.inputs as [string, string, string?];
    const shape = graph.shapeOf(x);
    const axis = (node.int("axis", -1) + shape.length) % shape.length;
    const normalized = shape.slice(axis);
    const kept = shape.map((size, i) => (i < axis ? size : 1));
    const all = (operator: string, ...inputs: string[]) => graph.node(operator, inputs, shape);
    const mean = (value: string) => times(graph, graph.sumTo(value, kept), 1 / sizeOf(normalized));

    // Again, for x̂ and 1 / √(v + ε), which the forward pass need not have kept.
    const ones = graph.floats(new Float32Array(sizeOf(normalized)).fill(1), normalized);
    const [unit, , inverse] = graph.outputsOf(
      "LayerNormalization",
      [x, ones],
      [shape, kept, kept],
      { axis: { int: axis }, epsilon: { float: node.float("epsilon", 1e-5) } },
    ) as [string, string, string];
    const toX = () => {
      const h = all("Mul", g, gamma);
      const along = all("Mul", unit, mean(all("Mul", h, unit)));
      return all("Mul", all("Sub", all("Sub", h, mean(h)), along), inverse);
    };
    return [
      graph.needsGradient(x) ? toX() : undefined,
      graph.needsGradient(gamma)
        ? graph.sumTo(all("Mul", g, unit), graph.shapeOf(gamma))
        : undefined,
      beta && graph.needsGradient(beta) ? graph.sumTo(g, graph.shapeOf(beta)) : undefined,
    ];
  },
});
