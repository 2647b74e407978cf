/**
 * Block floating point: the numbers of a vector as integers of b bits with one power of two for all of them,
 *
 *   v_i ≈ q_i 2^k,   |q_i| ≤ 2^(b−1) − 1,   k = ⌈log2(max |v| / (2^(b−1) − 1))⌉
 *
 * so that no error exceeds 2^k / 2, less than max |v| / (2^(b−1) − 1). k takes 8 bits. With 32 bits the numbers are
 * sent as float32, without k.
 *
 * Source: Rouhani et al., "OCP Microscaling Formats (MX) Specification" (2023), 5.2, with vectors of any length for blocks.
 */
import { bitsPerNumber } from "./coding.js";

/** Bits of the power of two that a vector shares. */
const exponentBits = 8;

/** Bits that vectors of these lengths take, with `bits` for each of their numbers. */
export function blockFloatBits(lengths: readonly number[], bits: number): number {
  const shared = bits === bitsPerNumber ? 0 : exponentBits;
  return lengths.reduce((sum, length) => sum + length * bits + shared, 0);
}

/** A vector as it arrives. */
export function roundToBlockFloat(values: Float32Array, bits: number): Float32Array {
  if (bits === bitsPerNumber) return values;
  const largest = values.reduce((most, v) => Math.max(most, Math.abs(v)), 0);
  if (largest === 0) return values;
  const step = 2 ** Math.ceil(Math.log2(largest / (2 ** (bits - 1) - 1)));
  return values.map((v) => Math.round(v / step) * step);
}
