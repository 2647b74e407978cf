/**
 * Half a cosine over the whole training, from step to step:
 *
 *   rate(k) = learningRate * (f + (1 − f) (1 + cos(π k / steps)) / 2),   f = finalFraction
 *
 * The last step is the one before k = steps, so that its rate is above the final one, as with PyTorch's
 * CosineAnnealingLR (T_max = steps) stepped after every step.
 *
 * Source: Loshchilov, Hutter, SGDR: Stochastic Gradient Descent with Warm Restarts (2017), eq. 5, without
 * restarts.
 */
import { z } from "zod";
import { quantity } from "../../units.js";
import { cosineBetween, defineSchedule } from "./schedule.js";

export const cosine = defineSchedule({
  name: "cosine",
  summary: "half a cosine over the whole training",

  params: z.strictObject({
    finalFraction: quantity(undefined, z.number().min(0).max(1))
      .prefault(0)
      .describe("rate at the end, as a fraction of the learning rate"),
  }),

  rate({ finalFraction }, step, { learningRate, steps }) {
    return cosineBetween(learningRate, learningRate * finalFraction, step / steps);
  },
});
