/** The same learning rate at every step. */
import { z } from "zod";
import { defineSchedule } from "./schedule.js";

export const constant = defineSchedule({
  name: "constant",
  summary: "the same learning rate at every step",
  params: z.strictObject({}),
  rate: (_params, _step, { learningRate }) => learningRate,
});
