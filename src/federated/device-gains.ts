/**
 * Gains of the devices' channels in a round: h = √(K/(K+1)) + √(1/(K+1)) CN(0, 1), one for each subcarrier,
 * independent between subcarriers, devices and rounds; Rayleigh without K.
 *
 * Each device has a stream of its own, `fading/device 3`, so that schemes with the same seed meet the same gains,
 * and a device those of its number, whoever else is active.
 *
 * Limits: no delay spread beyond independent subcarriers, no correlation between rounds, equal mean gain for all.
 */
import { ricianParts } from "../fading/rician.js";
import type { RandomSource } from "../kernel/index.js";

/** Fills `out` (re, im, re, im, …) with the device's gains in this round. */
export function fillDeviceGains(
  random: RandomSource,
  device: number,
  kFactorDb: number | undefined,
  out: Float32Array,
): void {
  const { los, scattered } = ricianParts(kFactorDb);
  random
    .child("fading")
    .stream(`device ${device}`)
    .fillComplexNormal(out, scattered * scattered);
  if (los > 0) for (let i = 0; i < out.length; i += 2) out[i] += los;
}
