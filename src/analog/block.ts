/** A block of real components, and what a device does to it. */

/** A device without memory: changes a block in place. */
export type Stage = (block: Float32Array) => void;

export function meanSquare(block: Float32Array): number {
  let sum = 0;
  for (let k = 0; k < block.length; k++) sum += block[k]! * block[k]!;
  return sum / block.length;
}

export function scale(block: Float32Array, factor: number): void {
  for (let k = 0; k < block.length; k++) block[k]! *= factor;
}
