/**
 * Differences of means, with Student t 95 % intervals and two-sided p values.
 *
 * Paired samples (Montgomery & Runger, Applied Statistics and Probability for Engineers, 10-4):
 *
 *   d̄ ± t(0.975, n − 1) s_d / √n
 *
 * Independent samples, whose variances may differ (Welch, Biometrika 34 (1947) 28):
 *
 *   ȳ − x̄ ± t(0.975, ν) √(s_x²/m + s_y²/n)
 *
 * with the degrees of freedom of Satterthwaite (Biometrics Bulletin 2 (1946) 110):
 *
 *   ν = (s_x²/m + s_y²/n)² / ((s_x²/m)² / (m − 1) + (s_y²/n)² / (n − 1))
 */
import jstat from "jstat";
import { mean, standardDeviation } from "./statistics.js";

export interface MeanDifference {
  readonly difference: number;
  readonly degreesOfFreedom: number;
  readonly interval95: readonly [number, number];
  /** Probability of a difference at least this large where the means are equal. */
  readonly pValue: number;
}

/** Of the mean of single differences; undefined with fewer than two. */
export function pairedDifference(differences: readonly number[]): MeanDifference | undefined {
  const n = differences.length;
  if (n < 2) return undefined;
  return studentT(mean(differences), standardDeviation(differences) ** 2 / n, n - 1);
}

/** mean(y) − mean(x); undefined with fewer than two values in either. */
export function welchDifference(
  x: readonly number[],
  y: readonly number[],
): MeanDifference | undefined {
  if (x.length < 2 || y.length < 2) return undefined;
  const [u, v] = [x, y].map((values) => standardDeviation(values) ** 2 / values.length);
  const freedom = (u + v) ** 2 / (u ** 2 / (x.length - 1) + v ** 2 / (y.length - 1));
  return studentT(mean(y) - mean(x), u + v, u + v === 0 ? x.length + y.length - 2 : freedom);
}

/** Without any spread the interval is a point. */
function studentT(
  difference: number,
  squaredError: number,
  degreesOfFreedom: number,
): MeanDifference {
  const half = jstat.studentt.inv(0.975, degreesOfFreedom) * Math.sqrt(squaredError);
  return {
    difference,
    degreesOfFreedom,
    interval95: [difference - half, difference + half],
    pValue: twoSided(difference ** 2 / squaredError, degreesOfFreedom),
  };
}

/** P(T² ≥ t²) = I_x(ν/2, 1/2) with x = ν / (ν + t²) (Abramowitz & Stegun 26.7.1). */
function twoSided(tSquared: number, freedom: number): number {
  if (Number.isNaN(tSquared)) return 1; // 0 / 0: no difference and no spread
  return jstat.ibeta(freedom / (freedom + tSquared), freedom / 2, 0.5);
}

/**
 * P values adjusted for their number, in the given order: those below α are significant, and the
 * chance that any of them is so by chance alone is at most α, however they depend on each other.
 * Holm, Scandinavian Journal of Statistics 6 (1979) 65.
 */
export function holm(pValues: readonly number[]): number[] {
  const adjusted = Array<number>(pValues.length);
  let largest = 0;
  [...pValues.keys()]
    .sort((i, j) => pValues[i] - pValues[j])
    .forEach((i, rank) => {
      largest = Math.max(largest, Math.min(1, (pValues.length - rank) * pValues[i]));
      adjusted[i] = largest;
    });
  return adjusted;
}
