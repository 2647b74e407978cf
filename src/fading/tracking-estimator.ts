/**
 * Gains that change gradually, from the pilots of a packet around each symbol (linear-estimate.ts):
 *
 *   ls     the straight line between the pilots on either side; behind the last pilot its own gain
 *   lmmse  the Wiener filter over the nearest 16 pilots, with the gains' correlation and the noise level
 *
 * Pilots are evenly spaced and the gains stationary, so that filters depend on a symbol's place among the
 * pilots it looks at, and are solved once for each place.
 *
 * Limits: a packet's own pilots only. The receiver knows E[h(t₁) h*(t₂)], not the phase of a line of sight.
 */
import type { Gains } from "./gains.js";
import { type LinearEstimator, linearEstimator } from "./linear-estimate.js";
import type { PilotEstimator, PilotSetting } from "./pilot-estimator.js";

/** Pilots that a Wiener filter looks at; a packet with fewer uses all of its own. */
const wienerPilots = 16;

export function trackingEstimator(
  { spacing, method, noise, symbolS }: PilotSetting,
  gains: Gains,
): PilotEstimator {
  const between = spacing - 1; // data symbols that follow a pilot
  const widest = method === "lmmse" ? wienerPilots : 2;
  const filters = new Map<number, LinearEstimator>();

  /** Filters for every symbol among `pilots` pilots, and for those behind the last. */
  function filtersOf(pilots: number): LinearEstimator {
    let known = filters.get(pilots);
    if (known === undefined) {
      known = linearEstimator({
        kind: method,
        correlation: (i, j) => gains.correlation(i * symbolS, j * symbolS),
        pilots: Array.from({ length: pilots }, (_, k) => k * spacing),
        places: Array.from({ length: pilots * between }, (_, k) => k + 1 + Math.floor(k / between)),
        pilotNoise: noise,
      });
      filters.set(pilots, known);
    }
    return known;
  }

  return {
    estimate(pilots, _timeS, { h, c, s }) {
      const count = pilots.length / 2;
      const window = Math.min(widest, count);
      const filter = filtersOf(window);
      const { width, weights } = filter;
      for (let pilot = 0, k = 0; pilot < count; pilot++) {
        // The window has the symbols in its middle, or else at the end of the packet that they are near.
        const start = Math.max(0, Math.min(pilot + 1 - (window >> 1), count - window));
        let place = (pilot - start) * between;
        for (const end = Math.min(s.length, k + between); k < end; k++, place++) {
          let re = 0;
          let im = 0;
          let at = 2 * (start + filter.first[place]);
          for (let w = 2 * width * place, last = w + 2 * width; w < last; w += 2, at += 2) {
            re += weights[w] * pilots[at] - weights[w + 1] * pilots[at + 1];
            im += weights[w] * pilots[at + 1] + weights[w + 1] * pilots[at];
          }
          h[2 * k] = re;
          h[2 * k + 1] = im;
          c[2 * k] = filter.c[2 * place];
          c[2 * k + 1] = filter.c[2 * place + 1];
          s[k] = filter.s[place];
        }
      }
    },
  };
}
