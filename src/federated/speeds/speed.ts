/**
 * The contract of a distribution of devices' speeds: how long a device takes to train on one example.
 */
import { z } from "zod";
import type { RandomStream } from "../../kernel/index.js";
import { quantity } from "../../units.js";

export interface Speed<P extends z.ZodObject = z.ZodObject> {
  readonly name: string;
  /** One line for `weightlink list speeds`. */
  readonly summary: string;
  /** Strict schema of the parameters; `name` is added. */
  readonly params: P;
  /** Time per example [s], drawn. */
  draw(params: z.output<P>, random: RandomStream): number;
}

/** Types a distribution; add the result to the list in `index.ts`. */
export function defineSpeed<P extends z.ZodObject>(speed: Speed<P>): Speed<P> {
  return speed;
}

/** Training examples per second, with what the number means in a distribution. */
export const examplesPerS = (meaning: string) =>
  quantity(undefined, z.number().positive()).prefault(1000).describe(`${meaning} [examples/s]`);

/** When a device's speed is drawn. */
export const drawnPer = {
  per: z
    .enum(["device", "round"])
    .default("device")
    .describe("device: drawn once in a trial; round: drawn anew in every round"),
};
