/**
 * Over-the-air sum through fading channels with truncated channel inversion: on each of S subcarriers a device is
 * silent where |h|² < g and sends √(αρ)/h times its symbol elsewhere (inverted-air.ts); the server divides what it
 * hears on a subcarrier by the number of devices that sent there (analog-sum.ts).
 *
 *   r = (D/m) (Σ_{k sends} (h_k/ĥ_k) Δ_k + n),   Var[n] = σ²/(αρ) per real component
 *
 * Powers are those at unit gain before the inversion, as everywhere under fading here (docs/conventions.md):
 *
 *   snrDb         α = 1, σ² = mean((Σ Δ_k)²) / SNR over all active devices, whether or not they then send
 *   deviceSnrDb   α = P / max_k mean(Δ_k²), σ² = P / SNR; the device with the largest update spends P in the
 *                 mean over the gains (powerControl mean), or at most P (peak)
 *
 * Under Rayleigh fading with perfect knowledge e^−g of the subcarriers are in use, and the noise is E₁(g) times
 * that of unit gains.
 *
 * Source: Zhu, Wang & Huang, IEEE Trans. Wireless Commun. 19 (2020) 491–506, arXiv 1812.11494.
 * Limits: one gain per subcarrier and round, independent between subcarriers; equal mean gain of all devices (the
 * paper's scheduling by distance is not there).
 */
import { z } from "zod";
import { analogLink } from "../analog-sum.js";
import { inversionKeys, invertedAir } from "../inverted-air.js";
import { defineUplink } from "../uplink.js";
import { oneUplinkNoise, uplinkNoise } from "../uplink-noise.js";

export const oacFading = defineUplink({
  name: "oac-fading",
  summary: "over-the-air sum through Rayleigh or Rician fading with truncated channel inversion",

  params: z.strictObject({ ...uplinkNoise, ...inversionKeys }).superRefine(oneUplinkNoise),

  open(params, { size }) {
    return analogLink(params, invertedAir(params, size, "oac-fading"), size);
  },
});
