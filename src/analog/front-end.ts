/**
 * The receiver's side of an analog link: noise is added, the sum converted, and the gain of the whole link
 * undone, in one pass since a second one would cost as much as the conversion.
 */
import { cellCentre, cells } from "./quantizer.js";

/** y ← factor · convert(y + noise), in place. */
export type FrontEnd = (y: Float32Array, noise: Float32Array) => void;

export interface Converter {
  /** Absent: infinitely many. */
  readonly bits?: number | undefined;
  /** Absent: infinitely large, and then without bits. */
  readonly fullScale?: number | undefined;
}

export function frontEnd({ bits, fullScale }: Converter, factor: number): FrontEnd {
  if (fullScale === undefined) {
    return (y, noise) => {
      for (let k = 0; k < y.length; k++) y[k] = factor * (y[k]! + noise[k]!);
    };
  }
  if (bits === undefined) {
    return (y, noise) => {
      for (let k = 0; k < y.length; k++) {
        y[k] = factor * Math.min(Math.max(y[k]! + noise[k]!, -fullScale), fullScale);
      }
    };
  }
  const { step, last } = cells(bits, fullScale);
  return (y, noise) => {
    const perStep = 1 / step;
    const out = factor * step;
    for (let k = 0; k < y.length; k++) {
      y[k] = out * cellCentre((y[k]! + noise[k]!) * perStep, last);
    }
  };
}
