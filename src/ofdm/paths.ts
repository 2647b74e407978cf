/**
 * Taps of a power delay profile on the sample grid of an OFDM link: paths of whole samples of delay, each
 * with the sum of the fading processes that fall on it.
 *
 * Delays are rounded to the nearest sample, of length 1/(fftSize x subcarrier spacing). Taps that share a
 * sample keep their own independent processes, whose gains are added: their powers add up, and a Rician
 * tap among them stays one.
 *
 * Limits: rounding moves a tap by up to half a sample, which is seen where taps lie closer than that: they
 * can no longer be told apart, and the channel varies less over frequency.
 */
import type { GainsWithMean } from "../fading/rician.js";
import type { Tap } from "../fading/tap-profiles.js";

interface Part {
  readonly gains: GainsWithMean;
  readonly amplitude: number;
}

export class Path {
  readonly delay: number; // samples
  readonly #parts: readonly Part[];
  #room = new Float32Array(0);

  constructor(delay: number, parts: readonly Part[]) {
    this.delay = delay;
    this.#parts = parts;
  }

  /** Gains at timeS + k stepS, k = 0 … points − 1, re, im, re, im, …, into `out` from index `at` on. */
  fill(timeS: number, stepS: number, points: number, out: Float64Array, at: number): void {
    // Packets have the same number of symbols but for a last one.
    if (this.#room.length !== 2 * points) this.#room = new Float32Array(2 * points);
    const room = this.#room;
    out.fill(0, at, at + 2 * points);
    for (const { gains, amplitude } of this.#parts) {
      gains.fill(timeS, stepS, room);
      for (let k = 0; k < 2 * points; k++) out[at + k] += amplitude * room[k];
    }
  }

  /** Re E[g(t + τ) g*(t)], the mean's part included. */
  correlation(tauS: number): number {
    return this.#sum(({ gains, amplitude }) => amplitude ** 2 * gains.correlation(tauS, 0)[0]);
  }

  /** E[g(t)] [re, im]. */
  mean(timeS: number): [number, number] {
    return [
      this.#sum(({ gains, amplitude }) => amplitude * gains.mean(timeS)[0]),
      this.#sum(({ gains, amplitude }) => amplitude * gains.mean(timeS)[1]),
    ];
  }

  #sum(term: (part: Part) => number): number {
    return this.#parts.reduce((sum, part) => sum + term(part), 0);
  }
}

/** Paths in the order of their delays; `gainsOf` makes the process of the tap with this index. */
export function pathsOf(
  taps: readonly Tap[],
  sampleRateHz: number,
  gainsOf: (tap: Tap, index: number) => GainsWithMean,
): Path[] {
  const byDelay = new Map<number, Part[]>();
  taps.forEach((tap, index) => {
    const delay = Math.round(tap.delayS * sampleRateHz);
    const parts = byDelay.get(delay) ?? [];
    parts.push({ gains: gainsOf(tap, index), amplitude: Math.sqrt(tap.power) });
    byDelay.set(delay, parts);
  });
  return [...byDelay].sort(([a], [b]) => a - b).map(([delay, parts]) => new Path(delay, parts));
}
