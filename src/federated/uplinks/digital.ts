/**
 * Digital transmission in orthogonal slots: each of the K active devices has n = ⌊airtime ⌈d/2⌉ / K⌋ complex
 * symbols for itself, so that by default all of them together take the time of an analog sum. It quantizes its
 * update as finely as n R bits allow (qsgd.ts) and sends them with a code that is perfect up to capacity, useless
 * beyond:
 *
 *   C = log2(1 + |h|² γ) bits per complex symbol,   γ = Es/N0 = P/σ² per real component
 *
 *   rateBits absent   the device knows h: R = C
 *   rateBits given    R = rateBits; where C < R the slot is lost (outage): under Rayleigh fading with probability
 *                     1 − exp(−(2^R − 1)/γ)
 *
 * Without `fading` h = 1. The server adds what it decoded: r = Σ_{k heard} Q(Δ_k), whose noise is that of the
 * quantizers. A device into whose n R bits not even one level fits is silent.
 *
 *   slotPower constant       P per real component on the air: at equal airtime 1/K of the energy of an analog scheme
 *   slotPower concentrated   all of the d P that an analog scheme may spend goes into the slot: γ times d/(2n)
 *
 * Source: Tse & Viswanath, Fundamentals of Wireless Communication (2005), 5.1 and 5.4.1. Quantizer: Alistarh et
 * al., arXiv 1610.02132.
 * Limits: capacity without the penalty of finite blocks; one gain per device and round; no sparsification beyond the
 * quantizer's own.
 */
import { z } from "zod";
import { kFactorDb } from "../../fading/rician.js";
import { dbToRatio, quantity } from "../../units.js";
import { fillDeviceGains } from "../device-gains.js";
import { Quantizer } from "../qsgd.js";
import { defineUplink } from "../uplink.js";
import { deviceSnrDb } from "../uplink-noise.js";

export const digital = defineUplink({
  name: "digital",
  summary: "quantized updates in orthogonal slots, at the capacity of the channel or with outage",

  params: z.strictObject({
    deviceSnrDb,
    rateBits: quantity(undefined, z.number().positive().max(100))
      .optional()
      .describe(
        "bits per complex symbol, lost beyond capacity; absent: capacity, known to the device",
      ),
    airtime: quantity(undefined, z.number().positive().max(1000))
      .prefault(1)
      .describe("symbols of all slots together over those of an analog sum"),
    slotPower: z
      .enum(["constant", "concentrated"])
      .default("constant")
      .describe("power in the slot: the device's limit, or its energy for the whole round"),
    fading: z
      .strictObject({ kFactorDb })
      .optional()
      .describe("one gain per device and round; {}: Rayleigh; absent: unit gains"),
  }),

  open({ deviceSnrDb, rateBits, airtime, slotPower, fading }, { size }) {
    const quantizer = new Quantizer(size);
    const r = new Float32Array(size);
    const h = new Float32Array(2);
    const snr = dbToRatio(deviceSnrDb);

    return {
      send(updates, { active, random }) {
        const slot = Math.floor((airtime * Math.ceil(size / 2)) / Math.max(1, active.length));
        const power = slotPower === "constant" ? 1 : size / (2 * slot); // over P
        const heard: number[] = [];
        let variance = 0;
        r.fill(0);

        const energy = updates.map((update, k) => {
          const device = active[k];
          const capacity = Math.log2(1 + gainOf(device) * power * snr);
          quantizer.take(update, random.child("quantization").stream(`device ${device}`));
          const levels = quantizer.levelsWithin(slot * (rateBits ?? capacity));
          if (levels === 0) return 0;
          if (capacity >= (rateBits ?? 0)) {
            heard.push(device);
            quantizer.addTo(r, levels);
            variance += quantizer.variance(levels);
          }
          return 2 * slot * power;
        });

        return {
          observation: heard.length > 0 ? { r, noiseVariance: variance } : undefined,
          divisor: heard.length,
          heard,
          symbols: slot * active.length,
          energy,
          noiseVariance: 1 / snr,
        };

        function gainOf(device: number): number {
          if (fading === undefined) return 1;
          fillDeviceGains(random, device, fading.kFactorDb, h);
          return h[0] * h[0] + h[1] * h[1];
        }
      },
    };
  },
});
