/**
 * The ratio that an estimator needs for a target accuracy, and what it gains over the baseline.
 *
 * A curve is the mean accuracy of one estimator over the points that differ only in the parameter
 * that varies the ratio; between points it is linear in dB. Required is the smallest ratio from
 * which the curve stays at or above the target: its last upward crossing. The gain is
 * required(baseline) − required(estimator).
 *
 * Intervals are percentile bootstrap intervals over trials (src/math/bootstrap.ts): a resample of
 * trials gives resampled curves, each with its own crossing. A trial that several points and
 * estimators have seen is drawn for all of them at once, so that what it does to both curves
 * cancels in the gain. The ratios of the points are taken as known.
 *
 * A resampled curve that ends below the target has crossed beyond the sweep, at +∞ for the order of
 * the replicates; one that is nowhere below it, at −∞. A bound that is infinite is null. Where both
 * curves of a gain have crossed beyond the same end the gain can be anything: such a replicate
 * counts as −∞ for the lower bound and as +∞ for the upper one.
 */
import { bootstrapMeans, percentileInterval95, resamples, type Sample } from "../math/bootstrap.js";
import { mean } from "../math/statistics.js";
import type { RunResult, TargetRatio, TrialResult } from "./results.js";
import { bootstrapSource, groupTrials, ratioOfMeanNoiseDb } from "./summarize.js";

export interface RequiredQuestion {
  readonly axes: RunResult["axes"];
  /** Labels in the scenario's order. */
  readonly estimators: readonly string[];
  /** One of them. */
  readonly baseline: string;
  /** Mean accuracies to reach, 0 to 1. */
  readonly gainAt: readonly number[];
  /** Trial k met the same noise at every point. */
  readonly commonNoise: boolean;
}

/** What is asked of a trial. */
export type RatioTrial = Pick<
  TrialResult,
  "point" | "trial" | "estimator" | "parameters" | "accuracy" | "snrDb" | "wnrDb"
>;

/** A point of a curve; its trials in the order of their numbers. */
interface CurvePoint {
  readonly point: number;
  readonly parameters: TrialResult["parameters"];
  readonly ratioDb: number;
  readonly accuracies: Sample;
}

/** By estimator: the points of one curve from low to high ratio. */
type Curves = Map<string, CurvePoint[]>;

/** Curve by curve, target by target, in the order of `estimators`. Without a swept ratio: none. */
export function requiredRatios(
  trials: readonly RatioTrial[],
  question: RequiredQuestion,
): TargetRatio[] {
  if (question.gainAt.length === 0) return [];
  const groups = groupTrials(trials);
  const along = ratioAxis(groups, question.axes);
  if (along === undefined) return [];
  const { path, quantity } = along;
  return curvesAlong(groups, path, quantity).flatMap((all) => {
    // Of one point there is no curve to interpolate.
    const labels = question.estimators.filter((label) => (all.get(label)?.length ?? 0) > 1);
    const curves = labels.map((label) => ({ label, curve: all.get(label)! }));
    const replicates = resampledCurves(curves, question.commonNoise);
    return question.gainAt.flatMap((target) => {
      const required = curves.map(({ curve }, i) => requiredOf(curve, replicates[i], target));
      const baseline = required[labels.indexOf(question.baseline)];
      return curves.map(({ label, curve }, i): TargetRatio => {
        const { [path]: _, ...parameters } = curve[0].parameters;
        const isBaseline = label === question.baseline;
        return {
          estimator: label,
          parameters,
          target,
          quantity,
          ...statedRequired(required[i]),
          baseline: question.baseline,
          ...(isBaseline || baseline === undefined
            ? { gainDb: null, gainInterval95: null }
            : statedGain(baseline, required[i])),
        };
      });
    });
  });
}

/**
 * The swept parameter along which curves run: SNR or WNR by name; otherwise the only number of the
 * transmitter or the channel with which the WNR at the estimator's input rises or falls throughout.
 */
function ratioAxis(
  groups: readonly RatioTrial[][],
  axes: RunResult["axes"],
): { path: string; quantity: "snrDb" | "wnrDb" } | undefined {
  for (const quantity of ["snrDb", "wnrDb"] as const) {
    const named = axes.find((axis) => axis.path.split(".").at(-1) === quantity);
    if (named !== undefined) return { path: named.path, quantity };
  }
  const varying = axes.filter(
    ({ path, values }) =>
      /^(transmitter|channel)\./.test(path) &&
      values.every((value) => typeof value === "number") &&
      isMonotone(groups, path),
  );
  return varying.length === 1 ? { path: varying[0].path, quantity: "wnrDb" } : undefined;
}

/** Whether the WNR rises, or falls, with the parameter on every curve along it. */
function isMonotone(groups: readonly RatioTrial[][], path: string): boolean {
  const signs = new Set<number>();
  for (const curve of curvesAlong(groups, path, "wnrDb").flatMap((c) => [...c.values()])) {
    for (let i = 1; i < curve.length; i++) {
      const [low, high] = [curve[i - 1], curve[i]];
      const step = (high.parameters[path] as number) - (low.parameters[path] as number);
      // Points are in order of the ratio; noise in its last digits is no step.
      signs.add(high.ratioDb - low.ratioDb > 1e-6 ? Math.sign(step) : 0);
    }
  }
  return signs.size === 1 && !signs.has(0);
}

function curvesAlong(
  groups: readonly RatioTrial[][],
  path: string,
  quantity: "snrDb" | "wnrDb",
): Curves[] {
  const curves = new Map<string, Curves>();
  for (const group of groups) {
    const { point, estimator, parameters } = group[0];
    const ratioDb = ratioOfMeanNoiseDb(group.map((t) => t[quantity]));
    if (!Number.isFinite(ratioDb)) continue; // no noise: no place on an axis in dB
    const shared = Object.entries(parameters).filter(([key]) => key !== path);
    const key = JSON.stringify(shared);
    const curve = curves.get(key) ?? new Map<string, CurvePoint[]>();
    curves.set(key, curve);
    const accuracies = { units: group.map((t) => t.trial), values: group.map((t) => t.accuracy) };
    const points = curve.get(estimator) ?? [];
    curve.set(estimator, points);
    points.push({ point, parameters, ratioDb, accuracies });
  }
  for (const curve of curves.values()) {
    for (const points of curve.values()) points.sort((a, b) => a.ratioDb - b.ratioDb);
  }
  return [...curves.values()];
}

/** By curve and point: mean accuracy in each resample. */
function resampledCurves(
  curves: readonly { curve: readonly CurvePoint[] }[],
  commonNoise: boolean,
): Float64Array[][] {
  // What is drawn together: everything, or what belongs to one point.
  const sets = new Map<string, CurvePoint[]>();
  for (const point of curves.flatMap((c) => c.curve)) {
    const name = commonNoise ? "trials" : `point ${point.point}`;
    sets.set(name, [...(sets.get(name) ?? []), point]);
  }
  const means = new Map<CurvePoint, Float64Array>();
  for (const [name, points] of sets) {
    const samples = points.map((p) => p.accuracies);
    const replicates = bootstrapMeans(samples, bootstrapSource.stream(name));
    points.forEach((point, i) => {
      means.set(point, replicates[i]);
    });
  }
  return curves.map((c) => c.curve.map((point) => means.get(point)!));
}

/** In dB; infinite where the crossing is not in the sweep. */
interface Required {
  /** On the curve of means. */
  readonly db: number;
  /** In each resample. */
  readonly replicatesDb: Float64Array;
  /** Fewest trials of the points beside the crossing. */
  readonly trials: number;
}

function requiredOf(
  curve: readonly CurvePoint[],
  means: readonly Float64Array[],
  target: number,
): Required {
  const ratiosDb = curve.map((p) => p.ratioDb);
  const accuracies = curve.map((p) => mean(p.accuracies.values));
  const replicatesDb = new Float64Array(resamples);
  const resampled = new Float64Array(curve.length);
  for (let b = 0; b < resamples; b++) {
    for (let i = 0; i < resampled.length; i++) resampled[i] = means[i][b];
    replicatesDb[b] = lastCrossing(ratiosDb, resampled, target);
  }
  const above = staysAbove(accuracies, target);
  const beside = curve.slice(Math.max(0, above - 1), above + 1);
  return {
    db: lastCrossing(ratiosDb, accuracies, target),
    replicatesDb,
    trials: Math.min(...beside.map((p) => p.accuracies.units.length)),
  };
}

/**
 * Smallest x from which y, linear between the x, stays at or above the target; x ascends. Infinity
 * where y ends below the target, −Infinity where it is nowhere below.
 */
export function lastCrossing(x: ArrayLike<number>, y: ArrayLike<number>, target: number): number {
  const i = staysAbove(y, target);
  if (i === y.length) return Number.POSITIVE_INFINITY;
  if (i === 0) return Number.NEGATIVE_INFINITY;
  const part = (target - y[i - 1]) / (y[i] - y[i - 1]);
  return x[i - 1] + Math.min(1, part) * (x[i] - x[i - 1]);
}

/** Index from which y stays at or above the target; its length where it ends below. */
function staysAbove(y: ArrayLike<number>, target: number): number {
  let i = y.length;
  // A mean of accuracies that are all 0.6 may be 0.6 less its last digit.
  while (i > 0 && y[i - 1] >= target - 1e-12) i--;
  return i;
}

function statedRequired({
  db,
  replicatesDb,
  trials,
}: Required): Pick<TargetRatio, "requiredDb" | "reached" | "interval95"> {
  return {
    requiredDb: finite(db),
    reached: Number.isFinite(db) ? "within" : db > 0 ? "never" : "below",
    interval95: trials < 2 ? null : openInterval(...percentileInterval95(replicatesDb, trials)),
  };
}

function statedGain(
  baseline: Required,
  ours: Required,
): Pick<TargetRatio, "gainDb" | "gainInterval95"> {
  const gainDb = finite(baseline.db - ours.db);
  const trials = Math.min(baseline.trials, ours.trials);
  if (trials < 2) return { gainDb, gainInterval95: null };
  const gains = baseline.replicatesDb.map((db, b) => db - ours.replicatesDb[b]);
  // ∞ − ∞ is not a number: it can be anything.
  const least = gains.map((g) => (Number.isNaN(g) ? Number.NEGATIVE_INFINITY : g));
  const most = gains.map((g) => (Number.isNaN(g) ? Number.POSITIVE_INFINITY : g));
  const [low] = percentileInterval95(least, trials);
  const [, high] = percentileInterval95(most, trials);
  const interval = openInterval(low, high);
  const saysNothing = gainDb === null && interval?.every((bound) => bound === null);
  return { gainDb, gainInterval95: saysNothing ? null : interval };
}

/** Infinite bounds as null; null itself where all resamples lie beyond the same end of the sweep. */
function openInterval(low: number, high: number): [number | null, number | null] | null {
  return low === high && !Number.isFinite(low) ? null : [finite(low), finite(high)];
}

function finite(value: number): number | null {
  return Number.isFinite(value) ? value : null;
}
