/**
 * The first half of a fading channel: complex gains, drawn at random, as functions of time.
 *
 * The second half, which applies them to symbols, is deterministic: flat-link.ts for one gain per symbol,
 * src/ofdm/ for one gain per tap of a delay line.
 */

/** One complex gain h(t) with E|h|² = 1, over the virtual clock. */
export interface Gains {
  /**
   * Fills `out` (re, im, re, im, …) with h(timeS + k stepS), k = 0, 1, …
   * Calls come in the order of time, so that a gain can be drawn as time goes on.
   */
  fill(timeS: number, stepS: number, out: Float32Array): void;
  /** E[h(t₁) h*(t₂)], the mean's part included: what a receiver that knows the channel's law knows [re, im]. */
  correlation(t1S: number, t2S: number): readonly [number, number];
}
