/**
 * Paired differences: at a point all estimators see the same received symbols, so what a trial does
 * to both cancels in their difference (Montgomery & Runger, Applied Statistics and Probability for
 * Engineers, 10-4: the paired t interval),
 *
 *   d̄ ± t(0.975, n − 1) s_d / √n,   d_k = accuracy(estimator) − accuracy(baseline) in trial k
 */
import { mean, meanInterval95, standardDeviation } from "../math/statistics.js";
import type { PairedDifference, TrialResult } from "./results.js";
import { groupTrials } from "./summarize.js";

/**
 * At each point every pair of `labels` once, over the trials that both have. Positive where
 * `estimator` is the more accurate of the two. In a pair with the baseline that one is subtracted;
 * otherwise the one that comes first in `labels`.
 */
export function pairedDifferences(
  trials: readonly TrialResult[],
  labels: readonly string[],
  baseline: string,
): PairedDifference[] {
  const points = new Map<number, Map<string, readonly TrialResult[]>>();
  for (const group of groupTrials(trials)) {
    const { point, estimator } = group[0];
    points.set(point, (points.get(point) ?? new Map()).set(estimator, group));
  }
  const pairs = labels.flatMap((estimator, i) => {
    if (estimator === baseline) return [];
    const earlier = labels.slice(0, i).filter((label) => label !== baseline);
    const first = labels.includes(baseline) ? [baseline] : [];
    return [...first, ...earlier].map((other) => ({ estimator, other }));
  });
  return [...points.values()].flatMap((estimators) =>
    pairs.flatMap(({ estimator, other }) => {
      const difference = differenceOf(estimators.get(estimator) ?? [], estimators.get(other) ?? []);
      return difference === undefined ? [] : [difference];
    }),
  );
}

/**
 * In counts of images, which are exact, so that equal differences have no spread at all. Then the
 * interval is a point, significant unless it is 0. All estimators of a point score the same images.
 */
function differenceOf(
  ours: readonly TrialResult[],
  theirs: readonly TrialResult[],
): PairedDifference | undefined {
  const other = new Map(theirs.map((t) => [t.trial, t]));
  const common = ours.filter((t) => other.has(t.trial));
  if (common.length === 0) return undefined;
  const { point, parameters, estimator, total } = common[0];
  const counts = common.map((t) => t.correct - other.get(t.trial)!.correct);
  const interval = meanInterval95(counts);
  return {
    point,
    parameters,
    estimator,
    baseline: theirs[0].estimator,
    trials: common.length,
    difference: mean(counts) / total,
    standardDeviation: counts.length > 1 ? standardDeviation(counts) / total : null,
    interval95: interval === null ? null : [interval[0] / total, interval[1] / total],
    significant: interval !== null && (interval[0] > 0 || interval[1] < 0),
  };
}
