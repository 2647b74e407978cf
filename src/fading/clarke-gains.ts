/**
 * Gains of a receiver that moves among scatterers all around it (Clarke's model, Jakes' spectrum):
 *
 *   scattered part  s(t) = N^(−1/2) Σ exp(j(2π fD t cos α_n + φ_n)),   α_n = (2πn + θ_n)/N,
 *                   θ_n and φ_n uniform over (−π, π), all independent
 *   E[s(t + τ) s*(t)] = J0(2π fD τ), exactly, for any N: α_n covers the circle evenly
 *   line of sight   exp(j 2π ρ fD t), ρ the cosine of the angle between motion and path
 *
 * Time averages of |s|² are 1 too. With N = 64, E|s|⁴ is 2 − 1/N, deep fades are 1/(2N) = 0.8 % rarer than
 * Rayleigh's, and the distribution of |s|² lies within 0.0018 of the exponential.
 *
 * Sinusoids are summed at nodes, 32 to a period of fD, and interpolated by cubics that match value and slope
 * there. The error is at most (2π/32)⁴/384 = 3.9e-6 of a sinusoid's amplitude. Nodes lie at fixed times, so
 * h(t) does not depend on how a transmission is cut into packets.
 *
 * Sources: Clarke, Bell Syst. Tech. J. 47 (1968) 957–1000; Xiao, Zheng & Beaulieu, "Novel sum-of-sinusoids
 * simulation models for Rayleigh and Rician fading channels", IEEE Trans. Wireless Commun. 5 (2006) 3667–3679.
 * Limits: isotropic scattering in a plane, constant speed and geometry.
 */
import type { RandomStream } from "../kernel/index.js";
import { besselJ0 } from "./bessel-j0.js";
import { type GainsWithMean, ricianParts } from "./rician.js";

const sinusoids = 64;
const nodesPerPeriod = 32;
/** Cells between nodes that are computed together: sines once per group, rotations between. */
const group = 16;

export interface ClarkeLaw {
  /** Largest Doppler shift, speed · carrier / c [Hz]; 0: the gain stays what it is. */
  readonly dopplerHz: number;
  /** Line of sight over scattered power [dB]; Rayleigh where absent. */
  readonly kFactorDb?: number | undefined;
  /**
   * Doppler shift of the line of sight over dopplerHz, −1 .. 1; default 1: straight ahead.
   * 3GPP TR 38.901, 7.7.2, has 0.7.
   */
  readonly losDopplerRatio?: number;
}

/** h(t) for any t, also backwards. Draws its angles and phases from `random` at once. */
export function clarkeGains(law: ClarkeLaw, random: RandomStream): GainsWithMean {
  const { dopplerHz, losDopplerRatio = 1 } = law;
  if (!(dopplerHz >= 0 && dopplerHz < Infinity)) {
    throw new RangeError(`clarke: dopplerHz must be finite and >= 0, got ${dopplerHz}`);
  }
  if (!(Math.abs(losDopplerRatio) <= 1)) {
    throw new RangeError(`clarke: losDopplerRatio must be in -1 .. 1, got ${losDopplerRatio}`);
  }
  const { los, scattered } = ricianParts(law.kFactorDb);
  const omega = 2 * Math.PI * dopplerHz;

  // The line of sight is the last sinusoid, with phase 0.
  const rates = new Float64Array(sinusoids + 1); // 2π fD cos α [rad/s]
  const phases = new Float64Array(sinusoids + 1);
  const amplitudes = new Float64Array(sinusoids + 1).fill(scattered / Math.sqrt(sinusoids));
  for (let n = 0; n < sinusoids; n++) {
    const theta = (2 * random.uniform() - 1) * Math.PI;
    rates[n] = omega * Math.cos((2 * Math.PI * n + theta) / sinusoids);
    phases[n] = (2 * random.uniform() - 1) * Math.PI;
  }
  rates[sinusoids] = omega * losDopplerRatio;
  amplitudes[sinusoids] = los;

  // Where nothing moves, the cubics are constants on cells of any length.
  const cellS = dopplerHz > 0 ? 1 / (nodesPerPeriod * dopplerHz) : 1;
  const nodes = new Nodes(rates, phases, amplitudes, cellS);

  return {
    fill(timeS, stepS, out) {
      const symbols = out.length / 2;
      const start = timeS / cellS;
      const step = stepS / cellS;
      for (let k = 0; k < symbols; ) {
        const cell = Math.floor(start + k * step);
        const last = Math.min(symbols, Math.max(k + 1, Math.ceil((cell + 1 - start) / step)));
        const cubic = nodes.cubic(cell);
        const re0 = cubic[0];
        const re1 = cubic[1];
        const re2 = cubic[2];
        const re3 = cubic[3];
        const im0 = cubic[4];
        const im1 = cubic[5];
        const im2 = cubic[6];
        const im3 = cubic[7];
        const offset = start - cell;
        for (; k < last; k++) {
          const u = offset + k * step;
          out[2 * k] = re0 + u * (re1 + u * (re2 + u * re3));
          out[2 * k + 1] = im0 + u * (im1 + u * (im2 + u * im3));
        }
      }
    },

    correlation(t1S, t2S) {
      const phase = omega * (t1S - t2S);
      const direct = los * los;
      return [
        direct * Math.cos(losDopplerRatio * phase) + scattered * scattered * besselJ0(phase),
        direct * Math.sin(losDopplerRatio * phase),
      ];
    },

    mean(timeS) {
      const phase = omega * losDopplerRatio * timeS;
      return [los * Math.cos(phase), los * Math.sin(phase)];
    },
    steadyMean: los * rates[sinusoids] === 0,
  };
}

/** The sum of sinusoids between nodes `cellS` apart, one group of cells at a time. */
class Nodes {
  readonly #rates: Float64Array;
  readonly #phases: Float64Array;
  readonly #amplitudes: Float64Array;
  readonly #cellS: number;
  #group = Number.NaN;
  /** Value and slope per cell at each node of the group, and the first of the next: re, im, re′, im′. */
  readonly #nodes = new Float64Array(4 * (group + 1));
  readonly #cubic = new Float64Array(8);

  constructor(rates: Float64Array, phases: Float64Array, amplitudes: Float64Array, cellS: number) {
    this.#rates = rates;
    this.#phases = phases;
    this.#amplitudes = amplitudes;
    this.#cellS = cellS;
  }

  /** Coefficients of 1, u, u², u³ for the real part, then for the imaginary; u runs from 0 to 1 in the cell. */
  cubic(cell: number): Float64Array {
    const wanted = Math.floor(cell / group);
    if (wanted !== this.#group) this.#sum(wanted);
    const nodes = this.#nodes;
    const cubic = this.#cubic;
    const at = 4 * (cell - wanted * group);
    for (let part = 0; part < 2; part++) {
      const value = nodes[at + part];
      const slope = nodes[at + part + 2];
      const rise = nodes[at + part + 4] - value;
      const nextSlope = nodes[at + part + 6];
      cubic[4 * part] = value;
      cubic[4 * part + 1] = slope;
      cubic[4 * part + 2] = 3 * rise - 2 * slope - nextSlope;
      cubic[4 * part + 3] = slope + nextSlope - 2 * rise;
    }
    return cubic;
  }

  #sum(wanted: number): void {
    this.#group = wanted;
    const nodes = this.#nodes.fill(0);
    const startS = wanted * group * this.#cellS;
    for (let n = 0; n < this.#rates.length; n++) {
      const amplitude = this.#amplitudes[n];
      if (amplitude === 0) continue;
      const turn = this.#rates[n] * this.#cellS;
      const turnCos = Math.cos(turn);
      const turnSin = Math.sin(turn);
      const phase = this.#phases[n] + this.#rates[n] * startS;
      let re = amplitude * Math.cos(phase);
      let im = amplitude * Math.sin(phase);
      for (let at = 0; at < nodes.length; at += 4) {
        nodes[at] += re;
        nodes[at + 1] += im;
        nodes[at + 2] -= turn * im;
        nodes[at + 3] += turn * re;
        const turned = re * turnCos - im * turnSin;
        im = re * turnSin + im * turnCos;
        re = turned;
      }
    }
  }
}
