/**
 * Gradients of functions of one number, dL/dx = g f'(x), written with y = f(x) where that spares a function.
 */
import { InputError } from "../../../errors.js";
import { defineRule, type GradientGraph } from "../rule.js";
import { times } from "./parts.js";

export const neg = elementwise("Neg", ({ graph, g, shape }) => graph.node("Neg", [g], shape));

export const exp = elementwise("Exp", ({ graph, g, y, shape }) => graph.node("Mul", [g, y], shape));

export const log = elementwise("Log", ({ graph, g, x, shape }) => graph.node("Div", [g, x], shape));

/** 1 / 2√x. */
export const sqrt = elementwise("Sqrt", ({ graph, g, y, shape }) =>
  times(graph, graph.node("Div", [g, y], shape), 0.5),
);

/** 2 e^(−x²) / √π. */
export const erf = elementwise("Erf", ({ graph, g, x, shape }) => {
  const square = graph.node("Mul", [x, x], shape);
  const bell = graph.node("Exp", [graph.node("Neg", [square], shape)], shape);
  return times(graph, graph.node("Mul", [g, bell], shape), 2 / Math.sqrt(Math.PI));
});

/** p x^(p − 1) for constant exponents p. */
export const pow = defineRule({
  operator: "Pow",
  gradient(node, [g], graph) {
    const [x, exponent] = node.inputs as [string, string];
    const p = graph.constantFloats(exponent) ?? graph.constantInts(exponent);
    if (p === undefined) {
      throw new InputError(
        `training: Pow "${node.name}": the exponent must be constant, and "${exponent}" is not`,
      );
    }
    const shape = graph.shapeOf(g!);
    const dims = graph.shapeOf(exponent);
    const constant = (of: (p: number) => number) => graph.floats(Float32Array.from(p, of), dims);
    // x^0 is 1, whose slope is 0 at x = 0 as well, where x^(−1) is infinite.
    const lower = constant((v) => (v === 0 ? 0 : v - 1));
    const power = p.every((v) => v === 2) ? x : graph.node("Pow", [x, lower], shape);
    const slope = graph.node("Mul", [power, constant((v) => v)], shape);
    return [graph.sumTo(graph.node("Mul", [g!, slope], shape), graph.shapeOf(x)), undefined];
  },
});

interface Elementwise {
  readonly graph: GradientGraph;
  readonly g: string;
  readonly x: string;
  readonly y: string;
  readonly shape: readonly number[];
}

function elementwise(operator: string, gradient: (of: Elementwise) => string) {
  return defineRule({
    operator,
    gradient({ inputs: [x], outputs: [y] }, [g], graph) {
      return [gradient({ graph, g: g!, x: x!, y: y!, shape: graph.shapeOf(x!) })];
    },
  });
}
