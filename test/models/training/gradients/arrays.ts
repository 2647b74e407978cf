/** Arrays of any rank by hand, row-major, and random shapes for them. */
import fc from "fast-check";

export const countOf = (shape: readonly number[]) => shape.reduce((a, b) => a * b, 1);

/** Every index of an array, in the order of its elements. */
export function indicesOf(shape: readonly number[]): number[][] {
  let indices: number[][] = [[]];
  for (const size of shape) {
    indices = indices.flatMap((index) => Array.from({ length: size }, (_, i) => [...index, i]));
  }
  return indices;
}

/** Place of an index in its array. */
export function placeOf(shape: readonly number[], index: readonly number[]): number {
  return index.reduce((place, i, axis) => place * shape[axis]! + i, 0);
}

export const shapeOf = ({ min = 1, max = 4 } = {}): fc.Arbitrary<number[]> =>
  fc.array(fc.integer({ min: 1, max: 4 }), { minLength: min, maxLength: max });

/** A shape and one of its axes, as ONNX writes it: from the front or, negative, from the back. */
export const shapeWithAxis = (rank = { min: 1, max: 4 }) =>
  shapeOf(rank).chain((shape) =>
    fc.record({
      shape: fc.constant(shape),
      axis: fc.integer({ min: -shape.length, max: shape.length - 1 }),
    }),
  );

export const seeds = fc.nat(1e6);
