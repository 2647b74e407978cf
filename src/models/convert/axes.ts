/**
 * Orders of axes, for values that two formats hold differently.
 *
 * ONNX has images as [batch, channels, rows, columns], the layers of TensorFlow.js as [batch, rows, columns,
 * channels]. A converted network computes with the target's order and is described in the source's, so each value
 * carries an order: its axis k is the source's axis `order[k]`. An operation that only renames axes (Transpose,
 * Permute) changes the order and nothing else; where a layer needs a certain order, one is made then.
 */

export type AxisOrder = readonly number[];

/** How layers hold images, by ONNX's axes. */
export const channelsLast: AxisOrder = [0, 2, 3, 1];
/** How ONNX holds images, by the layers' axes. */
export const channelsFirst: AxisOrder = [0, 3, 1, 2];

/** [0, 1, ..., rank - 1]. */
export function identityOrder(rank: number): AxisOrder {
  return Array.from({ length: rank }, (_, k) => k);
}

export function sameOrder(a: AxisOrder, b: AxisOrder): boolean {
  return a.length === b.length && a.every((axis, k) => axis === b[k]);
}

/** `perm` such that axis k of the wanted order is axis perm[k] of the held one. */
export function permutation(held: AxisOrder, wanted: AxisOrder): number[] {
  return wanted.map((axis) => held.indexOf(axis));
}

/** The order of an unmoved value once the source's axis j has become what was its axis perm[j]. */
export function renamed(held: AxisOrder, perm: readonly number[]): AxisOrder {
  return held.map((axis) => perm.indexOf(axis));
}

/** Zeros that padding "same" of TensorFlow puts before and after; what is odd goes to the end. */
export function samePads(
  size: number,
  kernel: number,
  stride: number,
  dilation: number,
): [number, number] {
  const reach = (kernel - 1) * dilation + 1;
  const total = Math.max(0, (Math.ceil(size / stride) - 1) * stride + reach - size);
  return [Math.floor(total / 2), Math.ceil(total / 2)];
}
