/** Keys that the schemas of storage devices share. */
import { z } from "zod";
import { quantity } from "../units.js";

export const storageParams = {
  gMaxMicroS: quantity("uS", z.number().positive())
    .optional()
    .describe("g_max, which the largest magnitude of a tensor maps to; default: the preset's [µS]"),
  readAfterS: quantity("s", z.number().min(0).max(1e12)).describe(
    'time from the end of programming to the read, e.g. "1 day" [s]',
  ),
  devicesPerWeight: quantity(undefined, z.number().int().min(1).max(1024))
    .prefault(1)
    .describe("devices that a conductance is written to; their readings are averaged"),
};
