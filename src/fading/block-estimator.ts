/**
 * Gains of coherence blocks from the pilots inside each block. The mean of n pilots of noise variance v is
 *
 *   m = h + e,  E|e|² = v/n,   E[h | m] = m / (1 + v/n),   Var[h | m] = (v/n) / (1 + v/n)
 *
 *   ls     ĥ = m               and so c = 1/(1 + v/n)
 *   lmmse  ĥ = m / (1 + v/n)   and so c = 1
 *
 * A block without a pilot of the packet is not known: its symbols are erased.
 *
 * Source: Kay, Fundamentals of Statistical Signal Processing: Estimation Theory (1993), ch. 12.
 * Limits: a packet's own pilots only, although a block may hold several packets; E[h] counts as part of the
 * second moment, which is exact under Rayleigh and the best linear statement under Rician fading.
 */
import type { GainEstimate } from "./equalizer.js";
import type { PilotEstimator, PilotSetting } from "./pilot-estimator.js";

/** `block` gives the number of the coherence block at a time. */
export function blockEstimator(
  { spacing, method, noise, symbolS }: PilotSetting,
  block: (timeS: number) => number,
): PilotEstimator {
  /** Data symbols `from` to `end` share the gain that `count` pilots of this sum tell. */
  function state(
    { h, c, s }: GainEstimate,
    from: number,
    end: number,
    re: number,
    im: number,
    count: number,
  ): void {
    const error = noise / count; // Infinity without a pilot
    const shrink = 1 / (1 + error);
    const scale = count === 0 ? 0 : (method === "lmmse" ? shrink : 1) / count;
    const c0 = method === "lmmse" ? 1 : shrink;
    for (let k = from; k < end; k++) {
      h[2 * k] = scale * re;
      h[2 * k + 1] = scale * im;
      c[2 * k] = c0;
      c[2 * k + 1] = 0;
    }
    s.fill(count === 0 ? Infinity : error * shrink, from, end);
  }

  return {
    estimate(pilots, timeS, out) {
      const symbols = out.s.length;
      const onAir = symbols + pilots.length / 2;
      let current = block(timeS);
      let from = 0; // first data symbol of the block
      let data = 0;
      let re = 0;
      let im = 0;
      let count = 0;
      for (let at = 0, pilot = 0; at < onAir; at++) {
        const here = block(timeS + at * symbolS);
        if (here !== current) {
          state(out, from, data, re, im, count);
          current = here;
          from = data;
          re = 0;
          im = 0;
          count = 0;
        }
        if (at === pilot * spacing) {
          re += pilots[2 * pilot];
          im += pilots[2 * pilot + 1];
          count++;
          pilot++;
        } else data++;
      }
      state(out, from, data, re, im, count);
    },
  };
}
