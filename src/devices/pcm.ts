/**
 * Phase-change memory: programming noise, drift, read noise. Conductances in µS, x = g/g_max:
 *
 *   programming  g_prog = max(0, g + s σ(x) ξ₁),   s = g_max / g_max of the fit
 *   drift        g(t) = g_prog (t/t₀)^(−ν),        ν = |µ_ν(x) + σ_ν(x) ξ₂|
 *   read         g_read = max(0, g(t) (1 + Q(x_prog) sqrt(ln((t + t_r)/(2 t_r))) ξ₃))
 *
 * where ξ are standard normal, x is the wanted level and x_prog the programmed one. t is t₀ plus the time
 * since programming ended, t₀ being when drift was first measured.
 *
 * Sources: Nandakumar et al., ICECS 2019; Joshi et al., Nature Communications 11 (2020) 2473; for the
 * Hermes chip the fits in the IBM Analog Hardware Acceleration Kit (Le Gallo et al., Nature Electronics 6
 * (2023) 680).
 */

import { normalCdf } from "../math/error-function.js";
import type { Device } from "./cells.js";
import { clippedNormal, type Moments, normalNodes } from "./clipped-normal.js";
import { polynomial } from "./polynomial.js";

export interface PcmFit {
  readonly summary: string;
  /** Where the fit was made. */
  readonly gMaxMicroS: number;
  /** t₀ and t_r [s]. */
  readonly t0S: number;
  readonly tReadS: number;
  /** σ(x) [µS], from the constant term up. */
  readonly programming: readonly number[];
  /** µ_ν and σ_ν, of x and ln x. */
  driftMean(x: number, lnX: number): number;
  driftSigma(x: number, lnX: number): number;
  /** Q, of x > 0 and ln x. */
  readNoise(x: number, lnX: number): number;
}

const hermesDriftMean = (x: number, lnX: number) =>
  x < 0.0945
    ? clamp(-0.0387 * lnX - 0.0182, 0.072, 0.13)
    : polynomial([0.0736, -0.0126, -0.0436], x);

export const pcmFits = {
  "nandakumar-2019": {
    summary: "doped Ge2Sb2Te5 mushroom cells, g_max 25 µS",
    gMaxMicroS: 25,
    t0S: 20,
    tReadS: 250e-9,
    programming: [0.26348, 1.965, -1.1731],
    driftMean: (_x, lnX) => clamp(-0.0155 * lnX + 0.0244, 0.049, 0.1),
    driftSigma: (_x, lnX) => clamp(-0.0125 * lnX - 0.0059, 0.008, 0.045),
    readNoise: (_x, lnX) => Math.min(0.2, 0.0088 * Math.exp(-0.65 * lnX)),
  },
  "hermes-pair": {
    summary: "Hermes chip, two devices in parallel for each conductance, g_max 20.7 µS",
    gMaxMicroS: 20.7,
    t0S: 300,
    tReadS: 512e-9,
    programming: [0.16603222, 4.71806468, -8.48101252, 4.68961419],
    driftMean: hermesDriftMean,
    driftSigma: (x, lnX) =>
      x < 0.3055
        ? clamp(-0.0117 * lnX - 0.0057, 0.0091, 0.04)
        : polynomial([0.0073, 0.0093, -0.0118], x),
    readNoise: (x, lnX) =>
      x < 0.16
        ? clamp(-0.0117 * lnX - 0.0069, 0.015, 0.04)
        : polynomial([0.0123, 0.0211, -0.028, 0.0069], x),
  },
  "hermes-single": {
    summary: "Hermes chip, one device for each conductance, g_max 10.35 µS",
    gMaxMicroS: 10.35,
    t0S: 200,
    tReadS: 512e-9,
    programming: [0.15781817, 2.32443916, -2.16310839, 0.68841818],
    driftMean: hermesDriftMean,
    driftSigma: (x, lnX) =>
      x < 0.3039
        ? clamp(-0.012 * lnX - 0.0023, 0.0124, 0.04)
        : polynomial([0.0104, 0.0116, -0.0165], x),
    readNoise: (x, lnX) =>
      x < 0.1591
        ? clamp(-0.0078 * lnX + 0.0038, 0.0179, 0.04)
        : polynomial([0.0088, 0.0768, -0.1352, 0.0664], x),
  },
} satisfies Record<string, PcmFit>;

export type PcmPreset = keyof typeof pcmFits;

export interface PcmReading {
  readonly gMaxMicroS: number;
  /** Time since programming ended [s]. */
  readonly readAfterS: number;
  /** False where reads are averaged until their noise is gone. */
  readonly readNoise: boolean;
}

export class PcmDevice implements Device {
  readonly sources = ["programming", "drift", "read"];
  readonly #fit: PcmFit;
  readonly #gMax: number;
  /** Coefficients of s σ(x) [µS]. */
  readonly #programming: readonly number[];
  /** ln(t/t₀). */
  readonly #drift: number;
  /** sqrt(ln((t + t_r)/(2 t_r))). */
  readonly #read: number;

  constructor(fit: PcmFit, { gMaxMicroS, readAfterS, readNoise }: PcmReading) {
    const t = readAfterS + fit.t0S;
    this.#fit = fit;
    this.#gMax = gMaxMicroS;
    this.#programming = fit.programming.map((c) => (c * gMaxMicroS) / fit.gMaxMicroS);
    this.#drift = Math.log(t / fit.t0S);
    this.#read = readNoise ? Math.sqrt(Math.log((t + fit.tReadS) / (2 * fit.tReadS))) : 0;
  }

  read(target: number, z: readonly Float32Array[], at: number): number {
    const x = target / this.#gMax;
    const programmed = target + polynomial(this.#programming, x) * z[0][at];
    if (!(programmed > 0)) return 0;
    const lnX = Math.log(x); // -Infinity of an unused device, which the clamps take
    const nu = Math.abs(this.#fit.driftMean(x, lnX) + this.#fit.driftSigma(x, lnX) * z[1][at]);
    const drifted = programmed * Math.exp(-nu * this.#drift);
    return Math.max(0, drifted * (1 + this.#readSigma(programmed) * z[2][at]));
  }

  moments(target: number): Moments {
    const x = target / this.#gMax;
    const lnX = Math.log(x);
    const mu = this.#fit.driftMean(x, lnX);
    const spread = this.#fit.driftSigma(x, lnX);
    const sigma = polynomial(this.#programming, x);
    let mean = 0;
    let meanSquare = 0;
    for (const { z, weight } of normalNodes(-target / sigma)) {
      const programmed = Math.max(0, target + sigma * z);
      if (programmed === 0) continue;
      const noise = clippedNormal(1, this.#readSigma(programmed), 0);
      mean += weight * programmed * noise.mean;
      meanSquare += weight * programmed ** 2 * noise.meanSquare;
    }
    // ν does not depend on the others, so that its part is a factor.
    mean *= foldedNormalLaplace(this.#drift, mu, spread);
    meanSquare *= foldedNormalLaplace(2 * this.#drift, mu, spread);
    return { mean, variance: meanSquare - mean * mean };
  }

  /** Standard deviation of a reading over the conductance that is read. */
  #readSigma(programmed: number): number {
    const x = programmed / this.#gMax;
    return this.#fit.readNoise(x, Math.log(x)) * this.#read;
  }
}

/** E[exp(−a |N(µ, σ²)|)]. */
function foldedNormalLaplace(a: number, mu: number, sigma: number): number {
  const half = (a * sigma) ** 2 / 2;
  return (
    Math.exp(half - a * mu) * normalCdf(mu / sigma - a * sigma) +
    Math.exp(half + a * mu) * normalCdf(-mu / sigma - a * sigma)
  );
}

function clamp(value: number, low: number, high: number): number {
  return Math.min(high, Math.max(low, value));
}
