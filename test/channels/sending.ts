/** What a channel is opened and called with, filled in for a test. */
import type { ChannelContext, Reception } from "../../src/channel.js";
import { RandomSource } from "../../src/kernel/index.js";

export interface Sending {
  readonly components: number;
  readonly signal?: ChannelContext["signal"];
  readonly complex?: boolean;
  readonly trial?: number;
  readonly seed?: number;
  /** One stretch with peak 1 where absent. */
  readonly stretches?: ChannelContext["stretches"];
  /** Gaussian where absent. */
  readonly sample?: Float32Array;
}

export function contextOf(sending: Sending): ChannelContext {
  const { components, complex = false, trial = 0, seed = 1 } = sending;
  const { signal = { meanSquare: 4, variance: 3 } } = sending;
  return {
    signal,
    components,
    stretches: sending.stretches ?? [{ first: 0, components, peak: 1 }],
    sample: (most) => (sending.sample ?? gaussian(4096, signal.meanSquare)).subarray(0, most),
    complex,
    symbolRateHz: 1e6,
    trial,
    random: new RandomSource(seed),
  };
}

function gaussian(count: number, meanSquare: number): Float32Array {
  const x = new Float32Array(count);
  new RandomSource(8).stream("sample").fillNormal(x, Math.sqrt(meanSquare));
  return x;
}

/** Room for what arrives of `y.length` components. */
export function receptionInto(y: Float32Array): Reception {
  const variances = new Float32Array(y.length);
  return { y, noiseVariance: Number.NaN, variances, erased: 0, energy: 0 };
}
