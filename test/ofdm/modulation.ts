/**
 * Gray-mapped QPSK and 16-QAM, I and Q alike, with their closed bit error rates over Rayleigh fading that the
 * receiver knows: each Q(√(cγ)) of the AWGN rate, γ = Eb/N0, becomes ½ (1 − √(cγ/(2 + cγ))).
 *
 * Source: Proakis, Digital Communications (2001), 5.2 and 14.3; Cho & Yoon, IEEE Trans. Commun. 50 (2002) 1074–1080.
 */
import type { RandomStream } from "../../src/kernel/index.js";

export interface Modulation {
  readonly bitsPerSymbol: number;
  /** Mean square of a component. */
  readonly meanSquare: number;
  /** Fills a packet with random components. */
  fill(x: Float32Array, random: RandomStream): void;
  /** Bits that are decided wrongly. */
  errors(x: Float32Array, y: Float32Array): number;
  /** At Eb/N0 as a ratio. */
  rayleighErrorRate(ebN0: number): number;
}

const overRayleigh = (c: number, gamma: number) =>
  0.5 * (1 - Math.sqrt((c * gamma) / (2 + c * gamma)));

/** Amplitude of a QPSK component; half the distance of 16-QAM's. Not 1. */
const amplitude = 1.3;

export const qpsk: Modulation = {
  bitsPerSymbol: 2,
  meanSquare: amplitude ** 2,
  fill: (x, random) => {
    for (let k = 0; k < x.length; k++) x[k] = random.integer(2) === 0 ? -amplitude : amplitude;
  },
  errors: (x, y) => x.reduce((count, v, k) => count + (v > 0 === y[k]! > 0 ? 0 : 1), 0),
  rayleighErrorRate: (ebN0) => overRayleigh(2, ebN0),
};

export const qam16: Modulation = {
  bitsPerSymbol: 4,
  meanSquare: 5 * amplitude ** 2,
  fill: (x, random) => {
    for (let k = 0; k < x.length; k++) x[k] = amplitude * (2 * random.integer(4) - 3);
  },
  errors: (x, y) => {
    // −3, −1, 1, 3 carry 00, 01, 11, 10: the sign, and whether the magnitude is the small one.
    const inner = (v: number) => Math.abs(v) < 2 * amplitude;
    return x.reduce(
      (count, v, k) => count + (v > 0 === y[k]! > 0 ? 0 : 1) + (inner(v) === inner(y[k]!) ? 0 : 1),
      0,
    );
  },
  rayleighErrorRate: (ebN0) =>
    0.75 * overRayleigh(0.8, ebN0) + 0.5 * overRayleigh(7.2, ebN0) - 0.25 * overRayleigh(20, ebN0),
};
