/** A block of real components, and what a device does to it. */

/** A device without memory: changes a block in place. */
export type Stage = (block: Float32Array) => void;

export function scale(block: Float32Array, factor: number): void {
  for (let k = 0; k < block.length; k++) block[k]! *= factor;
}
