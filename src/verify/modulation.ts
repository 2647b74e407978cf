/**
 * Uncoded QPSK and 16-QAM with Gray labels, by their I and Q: each component is a pulse amplitude of m bits,
 * unit mean square, so that Es = 2.
 *
 *   QPSK    ±1                 b = 0: +1
 *   16-QAM  ±1/√5, ±3/√5       b₀ the sign, b₁ = 1: the outer amplitude
 *
 * Bit error rates against γ = Eb/N0, with a² = 0.8 γ for 16-QAM:
 *
 *   AWGN      QPSK Q(√(2γ));   16-QAM ¾ Q(a) + ½ Q(3a) − ¼ Q(5a)
 *   Rayleigh  with Q(√(cγ)) replaced by ½ (1 − √(cγ/(2 + cγ))), its mean over an exponential γ
 *
 * Source: Cho & Yoon, IEEE Trans. Commun. 50 (2002) 1074–1080 (QAM); Proakis, Digital Communications, 4th ed.
 * (2001), 14.3 (Rayleigh).
 */
import jstat from "jstat";
import { RandomSource } from "../kernel/index.js";
import { dbToRatio } from "../units.js";

export interface Modulation {
  readonly name: string;
  readonly bitsPerSymbol: number;
  /** (weight w, factor c): the bit error rate is Σ w Q(√(cγ)). */
  readonly terms: readonly (readonly [weight: number, factor: number])[];
}

export const qpsk: Modulation = { name: "QPSK", bitsPerSymbol: 2, terms: [[1, 2]] };
export const qam16: Modulation = {
  name: "16-QAM",
  bitsPerSymbol: 4,
  terms: [
    [3 / 4, 0.8],
    [1 / 2, 9 * 0.8],
    [-1 / 4, 25 * 0.8],
  ],
};

/** P(N(0, 1) > x). */
export function tail(x: number): number {
  return jstat.normal.cdf(-x, 0, 1);
}

export function awgnBitErrorRate({ terms }: Modulation, ebN0Db: number): number {
  const ratio = dbToRatio(ebN0Db);
  return terms.reduce((sum, [w, c]) => sum + w * tail(Math.sqrt(c * ratio)), 0);
}

/** `ebN0Db` is the mean over the fading. */
export function rayleighBitErrorRate({ terms }: Modulation, ebN0Db: number): number {
  const ratio = dbToRatio(ebN0Db);
  return terms.reduce(
    (sum, [w, c]) => sum + (w / 2) * (1 - Math.sqrt((c * ratio) / (2 + c * ratio))),
    0,
  );
}

/** Es/N0, which is the SNR per real component [dB]. */
export function snrDbOf({ bitsPerSymbol }: Modulation, ebN0Db: number): number {
  return ebN0Db + 10 * Math.log10(bitsPerSymbol);
}

/** Random symbols: I, Q, I, Q, … of unit mean square. */
export function randomSymbols(modulation: Modulation, symbols: number, seed: string): Float32Array {
  const stream = new RandomSource(seed, "verify").stream(`${modulation.name} bits`);
  return Float32Array.from({ length: 2 * symbols }, () => {
    const bits = stream.integer(modulation === qpsk ? 2 : 4);
    const sign = bits & 1 ? -1 : 1;
    if (modulation === qpsk) return sign;
    return (sign * (bits & 2 ? 3 : 1)) / Math.sqrt(5);
  });
}

/** Share of wrong bits in each symbol, by hard decisions on I and Q. */
export function bitErrorShares(
  modulation: Modulation,
  x: Float32Array,
  r: Float32Array,
): Float64Array {
  const shares = new Float64Array(x.length / 2);
  const edge = 2 / Math.sqrt(5);
  for (let k = 0; k < x.length; k++) {
    let wrong = r[k] < 0 !== x[k] < 0 ? 1 : 0;
    if (modulation !== qpsk && Math.abs(r[k]) > edge !== Math.abs(x[k]) > edge) wrong++;
    shares[k >> 1] += wrong / modulation.bitsPerSymbol;
  }
  return shares;
}
