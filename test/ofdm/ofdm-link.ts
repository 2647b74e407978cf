/** An OFDM link as tests open it, and what they measure over its realisations. */
import type { z } from "zod";
import { multipathOfdm } from "../../channels/multipath-ofdm.js";
import type { Link } from "../../src/channel.js";
import { RandomSource } from "../../src/kernel/index.js";
import { meanOf } from "../analog/decomposition.js";
import { contextOf, receptionInto } from "../channels/sending.js";

export const carrierHz = 3.5e9;
export const speedFor = (dopplerHz: number) => (dopplerHz * 299_792_458) / carrierHz;

/** 3.84 MHz: the longest delay of TDL-A at 1 µs is 37 samples, of TDL-C at 300 ns 10. */
export const settings = {
  snrDb: 17,
  profile: "tdl-c",
  delaySpreadS: 300e-9,
  speedMps: 0,
  carrierHz,
  subcarrierSpacingHz: 30e3,
  fftSize: 128,
  cyclicPrefix: 40,
};
export const symbolS = 168 / 3.84e6;
export const meanSquare = 1.7;

const parsed = new Map<string, z.output<typeof multipathOfdm.params>>();

/** Reading numbers with units takes as long as opening, and tests open often. */
function parse(params: object) {
  const all = { ...settings, ...params };
  const key = JSON.stringify(all);
  const known = parsed.get(key) ?? multipathOfdm.params.parse(all);
  parsed.set(key, known);
  return known;
}

export function open(params: object, complex: boolean, seed: number, power = meanSquare): Link {
  return multipathOfdm.open(
    parse(params),
    contextOf({
      components: 1e6,
      signal: { meanSquare: power, variance: 0.9 * power },
      complex,
      seed,
    }),
  );
}

export interface Sent {
  readonly x: Float32Array;
  readonly y: Float32Array;
  readonly variances: Float32Array;
  readonly energy: number;
  readonly erased: number;
}

export function send(link: Link, x: Float32Array, timeS = 0): Sent {
  const reception = receptionInto(new Float32Array(x.length));
  link.transmit(x, timeS, reception, 0);
  const { y, energy, erased } = reception;
  return { x, y, variances: reception.noiseVariance as Float32Array, energy, erased };
}

export function gaussian(components: number, seed: number): Float32Array {
  const x = new Float32Array(components);
  new RandomSource(seed).stream("x").fillNormal(x, Math.sqrt(meanSquare));
  return x;
}

/** The mean over realisations, each of which counts once, as symbols of one are not independent. */
export function overRealisations(count: number, value: (seed: number) => number) {
  return meanOf(Float64Array.from({ length: count }, (_, k) => value(k + 1)));
}

export const meanOver = (length: number, term: (k: number) => number) => {
  let sum = 0;
  for (let k = 0; k < length; k++) sum += term(k);
  return sum / length;
};

/** H on every subcarrier of the first OFDM symbols: what arrives of ones, without noise. */
export function gainsOf(params: object, seed: number, symbols = 1, timeS = 0): Float32Array {
  const x = new Float32Array(2 * settings.fftSize * symbols);
  for (let k = 0; k < x.length; k += 2) x[k] = 1;
  const noiseless = { ...params, snrDb: 300, knowledge: "none" };
  return send(open(noiseless, true, seed), x, timeS).y;
}
