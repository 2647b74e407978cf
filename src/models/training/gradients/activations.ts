/**
 * Gradients of activations other than ReLU. Where one has a kink, its slope there is PyTorch's.
 */
import { InputError } from "../../../errors.js";
import { defineRule, type GradientGraph } from "../rule.js";
import { times } from "./parts.js";

/** y (1 − y). */
export const sigmoid = defineRule({
  operator: "Sigmoid",
  gradient({ outputs: [y] }, [g], graph) {
    const { mul, sub } = arithmetic(graph, graph.shapeOf(g!));
    return [mul(mul(g!, y!), sub(graph.floats([1], []), y!))];
  },
});

/** 1 − y². */
export const tanh = defineRule({
  operator: "Tanh",
  gradient({ outputs: [y] }, [g], graph) {
    const { mul, sub } = arithmetic(graph, graph.shapeOf(g!));
    return [mul(g!, sub(graph.floats([1], []), mul(y!, y!)))];
  },
});

/** 1 above 0, alpha elsewhere. */
export const leakyRelu = defineRule({
  operator: "LeakyRelu",
  gradient(node, [g], graph) {
    const x = node.inputs[0]!;
    const shape = graph.shapeOf(x);
    const above = graph.node("Greater", [x, graph.floats([0], [])], shape);
    const below = times(graph, g!, node.float("alpha", 0.01));
    return [graph.node("Where", [above, g!, below], shape)];
  },
});

/** 1 where x is within the bounds and so leaves as it is, the bounds included; 0 elsewhere. */
export const clip = defineRule({
  operator: "Clip",
  gradient(node, [g], graph) {
    const [x, ...bounds] = node.inputs as [string, ...string[]];
    const trained = bounds.find((name) => graph.needsGradient(name));
    if (trained !== undefined) {
      throw new InputError(
        `training: Clip "${node.name}": bounds must be constant, and "${trained}" is trained or follows from what is`,
      );
    }
    const shape = graph.shapeOf(x);
    const within = graph.node("Equal", [x, node.outputs[0]!], shape);
    return [graph.node("Where", [within, g!, graph.floats([0], [])], shape)];
  },
});

/**
 * y = x Φ(x): Φ(x) + x φ(x). With approximate `tanh` y = x (1 + tanh u) / 2, u = √(2/π) (x + 0.044715 x³):
 *
 *   (1 + tanh u) / 2 + x (1 − tanh² u) u' / 2
 *
 * Source: Hendrycks, Gimpel, "Gaussian Error Linear Units (GELUs)", arXiv 1606.08415.
 */
export const gelu = defineRule({
  operator: "Gelu",
  gradient(node, [g], graph) {
    const x = node.inputs[0]!;
    const approximate = node.text("approximate", "none") === "tanh";
    const slope = approximate ? geluTanhSlope(graph, x) : geluSlope(graph, x);
    return [graph.node("Mul", [g!, slope], graph.shapeOf(x))];
  },
});

function geluSlope(graph: GradientGraph, x: string): string {
  const { mul, add, plus, of } = arithmetic(graph, graph.shapeOf(x));
  const below = times(graph, plus(of("Erf", times(graph, x, Math.SQRT1_2)), 1), 0.5);
  const bell = of("Exp", times(graph, mul(x, x), -0.5));
  return add(below, times(graph, mul(x, bell), 1 / Math.sqrt(2 * Math.PI)));
}

function geluTanhSlope(graph: GradientGraph, x: string): string {
  const { mul, sub, add, plus, of } = arithmetic(graph, graph.shapeOf(x));
  const factor = Math.sqrt(2 / Math.PI);
  const square = mul(x, x);
  const t = of("Tanh", mul(x, plus(times(graph, square, factor * 0.044715), factor)));
  const uSlope = plus(times(graph, square, 3 * factor * 0.044715), factor);
  const bend = mul(sub(graph.floats([1], []), mul(t, t)), uSlope);
  return times(graph, add(plus(t, 1), mul(x, bend)), 0.5);
}

/** Operators between values of one shape. */
function arithmetic(graph: GradientGraph, shape: readonly number[]) {
  return {
    mul: (a: string, b: string) => graph.node("Mul", [a, b], shape),
    add: (a: string, b: string) => graph.node("Add", [a, b], shape),
    sub: (a: string, b: string) => graph.node("Sub", [a, b], shape),
    plus: (a: string, b: number) => graph.node("Add", [a, graph.floats([b], [])], shape),
    of: (operator: string, a: string) => graph.node(operator, [a], shape),
  };
}
