/** Clips every real component to ±c, as a converter with a full scale and no other fault. */
import type { Stage } from "./block.js";

export function clipper(fullScale: number): Stage {
  return (block) => {
    for (let k = 0; k < block.length; k++) {
      block[k] = Math.min(Math.max(block[k]!, -fullScale), fullScale);
    }
  };
}
