/**
 * Uniform mid-rise quantizer of b bits over ±L, for every real component:
 *
 *   q(v) = Δ (⌊v/Δ⌋ + ½),  Δ = 2L / 2^b;  beyond ±L the outermost level ±(L − Δ/2)
 *
 * Source: Max, "Quantizing for minimum distortion", IRE Trans. Inf. Theory 6 (1960) 7–12.
 */
import type { Stage } from "./block.js";

export function quantizer(bits: number, fullScale: number): Stage {
  const { step, last } = cells(bits, fullScale);
  return (block) => {
    const perStep = 1 / step;
    for (let k = 0; k < block.length; k++) {
      block[k] = step * cellCentre(block[k]! * perStep, last);
    }
  };
}

/** The step Δ, and the outermost level in steps. */
export function cells(bits: number, fullScale: number): { step: number; last: number } {
  const levels = 2 ** bits;
  return { step: (2 * fullScale) / levels, last: (levels - 1) / 2 };
}

/** Centre of the cell around a value, both in steps; `last` is the outermost centre. */
export function cellCentre(value: number, last: number): number {
  return Math.min(Math.max(Math.floor(value) + 0.5, -last), last);
}

/** Values that a search for the full scale looks at. */
const mostValues = 2 ** 15;

/** Narrows the full scale down to 0.1 %, where the error is flat. */
const tolerance = 1e-3;

/**
 * The full scale with the least mean square error on `values`, found by golden-section search: small ones
 * clip, large ones are coarse. For a Gaussian this is Max's optimum (1960, table II). Beyond the largest
 * magnitude nothing is clipped, and a larger scale is coarser still.
 */
export function leastErrorFullScale(bits: number, values: Float32Array): number {
  const stride = Math.ceil(values.length / mostValues);
  let largest = 0;
  for (let k = 0; k < values.length; k++) largest = Math.max(largest, Math.abs(values[k]!));
  const error = (logScale: number) => {
    const { step, last } = cells(bits, Math.exp(logScale));
    const perStep = 1 / step;
    let sum = 0;
    for (let k = 0; k < values.length; k += stride) {
      const v = values[k]!;
      const wrong = step * cellCentre(v * perStep, last) - v;
      sum += wrong * wrong;
    }
    return sum;
  };
  // At the upper end the outermost level is the largest magnitude itself.
  const high = Math.log(largest / (1 - 2 ** -bits));
  return Math.exp(goldenSection(error, high - Math.log(1000), high));
}

/** Where a function with one minimum between `low` and `high` has it. */
function goldenSection(f: (x: number) => number, low: number, high: number): number {
  const part = (Math.sqrt(5) - 1) / 2;
  let [a, b] = [low, high];
  let [left, right] = [b - part * (b - a), a + part * (b - a)];
  let [atLeft, atRight] = [f(left), f(right)];
  while (b - a > tolerance) {
    if (atLeft <= atRight) {
      [b, right, atRight] = [right, left, atLeft];
      left = b - part * (b - a);
      atLeft = f(left);
    } else {
      [a, left, atLeft] = [left, right, atRight];
      right = a + part * (b - a);
      atRight = f(right);
    }
  }
  return (a + b) / 2;
}
