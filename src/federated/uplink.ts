/**
 * The contract of an uplink scheme: how the updates of a round's devices reach the server.
 *
 * Updates are real vectors of equal length, one per active device. A scheme gives an observation of their sum (or,
 * where it says so, of their mean), which the server denoises as a receiver denoises weights, and divides by the
 * number of devices that were heard.
 */
import type { z } from "zod";
import type { RandomSource } from "../kernel/index.js";
import type { Observation } from "../observation.js";
import type { Layout } from "../weights/layout.js";

/** What does not change from round to round. */
export interface UplinkSession {
  /** Real values in an update. */
  readonly size: number;
  /** Where each tensor lies in an update. */
  readonly layout: Layout;
  /** Devices in all; they are numbered from 0. */
  readonly devices: number;
  /** Complex symbols per second on the air [Hz]. */
  readonly symbolRateHz: number;
}

export interface UplinkRound {
  /** From 0. */
  readonly round: number;
  /** Numbers of the active devices, in the order of the updates. */
  readonly active: readonly number[];
  /** Of this round: the same for all schemes with the same seed, so that curves are paired. */
  readonly random: RandomSource;
}

/** What the server has after a round's uplink. */
export interface Aggregate {
  /**
   * r = sum over the devices that were heard + n, and the variance of n; undefined where nobody was heard, so
   * that the round is lost. Valid until the next round.
   */
  readonly observation: Observation | undefined;
  /** What r is to be divided by, to be an estimate of the mean update: devices heard, or 1 where r is the mean. */
  readonly divisor: number;
  /** Devices that sent anything, and of them those that the server heard: numbers as in `active`. */
  readonly heard: readonly number[];
  /** Complex symbols on the air, all slots together. */
  readonly symbols: number;
  /** Energy that each active device spent, in the order of `active`: the sum of squared components. */
  readonly energy: readonly number[];
  /** Variance of the noise at the server's input per real component, for plots; NaN where it has none. */
  readonly noiseVariance: number;
  /** What the reader of the results should know. */
  readonly notes?: readonly string[];
}

/** A scheme in use. */
export interface UplinkLink {
  /** Leaves the updates as they are. */
  send(updates: readonly Float32Array[], round: UplinkRound): Aggregate;
  /** What it carries from one round to the next, such as errors that devices remember: by name, for checkpoints. */
  readonly memory?: ReadonlyMap<string, Float32Array>;
}

export interface Uplink<P extends z.ZodObject = z.ZodObject> {
  readonly name: string;
  /** One line for `weightlink list uplinks`. */
  readonly summary: string;
  /** Strict schema of the parameters; `name` is added. */
  readonly params: P;
  /**
   * Opens the scheme; with `memory`, where a checkpoint left it. Throws InputError where parameters and session
   * do not fit together.
   */
  open(
    params: z.output<P>,
    session: UplinkSession,
    memory?: ReadonlyMap<string, Float32Array>,
  ): UplinkLink;
}

/** Types a scheme; add the result to the list in `uplinks/index.ts`. */
export function defineUplink<P extends z.ZodObject>(uplink: Uplink<P>): Uplink<P> {
  return uplink;
}
