/**
 * Tight frames from Hadamard matrices (Sylvester's construction): entry (j, i) of the n × n matrix is
 * (−1)^popcount(j & i), its columns are orthogonal. A frame takes k of them, each with a random sign, over √n.
 *
 * Source: Horadam, Hadamard Matrices and Their Applications (2007), ch. 2.
 */
import type { RandomStream } from "../../kernel/index.js";

export interface Frame {
  /** Symbols; a power of two. */
  readonly n: number;
  /** Values, at most n. */
  readonly k: number;
  /** F, n × k, row by row; its columns are orthonormal. */
  readonly f: Float64Array;
}

/**
 * Columns are chosen at random: the first n/2 of them would make a repetition code, whose rows j and j + n/2 are
 * equal, so that losing both would lose values.
 */
export function tightFrame(n: number, k: number, random: RandomStream): Frame {
  const columns = random.sample(n, k);
  const f = new Float64Array(n * k);
  for (let i = 0; i < k; i++) {
    const sign = random.integer(2) === 0 ? 1 : -1;
    for (let j = 0; j < n; j++) {
      f[j * k + i] = (sign * (odd(j & columns[i]) ? -1 : 1)) / Math.sqrt(n);
    }
  }
  return { n, k, f };
}

/** Whether an odd number of bits is set. */
function odd(bits: number): boolean {
  let b = bits;
  for (let shift = 16; shift >= 1; shift >>= 1) b ^= b >> shift;
  return (b & 1) === 1;
}
