/**
 * Rician fading: h = √(K/(K+1)) · (line of sight) + √(1/(K+1)) · (scattered, CN(0, 1)), so that E|h|² = 1.
 * Without a K factor there is no line of sight, and |h| is Rayleigh.
 *
 * Source: Tse & Viswanath, Fundamentals of Wireless Communication (2005), 2.4.2.
 */
import { z } from "zod";
import { dbToRatio, quantity } from "../units.js";
import type { Gains } from "./gains.js";

/** Gains whose mean is known in closed form. */
export interface GainsWithMean extends Gains {
  /** E[h(t)]: the line of sight [re, im]. */
  mean(timeS: number): readonly [number, number];
  /** True where that is the same at all times. */
  readonly steadyMean: boolean;
}

/** Key for a channel's schema. Beyond 60 dB nothing fades; below -100 dB the line of sight is lost in rounding. */
export const kFactorDb = quantity("dB", z.number().min(-100).max(60))
  .optional()
  .describe("power of the line of sight over that of the scattered paths; absent: Rayleigh [dB]");

/** Amplitudes of the two parts; their squares sum to 1. */
export function ricianParts(kDb: number | undefined): { los: number; scattered: number } {
  if (kDb === undefined) return { los: 0, scattered: 1 };
  const k = dbToRatio(kDb);
  if (!(k >= 0 && k < Infinity)) {
    throw new RangeError(`rician: kFactorDb must be a finite number, got ${kDb}`);
  }
  return { los: Math.sqrt(k / (k + 1)), scattered: Math.sqrt(1 / (k + 1)) };
}
