/**
 * Gradients of a batch normalization by the statistics of its batch, y = γ (x − m) / √(v + ε) + β per channel, m
 * and v (population) over the M images and positions of a channel. With x̂ = (x − m) / √(v + ε):
 *
 *   dL/dβ = Σ g,   dL/dγ = Σ g x̂,   dL/dx = γ / √(v + ε) · (g − dL/dβ / M − x̂ dL/dγ / M)
 *
 * x̂ is not made: Σ g x̂ is (Σ g x − m Σ g) / √(v + ε), and dL/dx is a g + b x + c with three numbers per channel.
 * Where |m| is far above √v this loses as many digits as x itself has lost.
 *
 * Source: Ioffe, Szegedy, "Batch Normalization", ICML 2015, section 3.
 */
import { defineRule } from "../rule.js";
import { sizeOf } from "../tensor-values.js";
import { reshape, sum, times } from "./parts.js";

export const batchNormalization = defineRule({
  operator: "BatchNormalization",
  gradient(node, [g], graph) {
    const [x, gamma, beta] = node.inputs as [string, string, string];
    const [, mean, variance] = node.outputs as [string, string, string];
    const shape = graph.shapeOf(x);
    const channels = [shape[1]!];
    const samples = sizeOf(shape) / shape[1]!;
    const axes = shape.map((_, axis) => axis).filter((axis) => axis !== 1);
    const vector = (operator: string, ...inputs: string[]) =>
      graph.node(operator, inputs, channels);
    const perChannel = (value: string) =>
      reshape(graph, value, [shape[1]!, ...shape.slice(2).map(() => 1)]);

    const epsilon = graph.floats([node.float("epsilon", 1e-5)], []);
    const deviation = vector("Sqrt", vector("Add", variance, epsilon));
    const toBeta = sum(graph, g!, axes);
    const products = sum(graph, graph.node("Mul", [g!, x], shape), axes);
    const centered = vector("Sub", products, vector("Mul", mean, toBeta));
    const toGamma = vector("Div", centered, deviation);
    const results = [undefined, toGamma, toBeta] as (string | undefined)[];
    if (!graph.needsGradient(gamma)) results[1] = undefined;
    if (!graph.needsGradient(beta)) results[2] = undefined;
    if (!graph.needsGradient(x)) return results;

    const a = vector("Div", gamma, deviation);
    const b = times(graph, vector("Div", vector("Mul", a, toGamma), deviation), -1 / samples);
    const c = vector(
      "Sub",
      times(graph, vector("Mul", a, toBeta), -1 / samples),
      vector("Mul", b, mean),
    );
    const zeros = graph.floats(new Float32Array(shape[1]!));
    const ones = graph.floats(new Float32Array(shape[1]!).fill(1));
    // The operator with mean 0 and variance 1 is b x + c, in one pass.
    const fromX = graph.node("BatchNormalization", [x, b, c, zeros, ones], shape, {
      epsilon: { float: 0 },
    });
    const fromG = graph.node("Mul", [g!, perChannel(a)], shape);
    results[0] = graph.node("Add", [fromG, fromX], shape);
    return results;
  },
});
