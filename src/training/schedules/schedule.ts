/**
 * The contract of a learning rate schedule: the rate of every step of a training.
 */
import type { z } from "zod";

/** The training that a schedule runs through. */
export interface Course {
  /** The optimizer's learning rate: the largest one of the schedules that ship. */
  readonly learningRate: number;
  /** Steps in all. */
  readonly steps: number;
  readonly stepsPerEpoch: number;
}

export interface Schedule<P extends z.ZodObject = z.ZodObject> {
  readonly name: string;
  /** One line for `weightlink list schedules`. */
  readonly summary: string;
  /** Strict schema of the parameters; `name` is added. */
  readonly params: P;
  /** Learning rate of a step, 0 to steps - 1. */
  rate(params: z.output<P>, step: number, course: Course): number;
}

/** Types a schedule; add the result to the list in `index.ts`. */
export function defineSchedule<P extends z.ZodObject>(schedule: Schedule<P>): Schedule<P> {
  return schedule;
}

/** Half a cosine from `from` at t = 0 to `to` at t = 1. */
export function cosineBetween(from: number, to: number, t: number): number {
  return to + ((from - to) * (1 + Math.cos(Math.PI * t))) / 2;
}
