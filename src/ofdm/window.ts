/**
 * What the FFT window of an OFDM symbol catches of a path, in closed form.
 *
 * A path of delay d arrives with the gain g(n) = a + (b − a) u_n, u_n = (P + n)/(N + P), at samples n =
 * 0 … N − 1 of the window (N: FFT size, P: prefix), a and b being its gains at the symbol's start and end. From
 * sample e = max(0, d − P) on it brings the symbol itself, before that earlier ones. With G the N-point
 * spectrum, over N, of g from e on, subcarrier k' reaches subcarrier k with the gain
 *
 *   G(k − k') exp(−j2πk'd/N):   k' = k   the channel,  g̃ = G(0) = αa + βb
 *                               k' ≠ k   intercarrier interference
 *
 * and the samples before e do the same for earlier symbols (intersymbol interference, k' = k included).
 * Symbols are uncorrelated and paths of different delay do not add up in the mean over subcarriers, so each
 * adds a quadratic form in a and b to the interference, in units of the mean energy of a data symbol:
 *
 *   I = q_aa |a|² + 2 q_ab Re(a b*) + q_bb |b|²,   q from Σ A(Δ) |G(Δ)|²
 *
 * A(Δ) is the mean energy at distance Δ from a data subcarrier: 1 where all are occupied, less at the edge of a
 * band, more near boosted pilots. Occupied fully, the forms are those that are known:
 *
 *   within the prefix   |b − a|² (N/(N + P))² / 12 (1 − 1/N²)        linear change over the window
 *   static, e samples   |g|² (2e/N − (e/N)²), useful share |g|² (1 − e/N)²
 *
 * Sources: Li & Cimini, "Bounds on the interchannel interference of OFDM in time-varying impairments", IEEE
 * Trans. Commun. 49 (2001) 401–404; Seoane, Wilson & Gelfand, "Analysis of intertone and interblock
 * interference in OFDM when the length of the cyclic prefix is shorter than the length of the impulse
 * response of the channel", Proc. IEEE GLOBECOM (1997) 32–36.
 */
import type FFT from "fft.js";
import type { Subcarriers } from "./subcarriers.js";

/** Three numbers per path: q_aa, q_ab, q_bb. */
export type Forms = Float64Array;

export interface Window {
  /** Per path. */
  readonly alpha: Float64Array;
  readonly beta: Float64Array;
  /**
   * Forms of the interference at data subcarriers, for the first, second, … symbol of a packet, before which
   * there is silence; the last entry holds for all later ones.
   */
  readonly data: readonly Forms[];
  /** Forms at pilots, for those later ones; at data subcarriers where there are no pilots. */
  readonly pilots: Forms;
}

export interface Timing {
  readonly fftSize: number;
  readonly prefix: number;
  readonly delays: readonly number[];
}

export function windowOf(
  { fftSize, prefix, delays }: Timing,
  grid: Subcarriers,
  pilotBoost: number,
  fft: FFT,
): Window {
  const energies = energyOf(grid, pilotBoost);
  const atData = energyAround(grid.data, grid, energies, fft);
  const atPilots = grid.pilots.length > 0 ? energyAround(grid.pilots, grid, energies, fft) : atData;
  const alpha = new Float64Array(delays.length);
  const beta = new Float64Array(delays.length);
  const spectrum = new Spectrum(fftSize, prefix, fft);
  const excess = delays.map((delay) => Math.max(0, delay - prefix));
  const steady = Math.ceil(Math.max(...excess) / (fftSize + prefix));
  const data = Array.from({ length: steady + 1 }, () => new Float64Array(3 * delays.length));
  const pilots = new Float64Array(3 * delays.length);

  let inPrefix = -1; // all paths within the prefix are alike
  excess.forEach((late, path) => {
    if (late === 0 && inPrefix >= 0) {
      alpha[path] = alpha[inPrefix];
      beta[path] = beta[inPrefix];
      for (const forms of [...data, pilots]) {
        forms.copyWithin(3 * path, 3 * inPrefix, 3 * inPrefix + 3);
      }
      return;
    }
    if (late === 0) inPrefix = path;
    const edge = Math.min(late, fftSize);
    spectrum.compute(edge, fftSize);
    alpha[path] = spectrum.alpha;
    beta[path] = spectrum.beta;
    for (const forms of data) spectrum.addForms(forms, path, atData, 1);
    spectrum.addForms(pilots, path, atPilots, 1);
    data.forEach((forms, symbol) => {
      const silent = Math.min(edge, Math.max(0, late - symbol * (fftSize + prefix)));
      if (silent === edge) return;
      spectrum.compute(silent, edge);
      spectrum.addForms(forms, path, atData, 0);
      if (symbol === steady) spectrum.addForms(pilots, path, atPilots, 0);
    });
  });
  return { alpha, beta, data, pilots };
}

/** Σ of the forms over paths; `gains` holds a and b of each path: re, im, re, im. */
export function interference(forms: Forms, gains: Float64Array): number {
  let sum = 0;
  for (let q = 0, g = 0; q < forms.length; q += 3, g += 4) {
    const aRe = gains[g];
    const aIm = gains[g + 1];
    const bRe = gains[g + 2];
    const bIm = gains[g + 3];
    sum += forms[q] * (aRe * aRe + aIm * aIm) + forms[q + 2] * (bRe * bRe + bIm * bIm);
    sum += 2 * forms[q + 1] * (aRe * bRe + aIm * bIm);
  }
  // Where nothing interferes, rounding may leave a little below 0.
  return Math.max(0, sum);
}

/** The same in the mean over fading: E|a|² = E|b|² = power, Re E[a b*] = `correlation`, per path. */
export function meanInterference(
  forms: Forms,
  power: readonly number[],
  correlation: readonly number[],
): number {
  const sum = power.reduce(
    (total, p, path) =>
      total +
      (forms[3 * path] + forms[3 * path + 2]) * p +
      2 * forms[3 * path + 1] * correlation[path]!,
    0,
  );
  return Math.max(0, sum);
}

/** Spectra, over N, of 1 − u_n and of u_n, both in one transform. */
class Spectrum {
  readonly #window: Float64Array;
  readonly #z: Float64Array;
  readonly #fft: FFT;
  readonly #prefix: number;
  /** Both spectra at 0: what reaches the same subcarrier. */
  alpha = 0;
  beta = 0;

  constructor(
    readonly size: number,
    prefix: number,
    fft: FFT,
  ) {
    this.#window = new Float64Array(2 * size);
    this.#z = new Float64Array(2 * size);
    this.#fft = fft;
    this.#prefix = prefix;
  }

  /** Of the samples from `from` to before `to`. */
  compute(from: number, to: number): void {
    this.#window.fill(0);
    for (let n = from; n < to; n++) {
      const u = (this.#prefix + n) / (this.size + this.#prefix);
      this.#window[2 * n] = (1 - u) / this.size;
      this.#window[2 * n + 1] = u / this.size;
    }
    this.#fft.transform(this.#z, this.#window);
    this.alpha = this.#z[0];
    this.beta = this.#z[1];
  }

  /** Adds Σ A(Δ) |·|² from Δ = `first` on. */
  addForms(forms: Forms, path: number, around: Float64Array, first: number): void {
    const z = this.#z;
    for (let d = first; d < this.size; d++) {
      const mirror = d === 0 ? 0 : this.size - d;
      // U = (Z(d) + Z*(−d))/2, V = (Z(d) − Z*(−d))/2j
      const uRe = (z[2 * d] + z[2 * mirror]) / 2;
      const uIm = (z[2 * d + 1] - z[2 * mirror + 1]) / 2;
      const vRe = (z[2 * d + 1] + z[2 * mirror + 1]) / 2;
      const vIm = (z[2 * mirror] - z[2 * d]) / 2;
      forms[3 * path] += around[d] * (uRe * uRe + uIm * uIm);
      forms[3 * path + 1] += around[d] * (uRe * vRe + uIm * vIm);
      forms[3 * path + 2] += around[d] * (vRe * vRe + vIm * vIm);
    }
  }
}

/** Mean energy of each FFT bin, that of data being 1. */
function energyOf({ fftSize, bins, data, pilots }: Subcarriers, pilotBoost: number): Float64Array {
  const energies = new Float64Array(fftSize);
  for (const place of data) energies[bins[place]] = 1;
  for (const place of pilots) energies[bins[place]] = pilotBoost;
  return energies;
}

/** A(Δ) = mean over these places of the energy at bin − Δ, by a circular correlation. */
function energyAround(
  places: Int32Array,
  { fftSize, bins }: Subcarriers,
  energies: Float64Array,
  fft: FFT,
): Float64Array {
  const marks = new Float64Array(2 * fftSize);
  for (const place of places) marks[2 * bins[place]] = 1 / places.length;
  const packed = new Float64Array(2 * fftSize);
  for (let k = 0; k < fftSize; k++) packed[2 * k] = energies[k];
  const m = new Float64Array(2 * fftSize);
  const e = new Float64Array(2 * fftSize);
  fft.transform(m, marks);
  fft.transform(e, packed);
  for (let k = 0; k < 2 * fftSize; k += 2) {
    const re = m[k] * e[k] + m[k + 1] * e[k + 1];
    const im = m[k + 1] * e[k] - m[k] * e[k + 1];
    packed[k] = re;
    packed[k + 1] = im;
  }
  fft.inverseTransform(m, packed);
  return Float64Array.from({ length: fftSize }, (_, d) => Math.max(0, m[2 * d]));
}
