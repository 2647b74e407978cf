/** What the page's script is given: the parts of each run that it draws. */
import { meanInterval95 } from "../math/statistics.js";
import type { RunResult, Timeline } from "../study/results.js";
import { groupTrials } from "../study/summarize.js";
import type { CurveRun } from "./curves.js";
import { chanceLevel, cleanAccuracy } from "./wording.js";

export interface PageData {
  readonly runs: readonly PageRun[];
}

export interface PageRun extends CurveRun {
  readonly title: string;
  readonly settingKeys: readonly string[];
  readonly timelines: readonly Timeline[];
  readonly trials: TrialColumns;
}

/** One element per trial and estimator: columns, since ten thousand rows of names would be megabytes. */
export interface TrialColumns {
  readonly point: readonly number[];
  readonly trial: readonly number[];
  /** Index into the run's estimators. */
  readonly estimator: readonly number[];
  readonly correct: readonly number[];
  readonly total: readonly number[];
  readonly nmse: readonly number[];
  /** By key, e.g. lambda; null where the estimator has no such setting. */
  readonly settings: Readonly<Record<string, readonly (number | null)[]>>;
}

/** Packets in a page, over all timelines; a timeline keeps at least `fewestPackets` of its own. */
const mostPackets = 10_000;
const fewestPackets = 50;
/** More than a chart has pixels for. */
const mostInTimeline = 1000;

export function pageData(runs: readonly RunResult[], labels: readonly string[]): PageData {
  const timelines = runs.reduce((sum, run) => sum + run.timelines.length, 0);
  const share = Math.floor(mostPackets / Math.max(1, timelines));
  const packets = Math.max(fewestPackets, Math.min(mostInTimeline, share));
  return { runs: runs.map((run, i) => pageRun(run, labels[i], packets)) };
}

/** The curves' part of a run. */
export function curveRun(run: RunResult, label: string): CurveRun {
  const { axes, estimators, analysis, summary, differences } = run;
  const intervals = new Map<string, [number, number] | null>();
  for (const group of groupTrials(run.trials)) {
    const { point, estimator } = group[0];
    intervals.set(`${point} ${estimator}`, meanInterval95(group.map((t) => t.nmse)));
  }
  const nmseInterval95 = summary.map((s) => intervals.get(`${s.point} ${s.estimator}`) ?? null);
  const [clean, chance] = [cleanAccuracy(run), chanceLevel(run)];
  return {
    label,
    axes,
    estimators,
    analysis,
    summary,
    differences,
    nmseInterval95,
    ...(clean !== undefined && { clean }),
    ...(chance !== undefined && { chance }),
  };
}

function pageRun(run: RunResult, label: string, packets: number): PageRun {
  const { title, settingKeys, timelines } = run;
  return {
    ...curveRun(run, label),
    title,
    settingKeys,
    timelines: timelines.map((t) => ({ ...t, packets: t.packets.slice(0, packets) })),
    trials: trialColumns(run),
  };
}

function trialColumns({ trials, estimators, settingKeys }: RunResult): TrialColumns {
  const place = new Map(estimators.map((e, i) => [e.label, i]));
  return {
    point: trials.map((t) => t.point),
    trial: trials.map((t) => t.trial),
    estimator: trials.map((t) => place.get(t.estimator) ?? -1),
    correct: trials.map((t) => t.correct),
    total: trials.map((t) => t.total),
    nmse: trials.map((t) => t.nmse),
    settings: Object.fromEntries(
      settingKeys.map((key) => [key, trials.map((t) => t.setting[key] ?? null)]),
    ),
  };
}
