/**
 * Up from a small learning rate to the optimizer's, and down to almost nothing, in one half cosine each:
 *
 *   step 0                          learningRate * startFraction
 *   step warmup * steps − 1         learningRate
 *   step steps − 1                  learningRate * finalFraction
 *
 * With the defaults this is PyTorch's OneCycleLR (cosine annealing, two phases, div_factor 25,
 * final_div_factor 10^4 of the start), whose places of the three rates are those above.
 *
 * Source: Smith, Topin, Super-Convergence (2018).
 * Limits: momentum stays as it is; PyTorch cycles it too unless told otherwise.
 */
import { z } from "zod";
import { quantity } from "../../units.js";
import { cosineBetween, defineSchedule } from "./schedule.js";

const fraction = (rule = z.number().positive().max(1)) => quantity(undefined, rule);

export const oneCycle = defineSchedule({
  name: "one-cycle",
  summary: "up to the learning rate, then down to almost nothing",

  params: z.strictObject({
    warmup: fraction(z.number().gt(0).lt(1))
      .prefault(0.3)
      .describe("part of the steps in which the rate rises"),
    startFraction: fraction()
      .prefault(1 / 25)
      .describe("rate of the first step, as a fraction of the learning rate"),
    finalFraction: fraction()
      .prefault(1 / 25 / 1e4)
      .describe("rate of the last step, as a fraction of the learning rate"),
  }),

  rate({ warmup, startFraction, finalFraction }, step, { learningRate, steps }) {
    const peak = Math.max(0, warmup * steps - 1);
    const start = learningRate * startFraction;
    if (step < peak) return cosineBetween(start, learningRate, step / peak);
    const t = (step - peak) / Math.max(1, steps - 1 - peak);
    return cosineBetween(learningRate, learningRate * finalFraction, t);
  },
});
