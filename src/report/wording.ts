/** How numbers and names are worded: the same in the table, the figure and the page. */
import type { ParameterValue, PointSummary, RunResult } from "../study/results.js";
import { ratioToDb } from "../units.js";

/** Accuracy of guessing, with classes equally frequent; undefined where models differ in it. */
export function chanceLevel(run: RunResult): number | undefined {
  return common(run.models, (m) => 1 / m.dataset.classes);
}

/** Accuracy of what left the transmitter; undefined where models differ in it. */
export function cleanAccuracy(run: RunResult): number | undefined {
  return common(run.models, (m) => m.clean.correct / m.clean.total);
}

/** The value that all have, if they have one. */
function common<T, V>(list: readonly T[], value: (item: T) => V): V | undefined {
  const values = new Set(list.map(value));
  return values.size === 1 ? [...values][0] : undefined;
}

/** `resnet20.onnx on cifar10`; several models and data sets are listed. */
export function modelTitle(run: RunResult): string {
  return [...new Set(run.models.map((m) => `${m.name} on ${m.dataset.name}`))].join(", ");
}

/** `268 346 weights sent`, or the range over the models. */
export function weightsSent(run: RunResult): string {
  const counts = run.models.map((m) => m.travellingWeights);
  const [low, high] = [Math.min(...counts), Math.max(...counts)];
  return `${grouped(low)}${low === high ? "" : ` to ${grouped(high)}`} weights sent`;
}

/** A fraction in percent, without the sign. */
export function percent(fraction: number, decimals = 2): string {
  return (100 * fraction).toFixed(decimals);
}

/** A fraction in percent with as many of two decimals as it needs: 10, 81.03. */
export function shortPercent(fraction: number): string {
  return String(Number((100 * fraction).toFixed(2)));
}

/** Half the width of the 95 % interval, in percent; undefined with fewer than two trials. */
export function halfWidth(summary: PointSummary): string | undefined {
  if (summary.interval95 === null) return undefined;
  return percent((summary.interval95[1] - summary.interval95[0]) / 2);
}

export function decibels(ratio: number): string {
  return ratio === 0 ? "-∞" : ratioToDb(ratio).toFixed(2);
}

/** 10000 as "10 000", with a no-break space; four digits stay together (ISO 80000-1). */
export function grouped(count: number): string {
  if (count < 10_000) return String(count);
  return String(count).replace(/\B(?=(\d{3})+$)/g, "\u00a0");
}

/** A swept value to six digits; very large and small numbers by their power of ten. */
export function valueText(value: ParameterValue): string {
  if (typeof value !== "number" || !Number.isFinite(value)) return String(value);
  const rounded = Number(value.toPrecision(6));
  const size = Math.abs(rounded);
  return size !== 0 && (size >= 1e6 || size < 1e-4)
    ? rounded.toExponential().replace("e+", "e")
    : String(rounded);
}

/** An axis title as name and unit: "WNR [dB]" is "WNR" in "dB". */
export function splitTitle(title: string): { name: string; unit?: string } {
  const match = /^(.*\S)\s*\[([^\]]+)\]$/.exec(title);
  return match === null ? { name: title } : { name: match[1]!, unit: match[2]! };
}

/** `WNR = 4 dB` */
export function setTo(title: string, value: ParameterValue): string {
  const { name, unit } = splitTitle(title);
  return `${name} = ${minus(valueText(value))}${unit === undefined ? "" : ` ${unit}`}`;
}

/** The sign of mathematics in place of a hyphen before a number. */
export function minus(text: string): string {
  return text.replace(/(^| )-(?=[\d∞I])/g, "$1−");
}

/** The label, and a warning where the estimator looked at the test images. */
export function estimatorTitle(run: RunResult, label: string): string {
  const oracle = run.estimators.some((e) => e.label === label && e.oracle);
  return oracle && !/oracle/i.test(label) ? `${label} (oracle)` : label;
}

/** Summaries by point, and at a point in the order in which the scenario names estimators. */
export function orderedSummary(run: RunResult): PointSummary[] {
  const order = new Map(run.estimators.map((e, i) => [e.label, i]));
  const rank = (s: PointSummary) => order.get(s.estimator) ?? order.size;
  return [...run.summary].sort((a, b) => a.point - b.point || rank(a) - rank(b));
}

export function cleanSentence(run: RunResult): string {
  const clean = common(run.models, ({ clean: { correct, total } }) => {
    const counts = `${grouped(correct)} of ${grouped(total)}`;
    return `Clean accuracy ${shortPercent(correct / total)} % (${counts})`;
  });
  const chance = common(
    run.models,
    ({ dataset: { classes } }) =>
      `chance level ${shortPercent(1 / classes)} % (${classes} classes)`,
  );
  return `${clean ?? "Clean accuracy differs between points"}; ${chance ?? "so does the chance level"}.`;
}

export function hasIntervals(run: RunResult): boolean {
  return run.summary.some((s) => s.interval95 !== null);
}

export function intervalSentence(run: RunResult): string {
  return hasIntervals(run)
    ? "± is the 95 % Student t interval of the mean over trials."
    : "One trial per point: no interval over trials.";
}

export const oracleSentence =
  "(oracle) chose its setting on the test images: an upper bound, not a receiver.";

export function hasOracle(run: RunResult): boolean {
  return run.estimators.some((e) => e.oracle);
}

/** Undefined for a complete run. */
export function incompleteSentence(run: RunResult): string | undefined {
  if (run.complete) return undefined;
  const finished = new Set(run.trials.map((t) => `${t.point}/${t.trial}`)).size;
  return (
    `Incomplete run: ${grouped(finished)} of ${grouped(run.points * run.trialsPerPoint)} ` +
    "trials finished; what was not simulated is absent."
  );
}
