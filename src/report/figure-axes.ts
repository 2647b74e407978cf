/**
 * What a figure shows where: the first swept parameter that is a number is the x axis. Others
 * make panels, one for each combination, except those that walk along with x (`zip`).
 */
import type { ParameterValue, PointSummary, RunResult } from "../study/results.js";
import {
  cutInterval95,
  estimatorTitle,
  orderedSummary,
  setTo,
  splitTitle,
  valueText,
} from "./wording.js";

type Axis = RunResult["axes"][number];

/** One point of a curve; accuracies in percent. */
export interface FigureRow {
  readonly panel: string;
  readonly x: number | string;
  readonly estimator: string;
  readonly accuracy: number;
  /** Ends of the 95 % interval; null with fewer than two trials. */
  readonly low: number | null;
  readonly high: number | null;
}

export interface FigureAxes {
  /** Undefined when nothing is swept; then estimators stand on the x axis. */
  readonly x: Axis | undefined;
  /** Values on x are numbers, so that points may be joined. */
  readonly numeric: boolean;
  /** Parameters that change along with x. */
  readonly along: readonly Axis[];
  /** The parameters of each panel, one a line; "" for one of which there is nothing to say. */
  readonly panels: readonly string[];
  readonly rows: readonly FigureRow[];
}

export function figureAxes(run: RunResult): FigureAxes {
  const summaries = orderedSummary(run);
  const x = run.axes.find(isNumeric) ?? run.axes[0];
  const others = run.axes.filter((axis) => axis !== x);
  const along = others.filter((axis) => x !== undefined && followsAlong(x, axis, summaries));
  const paneled = others.filter((axis) => !along.includes(axis));

  const rows = summaries.map((s) => ({
    panel: paneled.map((axis) => setTo(axis.title, parameterOf(s, axis))).join("\n"),
    x: x === undefined ? estimatorTitle(run, s.estimator) : xValue(x, parameterOf(s, x)),
    estimator: estimatorTitle(run, s.estimator),
    accuracy: 100 * s.accuracy,
    low: percentOf(cutInterval95(s)?.[0]),
    high: percentOf(cutInterval95(s)?.[1]),
  }));
  return {
    x,
    numeric: x !== undefined && isNumeric(x),
    along,
    panels: [...new Set(rows.map((row) => row.panel))],
    rows,
  };
}

function percentOf(fraction: number | undefined): number | null {
  return fraction === undefined ? null : 100 * fraction;
}

/** Whether values are better spread by their logarithms: over 100x, and ratios more alike than differences. */
export function isLogarithmic(values: readonly number[]): boolean {
  const sorted = [...new Set(values)].sort((a, b) => a - b);
  const first = sorted[0];
  if (sorted.length < 3 || first === undefined || !(first > 0)) return false;
  return sorted.at(-1)! / first > 100 && unevenness(sorted.map(Math.log)) < unevenness(sorted);
}

/** The largest step between rising values over the smallest. */
function unevenness(values: readonly number[]): number {
  const steps = values.slice(1).map((value, i) => value - values[i]!);
  return Math.max(...steps) / Math.min(...steps);
}

/** A factor that keeps tick labels short: 2.4e9 Hz is 2.4 GHz. */
export interface Prefix {
  readonly sign: string;
  readonly size: number;
}

export const noPrefix: Prefix = { sign: "", size: 1 };

const prefixes: readonly Prefix[] = [
  { sign: "G", size: 1e9 },
  { sign: "M", size: 1e6 },
  { sign: "k", size: 1e3 },
  noPrefix,
  { sign: "m", size: 1e-3 },
  { sign: "µ", size: 1e-6 },
  { sign: "n", size: 1e-9 },
];

/** For units that are written with prefixes; a decibel or a count is not. */
export function siPrefix(title: string, values: readonly number[]): Prefix {
  const { unit } = splitTitle(title);
  const largest = Math.max(0, ...values.map(Math.abs));
  if (unit === undefined || !/^(Hz|s|W|J|m|V|A|bit|bit\/s)$/.test(unit)) return noPrefix;
  return prefixes.find((prefix) => largest >= prefix.size) ?? noPrefix;
}

export function isNumeric(axis: Axis): boolean {
  return axis.values.every((value) => typeof value === "number" && Number.isFinite(value));
}

function xValue(axis: Axis, value: ParameterValue): number | string {
  return isNumeric(axis) ? Number(value) : valueText(value);
}

function parameterOf(summary: PointSummary, axis: Axis): ParameterValue {
  return summary.parameters[axis.path] ?? "";
}

/** Every x has its own value of `axis`, and there is more than one: the two were zipped. */
export function followsAlong(x: Axis, axis: Axis, summaries: readonly PointSummary[]): boolean {
  const valueAt = new Map<ParameterValue, ParameterValue>();
  for (const summary of summaries) {
    const at = parameterOf(summary, x);
    const value = parameterOf(summary, axis);
    if (valueAt.has(at) && valueAt.get(at) !== value) return false;
    valueAt.set(at, value);
  }
  return new Set(valueAt.values()).size > 1;
}
