/**
 * The contract between a link with pilots and what turns them into estimates of the gains.
 */
import type { GainEstimate } from "./equalizer.js";

export interface PilotEstimator {
  /**
   * Fills `out` for the data symbols of a packet that went on the air at `timeS`.
   * `pilots` holds one gain per pilot, h + v with v ~ CN(0, noise) [re, im]; it may be overwritten.
   */
  estimate(pilots: Float32Array, timeS: number, out: GainEstimate): void;
}

export interface PilotSetting {
  /** Every how many symbols on the air one is a pilot, the packet's first among them. */
  readonly spacing: number;
  readonly method: "ls" | "lmmse";
  /** Variance of a pilot's gain, N0 over the pilot's energy, where E|h|² = 1. */
  readonly noise: number;
  readonly symbolS: number;
}
