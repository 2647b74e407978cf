/**
 * Speeds whose logarithms are normal: half of the devices are faster than the median m.
 *
 *   speed = m e^(σ Z),   Z ~ N(0, 1),   E[time per example] = e^(σ²/2) / m
 */
import { z } from "zod";
import { quantity } from "../../units.js";
import { defineSpeed, drawnPer, examplesPerS } from "./speed.js";

export const lognormalSpeed = defineSpeed({
  name: "lognormal",
  summary: "speeds with normal logarithms",
  params: z.strictObject({
    examplesPerS: examplesPerS("median of the speeds"),
    sigma: quantity(undefined, z.number().nonnegative().max(10))
      .prefault(0.5)
      .describe("standard deviation of the natural logarithm"),
    ...drawnPer,
  }),
  draw: (params, random) => Math.exp(-params.sigma * random.normal()) / params.examplesPerS,
});
