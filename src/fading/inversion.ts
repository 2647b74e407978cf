/**
 * Channel inversion: the transmitter knows the gains and sends what arrives as the symbol itself.
 *
 *   plain      sends x/h at all times:              r = y = x + n,      energy Σ |x|²/|h|²
 *   truncated  sends √ρ x/h where |h|² ≥ g, else
 *              is silent (the symbol is erased):    r = y/√ρ = x + n/√ρ, energy Σ ρ|x|²/|h|²
 *
 * ρ keeps the mean transmit power at that of the symbols: 1/ρ = E[1/|h|²; |h|² ≥ g], E₁(g) under Rayleigh
 * fading (inverse-gain.ts). Under Rayleigh fading the mean power of plain inversion is infinite: its energy in the
 * results is that of the gains that were met, dominated by the deepest fade, and no cap is applied.
 *
 * Source: Goldsmith & Varaiya, IEEE Trans. Inf. Theory 43 (1997) 1986–1992; Zhu, Wang & Huang, arXiv 1812.11494.
 * Limits: perfect knowledge at the transmitter, no peak power limit; the receiver sees which symbols are silent.
 */
import type { Link } from "../channel.js";
import type { RandomStream } from "../kernel/index.js";
import { erase } from "./equalizer.js";
import type { Gains } from "./gains.js";
import type { SignalLevel } from "./knowledge.js";

export interface Inversion {
  /** Sends where |h|² is at least this; 0: always. */
  readonly threshold: number;
  /** Received over nominal power of the symbols sent, ρ. */
  readonly rho: number;
}

export function invertedLink(
  gains: Gains,
  { threshold, rho }: Inversion,
  { noiseVariance, complex }: SignalLevel,
  symbolS: number,
  noise: RandomStream,
): Link {
  const variance = noiseVariance / rho;
  const sigma = Math.sqrt(variance);
  let room = new Float32Array(0); // for the gains of the longest packet so far

  return {
    transmit(x, timeS, reception) {
      const { y, variances } = reception;
      const symbols = complex ? x.length / 2 : x.length;
      if (room.length < 2 * symbols) room = new Float32Array(2 * symbols);
      const h = room.subarray(0, 2 * symbols);
      gains.fill(timeS, symbolS, h);
      noise.fillNormal(y, sigma);
      variances.fill(variance);
      let energy = 0;
      for (let k = 0; k < symbols; k++) {
        const gain = h[2 * k] * h[2 * k] + h[2 * k + 1] * h[2 * k + 1];
        if (gain < threshold) {
          erase(reception, k, complex);
        } else if (complex) {
          const re = x[2 * k];
          const im = x[2 * k + 1];
          y[2 * k] += re;
          y[2 * k + 1] += im;
          energy += (re * re + im * im) / gain;
        } else {
          y[k] += x[k];
          energy += (x[k] * x[k]) / gain;
        }
      }
      reception.energy = rho * energy;
      reception.noiseVariance = reception.erased > 0 ? variances : variance;
    },
  };
}
