/**
 * Adam, and AdamW with its decoupled weight decay, at step t and learning rate α:
 *
 *   Adam:   g ← g + λ w           AdamW:   w ← w − α λ w
 *   m ← β₁ m + (1 − β₁) g,   v ← β₂ v + (1 − β₂) g²
 *   w ← w − α / (1 − β₁ᵗ) · m / (√v / √(1 − β₂ᵗ) + ε)
 *
 * Source: Kingma, Ba, "Adam", ICLR 2015; Loshchilov, Hutter, "Decoupled Weight Decay Regularization", ICLR 2019;
 * as torch.optim.Adam and AdamW write them, without AMSGrad.
 */
import { z } from "zod";
import { arithmetic, decayParams, defineOptimizer, type Optimizer } from "./optimizer.js";

const params = (weightDecay: number) =>
  z.strictObject({
    beta1: z.number().min(0).lt(1).default(0.9).describe("decay β₁ of the gradient's mean"),
    beta2: z.number().min(0).lt(1).default(0.999).describe("decay β₂ of the mean square"),
    epsilon: z.number().positive().default(1e-8).describe("ε beside the root"),
    ...decayParams(weightDecay),
  });

export const adam = adamWith("adam", "Adam; weight decay is part of the gradient", 0, false);
export const adamW = adamWith("adamw", "Adam with decoupled weight decay", 0.01, true);

function adamWith(
  name: string,
  summary: string,
  weightDecay: number,
  decoupled: boolean,
): Optimizer<ReturnType<typeof params>> {
  return defineOptimizer({
    name,
    summary,
    params: params(weightDecay),
    memories: () => ["mean", "square"],

    factors: ({ beta1, beta2, weightDecay }, learningRate, step) => ({
      stepSize: learningRate / (1 - beta1 ** step),
      rootCorrection: 1 / Math.sqrt(1 - beta2 ** step),
      kept: 1 - learningRate * weightDecay,
    }),

    update({ beta1, beta2, epsilon, weightDecay }, parameter, factors, graph) {
      const { value, decays } = parameter;
      const { stepSize, rootCorrection, kept } = factors;
      const shape = graph.shapeOf(value);
      const { add, subtract, multiply, divide, scale, root } = arithmetic(graph, shape);
      const decayed = decays && weightDecay !== 0;
      const start = decayed && decoupled ? multiply(value, kept!) : value;
      const gradient =
        decayed && !decoupled
          ? add(parameter.gradient, scale(value, weightDecay))
          : parameter.gradient;
      const [meanBefore, squareBefore] = parameter.memories as [string, string];
      const mean = add(scale(meanBefore, beta1), scale(gradient, 1 - beta1));
      const square = add(
        scale(squareBefore, beta2),
        scale(multiply(gradient, gradient), 1 - beta2),
      );
      const deviation = add(multiply(root(square), rootCorrection!), graph.floats([epsilon], []));
      const change = multiply(divide(mean, deviation), stepSize!);
      return { value: subtract(start, change), memories: [mean, square] };
    },
  });
}
