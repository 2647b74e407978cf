/**
 * How signals of several devices add up at the server: aligned (here), or after truncated channel inversion
 * (inverted-air.ts).
 */
import { sum, sumOfSquares } from "../math/statistics.js";
import { addTo } from "../math/vectors.js";
import type { UplinkRound } from "./uplink.js";

/** What happened to the signals of a round. Valid until the next one. */
export interface Arrival {
  /** Devices that sent on each subcarrier. */
  readonly senders: ArrayLike<number>;
  /** Mean squares of their signals, added up, on each subcarrier. */
  readonly power: ArrayLike<number>;
  /** Numbers of the devices that sent on any. */
  readonly heard: readonly number[];
  /** Σ |x/h|² over what each active device sent, in the order of `active`: times ρ, what it spent. */
  readonly energy: readonly number[];
}

export interface Air {
  /** Received over nominal power of what is sent; the server divides by its root. */
  readonly rho: number;
  /** Mean of |a − 1|² over the gains a that signals of imperfectly known channels arrive with. */
  readonly misalignment: number;
  readonly subcarriers: number;
  /** Adds what arrives of the k-th active device's signal, for all k, to `y`. */
  superpose(signal: (k: number) => Float32Array, round: UplinkRound, y: Float32Array): Arrival;
}

/** Unit gains: y gets the plain sum. */
export function alignedAir(): Air {
  return {
    rho: 1,
    misalignment: 0,
    subcarriers: 1,

    superpose(signal, { active }, y) {
      const energy = active.map((_, k) => {
        const x = signal(k);
        addTo(y, x);
        return sumOfSquares(x);
      });
      const power = sum(energy) / y.length;
      return { senders: [active.length], power: [power], heard: active, energy };
    },
  };
}

/**
 * Calls `visit` for each subcarrier's share of the components. Symbol i, of components 2i and 2i + 1, travels
 * on subcarrier i mod `subcarriers`; the quadrature of an odd length's last symbol is not used.
 */
export function forEachComponent(
  size: number,
  subcarriers: number,
  subcarrier: number,
  visit: (component: number) => void,
): void {
  for (let i = 2 * subcarrier; i < size; i += 2 * subcarriers) {
    visit(i);
    if (i + 1 < size) visit(i + 1);
  }
}
