import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import packageJson from "../../package.json" with { type: "json" };
import { InputError, inScenario } from "../errors.js";
import { benchKey } from "../federated/bench.js";
import { isFinished, type StoredCourse } from "../federated/course.js";
import { coursesFolder, readCourse, writeCourse } from "../federated/course-store.js";
import type { CourseName } from "../federated/history.js";
import type { FederatedHeader, FinishedCourse } from "../federated/results.js";
import {
  coursesOf,
  type PreparedFederated,
  prepareFederated,
  runFederated,
} from "../federated/study.js";
import { assembleFederated } from "../federated/summarize.js";
import { lockFolder } from "../files/folder-lock.js";
import { replaceFiles } from "../files/replace.js";
import { writeFederatedReport } from "../report/federated-report.js";
import { federatedTable } from "../report/federated-table.js";
import { checkRunFolder, isFree, makeRunFolder, runFolders } from "../report/run-folder.js";
import { counted } from "../report/wording.js";
import { type FederatedPlan, loadFederated } from "../scenario/load-federated.js";
import { channelFiles, receiverLabel } from "../scenario/schema.js";
import { hashFiles } from "../study/assemble.js";
import { differences } from "../study/resume.js";
import { commandOf } from "./command-of.js";
import { FederatedVoice } from "./federated-voice.js";
import { Interrupted, watchInterrupt } from "./interrupt.js";
import { duration } from "./progress.js";
import type { RunArguments } from "./run.js";

/**
 * `weightlink run` of a scenario of kind federated: everything is checked before anything is written. A folder that
 * holds a run of the same scenario is gone on with.
 */
export async function federated(args: RunArguments): Promise<void> {
  const { scenario, set: overrides, seed, workers } = args;
  const voice = new FederatedVoice(args);
  const interrupt = watchInterrupt(() =>
    voice.warn("\nstopping after this step; Ctrl-C again to give up"),
  );
  const { signal } = interrupt;
  let folder: string | undefined;
  let unlock = () => {};
  try {
    const plan = await loadFederated(scenario, { overrides, seed });
    const prepared = await inScenario(plan.file, () => prepareFederated(plan, workers));
    const header = await describe(prepared, commandOf("run", args));
    folder = findPlace(args.out, plan, header);
    checkCourses(prepared, folder);
    signal.throwIfAborted();
    makeRunFolder(folder);
    unlock = await lockFolder(folder);
    // Once more: another process may have written there until the folder was locked.
    findPlace(folder, plan, header);
    makeRunFolder(coursesFolder(folder));
    await replaceFiles(folder, { "scenario.json": json(header) });
    await simulate(voice, prepared, folder, header, signal);
  } catch (error) {
    if (!(error instanceof Interrupted)) throw error;
    if (folder === undefined) {
      voice.warn("interrupted before the first round; nothing was written");
    }
    process.exitCode = 130;
  } finally {
    interrupt.stop();
    unlock();
  }
}

const json = (value: unknown) => `${JSON.stringify(value, null, 2)}\n`;

/** What was asked, and of what. */
async function describe(
  { plan, benches }: PreparedFederated,
  command: string,
): Promise<FederatedHeader> {
  const { study, points } = plan;
  const files = new Set([
    ...[...benches.values()].flatMap((bench) => bench.files),
    ...points.flatMap(({ settings: { downlink } }) => (downlink ? channelFiles(downlink) : [])),
  ]);
  const labels = points.map(({ settings }) => settings.receivers.map(receiverLabel));
  const { analysis } = study;
  const all = [...new Set(labels.flat())];
  return {
    weightlink: packageJson.version,
    name: plan.name,
    title: study.title ?? plan.name,
    command,
    scenarioFile: plan.file,
    scenarioText: plan.text,
    overrides: plan.overrides,
    scenario: plan.data,
    resolved: { study, points: points.map(({ settings }) => settings) },
    files: await hashFiles([...files]),
    models: [...benches.values()].map(({ modelName, modelHash, whole, travelling }) => ({
      name: modelName,
      sha256: modelHash,
      size: whole.size,
      travelling: travelling.size,
    })),
    axes: plan.axes,
    points: points.map(({ parameters }) => parameters),
    receivers: labels,
    trials: study.trials,
    rounds: Math.max(...points.map(({ settings }) => settings.training.rounds)),
    lastRounds: analysis.lastRounds,
    targets: analysis.targets,
    gainAt: analysis.gainAt,
    baseline: analysis.baseline ?? (all.includes("ml") ? "ml" : all[0]),
    classes: [...benches.values()][0].classes,
  };
}

/** The folder of the run: one that holds it already, or a free one. Throws InputError where another run is in the way. */
function findPlace(out: string | undefined, plan: FederatedPlan, header: FederatedHeader): string {
  for (const folder of out === undefined ? runFolders(plan.name) : [out]) {
    const there = readHeader(folder);
    if (there === undefined) {
      if (out !== undefined) checkRunFolder(folder);
      else if (!isFree(folder)) continue;
      return folder;
    }
    const difference = firstDifference(there, header);
    if (difference === undefined) return folder;
    if (out !== undefined) {
      throw new InputError(
        `--out ${folder}: holds a run of another scenario (${difference}); name another folder`,
      );
    }
  }
  throw new Error("there is always another folder");
}

/** What a folder's federated run was asked; undefined where it holds none, or none that can be read. */
function readHeader(folder: string): FederatedHeader | undefined {
  const path = join(folder, "scenario.json");
  if (!existsSync(path) || !existsSync(coursesFolder(folder))) return undefined;
  try {
    const header = JSON.parse(readFileSync(path, "utf8")) as Partial<FederatedHeader> | null;
    return header?.resolved === undefined ? undefined : (header as FederatedHeader);
  } catch {
    return undefined;
  }
}

/** Throws InputError where a training of the folder cannot be gone on with: before anything of it is written anew. */
function checkCourses(prepared: PreparedFederated, folder: string): void {
  for (const name of coursesOf(prepared.plan)) {
    try {
      readCourse(folder, name, wholeOf(prepared, name));
    } catch (error) {
      if (!(error instanceof InputError)) throw error;
      throw new InputError(`${error.message}; without that file its training is done again`);
    }
  }
}

/** All of a training's model. */
const wholeOf = ({ plan, benches }: PreparedFederated, { point }: CourseName) =>
  benches.get(benchKey(plan.points[point].settings))!.whole;

/** Keys of a study that no training depends on. */
const withoutEffect = ["title", "description", "analysis", "batch", "threads"];

/** The first thing in which two runs' trainings would differ. */
function firstDifference(there: FederatedHeader, header: FederatedHeader): string | undefined {
  // Through JSON, as the stored one went.
  const here = JSON.parse(JSON.stringify(header)) as FederatedHeader;
  const study = ({ resolved }: FederatedHeader) =>
    Object.fromEntries(
      Object.entries(resolved.study as object).filter(([key]) => !withoutEffect.includes(key)),
    );
  return (
    differences(study(there), study(here))[0] ??
    differences(there.resolved.points, here.resolved.points, "points")[0] ??
    differences(there.files, here.files)[0] ??
    differences(there.models, here.models, "models")[0]
  );
}

/** Runs what is missing, and writes what there is. Throws Interrupted, or the error that ended the study. */
async function simulate(
  voice: FederatedVoice,
  prepared: PreparedFederated,
  folder: string,
  header: FederatedHeader,
  signal: AbortSignal,
): Promise<void> {
  const { plan } = prepared;
  const start = Date.now();
  const names = coursesOf(plan);
  const finished: FinishedCourse[] = [];
  const keep = (name: CourseName, { records, notes }: Pick<StoredCourse, "records" | "notes">) =>
    finished.push({ ...name, records, notes, label: header.receivers[name.point][name.receiver] });
  const progress = voice.start(prepared, header, folder);
  const conclude = async () => {
    progress.stop();
    const result = assembleFederated(header, finished, names.length);
    const files = await writeFederatedReport(folder, result, finished);
    voice.end(result, folder, files, federatedTable(result), duration(Date.now() - start));
  };
  try {
    await runFederated(prepared, {
      signal,
      stored: (name) => {
        const course = readCourse(folder, name, wholeOf(prepared, name));
        if (course !== undefined) {
          progress.resume(name, course);
          if (isFinished(plan, name, course)) keep(name, course);
        }
        return course;
      },
      onRound: async (name, course) => {
        await writeCourse(folder, name, wholeOf(prepared, name), course);
        progress.round(name, course);
        if (isFinished(plan, name, course)) keep(name, course);
      },
      onDeath: (text) => voice.warn(`note: ${text}`),
    });
  } catch (error) {
    voice.warn(
      `${signal.aborted ? "interrupted" : "stopped"}: ${finished.length} of ${counted(names.length, "training")} are finished, and every finished round of the others is kept in ${folder}; the same command goes on`,
    );
    await conclude();
    if (error instanceof Interrupted) throw error;
    // Input was checked before; what fails now is the run, whatever it says.
    throw new Error((error as Error).message, { cause: error });
  }
  await conclude();
}
