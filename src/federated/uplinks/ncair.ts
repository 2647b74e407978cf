/**
 * NCAirFL: over-the-air sum by energy detection, which needs no knowledge of the channels. Energies add up in the
 * mean whatever the phases, but cannot be negative, so half of the signs travel in each round:
 *
 *   v_k = Δ_k + m_k                     update and what the device still owes from earlier rounds
 *   g_k = [s ∘ v_k]₊                    s: random signs of the round, known to all devices and the server
 *   x_k = √(ρ g_k),  ρ = P / max_k mean(g_k)        one complex symbol for each component
 *   y   = Σ_k h_k x_k + z,              h_k ~ CN(0, 1), z ~ CN(0, N0), N0 = 2σ²
 *   r   = s ∘ (|y|² − N0)/ρ
 *   m_k ← v_k − s ∘ g_k                 kept for the next round
 *
 * r is an unbiased observation of Σ_k s ∘ g_k, what was sent (E over s is half of v_k). Since y is complex
 * Gaussian given g,
 *
 *   Var[r] = (Σ_k g_k + N0/ρ)²          per component: no SNR makes a component better than 0 dB
 *
 * The stated variance is one number, mean(|y|⁴)/(2ρ²), whose expectation is the mean of this over the components.
 *
 * A symbol carries one real component: d symbols, twice those of a coherent sum. P is energy per component of the
 * update, so that a round costs at most d P, as elsewhere. Gains are independent between symbols; with
 * `subcarriers` S, symbol i has gain i mod S of the device's S gains of the round, and r is unbiased in the mean
 * over rounds only.
 *
 * Source: Wen, Michelusi, Simeone & Xing, "NCAirFL: CSI-Free Over-the-Air Federated Learning Based on Non-Coherent
 * Detection", arXiv 2411.13000.
 * Limits: Rayleigh fading of equal mean gain (the paper's path loss κ is 1), whose phases are uniform; one receive
 * antenna; every device holds a vector of the update's length between rounds.
 */
import { z } from "zod";
import type { RandomStream } from "../../kernel/index.js";
import { quantity } from "../../units.js";
import { fillDeviceGains } from "../device-gains.js";
import { errorOf } from "../device-memory.js";
import { defineUplink, type UplinkRound } from "../uplink.js";
import { deviceSnrDb, levelAtPower } from "../uplink-noise.js";

/** Symbols at a time. */
const tile = 4096;

export const ncair = defineUplink({
  name: "ncair",
  summary: "over-the-air sum by energy detection, without channel knowledge, with error memory",

  params: z.strictObject({
    deviceSnrDb,
    subcarriers: quantity(undefined, z.number().int().min(1).max(65_536))
      .optional()
      .describe("gains of a device in a round; absent: every symbol has a gain of its own"),
  }),

  open({ deviceSnrDb, subcarriers }, { size }, memory) {
    const errors = new Map<string, Float32Array>();
    for (const [name, error] of memory ?? []) errors.set(name, error.slice());
    const r = new Float32Array(size);
    const mask = new Int8Array(size);
    // A whole number of turns through the subcarriers, so that all tiles have the same gains.
    const longest = Math.min(tile, size);
    const step =
      subcarriers === undefined ? longest : subcarriers * Math.ceil(longest / subcarriers);
    const y = new Float32Array(2 * step);
    const gains: Float32Array[] = [];

    return {
      send(updates, round) {
        const { active, random } = round;
        fillSigns(mask, random.stream("mask"));
        const owed = active.map((device) => errorOf(errors, device, size));
        const means = owed.map((v, k) => addAndMeasure(v, updates[k], mask));
        const level = levelAtPower(Math.max(0, ...means), deviceSnrDb);
        const n0 = 2 * level.variance;

        const noise = random.stream("noise");
        const refill = active.map((device, k) => gainSource(k, device, round));
        let fourth = 0;
        for (let start = 0; start < size; start += step) {
          const count = Math.min(step, size - start);
          noise.fillComplexNormal(y, n0);
          for (let k = 0; k < owed.length; k++) {
            refill[k]?.fillComplexNormal(gains[k], 1);
            transmit(owed[k], mask, gains[k], start, count, y);
          }
          for (let j = 0; j < count; j++) {
            const energy = y[2 * j] * y[2 * j] + y[2 * j + 1] * y[2 * j + 1];
            fourth += energy * energy;
            r[start + j] = mask[start + j] * (energy - n0);
          }
        }
        return {
          observation: active.length > 0 ? { r, noiseVariance: fourth / (2 * size) } : undefined,
          divisor: active.length,
          heard: active,
          symbols: size,
          energy: means.map((mean) => size * mean * level.scale),
          noiseVariance: level.noiseVariance,
        };
      },
      memory: errors,
    };

    /** Prepares the gains of the k-th device; where they change from tile to tile, the stream that they come from. */
    function gainSource(k: number, device: number, { random }: UplinkRound) {
      gains[k] ??= new Float32Array(2 * step);
      if (subcarriers === undefined) return random.child("fading").stream(`device ${device}`);
      const period = 2 * subcarriers;
      fillDeviceGains(random, device, undefined, gains[k].subarray(0, period));
      for (let i = period; i < 2 * step; i += period) gains[k].copyWithin(i, 0, period);
      return undefined;
    }
  },
});

/** Random signs, 32 from one draw. */
function fillSigns(mask: Int8Array, random: RandomStream): void {
  let bits = 0;
  for (let i = 0; i < mask.length; i++) {
    if (i % 32 === 0) bits = random.integer(2 ** 32) | 0;
    mask[i] = bits & 1 ? 1 : -1;
    bits >>>= 1;
  }
}

/** v += update; returns the mean of [s ∘ v]₊. */
function addAndMeasure(v: Float32Array, update: Float32Array, mask: Int8Array): number {
  let sum = 0;
  for (let i = 0; i < v.length; i++) {
    v[i] += update[i];
    sum += Math.max(0, mask[i] * v[i]);
  }
  return sum / v.length;
}

/** y += h √g on `count` symbols from `start` on; what was sent is owed no longer. */
function transmit(
  v: Float32Array,
  mask: Int8Array,
  gains: Float32Array,
  start: number,
  count: number,
  y: Float32Array,
): void {
  for (let j = 0; j < count; j++) {
    const g = mask[start + j] * v[start + j];
    if (!(g > 0)) continue;
    const amplitude = Math.sqrt(g);
    y[2 * j] += amplitude * gains[2 * j];
    y[2 * j + 1] += amplitude * gains[2 * j + 1];
    v[start + j] = 0;
  }
}
