/**
 * Over-the-air sum of aligned updates: y = √α Σ_k Δ_k + z, r = y/√α = Σ_k Δ_k + n, Var[n] = σ²/α.
 *
 * All devices send at once, components 2i and 2i + 1 of their updates as I and Q of symbol i, and arrive with the
 * same phase and amplitude. The noise is given by
 *
 *   snrDb         α = 1, σ² = mean((Σ Δ_k)²) / SNR, over all components of this round (arXiv 2105.10699)
 *   deviceSnrDb   α = P / max_k mean(Δ_k²), σ² = P / SNR: what cotaf.ts does with the norms of the round
 *
 * Source: Shao, Gündüz & Liew, "Denoising Noisy Neural Networks: A Bayesian Approach with Compensation",
 * arXiv 2105.10699.
 * Limits: perfect alignment in time, phase and amplitude, no fading.
 */
import { z } from "zod";
import { alignedAir } from "../air.js";
import { analogLink } from "../analog-sum.js";
import { defineUplink } from "../uplink.js";
import { oneUplinkNoise, uplinkNoise } from "../uplink-noise.js";

export const oac = defineUplink({
  name: "oac",
  summary: "over-the-air sum of aligned updates plus white noise",

  params: z.strictObject(uplinkNoise).superRefine(oneUplinkNoise),

  open(params, { size }) {
    return analogLink(params, alignedAir(), size);
  },
});
