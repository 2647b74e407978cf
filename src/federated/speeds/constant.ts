/** The same speed for all devices, always. */
import { z } from "zod";
import { defineSpeed, examplesPerS } from "./speed.js";

export const constantSpeed = defineSpeed({
  name: "constant",
  summary: "the same speed for all devices",
  params: z.strictObject({ examplesPerS: examplesPerS("speed of every device") }),
  draw: (params) => 1 / params.examplesPerS,
});
