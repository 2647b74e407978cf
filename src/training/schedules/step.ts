/**
 * A learning rate that drops at given epochs:
 *
 *   rate = learningRate * factor^(number of `at` that are ≤ epochs finished)
 *
 * As PyTorch's MultiStepLR, stepped once per epoch.
 */
import { z } from "zod";
import { quantity } from "../../units.js";
import { defineSchedule } from "./schedule.js";

export const step = defineSchedule({
  name: "step",
  summary: "the learning rate times a factor after each of some epochs",

  params: z.strictObject({
    at: z
      .array(quantity(undefined, z.number().int().positive()))
      .min(1)
      .describe("epochs after which the rate drops, e.g. [100, 150]"),
    factor: quantity(undefined, z.number().positive().max(1))
      .prefault(0.1)
      .describe("what the rate is multiplied by each time"),
  }),

  rate({ at, factor }, step, { learningRate, stepsPerEpoch }) {
    const epoch = Math.floor(step / stepsPerEpoch);
    return learningRate * factor ** at.filter((drop) => drop <= epoch).length;
  },
});
