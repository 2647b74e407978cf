/**
 * From the rounds of finished trainings to means over trials, intervals and gains.
 *
 * A training that has diverged counts with the accuracy of guessing from there on; one that is not finished is absent.
 */
import { mean, meanInterval95 } from "../math/statistics.js";
import { requiredRatios } from "../study/required.js";
import type { TargetRatio } from "../study/results.js";
import type { RoundRecord } from "./history.js";
import {
  type CourseSummary,
  type CurvePlace,
  type FederatedHeader,
  type FederatedResult,
  type FinishedCourse,
  sweptRatio,
  type TargetProgress,
} from "./results.js";

export function assembleFederated(
  header: FederatedHeader,
  courses: readonly FinishedCourse[],
  wanted: number,
): FederatedResult {
  const ordered = [...courses].sort(
    (a, b) => a.point - b.point || a.receiver - b.receiver || a.trial - b.trial,
  );
  const groups = new Map<string, FinishedCourse[]>();
  for (const course of ordered) {
    const key = `${course.point} ${course.receiver}`;
    groups.set(key, [...(groups.get(key) ?? []), course]);
  }
  return {
    ...header,
    complete: courses.length === wanted,
    finished: courses.length,
    wanted,
    summary: [...groups.values()].map((group) => summarize(group, header)),
    gains: gainsOf(ordered, header),
    notes: [...new Set(ordered.flatMap(({ notes }) => notes))],
  };
}

type Scored = RoundRecord & { readonly accuracy: number };

const scoredRounds = (records: readonly RoundRecord[]) =>
  records.filter((record): record is Scored => record.accuracy !== undefined);

/**
 * Mean over the scorings of the last rounds; the last scoring is always one of them, and that before the first round
 * never is.
 */
export function lastAccuracy(records: readonly RoundRecord[], lastRounds: number): number {
  const end = Math.max(0, records.at(-1)!.round - lastRounds);
  return mean(scoredRounds(records).flatMap((r) => (r.round > end ? [r.accuracy] : [])));
}

function summarize(group: readonly FinishedCourse[], header: FederatedHeader): CourseSummary {
  const [{ point, label }] = group;
  const all = group.map(({ records }) => records);
  const ends = all.map((records) => records.at(-1)!);
  const each = all.map((records) => lastAccuracy(records, header.lastRounds));
  const present = (key: "nmse" | "downlinkNmse") =>
    all.flatMap((records) => records.flatMap(({ [key]: value }) => value ?? []));
  const nmse = present("nmse");
  const perTrial = (count: (record: RoundRecord) => number) =>
    mean(all.map((records) => records.reduce((sum, record) => sum + count(record), 0)));
  return {
    point,
    parameters: header.points[point],
    receiver: label,
    trials: group.length,
    accuracy: mean(each),
    interval95: meanInterval95(each),
    finalAccuracy: mean(ends.map((end) => end.accuracy!)),
    bestAccuracy: mean(
      all.map((records) => Math.max(...scoredRounds(records).map((r) => r.accuracy))),
    ),
    nmse: nmse.length === 0 ? null : mean(nmse),
    medianNmse: median(nmse),
    medianDownlinkNmse: median(present("downlinkNmse")),
    timeS: mean(ends.map((end) => end.timeS)),
    airtimeS: mean(ends.map((end) => end.airtimeS)),
    energy: mean(ends.map((end) => end.energy)),
    lostRounds: perTrial((r) => (r.lost ? 1 : 0)),
    missing: perTrial((r) => r.dropped.length + r.late.length),
    diverged: mean(ends.map((end) => (end.diverged ? 1 : 0))),
    targets: header.targets.map((target) => progressTo(target, all)),
    curve: meanCurve(all),
  };
}

function progressTo(target: number, all: readonly (readonly RoundRecord[])[]): TargetProgress {
  const reached = all.flatMap((records) => {
    const first = scoredRounds(records).find(({ accuracy }) => accuracy >= target);
    return first === undefined ? [] : [first];
  });
  const over = (key: "round" | "timeS" | "airtimeS" | "energy") =>
    reached.length === 0 ? null : mean(reached.map((record) => record[key]));
  return {
    target,
    trials: reached.length,
    round: over("round"),
    timeS: over("timeS"),
    airtimeS: over("airtimeS"),
    energy: over("energy"),
  };
}

/** Round by round: trials are scored after the same rounds. */
function meanCurve(all: readonly (readonly RoundRecord[])[]): CurvePlace[] {
  const scored = all.map(scoredRounds);
  return scored[0].map(({ round }, i) => {
    const here = scored.map((records) => records[i]);
    const accuracies = here.map(({ accuracy }) => accuracy);
    return {
      round,
      timeS: mean(here.map(({ timeS }) => timeS)),
      airtimeS: mean(here.map(({ airtimeS }) => airtimeS)),
      energy: mean(here.map(({ energy }) => energy)),
      accuracy: mean(accuracies),
      interval95: meanInterval95(accuracies),
    };
  });
}

function gainsOf(courses: readonly FinishedCourse[], header: FederatedHeader): TargetRatio[] {
  const swept = sweptRatio(header.axes);
  if (swept === undefined) return [];
  const trials = courses.map(({ point, trial, label, records }) => {
    const { [swept.path]: snrDb, ...others } = header.points[point];
    return {
      point,
      trial,
      estimator: label,
      parameters: { ...others, snrDb },
      accuracy: lastAccuracy(records, header.lastRounds),
      snrDb: Number(snrDb),
      wnrDb: Number.NaN,
    };
  });
  return requiredRatios(trials, {
    axes: [{ ...swept, path: "snrDb" }],
    estimators: [...new Set(header.receivers.flat())],
    baseline: header.baseline,
    gainAt: header.gainAt,
    commonNoise: true,
  });
}

function median(values: readonly number[]): number | null {
  if (values.length === 0) return null;
  const sorted = [...values].sort((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}
