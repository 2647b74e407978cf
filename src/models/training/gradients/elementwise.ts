/**
 * Gradients of the four operations of arithmetic, of ReLU, and of operators that pass values on.
 *
 * Operands may be broadcast (ONNX, Broadcasting.md): the gradient of a broadcast one is summed over its copies.
 */
import { DataType } from "../../../weights/onnx-proto.js";
import { defineRule, type GradientGraph } from "../rule.js";

export const add = defineRule({
  operator: "Add",
  gradient: ({ inputs }, [g], graph) => inputs.map((name) => summed(graph, name, () => g!)),
});

export const sub = defineRule({
  operator: "Sub",
  gradient({ inputs: [a, b] }, [g], graph) {
    const negative = () => graph.node("Neg", [g!], graph.shapeOf(g!));
    return [summed(graph, a!, () => g!), summed(graph, b!, negative)];
  },
});

export const mul = defineRule({
  operator: "Mul",
  gradient({ inputs: [a, b] }, [g], graph) {
    const times = (other: string) => () => graph.node("Mul", [g!, other], graph.shapeOf(g!));
    return [summed(graph, a!, times(b!)), summed(graph, b!, times(a!))];
  },
});

/** y = a / b: dL/da = g / b, dL/db = −g y / b. */
export const div = defineRule({
  operator: "Div",
  gradient({ inputs: [a, b], outputs: [y] }, [g], graph) {
    const shape = graph.shapeOf(g!);
    const quotient = graph.node("Div", [g!, b!], shape);
    const second = () => graph.node("Neg", [graph.node("Mul", [quotient, y!], shape)], shape);
    return [summed(graph, a!, () => quotient), summed(graph, b!, second)];
  },
});

/** The slope at 0 is taken as 0, as PyTorch and TensorFlow do. */
export const relu = defineRule({
  operator: "Relu",
  gradient({ outputs: [y] }, [g], graph) {
    const shape = graph.shapeOf(y!);
    const positive = graph.node("Greater", [y!, graph.floats([0], [])], shape);
    const slope = graph.node("Cast", [positive], shape, { to: { int: DataType.FLOAT } });
    return [graph.node("Mul", [g!, slope], shape)];
  },
});

export const identity = defineRule({ operator: "Identity", gradient: (_node, [g]) => [g] });

/** The gradient of an operand of its own shape; undefined where it is not needed. */
function summed(graph: GradientGraph, operand: string, gradient: () => string) {
  return graph.needsGradient(operand) ? graph.sumTo(gradient(), graph.shapeOf(operand)) : undefined;
}
