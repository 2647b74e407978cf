/**
 * Truncated channel inversion by every device, so that what they send adds up in phase and amplitude.
 *
 * Symbol i (components 2i and 2i + 1 as I and Q) travels on subcarrier i mod S. On each, a device estimates ĥ = h
 * + e, e ~ CN(0, channelErrorVariance); it is silent where |ĥ|² < g and sends √ρ x/ĥ elsewhere, which the server
 * receives as √ρ (h/ĥ) x. ρ is the same for all devices and rounds:
 *
 *   powerControl mean    ρ = 1/E[1/|ĥ|²; |ĥ|² ≥ g]: a device's power is P in the mean over the gains; 1/E₁(g) under
 *                        Rayleigh fading with perfect knowledge
 *   powerControl peak    ρ = g: it never exceeds P
 *
 * Source: Zhu, Wang & Huang, "Broadband Analog Aggregation for Low-Latency Federated Edge Learning", IEEE Trans.
 * Wireless Commun. 19 (2020) 491–506, arXiv 1812.11494. Laws: inversion-law.ts.
 * Limits: all devices at the same mean gain; ideal timing; the server knows who sends where.
 */
import { z } from "zod";
import { InputError } from "../errors.js";
import { kFactorDb } from "../fading/rician.js";
import type { RandomSource } from "../kernel/index.js";
import { meanSquare } from "../math/statistics.js";
import { quantity } from "../units.js";
import type { Air } from "./air.js";
import { fillDeviceGains } from "./device-gains.js";
import { inversionLaw } from "./inversion-law.js";

/** Keys for a scheme's schema. */
export const inversionKeys = {
  threshold: quantity(undefined, z.number().positive().max(100)).describe(
    "least |h|² that a device sends at, as it knows it; E|h|² = 1",
  ),
  kFactorDb,
  subcarriers: quantity(undefined, z.number().int().min(1).max(65_536))
    .prefault(1)
    .describe("gains of a device in a round; symbols are dealt over them"),
  channelErrorVariance: quantity(undefined, z.number().min(0).max(1))
    .prefault(0)
    .describe("E|e|² of the gain ĥ = h + e that a device knows"),
  powerControl: z
    .enum(["mean", "peak"])
    .default("mean")
    .describe("what the device's power limit holds for: the mean over the gains, or every gain"),
};

export type Inversion = z.output<z.ZodObject<typeof inversionKeys>>;

/** `scheme` is named where an update is too short for the subcarriers. */
export function invertedAir(inversion: Inversion, size: number, scheme: string): Air {
  const { threshold, subcarriers, channelErrorVariance, powerControl } = inversion;
  const symbols = Math.ceil(size / 2);
  if (!(subcarriers <= symbols)) {
    throw new InputError(
      `${scheme}: uplink.subcarriers must be at most the ${symbols} symbols of an update, got ${subcarriers}`,
    );
  }
  const law = inversionLaw(threshold, channelErrorVariance, inversion.kFactorDb);
  const known = new Float32Array(2 * subcarriers); // ĥ of one device
  const arriving = new Float32Array(2 * subcarriers); // its h/ĥ
  const spending = new Float64Array(subcarriers); // its 1/|ĥ|², 0 where it is silent
  const senders = new Int32Array(subcarriers);
  const power = new Float64Array(subcarriers);

  /** Draws the device's gains; true where it sends on any subcarrier. */
  function prepare(random: RandomSource, device: number): boolean {
    fillDeviceGains(random, device, inversion.kFactorDb, arriving);
    if (channelErrorVariance > 0) {
      const error = random.child("channel error").stream(`device ${device}`);
      error.fillComplexNormal(known, channelErrorVariance);
      for (let i = 0; i < known.length; i++) known[i] += arriving[i];
    } else {
      known.set(arriving);
    }
    let sends = false;
    for (let s = 0; s < subcarriers; s++) {
      const re = known[2 * s];
      const im = known[2 * s + 1];
      const gain = re * re + im * im;
      spending[s] = gain >= threshold ? 1 / gain : 0;
      if (spending[s] === 0) continue;
      sends = true;
      const hRe = arriving[2 * s];
      const hIm = arriving[2 * s + 1];
      arriving[2 * s] = (hRe * re + hIm * im) / gain;
      arriving[2 * s + 1] = (hIm * re - hRe * im) / gain;
    }
    return sends;
  }

  return {
    rho: powerControl === "peak" ? threshold : 1 / law.inverse,
    misalignment: channelErrorVariance > 0 ? law.misalignment : 0,
    subcarriers,

    superpose(signal, { active, random }, y) {
      senders.fill(0);
      power.fill(0);
      const heard: number[] = [];
      const energy = active.map((device, k) => {
        if (!prepare(random, device)) return 0;
        heard.push(device);
        const x = signal(k);
        const meanPower = meanSquare(x);
        for (let s = 0; s < subcarriers; s++) {
          if (spending[s] === 0) continue;
          senders[s]++;
          power[s] += meanPower;
        }
        return addThrough(x, arriving, spending, y);
      });
      return { senders, power, heard, energy };
    },
  };
}

/** Symbols at a time, so that their components stay in the cache while subcarrier follows subcarrier. */
const tile = 4096;

/** y += a x on each subcarrier that has an inverse gain; returns Σ |x|² times that. */
function addThrough(
  x: Float32Array,
  gains: Float32Array,
  inverse: Float64Array,
  y: Float32Array,
): number {
  const subcarriers = inverse.length;
  const pairs = Math.floor(x.length / 2);
  const step = subcarriers * Math.ceil(tile / subcarriers);
  let energy = 0;
  for (let start = 0; start < pairs; start += step) {
    const end = Math.min(pairs, start + step);
    for (let s = 0; s < subcarriers; s++) {
      if (inverse[s] === 0) continue;
      const re = gains[2 * s];
      const im = gains[2 * s + 1];
      let sum = 0;
      for (let i = start + s; i < end; i += subcarriers) {
        const p = x[2 * i];
        const q = x[2 * i + 1];
        y[2 * i] += re * p - im * q;
        y[2 * i + 1] += re * q + im * p;
        sum += p * p + q * q;
      }
      energy += inverse[s] * sum;
    }
  }
  const s = pairs % subcarriers;
  if (x.length % 2 === 1 && inverse[s] > 0) {
    const last = x[x.length - 1];
    y[x.length - 1] += gains[2 * s] * last;
    energy += inverse[s] * last * last;
  }
  return energy;
}
