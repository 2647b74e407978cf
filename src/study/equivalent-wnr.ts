/**
 * One number for what a transmission has done to the weights: the WNR of white noise that would leave as large
 * an error behind a linear MMSE estimator.
 *
 *   1 / (1 + η_eq) = mean over weights of 1 / (1 + η_k),   η_k = Var[w] / σ_k²
 *
 * For white noise η_eq is the WNR. A lost weight counts with η_k = 0, and deep fades count as lost and not as
 * infinite noise, so that fading, erasures, converters and memories stand on one axis; the mean of σ_k² itself
 * has no expectation where a receiver divides by a Rayleigh gain.
 *
 * Where observations are shrunk already (equalizer `mmse`), σ_k² is a mean square error, and stands in the place of
 * Var[w] / (1 + η_k) itself.
 *
 * Source: Kay, Fundamentals of Statistical Signal Processing: Estimation Theory (1993), ch. 12, for the error
 * Var[w] / (1 + η) of one weight.
 */
import { mean } from "../math/statistics.js";
import { ratioToDb } from "../units.js";

/**
 * In dB, over the weights `from` to `to` (exclusive) whose variance is `variance`; the noise variance is one
 * number or one per weight.
 */
export function equivalentWnrDb(
  noiseVariance: number | Float32Array,
  variance: number,
  {
    from = 0,
    to = typeof noiseVariance === "number" ? 1 : noiseVariance.length,
    shrunk = false,
  }: { readonly from?: number; readonly to?: number; readonly shrunk?: boolean } = {},
): number {
  // Shrunk observations have a variance of their own each.
  if (typeof noiseVariance === "number") return ratioToDb(variance / noiseVariance);
  let error = 0;
  for (let k = from; k < to; k++) {
    const noise = noiseVariance[k];
    if (noise === Infinity) error += 1;
    else if (noise > 0)
      error += shrunk ? Math.min(1, noise / variance) : noise / (variance + noise);
  }
  return fromError(error / (to - from));
}

/** Of the mean error: what several transmissions come to. */
export function meanEquivalentWnrDb(ratiosDb: readonly number[]): number {
  // The mean of equal ratios is that ratio, to the last digit.
  if (ratiosDb.every((ratio) => ratio === ratiosDb[0])) return ratiosDb[0];
  return fromError(mean(ratiosDb.map((ratio) => 1 / (1 + 10 ** (ratio / 10)))));
}

function fromError(error: number): number {
  return ratioToDb((1 - error) / error);
}
