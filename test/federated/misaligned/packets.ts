/** Packets of misaligned symbols for tests, and dense solutions to compare with. */
import {
  add,
  type Complex,
  complex,
  ctranspose,
  diag,
  inv,
  type Matrix,
  matrix,
  multiply,
} from "mathjs";
import type { Arrival } from "../../../src/federated/misaligned/arrivals.js";
import {
  type PacketModel,
  sample,
  sampleCount,
} from "../../../src/federated/misaligned/sampling.js";
import type { RandomStream } from "../../../src/kernel/index.js";

export function arrivals(delays: number[], phases: number[], gains?: number[]): Arrival[] {
  return delays.map((delay, m) => {
    const gain = gains?.[m] ?? 1;
    const [re, im] = [gain * Math.cos(phases[m]), gain * Math.sin(phases[m])];
    return { delay, re, im, devices: [m] };
  });
}

export interface Packet {
  /** Symbols s_m[i], in the order of t. */
  readonly s: Float64Array;
  /** Their sums over the devices. */
  readonly sums: Float64Array;
  readonly y: Float64Array;
}

/** A packet of symbols whose components have the variances `powers`, or are ±√½ where absent. */
export function packetOf(model: PacketModel, random: RandomStream, powers?: number[]): Packet {
  const { symbols, arrivals: count, gains, noiseVariance } = model;
  const s = new Float64Array(2 * symbols * count);
  const t = new Float64Array(s.length);
  const sums = new Float64Array(2 * symbols);
  for (let q = 0; q < symbols * count; q++) {
    const m = q % count;
    for (let part = 0; part < 2; part++) {
      const value =
        powers === undefined
          ? Math.SQRT1_2 * (2 * random.integer(2) - 1)
          : Math.sqrt(powers[m]) * random.normal();
      s[2 * q + part] = value;
      sums[2 * Math.floor(q / count) + part] += value;
    }
    const [re, im] = gains.subarray(2 * m, 2 * m + 2);
    t[2 * q] = re * s[2 * q] - im * s[2 * q + 1];
    t[2 * q + 1] = re * s[2 * q + 1] + im * s[2 * q];
  }
  const noise = new Float32Array(2 * sampleCount(model));
  random.fillNormal(noise, Math.sqrt(noiseVariance));
  const y = new Float64Array(noise.length);
  sample(model, t, noise, y);
  return { s, sums, y };
}

/**
 * Weighted least squares with the complex matrix H itself, or with `powers` the posterior mean under a Gaussian prior:
 * C = (HᴴWH/σ² + diag(1/p))⁻¹, ŝ = C HᴴW y/σ²; sums over the devices and their variances per real component.
 */
export function denseSolution(
  { symbols, arrivals: count, shares, gains, noiseVariance }: PacketModel,
  y: Float64Array,
  powers?: number[],
): { sums: Float64Array; variances: Float64Array } {
  const unknowns = symbols * count;
  const samples = unknowns + count - 1;
  const zero = complex(0, 0);
  const h = Array.from({ length: samples }, (_, n) =>
    Array.from({ length: unknowns }, (_, q) =>
      q <= n && q > n - count ? complex(gains[2 * (q % count)], gains[2 * (q % count) + 1]) : zero,
    ),
  );
  const weights = Array.from({ length: samples }, (_, n) => shares[n % count] / noiseVariance);
  const weighted = multiply(ctranspose(matrix(h)), diag(weights)) as Matrix;
  let information = multiply(weighted, matrix(h)) as Matrix;
  if (powers !== undefined) {
    const prior = Array.from({ length: unknowns }, (_, q) => 1 / powers[q % count]);
    information = add(information, matrix(diag(prior))) as Matrix;
  }
  const covariance = inv(information);
  const received = Array.from({ length: samples }, (_, n) => complex(y[2 * n], y[2 * n + 1]));
  const s = multiply(covariance, multiply(weighted, received)) as unknown as Matrix;

  const sums = new Float64Array(2 * symbols);
  const variances = new Float64Array(symbols);
  const values = s.toArray() as Complex[];
  const elements = covariance.toArray() as Complex[][];
  for (let i = 0; i < symbols; i++) {
    for (let a = i * count; a < (i + 1) * count; a++) {
      sums[2 * i] += values[a].re;
      sums[2 * i + 1] += values[a].im;
      for (let b = i * count; b < (i + 1) * count; b++) variances[i] += elements[a][b].re;
    }
  }
  return { sums, variances };
}

/** Largest difference between two arrays, over the largest magnitude in the second. */
export function farthest(a: ArrayLike<number>, b: ArrayLike<number>): number {
  let most = 0;
  let scale = 0;
  for (let k = 0; k < b.length; k++) {
    most = Math.max(most, Math.abs(a[k] - b[k]));
    scale = Math.max(scale, Math.abs(b[k]));
  }
  return most / scale;
}
