/**
 * Stochastic gradient descent with momentum μ and weight decay λ, at learning rate α:
 *
 *   g ← g + λ w,   v ← μ v + g,   w ← w − α v,   with Nesterov's momentum w ← w − α (g + μ v)
 *
 * Source: torch.optim.SGD with dampening 0; Sutskever et al., ICML 2013. The learning rate is outside of v, so
 * that a change of it applies at once.
 */
import { z } from "zod";
import { arithmetic, decayParams, defineOptimizer } from "./optimizer.js";

export const sgd = defineOptimizer({
  name: "sgd",
  summary: "stochastic gradient descent with momentum, Nesterov's if wanted",

  params: z
    .strictObject({
      momentum: z.number().min(0).lt(1).default(0).describe("momentum μ"),
      nesterov: z.boolean().default(false).describe("Nesterov's momentum"),
      ...decayParams(0),
    })
    .refine(({ momentum, nesterov }) => !nesterov || momentum > 0, {
      path: ["nesterov"],
      message: "needs a momentum above 0",
    }),

  memories: ({ momentum }) => (momentum === 0 ? [] : ["momentum"]),
  factors: (_params, learningRate) => ({ learningRate }),

  update({ momentum, nesterov, weightDecay }, parameter, { learningRate }, graph) {
    const { value, decays } = parameter;
    const { add, subtract, multiply, scale } = arithmetic(graph, graph.shapeOf(value));
    const decayed = decays && weightDecay !== 0;
    const gradient = decayed
      ? add(parameter.gradient, scale(value, weightDecay))
      : parameter.gradient;
    const [before] = parameter.memories;
    if (before === undefined) {
      return { value: subtract(value, multiply(gradient, learningRate!)), memories: [] };
    }
    const velocity = add(scale(before, momentum), gradient);
    const direction = nesterov ? add(gradient, scale(velocity, momentum)) : velocity;
    return { value: subtract(value, multiply(direction, learningRate!)), memories: [velocity] };
  },
});
