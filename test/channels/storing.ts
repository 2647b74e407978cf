/** Weights sent through a storage device, and numerical integration to compare them with. */
import type { Channel, ChannelContext } from "../../src/channel.js";
import { RandomSource } from "../../src/kernel/index.js";
import { assertWithin } from "../within.js";
import { contextOf, receptionInto } from "./sending.js";

export { expectation } from "../../src/verify/integrals.js";

// [s]
export const hour = 3600;
export const day = 86_400;
export const year = 365.25 * day;

/** What is read of `x`; one tensor with peak 1 where `stretches` are absent. */
export function store(
  channel: Channel,
  params: object,
  x: Float32Array,
  stretches?: ChannelContext["stretches"],
): { y: Float32Array; variances: Float32Array } {
  const context = contextOf({ components: x.length, ...(stretches && { stretches }) });
  const link = channel.open(channel.params.parse(params) as never, context);
  const reception = receptionInto(new Float32Array(x.length));
  link.transmit(x, 0, reception, 0);
  return { y: reception.y, variances: reception.noiseVariance as Float32Array };
}

/** `count` equal weights. */
export function level(u: number, count: number): Float32Array {
  return new Float32Array(count).fill(u);
}

/** Moments in theory. */
export interface Theory {
  readonly mean: number;
  readonly variance: number;
}

/** Mean and standard deviation of a sample, to five standard errors; that of the variance is sqrt((m₄ − m₂²)/n). */
export function assertMoments(sample: Float32Array, theory: Theory): void {
  const n = sample.length;
  const deviations = Float64Array.from(sample, (v) => v - theory.mean);
  let first = 0;
  let second = 0;
  let fourth = 0;
  for (const d of deviations) {
    first += d / n;
    second += d ** 2 / n;
    fourth += d ** 4 / n;
  }
  assertWithin(first, 0, Math.sqrt(theory.variance / n));
  assertWithin(second, theory.variance, Math.sqrt((fourth - second ** 2) / n));
}

/** `count` weights, all levels from −1 to 1 equally likely. */
export function allLevels(count: number): Float32Array {
  const stream = new RandomSource(10).stream("levels");
  return Float32Array.from({ length: count }, () => 2 * stream.uniform() - 1);
}

/**
 * The stated variances over the squared errors, both summed over weights written at like levels: 1 to five
 * standard errors and `tolerance`, which is how well the receiver can know the level.
 */
export function assertStated(
  x: Float32Array,
  { y, variances }: { y: Float32Array; variances: Float32Array },
  tolerance: number,
): void {
  const edges = [0.03, 0.1, 0.2, 0.3, 0.5, 0.7, 0.9, 0.97];
  for (let bin = 0; bin + 1 < edges.length; bin++) {
    let n = 0;
    let stated = 0;
    let square = 0;
    let fourth = 0;
    for (let k = 0; k < x.length; k++) {
      const u = Math.abs(x[k]);
      if (!(u >= edges[bin] && u < edges[bin + 1])) continue;
      const error = y[k] - x[k];
      n++;
      stated += variances[k];
      square += error ** 2;
      fourth += error ** 4;
    }
    const standardError = Math.sqrt((fourth / n - (square / n) ** 2) / n) / (square / n);
    assertWithin(stated / square, 1, standardError + tolerance / 5);
  }
}

/** `count` Gaussian weights over 3 standard deviations; what lies beyond is clipped. */
export function clippedGaussian(count: number): Float32Array {
  const x = new Float32Array(count);
  new RandomSource(5).stream("weights").fillNormal(x, 1 / 3);
  return x.map((v) => Math.max(-1, Math.min(1, v)));
}

/** Mean square of what is stored over that of the errors [dB]. */
export function wnrDb(x: Float32Array, y: Float32Array): number {
  let power = 0;
  let error = 0;
  for (let k = 0; k < x.length; k++) {
    power += x[k] ** 2;
    error += (y[k] - x[k]) ** 2;
  }
  return 10 * Math.log10(power / error);
}

/** The same by the stated variances [dB]. */
export function statedWnrDb(x: Float32Array, variances: Float32Array): number {
  let power = 0;
  let error = 0;
  for (let k = 0; k < x.length; k++) {
    power += x[k] ** 2;
    error += variances[k];
  }
  return 10 * Math.log10(power / error);
}
