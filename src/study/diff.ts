/**
 * What differs between two runs: what was asked, with what, and what came out.
 *
 * Points are matched by their parameters and estimators by their labels. Where both runs draw trial k from
 * the same random streams, their trials are pairs: differences B − A of single trials are independent of each
 * other whatever else the runs share, so the paired t interval holds, and it is the narrower the more
 * they share. Otherwise the trials are independent samples, and the interval is Welch's.
 *
 * A study compares many points at once, and of 100 intervals of 95 % about 5 miss 0 by chance alone. So
 * "significant" is a p value below 5 % after Holm's adjustment for the number of comparisons.
 */
import { isDeepStrictEqual } from "node:util";
import { recorded } from "../../channels/recorded.js";
import {
  holm,
  type MeanDifference,
  pairedDifference,
  welchDifference,
} from "../math/mean-difference.js";
import { mean } from "../math/statistics.js";
import { getPath, isMap, setPath } from "../scenario/paths.js";
import { receiverLabel } from "../scenario/schema.js";
import type { ModelRecord, ParameterValue, RunResult, Session, TrialResult } from "./results.js";
import { trialRow } from "./store.js";
import { groupTrials } from "./summarize.js";

/** A key with its value in either run; a side that lacks the key is absent. */
export interface KeyDifference {
  readonly key: string;
  readonly a?: unknown;
  readonly b?: unknown;
}

type Parameters = Readonly<Record<string, ParameterValue>>;

/** An estimator at a point. */
interface Place {
  /** Every parameter that either run sweeps, by path. */
  readonly parameters: Parameters;
  readonly estimator: string;
}

/** Whether trial k of A and trial k of B are a pair. */
interface Pairing {
  readonly paired: boolean;
  readonly because: string;
}

/** One estimator at one point in both runs. */
export interface AccuracyComparison extends Place {
  readonly paired: boolean;
  /** Trials compared: those that both have, where they are paired. */
  readonly a: { readonly trials: number; readonly accuracy: number };
  readonly b: { readonly trials: number; readonly accuracy: number };
  /** accuracy(B) - accuracy(A). */
  readonly difference: number;
  /** Student t 95 % interval of the difference, for this comparison alone; null with too few trials. */
  readonly interval95: readonly [number, number] | null;
  readonly degreesOfFreedom: number | null;
  /** Two-sided; null with too few trials. */
  readonly pValue: number | null;
  /** Adjusted for all comparisons of the two runs (Holm). */
  readonly adjustedPValue: number | null;
  /** True where the adjusted p value is below 0.05. */
  readonly significant: boolean;
}

export interface RunDiff {
  /** The scenario with every default: "receivers.mmse-pb.kappa", "channel.wnrDb", … */
  readonly scenario: readonly KeyDifference[];
  /** SHA-256 of files, by path. */
  readonly files: readonly KeyDifference[];
  readonly models: readonly KeyDifference[];
  /** What the numbers mean. */
  readonly conventions: readonly KeyDifference[];
  /** Of programs, and the commit of the scenario's folder. A list where sessions of one run differ. */
  readonly versions: readonly KeyDifference[];
  /** Where it ran; a list where sessions of one run differ. */
  readonly machine: readonly KeyDifference[];
  /** Rows, one per trial and estimator. */
  readonly rows: {
    readonly inBoth: number;
    readonly onlyInA: number;
    readonly onlyInB: number;
    /** Of those in both, how many differ in the last digit of any number. */
    readonly differing: number;
    /** How many rows differ in each column of the table `trials`. */
    readonly columns: Readonly<Record<string, number>>;
  };
  /** Whether trials are pairs, and why; more than one where it depends on the point. */
  readonly pairing: readonly Pairing[];
  /** By point and estimator, in the order of A. */
  readonly comparisons: readonly AccuracyComparison[];
  readonly onlyInA: readonly Place[];
  readonly onlyInB: readonly Place[];
}

const level = 0.05;

export function diffRuns(a: RunResult, b: RunResult): RunDiff {
  const paths = [...new Set([...a.axes, ...b.axes].map((axis) => axis.path))];
  const inA = placesOf(a, paths);
  const inB = placesOf(b, paths);
  const common = [...inA].flatMap(([key, placeA]) => {
    const placeB = inB.get(key);
    return placeB === undefined ? [] : [{ placeA, placeB }];
  });
  const pairings = common.map(({ placeA, placeB }) => pairingOf(a, placeA, b, placeB));
  return {
    scenario: keyDifferences(settingsOf(a), settingsOf(b)),
    files: keyDifferences(...withoutMoved(a.files, b.files)),
    models: keyDifferences(modelsOf(a), modelsOf(b)),
    conventions: keyDifferences(a.conventions, b.conventions),
    versions: keyDifferences(versionsOf(a), versionsOf(b)),
    machine: keyDifferences(machineOf(a), machineOf(b)),
    rows: compareRows(a, b, common),
    pairing: [...new Map(pairings.map((p) => [p.because, p])).values()],
    comparisons: adjusted(
      common
        .map(({ placeA, placeB }, i) => comparePlaces(placeA, placeB, pairings[i].paired))
        .filter(({ a, b }) => a.trials > 0 && b.trials > 0),
    ),
    onlyInA: [...inA].filter(([key]) => !inB.has(key)).map(([, p]) => placeOf(p)),
    onlyInB: [...inB].filter(([key]) => !inA.has(key)).map(([, p]) => placeOf(p)),
  };
}

/** True where all that is compared is equal: settings, files, machine, and every number. */
export function isEqual(diff: RunDiff): boolean {
  const { scenario, files, models, conventions, versions, machine } = diff;
  return (
    hasEqualResults(diff) &&
    [scenario, files, models, conventions, versions, machine].every((list) => list.length === 0)
  );
}

/** True where both runs have the same rows, equal in every digit. */
export function hasEqualResults({ rows }: RunDiff): boolean {
  return rows.onlyInA + rows.onlyInB + rows.differing === 0;
}

// ---- what was asked, with what

/** Keys in which two trees of maps differ; a list is a value. */
function keyDifferences(a: object, b: object, path = ""): KeyDifference[] {
  const keys = [...new Set([...Object.keys(a), ...Object.keys(b)])];
  return keys.flatMap((key) => {
    const [left, right] = [own(a, key), own(b, key)];
    if (isDeepStrictEqual(left, right)) return [];
    const full = path === "" ? key : `${path}.${key}`;
    if (isTree(left) && isTree(right)) return keyDifferences(left, right, full);
    return [
      {
        key: full,
        ...(left !== undefined && { a: left }),
        ...(right !== undefined && { b: right }),
      },
    ];
  });
}

const own = (map: object, key: string): unknown =>
  Object.hasOwn(map, key) ? map[key as keyof typeof map] : undefined;

const isTree = (value: unknown): value is object => isMap(value) && !("sweep" in value);

/** The resolved scenario as a tree: receivers by label, and `{ sweep: values }` where a key is swept. */
function settingsOf({ resolved, axes }: RunResult): object {
  const { sweep: _, zip, ...study } = resolved.study;
  const point = structuredClone(resolved.point);
  for (const { path, values } of axes) setPath(point, path, { sweep: values });
  return {
    ...study,
    // Only what walks together: the values are with their keys.
    ...(zip.length > 0 && { zip: zip.map((group) => Object.keys(group)) }),
    ...point,
    receivers: Object.fromEntries(
      resolved.point.receivers.map((receiver, i) => [receiverLabel(receiver), point.receivers[i]]),
    ),
  };
}

/** Leaves out files that only lie elsewhere. */
function withoutMoved(
  a: RunResult["files"],
  b: RunResult["files"],
): [RunResult["files"], RunResult["files"]] {
  const keep = (ours: RunResult["files"], theirs: RunResult["files"]) =>
    Object.fromEntries(
      Object.entries(ours).filter(
        ([path, hash]) => path in theirs || !Object.values(theirs).includes(hash),
      ),
    );
  return [keep(a, b), keep(b, a)];
}

function modelsOf({ models }: RunResult): object {
  const [only, ...others] = models;
  return others.length === 0
    ? { model: only }
    : { models: { ...(models as readonly ModelRecord[]) } };
}

function versionsOf({ sessions }: RunResult): object {
  return overSessions(sessions, ({ versions, git }) => ({
    ...versions,
    ...(git && { "git.commit": git.commit, "git.dirty": git.dirty }),
  }));
}

function machineOf({ sessions }: RunResult): object {
  return overSessions(
    sessions,
    ({ host, platform, cpu, cores, workers, threadsPerWorker }: Session) => ({
      host,
      platform,
      cpu,
      cores,
      workers,
      threadsPerWorker,
    }),
  );
}

/** Each fact's value, or the list of its values where sessions differ. */
function overSessions(sessions: readonly Session[], factsOf: (session: Session) => object): object {
  const values = new Map<string, unknown[]>();
  for (const session of sessions) {
    for (const [key, value] of Object.entries(factsOf(session))) {
      const list = values.get(key) ?? [];
      if (!list.includes(value)) list.push(value);
      values.set(key, list);
    }
  }
  return Object.fromEntries(
    [...values].map(([key, list]) => [key, list.length === 1 ? list[0] : list]),
  );
}

// ---- what came out

interface PlaceTrials extends Place {
  readonly point: number;
  readonly trials: readonly TrialResult[];
}

const placeOf = ({ parameters, estimator }: Place): Place => ({ parameters, estimator });

/** The trials of each estimator at each point, by the values of `paths` and the label. */
function placesOf(run: RunResult, paths: readonly string[]): Map<string, PlaceTrials> {
  const parametersOf = run.resolved.points.map((swept) =>
    Object.fromEntries(
      paths.flatMap((path) => {
        const value = swept[path] ?? single(getPath(run.resolved.point, path));
        return value === undefined ? [] : [[path, value]];
      }),
    ),
  );
  const visits = new Map<string, number>();
  const keys = parametersOf.map((parameters) => {
    const text = JSON.stringify(parameters);
    // A sweep may visit a point twice; the second time is another point.
    const visit = (visits.get(text) ?? 0) + 1;
    visits.set(text, visit);
    return `${text} ${visit}`;
  });
  const order = new Map(run.estimators.map(({ label }, i) => [label, i]));
  const places = groupTrials(run.trials).sort(
    ([x], [y]) => x.point - y.point || order.get(x.estimator)! - order.get(y.estimator)!,
  );
  return new Map(
    places.map((trials) => {
      const [{ point, estimator }] = trials;
      const parameters = parametersOf[point];
      return [`${keys[point]} ${estimator}`, { parameters, estimator, point, trials }];
    }),
  );
}

/** A grid of one value counts as that value, as in sweeps. */
function single(value: unknown): ParameterValue | undefined {
  const one = Array.isArray(value) && value.length === 1 ? value[0] : value;
  return ["number", "string", "boolean"].includes(typeof one) ? one : undefined;
}

/** Random streams have names (seed, trial and, without common noise, the point): equal names, equal numbers. */
function pairingOf(a: RunResult, placeA: PlaceTrials, b: RunResult, placeB: PlaceTrials): Pairing {
  const [traceA, traceB] = [traceOf(a, placeA), traceOf(b, placeB)];
  if (traceA !== undefined && traceA === traceB) {
    return { paired: true, because: `both runs read the noise of trial k from ${traceA}` };
  }
  if (a.seed !== b.seed) {
    return { paired: false, because: `the seeds differ (${a.seed} and ${b.seed})` };
  }
  const [commonA, commonB] = [a, b].map(({ resolved }) => resolved.study.commonNoise);
  if (commonA !== commonB) {
    return { paired: false, because: "commonNoise differs, and with it the random streams" };
  }
  const [pointA, pointB] = [a.resolved.points[placeA.point], b.resolved.points[placeB.point]];
  // As written: the streams' names hold the parameters in their order.
  if (!commonA && JSON.stringify(pointA) !== JSON.stringify(pointB)) {
    return {
      paired: false,
      because: "without commonNoise, other sweeps have other random streams",
    };
  }
  return { paired: true, because: "both runs draw trial k from the same random streams" };
}

/** File with the noise, where that does not come from a random stream. */
function traceOf({ resolved }: RunResult, { point }: PlaceTrials): unknown {
  const { channel } = resolved.point;
  if (channel.name !== recorded.name) return undefined;
  return resolved.points[point]["channel.path"] ?? channel.path;
}

/** In counts of images, which are exact, so that equal differences have no spread at all. */
function comparePlaces(placeA: PlaceTrials, placeB: PlaceTrials, paired: boolean) {
  const [a, b] = paired
    ? commonTrials(placeA.trials, placeB.trials)
    : [placeA.trials, placeB.trials];
  // All trials of a point score the same images, but the runs may score different ones.
  const [imagesA, imagesB] = [placeA.trials[0].total, placeB.trials[0].total];
  const images = imagesA * imagesB;
  const [x, y] = [a.map((t) => t.correct * imagesB), b.map((t) => t.correct * imagesA)];
  const found: MeanDifference | undefined = paired
    ? pairedDifference(y.map((count, k) => count - x[k]))
    : welchDifference(x, y);
  return {
    ...placeOf(placeA),
    paired,
    a: { trials: a.length, accuracy: mean(x) / images },
    b: { trials: b.length, accuracy: mean(y) / images },
    difference: (mean(y) - mean(x)) / images,
    interval95: (found?.interval95.map((bound) => bound / images) ?? null) as
      | [number, number]
      | null,
    degreesOfFreedom: found?.degreesOfFreedom ?? null,
    pValue: found?.pValue ?? null,
  };
}

/** Trials of the same number, in equal order. */
function commonTrials(a: readonly TrialResult[], b: readonly TrialResult[]) {
  const ofB = new Map(b.map((t) => [t.trial, t]));
  const both = a.filter((t) => ofB.has(t.trial));
  return [both, both.map((t) => ofB.get(t.trial)!)];
}

function adjusted(
  comparisons: readonly Omit<AccuracyComparison, "adjustedPValue" | "significant">[],
): AccuracyComparison[] {
  const tested = comparisons.filter((c) => c.pValue !== null);
  const values = holm(tested.map((c) => c.pValue!));
  const adjustedOf = new Map(tested.map((c, i) => [c, values[i]]));
  return comparisons.map((c) => {
    const adjustedPValue = adjustedOf.get(c) ?? null;
    return { ...c, adjustedPValue, significant: adjustedPValue !== null && adjustedPValue < level };
  });
}

function compareRows(
  a: RunResult,
  b: RunResult,
  common: readonly { placeA: PlaceTrials; placeB: PlaceTrials }[],
): RunDiff["rows"] {
  const columns: Record<string, number> = {};
  let [inBoth, differing] = [0, 0];
  for (const { placeA, placeB } of common) {
    const [ofA, ofB] = commonTrials(placeA.trials, placeB.trials);
    inBoth += ofA.length;
    ofA.forEach((trial, i) => {
      const names = differingColumns(trial, ofB[i]);
      if (names.length > 0) differing++;
      for (const name of names) columns[name] = (columns[name] ?? 0) + 1;
    });
  }
  return {
    inBoth,
    onlyInA: a.trials.length - inBoth,
    onlyInB: b.trials.length - inBoth,
    differing,
    columns,
  };
}

function differingColumns(a: TrialResult, b: TrialResult): string[] {
  // A point's number and parameters depend on the sweep around it.
  const facts = (trial: TrialResult) => trialRow({ ...trial, point: 0, parameters: {} });
  const [rowA, rowB] = [facts(a), facts(b)];
  return [...new Set([...Object.keys(rowA), ...Object.keys(rowB)])].filter(
    (column) => !Object.is(rowA[column], rowB[column]),
  );
}
