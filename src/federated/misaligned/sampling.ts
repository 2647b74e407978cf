/**
 * Samples of misaligned signals: M rectangular pulse trains, of which the m-th is τ_m of a symbol late,
 *
 *   r(t) = Σ_m h_m Σ_i s_m[i] p(t − i − τ_m) + z(t),   p = 1 on [0, 1)
 *
 * are integrated between successive symbol edges. Interval k of symbol period i runs from i + τ_k to i + τ_{k+1}
 * (to i + 1 for k = M) and has length d_k. In it the devices 1 … k already send symbol i and the others still send
 * symbol i − 1. With all symbols in one line, t_q = h_m s_m[i], q = i M + m − 1, so that sample n = i M + k − 1 sees
 * the last M of them:
 *
 *   y_n = (1/d_k) ∫ r(t) dt = Σ_{q = n−M+1}^{n} t_q + z_n,   z_n of variance σ²/d_k per real component,
 *
 * independent between samples; these samples are sufficient for all symbols. In matrices y = H s + z with
 * H = B diag(h): B holds bands of ones and is real, so that complex gains need no complex solver: what is estimated
 * is t, and s_m = t_m / h_m. A packet of L symbols starts and ends in silence and has M (L + 1) − 1 samples.
 *
 * Source: Shao, Gündüz & Liew, "Federated edge learning with misaligned over-the-air computation", IEEE Trans.
 * Wireless Commun. 21 (2022) 3951–3964, arXiv 2102.13604.
 * Limits: rectangular pulses, delays below one symbol, gains constant over a packet, no frequency offset.
 */
import type { Arrival } from "./arrivals.js";

/** What the server knows of the packets of a round. Indices m and k run from 0 here. */
export interface PacketModel {
  /** L, symbols in a packet. */
  readonly symbols: number;
  /** M, arrivals with a delay or a gain of their own. */
  readonly arrivals: number;
  /** d_k, lengths of the intervals between edges; they sum to 1. */
  readonly shares: Float64Array;
  /** h_m: re, im, re, im, … */
  readonly gains: Float64Array;
  /** σ², noise variance per real component of a filter that is one symbol long. */
  readonly noiseVariance: number;
}

/** Estimates Σ_m s_m[i] of every symbol period of a packet. */
export interface SumEstimator {
  /** Writes re, im, re, im, … of the L sums into `sums`; `y` holds the samples in the same way. */
  estimate(y: Float64Array, sums: Float64Array): void;
  /** Variance of the error per real component, for each of the L sums. The same for all packets. */
  readonly variances: Float64Array;
}

export function packetModel(
  arrivals: readonly Arrival[],
  symbols: number,
  noiseVariance: number,
): PacketModel {
  const delays = arrivals.map(({ delay }) => delay);
  return {
    symbols,
    arrivals: arrivals.length,
    shares: Float64Array.from(delays, (delay, m) => (delays[m + 1] ?? 1) - delay),
    gains: Float64Array.from(arrivals.flatMap(({ re, im }) => [re, im])),
    noiseVariance,
  };
}

/** Samples of a packet, M (L + 1) − 1. */
export function sampleCount({ symbols, arrivals }: PacketModel): number {
  return arrivals * (symbols + 1) - 1;
}

/** 1 / h_m: re, im, re, im, … */
export function inverseGains({ gains }: PacketModel): Float64Array {
  const inverse = new Float64Array(gains.length);
  for (let m = 0; m < gains.length; m += 2) {
    const power = gains[m] * gains[m] + gains[m + 1] * gains[m + 1];
    inverse[m] = gains[m] / power;
    inverse[m + 1] = -gains[m + 1] / power;
  }
  return inverse;
}

/**
 * Writes the samples of the symbols `t` (L M complex values) into `y`. `noise` holds normal numbers of variance σ²,
 * two for each sample. An interval of length 0 gives no sample, and 0 stands there.
 */
export function sample(
  { symbols, arrivals, shares }: PacketModel,
  t: Float64Array,
  noise: Float32Array,
  y: Float64Array,
): void {
  const roots = shares.map(Math.sqrt);
  for (let i = 0, n = 0; i <= symbols; i++) {
    // Anew for each symbol period, so that rounding does not run along the packet.
    let re = 0;
    let im = 0;
    for (let m = 0, at = 2 * (i - 1) * arrivals; i > 0 && m < arrivals; m++, at += 2) {
      re += t[at];
      im += t[at + 1];
    }
    for (let k = 0; k < arrivals && 2 * n < y.length; k++, n++) {
      const now = 2 * n;
      const before = now - 2 * arrivals;
      if (i < symbols) {
        re += t[now];
        im += t[now + 1];
      }
      if (i > 0) {
        re -= t[before];
        im -= t[before + 1];
      }
      const heard = shares[k] > 0;
      y[now] = heard ? re + noise[now] / roots[k] : 0;
      y[now + 1] = heard ? im + noise[now + 1] / roots[k] : 0;
    }
  }
}
