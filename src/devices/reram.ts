/**
 * Resistive memory (ReRAM). Conductances in µS, ξ standard normal, t the time since programming [s].
 *
 * `WanDevice`: what is read at t scatters about what was wanted,
 *
 *   g(t) = max(0, g + s σ(x, t) ξ),   x = g/g_max,   s = g_max / 40 µS
 *
 * with σ fitted after 1 s, 1 day and 2 days. Between these σ is interpolated in ln t; before the first and
 * after the last there is no measurement, and σ stays as it is there. Read noise was not measured apart.
 * Source: fit to Wan et al., Nature 608 (2022) 504, in the IBM Analog Hardware Acceleration Kit.
 *
 * `CmoDevice`: conductive metal oxide on HfO2, 9 to 88.2 µS,
 *
 *   programming  g_prog = g + (a g + b) ξ₁
 *   relaxation   g(t) = g_prog − 0.08900206 ln t + (0.04201137 ln t + 0.41183342) ξ₂
 *   read         g(t) + 0.0277316 log₁₀(g(t)) sqrt(ln((t + 1 µs)/(2 µs))) ξ₃, kept between 9 µS and g_max
 *
 * where a, b depend on how near to the target a device must come before it is accepted. Relaxation was
 * fitted in ln t from 1 s on; earlier reads are taken as if at 1 s.
 * Source: Falcone et al., fit in the same kit.
 */
import type { Device } from "./cells.js";
import { clippedNormal, type Moments, normalNodes } from "./clipped-normal.js";
import { polynomial } from "./polynomial.js";

const dayS = 86_400;

/** σ(x) [µS] at g_max = 40 µS, from the constant term up, by the time since programming [s]. */
const wanFits: readonly (readonly [afterS: number, coefficients: readonly number[]])[] = [
  [1, [0.348, 16.03, -43.853, 45.393, -16.815]],
  [dayS, [0.701, 22.086, -50.773, 47.095, -16.458]],
  [2 * dayS, [0.782, 20.274, -43.507, 37.062, -11.934]],
];

export const wanGMaxMicroS = 40;

export class WanDevice implements Device {
  readonly sources = ["devices"];
  readonly #gMax: number;
  /** Coefficients of s σ(x, t) [µS]. */
  readonly #sigma: readonly number[];

  constructor(gMaxMicroS: number, readAfterS: number) {
    this.#gMax = gMaxMicroS;
    this.#sigma = wanCoefficients(readAfterS).map((c) => (c * gMaxMicroS) / wanGMaxMicroS);
  }

  read(target: number, z: readonly Float32Array[], at: number): number {
    return Math.max(0, target + polynomial(this.#sigma, target / this.#gMax) * z[0][at]);
  }

  moments(target: number): Moments {
    const sigma = polynomial(this.#sigma, target / this.#gMax);
    const { mean, meanSquare } = clippedNormal(target, sigma, 0);
    return { mean, variance: meanSquare - mean * mean };
  }
}

/** A polynomial is linear in its coefficients, so that interpolating them interpolates σ. */
function wanCoefficients(afterS: number): readonly number[] {
  const next = wanFits.findIndex(([time]) => afterS < time);
  if (next === 0) return wanFits[0][1];
  if (next === -1) return wanFits.at(-1)![1];
  const [earlier, from] = wanFits[next - 1];
  const [later, to] = wanFits[next];
  const part = Math.log(afterS / earlier) / Math.log(later / earlier);
  return from.map((c, i) => c + part * (to[i] - c));
}

export const cmoRange = { minMicroS: 9, maxMicroS: 88.2 };

/** a and b [µS] by the acceptance range [% of the target]. */
const cmoProgramming = {
  0.2: [0.00106879, 0.00081107],
  2: [0.01129027, 0.01121854],
} as const;

export const cmoAcceptances = [0.2, 2] as const;

/** Time that relaxation is evaluated at [s]. */
function cmoTime(readAfterS: number): number {
  return Math.max(1, readAfterS);
}

/** By how much conductances move on average, whatever they are [µS]. */
export function cmoRelaxationMicroS(readAfterS: number): number {
  return -0.08900206 * Math.log(cmoTime(readAfterS));
}

export class CmoDevice implements Device {
  readonly sources = ["programming", "relaxation", "read"];
  readonly #gMax: number;
  readonly #slope: number;
  readonly #constant: number;
  readonly #shift: number;
  readonly #spread: number;
  /** Of read noise, without log₁₀(g). */
  readonly #read: number;

  constructor(
    gMaxMicroS: number,
    acceptancePercent: (typeof cmoAcceptances)[number],
    readAfterS: number,
  ) {
    const t = cmoTime(readAfterS);
    this.#gMax = gMaxMicroS;
    [this.#slope, this.#constant] = cmoProgramming[acceptancePercent];
    this.#shift = cmoRelaxationMicroS(readAfterS);
    this.#spread = 0.04201137 * Math.log(t) + 0.41183342;
    this.#read = 0.0277316 * Math.sqrt(Math.log((t + 1e-6) / 2e-6));
  }

  read(target: number, z: readonly Float32Array[], at: number): number {
    const programmed = target + (this.#slope * target + this.#constant) * z[0][at];
    const relaxed = programmed + this.#shift + this.#spread * z[1][at];
    const seen = relaxed + this.#readSigma(relaxed) * z[2][at];
    return Math.min(this.#gMax, Math.max(cmoRange.minMicroS, seen));
  }

  moments(target: number): Moments {
    const sigma = Math.hypot(this.#slope * target + this.#constant, this.#spread);
    let mean = 0;
    let meanSquare = 0;
    for (const { z, weight } of normalNodes()) {
      const relaxed = target + this.#shift + sigma * z;
      const { minMicroS } = cmoRange;
      const seen = clippedNormal(relaxed, this.#readSigma(relaxed), minMicroS, this.#gMax);
      mean += weight * seen.mean;
      meanSquare += weight * seen.meanSquare;
    }
    return { mean, variance: meanSquare - mean * mean };
  }

  /** The fit is for conductances well above 1 µS, where the logarithm is 0. */
  #readSigma(conductance: number): number {
    return this.#read * Math.log10(Math.max(1, conductance));
  }
}
