/** How numbers and names are worded: the same in the table, the figure and the page. */

import { ratioToDb } from "../math/decibel.js";
import { mean } from "../math/statistics.js";
import { partText } from "../scenario/part-text.js";
import type {
  PairedDifference,
  ParameterValue,
  PointSummary,
  RunResult,
  TargetRatio,
  TransmissionMeans,
  TrialRule,
} from "../study/results.js";

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
export function halfWidth({
  interval95,
}: Pick<PointSummary | PairedDifference, "interval95">): string | undefined {
  if (interval95 === null) return undefined;
  return percent((interval95[1] - interval95[0]) / 2);
}

/** The 95 % interval as it is shown: a t interval may reach beyond what an accuracy can be. */
export function cutInterval95({
  interval95,
}: Pick<PointSummary, "interval95">): [number, number] | null {
  if (interval95 === null) return null;
  return [Math.max(0, interval95[0]), Math.min(1, interval95[1])];
}

/** A difference of accuracies in points of percent, with its sign: +1.70, -0.35, 0.00. */
export function percentPoints(difference: number): string {
  const text = percent(difference);
  if (Number(text) === 0) return text.replace("-", "");
  return difference > 0 ? `+${text}` : text;
}

/** Looks up the difference to the run's baseline; there is none for the baseline itself. */
export function differencesToBaseline(
  run: RunResult,
): (summary: PointSummary) => PairedDifference | undefined {
  const key = (d: PairedDifference | PointSummary) => `${d.point} ${d.estimator}`;
  const toBaseline = run.differences.filter((d) => d.baseline === run.analysis.baseline);
  const byKey = new Map(toBaseline.map((d) => [key(d), d]));
  return (summary) => byKey.get(key(summary));
}

export function quantityName({ quantity }: TargetRatio): string {
  return quantity === "snrDb" ? "SNR" : "WNR";
}

/** `5.58`; `above 12.00` and `below -6.00` where the ratio needed lies beyond the curve's ends. */
export function requiredText(run: RunResult, target: TargetRatio): string {
  return rangeText(requiredRange(run, target));
}

/**
 * `0.62`; `above 2.80` where one of the two ratios lies beyond its curve's end, so that the gain is only bounded.
 * `lessDb` is taken off.
 */
export function gainText(run: RunResult, target: TargetRatio, lessDb = 0): string {
  if (target.gainDb !== null) return (target.gainDb - lessDb).toFixed(2);
  const baseline = baselineOf(run, target);
  if (baseline === undefined) return "unknown";
  const [least, most] = requiredRange(run, target);
  const [leastOfBaseline, mostOfBaseline] = requiredRange(run, baseline);
  return rangeText([leastOfBaseline - most - lessDb, mostOfBaseline - least - lessDb]);
}

/**
 * How much more energy an estimator's transmissions took than the baseline's, in the mean over its curve [dB]: what its
 * side information costs. The same energy spent on the weights would have raised their SNR by as much.
 */
export function energyOverBaselineDb(run: RunResult, target: TargetRatio): number {
  const baseline = baselineOf(run, target);
  if (baseline === undefined) return 0;
  const energyOf = (t: TargetRatio) => mean(curveOf(run, t).map((s) => s.energy));
  return ratioToDb(energyOf(target) / energyOf(baseline));
}

/** True where side information makes estimators differ in energy by what two decimals show. */
export function differInEnergy(run: RunResult): boolean {
  return run.targets.some((t) => Math.abs(energyOverBaselineDb(run, t)) >= 0.005);
}

function baselineOf(run: RunResult, target: TargetRatio): TargetRatio | undefined {
  const key = JSON.stringify(target.parameters);
  return run.targets.find(
    (t) =>
      t.estimator === target.baseline &&
      t.target === target.target &&
      JSON.stringify(t.parameters) === key,
  );
}

/** What the required ratio lies between: two equal numbers, or a curve's end and infinity [dB]. */
function requiredRange(run: RunResult, target: TargetRatio): [number, number] {
  if (target.requiredDb !== null) return [target.requiredDb, target.requiredDb];
  const ratios = curveOf(run, target).map((s) => s[target.quantity]);
  return target.reached === "never"
    ? [Math.max(...ratios), Number.POSITIVE_INFINITY]
    : [Number.NEGATIVE_INFINITY, Math.min(...ratios)];
}

/** The points that have a place on an axis in dB, from low to high ratio. */
function curveOf(run: RunResult, { estimator, parameters, quantity }: TargetRatio): PointSummary[] {
  const parts = Object.entries(parameters);
  return run.summary
    .filter(
      (s) =>
        s.estimator === estimator &&
        Number.isFinite(s[quantity]) &&
        parts.every(([path, value]) => s.parameters[path] === value),
    )
    .sort((a, b) => a[quantity] - b[quantity]);
}

/** What the bootstrap interval rests on: the fewest trials of the points beside the crossing. */
function trialsBeside(run: RunResult, target: TargetRatio): number {
  const curve = curveOf(run, target);
  const below = curve.findLastIndex((s) => s.accuracy < target.target - 1e-12);
  return Math.min(...curve.slice(Math.max(0, below), below + 2).map((s) => s.trials));
}

function rangeText([least, most]: [number, number]): string {
  if (Number.isFinite(least)) return `${least === most ? "" : "above "}${least.toFixed(2)}`;
  return Number.isFinite(most) ? `below ${most.toFixed(2)}` : "unknown";
}

/** `[5.51, 5.65]`; a bound beyond the sweep is `…`. */
export function intervalDb(interval: TargetRatio["interval95"]): string {
  if (interval === null) return "";
  return `[${interval.map((bound) => bound?.toFixed(2) ?? "…").join(", ")}]`;
}

export function decibels(ratio: number): string {
  return ratio === 0 ? "-∞" : ratioToDb(ratio).toFixed(2);
}

/** 10000 as "10 000", with a no-break space; four digits stay together (ISO 80000-1). */
export function grouped(count: number): string {
  if (count < 10_000) return String(count);
  return String(count).replace(/\B(?=(\d{3})+$)/g, "\u00a0");
}

/** `1 point`, `10 points`. */
export function counted(count: number, noun: string): string {
  return `${grouped(count)} ${noun}${count === 1 ? "" : "s"}`;
}

/** `10 trials`; `5 to 40 trials` with a stopping rule. */
export function trialsText({ min, max }: TrialRule): string {
  return min === max ? counted(max, "trial") : `${grouped(min)} to ${counted(max, "trial")}`;
}

/** A swept value: numbers to six digits, very large and small ones by their power of ten; lists and maps in words. */
export function valueText(value: ParameterValue): string {
  if (typeof value !== "number" || !Number.isFinite(value)) return partText(String(value));
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
export function estimatorTitle(run: Pick<RunResult, "estimators">, label: string): string {
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

/** Undefined without a difference that has an interval. */
export function differenceSentence(run: RunResult): string | undefined {
  return run.differences.some((d) => d.interval95 !== null)
    ? "Differences are taken trial by trial; * marks those whose own 95 % interval leaves out 0."
    : undefined;
}

/** docs/statistics.md has the coverage by number of trials. */
const fewTrialsSentence =
  "Intervals that rest on fewer than five trials cannot reach 95 %: " +
  "the bootstrap does not look beyond the trials seen.";

/** What the table of targets means; empty where the scenario names none. */
export function targetSentences(run: RunResult): string[] {
  if (run.analysis.gainAt.length === 0) return [];
  const first = run.targets[0];
  if (first === undefined)
    return ["There is no curve along SNR or WNR, so the ratio required cannot be told."];
  const sentences = [`The required ${quantityName(first)} is interpolated between points.`];
  if (run.targets.some((t) => t.interval95 !== null)) {
    sentences.push(
      "In brackets: the 95 % bootstrap interval over trials; … lies beyond the sweep.",
    );
    // Of a single trial there is no interval.
    const trials = run.targets.map((t) => trialsBeside(run, t)).filter((n) => n > 1);
    if (Math.min(...trials) < 5) sentences.push(fewTrialsSentence);
  }
  return sentences;
}

/** Undefined where each point has a fixed number of trials. */
export function stoppingSentence(run: RunResult): string | undefined {
  const { max, halfWidth } = run.trialsPerPoint;
  if (halfWidth === undefined) return undefined;
  const wide = new Set(
    run.summary
      .filter(({ trials, interval95: i }) => trials >= max && i && (i[1] - i[0]) / 2 > halfWidth)
      .map((s) => s.point),
  );
  const rule = `A point gets more trials, up to ${grouped(max)}, while a ± is above ${percent(halfWidth)} %`;
  if (wide.size === 0) return `${rule}.`;
  return `${rule}; ${counted(wide.size, "point")} of ${grouped(run.points)} ${wide.size === 1 ? "is" : "are"} wider still.`;
}

/** Airtime and energy where all points have the same; undefined where neither is. */
export function transmissionSentence(run: RunResult): string | undefined {
  const [first] = run.summary;
  if (first === undefined) return undefined;
  const parts = [];
  if (!differs(run, "airtimeS")) parts.push(`${valueText(first.airtimeS)} s on the air`);
  if (!differs(run, "energy")) parts.push(`an energy of ${valueText(first.energy)}`);
  return parts.length === 0 ? undefined : `Every transmission takes ${parts.join(" and ")}.`;
}

/** A ratio in dB; infinite without noise, minus infinite where nothing arrived. */
export function ratioText(ratioDb: number): string {
  return Number.isFinite(ratioDb) ? ratioDb.toFixed(2) : ratioDb > 0 ? "∞" : "-∞";
}

/** Whether points differ in a quantity, beyond rounding. */
export function differs(run: Pick<RunResult, "summary">, key: keyof TransmissionMeans): boolean {
  const values = run.summary.map((s) => s[key]);
  const [low, high] = [Math.min(...values), Math.max(...values)];
  return high - low > 1e-9 * high;
}

/** One for each estimator that searched for its setting. */
export function searchSentences(run: RunResult): string[] {
  return run.estimators.flatMap(({ label }) => {
    const costs = run.summary
      .filter((s) => s.estimator === label && s.searchImageInferences > 0)
      .map((s) => Math.round(s.searchImageInferences));
    if (costs.length === 0) return [];
    const [low, high] = [Math.min(...costs), Math.max(...costs)];
    const cost = low === high ? grouped(low) : `${grouped(low)} to ${grouped(high)}`;
    return [
      `${estimatorTitle(run, label)} spent ${cost} image inferences per trial on its search${low === high ? "" : ", in the mean of a point"}.`,
    ];
  });
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
  const { min, max } = run.trialsPerPoint;
  const least = grouped(run.points * min);
  const wanted = min === max ? least : `${least} to ${grouped(run.points * max)}`;
  return (
    `Incomplete run: ${grouped(finished)} of ${wanted} trials finished; ` +
    "what was not simulated is absent."
  );
}
