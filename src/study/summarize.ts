/**
 * One row per point and estimator: means over trials, and how sure they are.
 *
 * Nothing depends on the order in which trials came, down to the last bit: sums run over trials in
 * the order of their numbers.
 */
import { RandomSource } from "../kernel/index.js";
import { bootstrapMeans, percentileInterval95 } from "../math/bootstrap.js";
import { mean, meanInterval95, standardDeviation } from "../math/statistics.js";
import { ratioToDb } from "../units.js";
import { meanEquivalentWnrDb } from "./equivalent-wnr.js";
import type { PointSummary, TensorSummary, TrialResult } from "./results.js";

/** Resampling is part of the analysis, not of the simulation: its seed is not the study's. */
export const bootstrapSource = new RandomSource("bootstrap");

/** Rows in the order of points; at a point, estimators in the order of its first trial. */
export function summarize(
  trials: readonly TrialResult[],
  modelOfPoint: (point: number) => number,
): PointSummary[] {
  const groups = groupTrials(trials);
  const intervals = bootstrapIntervals(groups);
  return groups.map((group, i) => {
    const { point, estimator, parameters, total } = group[0];
    // Counts of images are exact, and all trials of a point score the same images.
    const counts = group.map((t) => t.correct);
    return {
      point,
      estimator,
      parameters,
      model: modelOfPoint(point),
      trials: group.length,
      accuracy: mean(counts) / total,
      standardDeviation: group.length > 1 ? standardDeviation(counts) / total : null,
      interval95: over(meanInterval95(counts), total),
      bootstrap95: over(intervals[i], total),
      snrDb: ratioOfMeanNoiseDb(group.map((t) => t.snrDb)),
      wnrDb: ratioOfMeanNoiseDb(group.map((t) => t.wnrDb)),
      equivalentWnrDb: meanEquivalentWnrDb(group.map((t) => t.equivalentWnrDb)),
      nmse: meanOf(group.map((t) => t.nmse)),
      outageRate: meanOf(group.map((t) => t.outageRate)),
      erasureRate: meanOf(group.map((t) => t.erasureRate)),
      airtimeS: meanOf(group.map((t) => t.airtimeS)),
      latencyS: meanOf(group.map((t) => t.latencyS)),
      energy: meanOf(group.map((t) => t.energy)),
      retransmissions: meanOf(group.map((t) => t.retransmissions)),
      sideBits: meanOf(group.map((t) => t.sideBits)),
      searchImageInferences: mean(group.map((t) => t.search?.imageInferences ?? 0)),
    };
  });
}

/** One row per point and tensor, in the order of points and of the first trial's tensors. */
export function summarizeTensors(rows: readonly TensorSummary[]): TensorSummary[] {
  return groupBy(rows, ({ point, tensor }) => `${point} ${tensor}`).map((group) => ({
    point: group[0].point,
    tensor: group[0].tensor,
    weights: group[0].weights,
    equivalentWnrDb: meanEquivalentWnrDb(group.map((t) => t.equivalentWnrDb)),
  }));
}

/** The trials of each point and estimator, in the order of their numbers; at least one in each. */
export function groupTrials<T extends Pick<TrialResult, "point" | "trial" | "estimator">>(
  trials: readonly T[],
): T[][] {
  const ordered = [...trials].sort((a, b) => a.point - b.point || a.trial - b.trial);
  return groupBy(ordered, ({ point, estimator }) => `${point} ${estimator}`);
}

/** Items with the same key, groups in the order of their first items. */
function groupBy<T>(items: readonly T[], keyOf: (item: T) => string): T[][] {
  const groups = new Map<string, T[]>();
  for (const item of items) {
    const key = keyOf(item);
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [item]);
    else group.push(item);
  }
  return [...groups.values()];
}

/**
 * Signal over the mean of the noise variances, from single trials' ratios:
 *
 *   −10 log10( mean over trials of 10^(−ratio/10) )
 *
 * Relative to the smallest ratio, so that equal ratios give just that ratio.
 */
export function ratioOfMeanNoiseDb(ratiosDb: readonly number[]): number {
  const least = Math.min(...ratiosDb);
  if (!Number.isFinite(least)) return least; // no noise in any trial
  return least - ratioToDb(mean(ratiosDb.map((ratio) => 10 ** ((least - ratio) / 10))));
}

/** Relative to the first value, so that the mean of equal values is just that value. */
function meanOf(values: readonly number[]): number {
  return values[0] + mean(values.map((value) => value - values[0]));
}

function over(interval: [number, number] | null, total: number): [number, number] | null {
  return interval && [interval[0] / total, interval[1] / total];
}

/** Of counts. Groups of equally many trials share their resamples, so that each is drawn once. */
function bootstrapIntervals(groups: readonly TrialResult[][]): ([number, number] | null)[] {
  const intervals: ([number, number] | null)[] = groups.map(() => null);
  const sizes = new Set(groups.map((g) => g.length).filter((n) => n > 1));
  for (const n of sizes) {
    const places = [...groups.keys()].filter((i) => groups[i].length === n);
    const units = [...Array(n).keys()];
    const samples = places.map((i) => ({ units, values: groups[i].map((t) => t.correct) }));
    const means = bootstrapMeans(samples, bootstrapSource.stream("mean"));
    means.forEach((replicates, j) => {
      intervals[places[j]] = percentileInterval95(replicates, n);
    });
  }
  return intervals;
}
