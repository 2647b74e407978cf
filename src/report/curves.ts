/**
 * The curves of one or several runs: what can stand on x and on y, and the points for a choice of both.
 *
 * The page in the browser and the figures for papers share this, so nothing in here needs Node.
 */
import { dbToRatio, ratioToDb } from "../math/decibel.js";
import type {
  PairedDifference,
  ParameterValue,
  PointSummary,
  RunResult,
} from "../study/results.js";
import { followsAlong, isLogarithmic, isNumeric } from "./figure-axes.js";
import { cutInterval95, estimatorTitle, minus, setTo, splitTitle, valueText } from "./wording.js";

type Axis = RunResult["axes"][number];

/** What of a run its curves need. */
export interface CurveRun
  extends Pick<RunResult, "axes" | "estimators" | "analysis" | "summary" | "differences"> {
  /** Tells the run from the others. */
  readonly label: string;
  /** Student t, over trials, of the rows of `summary`. */
  readonly nmseInterval95: readonly (readonly [number, number] | null)[];
  /** Accuracy of what was sent, and of guessing; absent where points differ in it. */
  readonly clean?: number;
  readonly chance?: number;
}

export const quantities = ["accuracy", "error-rate", "nmse", "gain"] as const;
export type Quantity = (typeof quantities)[number];

/** What stands on x: a swept parameter, a measured column, or, where nothing is swept, the estimators. */
export interface XAxis {
  /** Path of the parameter or column of the summary; "" for estimators. */
  readonly key: string;
  readonly title: string;
  readonly measured: boolean;
  /** All values are finite numbers, so that points may be joined. */
  readonly numeric: boolean;
  readonly values: readonly ParameterValue[];
}

const measuredColumns = [
  { key: "snrDb", title: "SNR at the estimator [dB]" },
  { key: "wnrDb", title: "WNR at the estimator [dB]" },
  { key: "airtimeS", title: "Airtime [s]" },
  { key: "energy", title: "Energy [mean symbol energy]" },
] as const;

/** All that can stand on x, the best choice first. */
export function xAxes(runs: readonly CurveRun[]): XAxis[] {
  const swept = sweptAxes(runs);
  const numeric = swept.filter((axis) => axis.numeric);
  const text = swept.filter((axis) => !axis.numeric);
  const measured = measuredAxes(runs, swept);
  const all = [...numeric, ...text, ...measured];
  return all.length > 0
    ? all
    : [{ key: "", title: "Estimator", measured: false, numeric: false, values: [] }];
}

function sweptAxes(runs: readonly CurveRun[]): XAxis[] {
  const byPath = new Map<string, Axis[]>();
  for (const axis of runs.flatMap((run) => run.axes)) {
    byPath.set(axis.path, [...(byPath.get(axis.path) ?? []), axis]);
  }
  return [...byPath.values()].map((axes) => {
    const numeric = axes.every(isNumeric);
    const values = [...new Set(axes.flatMap((axis) => axis.values))];
    if (numeric) values.sort((a, b) => Number(a) - Number(b));
    return { key: axes[0].path, title: axes[0].title, measured: false, numeric, values };
  });
}

/** Columns that vary along a run and say something else than what was set. */
function measuredAxes(runs: readonly CurveRun[], swept: readonly XAxis[]): XAxis[] {
  if (swept.length === 0 && runs.length === 1) return [];
  const rows = runs.flatMap((run) => run.summary);
  return measuredColumns.flatMap(({ key, title }) => {
    const values = [...new Set(rows.map((s) => s[key]))]
      .filter(Number.isFinite)
      .sort((a, b) => a - b);
    const varies = values.length > 1 && !isNear(values[0], values.at(-1)!);
    const wasSet = swept.some(
      (axis) => axis.numeric && rows.every((s) => isNear(Number(s.parameters[axis.key]), s[key])),
    );
    return varies && !wasSet ? [{ key, title, measured: true, numeric: true, values }] : [];
  });
}

function isNear(a: number, b: number): boolean {
  return a === b || Math.abs(a - b) <= 1e-6 * Math.max(1, Math.abs(a), Math.abs(b));
}

/** Whether a run has points on that axis. */
export function hasPoints(run: CurveRun, x: XAxis): boolean {
  if (run.summary.length === 0) return false;
  if (x.measured) return run.summary.some((s) => Number.isFinite(columnOf(s, x)));
  return x.key === "" ? run.axes.length === 0 : run.axes.some((axis) => axis.path === x.key);
}

function columnOf(summary: PointSummary, x: XAxis): number {
  return summary[x.key as (typeof measuredColumns)[number]["key"]];
}

/** The parameter along which a curve runs when x is measured: a ratio by its name, else the first number. */
function axisAlong(run: CurveRun, x: XAxis): Axis | undefined {
  if (!x.measured) return run.axes.find((axis) => axis.path === x.key);
  const numeric = run.axes.filter(isNumeric);
  return numeric.find((axis) => /(^|\.)(snr|wnr)Db$/.test(axis.path)) ?? numeric[0];
}

/** Parameters that tell an estimator's curves from each other: neither x nor walked in parallel with it. */
export function curveAxes(run: CurveRun, x: XAxis): Axis[] {
  const along = axisAlong(run, x);
  return run.axes.filter(
    (axis) => axis !== along && (along === undefined || !followsAlong(along, axis, run.summary)),
  );
}

/** In the units of the y axis: percent, percentage points for gains, a ratio for the NMSE. */
export interface CurvePoint {
  /** Index into the runs. */
  readonly run: number;
  readonly point: number;
  /** Label. */
  readonly estimator: string;
  readonly x: number | string;
  readonly y: number;
  /** Ends of the 95 % interval; null with fewer than two trials. */
  readonly low: number | null;
  readonly high: number | null;
  readonly trials: number;
  readonly parameters: Readonly<Record<string, ParameterValue>>;
  /** The parameters that tell this curve from the estimator's others, e.g. "κ = 100 images"; or "". */
  readonly group: string;
  /** Of a gain: whether its interval leaves out 0. */
  readonly significant?: boolean;
}

export interface CurveChoice {
  readonly x: XAxis;
  readonly quantity: Quantity;
  /** Label of the estimator that gains are over. */
  readonly baseline: string;
}

/** All points of the runs, in the order of runs, estimators, groups and x. */
export function curvePoints(runs: readonly CurveRun[], choice: CurveChoice): CurvePoint[] {
  return runs.flatMap((run, index) => {
    if (!hasPoints(run, choice.x)) return [];
    const axes = curveAxes(run, choice.x);
    const rank = new Map(run.estimators.map((e, i) => [e.label, i]));
    const points = run.summary.flatMap((summary, row) => {
      const y = measured(run, row, choice);
      const x = xOf(run, summary, choice.x);
      if (y === undefined || (choice.x.numeric && !Number.isFinite(x))) return [];
      const { point, estimator, parameters, trials } = summary;
      const group = axes.map((a) => setTo(a.title, parameters[a.path] ?? "")).join(", ");
      return [{ run: index, point, estimator, x, trials, parameters, group, ...y }];
    });
    const groups = [...new Set(points.map((p) => p.group))];
    const order = (x: number | string) =>
      typeof x === "number" ? x : choice.x.values.findIndex((value) => xText(value) === x);
    return points.sort(
      (a, b) =>
        (rank.get(a.estimator) ?? 0) - (rank.get(b.estimator) ?? 0) ||
        groups.indexOf(a.group) - groups.indexOf(b.group) ||
        order(a.x) - order(b.x),
    );
  });
}

function xOf(run: CurveRun, summary: PointSummary, x: XAxis): number | string {
  if (x.measured) return columnOf(summary, x);
  if (x.key === "") return estimatorTitle(run, summary.estimator);
  const value = summary.parameters[x.key] ?? "";
  return x.numeric ? Number(value) : xText(value);
}

/** A value on an axis without a scale. */
export function xText(value: ParameterValue): string {
  if (value === Number.POSITIVE_INFINITY) return "∞";
  return minus(valueText(value));
}

type Value = Pick<CurvePoint, "y" | "low" | "high" | "significant">;

function measured(run: CurveRun, row: number, choice: CurveChoice): Value | undefined {
  const summary = run.summary[row];
  if (choice.quantity === "nmse") {
    const [low, high] = run.nmseInterval95[row] ?? [null, null];
    // A mean of squares is not negative, though a t interval may be.
    return { y: summary.nmse, low: low === null ? null : Math.max(0, low), high };
  }
  if (choice.quantity === "gain") {
    const gain = pairedGain(run, summary, choice.baseline);
    if (gain === undefined) return undefined;
    const [low, high] = gain.interval95 ?? [null, null];
    return {
      y: 100 * gain.difference,
      low: low === null ? null : 100 * low,
      high: high === null ? null : 100 * high,
      significant: gain.significant,
    };
  }
  const { accuracy } = summary;
  const [low, high] = cutInterval95(summary)?.map((end) => 100 * end) ?? [null, null];
  if (choice.quantity === "accuracy") return { y: 100 * accuracy, low, high };
  return {
    y: 100 - 100 * accuracy,
    low: high === null ? null : 100 - high,
    high: low === null ? null : 100 - low,
  };
}

type Gain = Pick<PairedDifference, "difference" | "interval95" | "significant" | "trials">;

/** Gain over any other estimator: a pair is stored one way round, and read either way. */
export function pairedGain(
  run: Pick<CurveRun, "differences">,
  summary: Pick<PointSummary, "point" | "estimator">,
  baseline: string,
): Gain | undefined {
  const { point, estimator } = summary;
  for (const pair of run.differences) {
    if (pair.point !== point) continue;
    if (pair.estimator === estimator && pair.baseline === baseline) return pair;
    if (pair.estimator === baseline && pair.baseline === estimator) {
      const { difference, interval95, significant, trials } = pair;
      return {
        difference: 0 - difference,
        interval95: interval95 && [0 - interval95[1], 0 - interval95[0]],
        significant,
        trials,
      };
    }
  }
  return undefined;
}

/** Title of the y axis, with its unit. */
export function quantityTitle(choice: Pick<CurveChoice, "quantity" | "baseline">): string {
  switch (choice.quantity) {
    case "accuracy":
      return "Accuracy [%]";
    case "error-rate":
      return "Error rate [%]";
    case "nmse":
      return "NMSE";
    case "gain":
      return `Accuracy gain over ${choice.baseline} [percentage points]`;
  }
}

/** How values are laid out along an axis. */
export type Scale = "linear" | "log" | "dB";

/** Scales that make sense for x, the best first. A value in dB on a linear scale is its power ratio. */
export function xScales(x: XAxis): Scale[] {
  if (!x.numeric) return ["linear"];
  if (splitTitle(x.title).unit === "dB") return ["dB", "linear"];
  const values = x.values.map(Number);
  if (!values.every((value) => value > 0)) return ["linear"];
  return isLogarithmic(values) ? ["log", "linear"] : ["linear", "log"];
}

export function yScales(quantity: Quantity): Scale[] {
  if (quantity === "nmse") return ["dB", "linear"];
  return quantity === "error-rate" ? ["linear", "log"] : ["linear"];
}

/** The title that an axis has on a scale. */
export function scaledTitle(title: string, scale: Scale, storedInDb: boolean): string {
  if (storedInDb) return scale === "linear" ? `${splitTitle(title).name}, as a ratio` : title;
  return scale === "dB" ? `${title} [dB]` : title;
}

/** A value where it stands on its scale; undefined where it has no place, as 0 on a scale in dB. */
export function placeX(value: number, x: XAxis, scale: Scale): number | undefined {
  if (splitTitle(x.title).unit === "dB") {
    return finite(scale === "linear" ? dbToRatio(value) : value);
  }
  return placeY(value, scale);
}

export function placeY(value: number, scale: Scale): number | undefined {
  if (scale === "linear") return finite(value);
  if (!(value > 0)) return undefined;
  return finite(scale === "dB" ? ratioToDb(value) : value);
}

function finite(value: number): number | undefined {
  return Number.isFinite(value) ? value : undefined;
}

/** A point where it stands on both scales. */
export interface PlacedPoint extends CurvePoint {
  readonly atX: number | string;
  readonly atY: number;
  readonly atLow: number | null;
  readonly atHigh: number | null;
}

/**
 * Puts points on their scales; those without a place are left out and counted. An interval that reaches
 * down to where the scale ends is cut at the lowest value shown.
 */
export function placePoints(
  points: readonly CurvePoint[],
  x: XAxis,
  xScale: Scale,
  yScale: Scale,
): { placed: PlacedPoint[]; leftOut: number } {
  const shown = points.flatMap((p) => {
    const atX = typeof p.x === "number" ? placeX(p.x, x, xScale) : p.x;
    const atY = placeY(p.y, yScale);
    return atX === undefined || atY === undefined ? [] : [{ ...p, atX, atY }];
  });
  let floor = Number.POSITIVE_INFINITY;
  for (const p of shown) {
    for (const value of [p.y, p.low, p.high]) {
      const at = value === null ? undefined : placeY(value, yScale);
      if (at !== undefined) floor = Math.min(floor, at);
    }
  }
  const end = (value: number | null) => (value === null ? null : (placeY(value, yScale) ?? floor));
  const placed = shown.map((p) => ({ ...p, atLow: end(p.low), atHigh: end(p.high) }));
  return { placed, leftOut: points.length - placed.length };
}
