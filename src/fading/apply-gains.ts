/**
 * The deterministic half of flat fading: y = hx + n, one gain for each symbol; and room for its packets.
 */
import type { Reception } from "../channel.js";
import { erase, type GainEstimate, largestVariance } from "./equalizer.js";
import type { SignalLevel } from "./knowledge.js";

/** Adds h x to `received`, which holds the noise; with real symbols x is the complex (x, 0). */
export function addFaded(
  x: Float32Array,
  h: Float32Array,
  received: Float32Array,
  complex: boolean,
): void {
  if (complex) {
    for (let k = 0; k < x.length; k += 2) {
      const re = x[k];
      const im = x[k + 1];
      const hRe = h[k];
      const hIm = h[k + 1];
      received[k] += hRe * re - hIm * im;
      received[k + 1] += hRe * im + hIm * re;
    }
  } else {
    for (let k = 0; k < x.length; k++) {
      received[2 * k] += h[2 * k] * x[k];
      received[2 * k + 1] += h[2 * k + 1] * x[k];
    }
  }
}

/**
 * (hx + n)/h = x + n/h at once, and its variance σ²/|h|² per component: addFaded and the zf equalizer (equalizer.ts)
 * for gains that are known, in half of the time. With real symbols the real part is kept.
 */
export function addNoiseOverGain(
  x: Float32Array,
  h: Float32Array,
  noise: Float32Array,
  { noiseVariance, complex }: SignalLevel,
  reception: Reception,
): void {
  const { y, variances } = reception;
  for (let k = 0; k < h.length; k += 2) {
    const hRe = h[k];
    const hIm = h[k + 1];
    const re = noise[k];
    const im = noise[k + 1];
    const inverse = 1 / (hRe * hRe + hIm * hIm);
    if (!(noiseVariance * inverse < largestVariance)) {
      erase(reception, k >> 1, complex);
      continue;
    }
    if (complex) {
      y[k] = x[k] + inverse * (re * hRe + im * hIm);
      y[k + 1] = x[k + 1] + inverse * (im * hRe - re * hIm);
      variances[k] = noiseVariance * inverse;
      variances[k + 1] = noiseVariance * inverse;
    } else {
      y[k >> 1] = x[k >> 1] + inverse * (re * hRe + im * hIm);
      variances[k >> 1] = noiseVariance * inverse;
    }
  }
  reception.noiseVariance = variances;
}

/** Buffers for a packet of so many symbols, all interleaved complex but for s. */
export interface PacketRoom {
  readonly symbols: number;
  readonly h: Float32Array;
  readonly received: Float32Array;
  readonly estimate: GainEstimate;
}

/**
 * Gives room for packets of any size, that of the longest so far. In the estimate c = 1 and s = 0, as for gains
 * that are known, until something else is written there.
 */
export function packetRooms(): (symbols: number) => PacketRoom {
  let longest = roomFor(0);
  let current = longest;
  return (symbols) => {
    if (symbols > longest.symbols) longest = roomFor(symbols);
    if (symbols !== current.symbols) current = beginning(longest, symbols);
    return current;
  };
}

function roomFor(symbols: number): PacketRoom {
  const c = Float32Array.from({ length: 2 * symbols }, (_, k) => 1 - (k % 2));
  const estimate = { h: new Float32Array(2 * symbols), c, s: new Float32Array(symbols) };
  return {
    symbols,
    h: new Float32Array(2 * symbols),
    received: new Float32Array(2 * symbols),
    estimate,
  };
}

function beginning({ h, received, estimate }: PacketRoom, symbols: number): PacketRoom {
  const begin = (values: Float32Array) => values.subarray(0, 2 * symbols);
  return {
    symbols,
    h: begin(h),
    received: begin(received),
    estimate: {
      h: begin(estimate.h),
      c: begin(estimate.c),
      s: estimate.s.subarray(0, symbols),
    },
  };
}
