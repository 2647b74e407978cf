/**
 * The record of a run: what was asked, with what, and what came out.
 */
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { availableParallelism, cpus, hostname } from "node:os";
import { dirname } from "node:path";
import * as ort from "onnxruntime-node";
import packageJson from "../../package.json" with { type: "json" };
import { refinementsInWords } from "../receiver/refinements/chain.js";
import { toldInWords } from "../receiver/side-information.js";
import type { Plan } from "../scenario/load.js";
import {
  baselineOf,
  channelFiles,
  estimatorOf,
  type ReceiverSettings,
  receiverLabel,
} from "../scenario/schema.js";
import { type Bench, benchKey, networkPlan, searchesGrid } from "./bench.js";
import { pairedDifferences } from "./compare.js";
import { requiredRatios } from "./required.js";
import type {
  ModelRecord,
  ResolvedScenario,
  RunHeader,
  RunResult,
  Session,
  SideInformation,
} from "./results.js";
import { Schedule } from "./schedule.js";
import { jobsOf, readStore, type StoredRun } from "./store.js";
import type { PreparedStudy } from "./study.js";
import { summarize } from "./summarize.js";

/** Which convention each number follows; publications differ, so every run says its own. */
const conventions: RunHeader["conventions"] = {
  snrDb:
    "mean(w²) / mean noise variance, per real dimension at the estimator's input, over weights that arrived, in dB",
  wnrDb:
    "Var[w] / mean noise variance, per real weight at the estimator's input, over weights that arrived, in dB",
  equivalentWnrDb:
    "WNR of the white noise that would cost a linear MMSE estimator as much; a lost weight counts with WNR 0",
  noise: "noise variance per real component; a complex symbol has N0 = twice that",
  mse: "mean((ŵ − w)²) over the weights sent",
  nmse: "mse / mean(w²)",
  energy:
    "sum of squared components of all packets sent, with the weights scaled to mean square 1; pilots and prefixes included",
  interval95: "Student t over trials",
  bootstrap95: "percentile bootstrap over trials",
  differences: "estimator − baseline in the same trial, with the Student t interval of the mean",
};

/** What is known of a run before its first trial. Reads every model and data file once more, for its hash. */
export async function describeRun(
  { plan, benches }: PreparedStudy,
  command: string,
): Promise<RunHeader> {
  const first = plan.points[0].settings;
  const receivers = first.receivers as ReceiverSettings[];
  const keys = [...benches.keys()];
  const plans = [...benches.values()].flatMap((bench) => networkPlan(bench) ?? []);
  const tensors = [...benches.values()].map(({ layout }) => layout.entries.length);
  const files = new Set([
    ...[...benches.values()].flatMap((b) => b.files),
    ...plan.points.flatMap(({ settings }) => channelFiles(settings)),
  ]);
  return {
    weightlink: packageJson.version,
    ...describeScenario(plan, command),
    seed: plan.study.seed,
    conventions,
    models: [...benches.values()].map(modelRecord),
    modelOfPoint: plan.points.map(({ settings }) => keys.indexOf(benchKey(settings))),
    files: await hashFiles([...files]),
    estimators: receivers.map((receiver) => {
      const estimator = estimatorOf(receiver);
      const searches = searchesGrid(receiver);
      return {
        label: receiverLabel(receiver),
        name: estimator.name,
        needs: [
          ...new Set([
            ...toldInWords(estimator, receiver, tensors),
            ...(searches ? [labelledImages(receiver)] : []),
            ...refinementsInWords(receiver.refine, plans),
          ]),
        ],
        oracle: searches && receiver.choose === "oracle",
      };
    }),
    settingKeys: settingKeys(receivers),
    axes: plan.axes,
    points: plan.points.length,
    trialsPerPoint: plan.study.trials,
  };
}

/** The images that choose a setting. */
function labelledImages({ choose, kappa }: ReceiverSettings): SideInformation {
  if (choose === "oracle") return "labelled test images";
  return kappa === 1 ? "1 labelled image" : `${kappa} labelled images`;
}

/** The part of a header that may change when a run is resumed: no trial depends on it. */
export function describeScenario(plan: Plan, command: string) {
  return {
    name: plan.name,
    title: plan.study.title ?? plan.name,
    scenarioFile: plan.file,
    scenarioText: plan.text,
    overrides: plan.overrides,
    scenario: plan.data,
    resolved: resolve(plan),
    command,
    analysis: {
      baseline: baselineOf(plan.study, plan.points[0].settings.receivers),
      gainAt: plan.study.analysis.gainAt,
    },
  };
}

/** The scenario with every default filled in. */
export function resolve({ study, points }: Plan): ResolvedScenario {
  return { study, point: points[0].settings, points: points.map((p) => p.parameters) };
}

/** The run with all that follows from its trials. */
export function assembleRun(stored: StoredRun): RunResult {
  const { header, sessions, events, trials, tensors, timelines, elapsedS } = stored;
  const { analysis, axes } = header;
  const estimators = header.estimators.map(({ label }) => label);
  return {
    ...header,
    versions: sessions.at(-1)?.versions ?? {},
    sessions,
    events,
    notes: events.filter((e) => e.kind === "note").map((e) => e.text),
    complete: isComplete(stored),
    startedAt: sessions[0]?.startedAt ?? "",
    elapsedS,
    summary: summarize(trials, (point) => header.modelOfPoint[point]),
    differences: pairedDifferences(trials, estimators, analysis.baseline),
    targets: requiredRatios(trials, {
      estimators,
      axes,
      ...analysis,
      commonNoise: header.resolved.study.commonNoise,
    }),
    tensors,
    timelines,
    trials,
  };
}

/** Reads a run folder. Throws InputError where it holds no run. */
export async function readRun(folder: string): Promise<RunResult> {
  return assembleRun(await readStore(folder));
}

/** True where no point wants another trial. */
export function isComplete(stored: StoredRun): boolean {
  return scheduleOf(stored).next() === undefined;
}

/** What is still to run. */
export function scheduleOf({ header, finished, trials }: StoredRun): Schedule {
  const schedule = new Schedule(header.points, header.trialsPerPoint);
  for (const [job, accuracies] of jobsOf(finished, trials)) schedule.finish(job, accuracies);
  return schedule;
}

/** A process that begins to work on a run in `folder`. */
export function describeSession(
  { workforce }: PreparedStudy,
  scenarioFile: string,
  startedAt: Date,
): Session {
  return {
    startedAt: startedAt.toISOString(),
    ...describeProcess(scenarioFile),
    workers: workforce.workers,
    threadsPerWorker: workforce.threads || availableParallelism(),
  };
}

/** This process, its machine and its programs. */
export function describeProcess(
  scenarioFile: string,
): Omit<Session, "startedAt" | "workers" | "threadsPerWorker"> {
  const git = gitCommit(dirname(scenarioFile));
  return {
    host: hostname(),
    pid: process.pid,
    platform: `${process.platform} ${process.arch}`,
    cpu: cpus()[0]?.model.trim() ?? "unknown",
    cores: availableParallelism(),
    versions: {
      weightlink: packageJson.version,
      node: process.versions.node,
      onnxruntime: ort.env.versions.node ?? ort.env.versions.common,
    },
    ...(git && { git }),
  };
}

/** Commit of the repository that holds `folder`; undefined without one, or without git. */
function gitCommit(folder: string): Session["git"] {
  const git = (...args: string[]) =>
    execFileSync("git", ["-C", folder, ...args], {
      encoding: "utf8",
      stdio: ["ignore", "pipe", "ignore"],
    }).trim();
  try {
    return { commit: git("rev-parse", "HEAD"), dirty: git("status", "--porcelain") !== "" };
  } catch {
    return undefined;
  }
}

/** Keys that the settings of the receivers have. */
function settingKeys(receivers: readonly ReceiverSettings[]): string[] {
  const keys = receivers.flatMap((receiver) =>
    Object.keys(estimatorOf(receiver).settings(receiver as never)[0]),
  );
  return [...new Set(keys)];
}

function modelRecord(bench: Bench): ModelRecord {
  return {
    name: bench.modelName,
    format: bench.model.format,
    runtime: bench.scorer.runtime,
    travellingWeights: bench.layout.size,
    travellingTensors: bench.layout.entries.length,
    ...bench.statistics,
    dataset: { name: bench.datasetName, classes: bench.classes, images: bench.test.count },
    clean: { correct: bench.cleanCorrect, total: bench.test.count },
  };
}

/** SHA-256 by path. */
export async function hashFiles(files: readonly string[]): Promise<Record<string, string>> {
  const entries = files.map(async (file) => [file, await sha256(file)] as const);
  return Object.fromEntries(await Promise.all(entries));
}

async function sha256(file: string): Promise<string> {
  const hash = createHash("sha256");
  for await (const chunk of createReadStream(file)) hash.update(chunk as Buffer);
  return hash.digest("hex");
}
