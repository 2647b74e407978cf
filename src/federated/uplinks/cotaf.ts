/**
 * COTAF: convergent over-the-air federated learning. All devices scale their updates by √α_t, which follows the
 * size of the updates, and the server divides it out again: as updates shrink with training, so does the noise in
 * their sum.
 *
 *   x_k = √α_t Δ_k,   α_t = P / M_t,   r = Σ_k Δ_k + n,   Var[n] = σ² M_t / P per real component
 *
 * Here P is energy per component and M_t a mean square per component; with d components, P and M_t times d are the
 * paper's power constraint and squared norm. M_t comes from
 *
 *   norm realised   the largest mean square of this round's updates: P is met exactly
 *   norm previous   that of the round before (of this one in the first round): one number for the server to
 *                   broadcast; a device whose update has grown spends more than P
 *
 * With fading (one gain per device and round) a device sends where |h| > h_min = minGain, with the factor
 * (h_min/|h|) e^(−j∠h), never above P, and the server divides by h_min √α_t: truncated inversion with ρ = h_min²
 * (inverted-air.ts), so that Var[n] = σ² M_t / (P h_min²).
 *
 * Source: Sery, Shlezinger, Cohen & Eldar, "Over-the-Air Federated Learning from Heterogeneous Data", IEEE Trans.
 * Signal Process. 69 (2021) 3796–3811, arXiv 2009.12787. There M_t is an expectation, found by training runs
 * beforehand.
 * Limits: the numbers that devices report and the server broadcasts cost nothing; perfect knowledge of the gains.
 */
import { z } from "zod";
import { kFactorDb } from "../../fading/rician.js";
import { meanSquare } from "../../math/statistics.js";
import { quantity } from "../../units.js";
import { alignedAir } from "../air.js";
import { analogSum } from "../analog-sum.js";
import { invertedAir } from "../inverted-air.js";
import { defineUplink } from "../uplink.js";
import { deviceSnrDb, levelAtPower } from "../uplink-noise.js";

const memoryName = "largest mean square";

export const cotaf = defineUplink({
  name: "cotaf",
  summary: "over-the-air sum with precoding that follows the norm of the updates",

  params: z.strictObject({
    deviceSnrDb,
    norm: z
      .enum(["realised", "previous"])
      .default("realised")
      .describe("where the norm comes from: this round's updates, or those of the round before"),
    fading: z
      .strictObject({
        minGain: quantity(undefined, z.number().positive().max(10)).describe(
          "least |h| that a device sends at; E|h|² = 1",
        ),
        kFactorDb,
      })
      .optional()
      .describe("one gain per device and round, inverted down to minGain; absent: unit gains"),
  }),

  open({ deviceSnrDb, norm, fading }, { size }, memory) {
    const air =
      fading === undefined
        ? alignedAir()
        : invertedAir(
            {
              threshold: fading.minGain ** 2,
              kFactorDb: fading.kFactorDb,
              subcarriers: 1,
              channelErrorVariance: 0,
              powerControl: "peak",
            },
            size,
            "cotaf",
          );
    const sumOnAir = analogSum(air, size);
    // 0 where nothing is known yet, and after updates that were all 0.
    const earlier = Float32Array.of(memory?.get(memoryName)?.[0] ?? 0);

    return {
      send(updates, round) {
        const largest = Math.max(0, ...updates.map(meanSquare));
        const power = norm === "previous" && earlier[0] > 0 ? earlier[0] : largest;
        earlier[0] = largest;
        return sumOnAir(updates, round, levelAtPower(power, deviceSnrDb));
      },
      memory: new Map([[memoryName, earlier]]),
    };
  },
});
