/**
 * Equalizers for one gain per symbol, and what the receiver knows of the error they leave.
 *
 * Given an estimate ĥ, the gain is h = cĥ + e with e ~ CN(0, s) (c = 1, s = 0 where the gain is known), so that
 * y = hx + n, n ~ CN(0, 2σ²), leaves, with p = E[x²] per real component (Es = 2p with complex symbols),
 *
 *   zf     r = y / ĥ
 *          E(r − x)² = |1 − c|² p + (s p + σ²) / |ĥ|²
 *   mmse   r = (cĥ)* y / (|cĥ|² + κ),   κ = s + σ²/p: the linear estimate of x from y of least error
 *          E(r − x)² = p κ / (|cĥ|² + κ)
 *
 * per real component. With real symbols, Es = p, the receiver keeps the real part of r: half of e is gone, as half
 * of n is, so that |1 − c|² becomes Re(1 − c)² and s becomes s/2.
 *
 * `mmse` is biased: E[r | x] = |cĥ|² / (|cĥ|² + κ) x.
 *
 * Source: Tse & Viswanath, Fundamentals of Wireless Communication (2005), 8.3.3; Kay, Estimation Theory (1993),
 * ch. 12. Estimation errors: Hassibi & Hochwald, IEEE Trans. Inf. Theory 49 (2003) 951–963.
 */
import type { Reception } from "../channel.js";
import type { SignalLevel } from "./knowledge.js";

/** What the receiver knows of the gain at each symbol of a packet: h = cĥ + e, Var[e] = s. */
export interface GainEstimate {
  /** ĥ [re, im]. */
  readonly h: Float32Array;
  /** c [re, im]. */
  readonly c: Float32Array;
  /** s; Infinity where nothing is known of the gain. */
  readonly s: Float32Array;
}

/** What a float32 holds; where a gain is so small, nothing has arrived. */
export const largestVariance = 3e38;

/** Fills `reception` from y = hx + n (`received`, always complex) of as many symbols. */
export type Equalizer = (received: Float32Array, gain: GainEstimate, reception: Reception) => void;

export function equalizer(name: "zf" | "mmse", level: SignalLevel): Equalizer {
  const { noiseVariance, power, complex } = level;
  const weighted = name === "mmse";
  const errorPower = complex ? power : power / 2; // of e x, per real component

  return (received, { h, c, s }, reception) => {
    const { y, variances } = reception;
    const symbols = complex ? y.length / 2 : y.length;
    for (let k = 0; k < symbols; k++) {
      let hRe = h[2 * k];
      let hIm = h[2 * k + 1];
      const cRe = c[2 * k];
      const cIm = c[2 * k + 1];
      const noise = noiseVariance + errorPower * s[k];
      let factor: number;
      let variance: number;
      if (weighted) {
        const re = cRe * hRe - cIm * hIm;
        hIm = cRe * hIm + cIm * hRe;
        hRe = re;
        const total = power * (hRe * hRe + hIm * hIm) + noise;
        // Nothing at all was sent where the total is 0.
        factor = total > 0 ? power / total : 0;
        variance = factor * noise;
      } else {
        factor = 1 / (hRe * hRe + hIm * hIm);
        const miss = (1 - cRe) * (1 - cRe) + (complex ? cIm * cIm : 0);
        variance = miss * power + noise * factor;
      }
      if (!(noise < Infinity && variance < largestVariance)) {
        erase(reception, k, complex);
        continue;
      }
      const re = received[2 * k];
      const im = received[2 * k + 1];
      if (complex) {
        y[2 * k] = factor * (re * hRe + im * hIm);
        y[2 * k + 1] = factor * (im * hRe - re * hIm);
        variances[2 * k] = variance;
        variances[2 * k + 1] = variance;
      } else {
        y[k] = factor * (re * hRe + im * hIm);
        variances[k] = variance;
      }
    }
    reception.noiseVariance = variances;
  };
}

/** Symbol k is known not to have arrived. */
export function erase(reception: Reception, k: number, complex: boolean): void {
  const first = complex ? 2 * k : k;
  const end = first + (complex ? 2 : 1);
  reception.y.fill(0, first, end);
  reception.variances.fill(Infinity, first, end);
  reception.erased += end - first;
}
