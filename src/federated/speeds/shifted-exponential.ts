/**
 * A time per example with a least value and an exponential tail, the usual model of stragglers:
 *
 *   time = (1 + s X) / m,   X ~ Exp(1),   P(time > t) = e^(−(m t − 1)/s) for t ≥ 1/m
 *
 * Source: Lee et al., "Speeding Up Distributed Machine Learning Using Codes", IEEE Trans. Inf. Theory 64 (2018) 1514.
 */
import { z } from "zod";
import { quantity } from "../../units.js";
import { defineSpeed, drawnPer, examplesPerS } from "./speed.js";

export const shiftedExponentialSpeed = defineSpeed({
  name: "shifted-exponential",
  summary: "a fastest speed, and times with an exponential tail",
  params: z.strictObject({
    examplesPerS: examplesPerS("fastest speed"),
    slowdown: quantity(undefined, z.number().nonnegative())
      .prefault(1)
      .describe("mean of what is added to the least time, as a multiple of it"),
    ...drawnPer,
  }),
  draw: (params, random) =>
    (1 - params.slowdown * Math.log(1 - random.uniform())) / params.examplesPerS,
});
