import { existsSync } from "node:fs";
import packageJson from "../../package.json" with { type: "json" };
import { InputError } from "../errors.js";
import {
  appendEvent,
  checkRunFolder,
  isFree,
  journalPath,
  makeRunFolder,
  runFolders,
  trialsInJournal,
} from "../report/run-folder.js";
import { counted, trialsText } from "../report/wording.js";
import { loadScenario, type Plan } from "../scenario/load.js";
import { kindOf, readScenario } from "../scenario/read.js";
import {
  assembleRun,
  describeRun,
  describeScenario,
  describeSession,
  isComplete,
  scheduleOf,
} from "../study/assemble.js";
import type { Session } from "../study/results.js";
import { firstDifference } from "../study/resume.js";
import type { Schedule } from "../study/schedule.js";
import { RunStore, type StoredRun } from "../study/store.js";
import { closeStudy, type PreparedStudy, prepareStudy, runStudy } from "../study/study.js";
import { commandOf } from "./command-of.js";
import type { StartEvent, StudyEvent } from "./events.js";
import { Interrupted, watchInterrupt } from "./interrupt.js";
import { duration, type Progress, showProgress, silent } from "./progress.js";
import { Voice } from "./voice.js";

export interface RunArguments {
  readonly scenario: string;
  readonly out?: string | undefined;
  readonly set: readonly string[];
  readonly seed?: number | undefined;
  readonly yes: boolean;
  readonly workers: number | "auto";
  readonly quiet: boolean;
  readonly json: boolean;
}

/**
 * `weightlink run`: everything is checked before anything is written. A folder that holds a run of the same
 * scenario is gone on with.
 */
export async function run(args: RunArguments): Promise<void> {
  const { scenario, set: overrides, seed, yes, workers } = args;
  const { data } = await readScenario(scenario);
  if (kindOf(data, scenario) === "federated") {
    const { federated } = await import("./federated.js");
    return federated(args);
  }
  const plan = await loadScenario(scenario, { overrides, seed, yes });
  const voice = new StudyVoice(args);
  const interrupt = watchInterrupt(() =>
    voice.warn("\nstopping after this inference; Ctrl-C again to give up"),
  );
  const { signal } = interrupt;
  let store: RunStore | undefined;
  try {
    const place = await findPlace(args.out, plan);
    ({ store } = place);
    const { folder, stored } = place;
    voice.folder = folder;
    const command = commandOf("run", args);
    const isDone = stored !== undefined && isComplete(stored);
    const prepared = isDone ? undefined : await prepareStudy(plan, { workers, signal });
    if (store === undefined) {
      const header = await describeRun(prepared!, command);
      signal.throwIfAborted();
      makeRunFolder(folder);
      store = await RunStore.create(folder, header);
    } else {
      signal.throwIfAborted();
      await store.updateHeader({ ...store.header, ...describeScenario(plan, command) });
    }
    if (prepared === undefined) {
      voice.say(`${folder} holds this run already, complete; another --out runs it afresh`);
    } else {
      if (stored !== undefined) await noteResumption(voice, store, stored);
      await simulate(voice, prepared, store, folder, signal);
    }
    await conclude(voice, store, folder);
  } catch (error) {
    if (!(error instanceof Interrupted)) throw error;
    if (store === undefined) voice.warn("interrupted before the first trial; nothing was written");
    process.exitCode = 130;
  } finally {
    interrupt.stop();
    store?.close();
  }
}

/** Where a run goes. */
interface Place {
  readonly folder: string;
  /** Where the run has begun: its store, and what that holds. */
  readonly store?: RunStore;
  readonly stored?: StoredRun;
}

/** Throws InputError where another run is in the way. */
async function findPlace(out: string | undefined, plan: Plan): Promise<Place> {
  for (const folder of out === undefined ? runFolders(plan.name) : [out]) {
    const store = await RunStore.open(folder, { readOnly: false });
    if (store === undefined) {
      if (out !== undefined) checkRunFolder(folder);
      else if (!isFree(folder)) continue;
      return { folder };
    }
    const stored = await readWhole(store, folder);
    const difference = await firstDifference(stored.header, plan);
    if (difference === undefined) return { folder, store, stored };
    store.close();
    if (out !== undefined) {
      throw new InputError(
        `--out ${folder}: holds a run of another scenario (${difference}); name another folder`,
      );
    }
  }
  throw new Error("there is always another folder");
}

/**
 * Throws InputError where the journal, which is written after the store, knows of more trials: the store has
 * lost some. DuckDB passes over a log whose beginning is damaged without a word.
 */
async function readWhole(store: RunStore, folder: string): Promise<StoredRun> {
  const stored = await store.read();
  const held = stored.finished.length;
  const known = trialsInJournal(folder);
  if (known <= held) return stored;
  store.close();
  throw new InputError(
    `${store.path}: holds ${held} trials and ${journalPath(folder)} knows of ${known}, so the store is damaged; nothing was changed: restore it, or run into another folder`,
  );
}

/** What the user hears: text, one JSON object per event, or errors only. The run's journal hears every event. */
class StudyVoice extends Voice<StudyEvent> {
  #progress: Progress = silent;
  /** Where the journal is. */
  folder = "";

  override tell(event: StudyEvent): void {
    appendEvent(this.folder, event);
    super.tell(event);
    if (event.event === "trial") this.#progress.update(event);
    if (event.event === "worker" && this.text) this.#progress.log(`note: ${event.text}`);
  }

  startProgress(...args: Parameters<typeof showProgress>): void {
    if (this.text) this.#progress = showProgress(...args);
  }

  stopProgress(): void {
    this.#progress.stop();
    this.#progress = silent;
  }
}

async function noteResumption(
  voice: StudyVoice,
  store: RunStore,
  { sessions }: StoredRun,
): Promise<void> {
  const before = sessions.at(-1)?.versions.weightlink;
  const text =
    before === undefined || before === packageJson.version
      ? "resumed"
      : `resumed by weightlink ${packageJson.version}; trials before are of weightlink ${before}`;
  if (text !== "resumed") voice.warn(`note: ${text}`);
  await store.addEvent({ happenedAt: new Date().toISOString(), kind: "resume", text });
}

/** Runs what is missing. Throws Interrupted, or the error that ended the study; finished trials are stored. */
async function simulate(
  voice: StudyVoice,
  prepared: PreparedStudy,
  store: RunStore,
  folder: string,
  signal: AbortSignal,
): Promise<void> {
  const { plan } = prepared;
  const session = describeSession(prepared, plan.file, new Date());
  await store.startSession(session);
  const stored = await store.read();
  const schedule = scheduleOf(stored);
  const start = startEvent(prepared, folder, session, schedule);
  voice.tell(start);
  announce(voice, prepared, start);
  voice.startProgress(start, stored.trials);
  const noted = new Set<string>();
  try {
    await runStudy(prepared, schedule, {
      signal,
      onTrial: (outcome) => store.record(outcome),
      onFinished: (outcome) => {
        const { point, trial, results } = outcome;
        const { done, wanted } = schedule.counts;
        for (const text of outcome.notes.filter((note) => !noted.has(note))) {
          noted.add(text);
          voice.tell({ event: "note", text });
        }
        const atPoint = schedule.at(point);
        voice.tell({ event: "trial", point, trial, done, wanted, atPoint, results });
      },
      onDeath: (text) => {
        voice.tell({ event: "worker", text });
        return store.addEvent({ happenedAt: new Date().toISOString(), kind: "worker", text });
      },
    });
  } catch (error) {
    voice.stopProgress();
    const { counts } = schedule;
    if (!existsSync(store.path)) {
      throw new Error(`${folder} was removed during the run, and its trials with it`, {
        cause: { code: "ENOENT" },
      });
    }
    voice.warn(
      `${signal.aborted ? "interrupted" : "stopped"}: ${counts.done} of ${counts.wanted} trials are finished and kept in ${folder}; the same command goes on`,
    );
    if (!(error instanceof Interrupted)) {
      // Files were checked before; what fails now is the run, whatever it says.
      throw new Error((error as Error).message, { cause: error });
    }
    await store.endSession(new Date());
    await conclude(voice, store, folder);
    throw error;
  }
  voice.stopProgress();
  await store.endSession(new Date());
  await closeStudy(prepared);
}

function startEvent(
  { plan, workforce }: PreparedStudy,
  folder: string,
  session: Session,
  schedule: Schedule,
): StartEvent {
  const { done, wanted } = schedule.counts;
  return {
    event: "start",
    at: session.startedAt,
    scenario: plan.file,
    title: plan.study.title ?? plan.name,
    folder,
    host: session.host,
    pid: session.pid,
    workers: workforce.workers,
    threadsPerWorker: session.threadsPerWorker,
    points: plan.points.map((p) => p.parameters),
    trialsPerPoint: plan.study.trials,
    done,
    wanted,
  };
}

function announce(
  voice: StudyVoice,
  { plan, benches, workforce }: PreparedStudy,
  start: StartEvent,
) {
  const [bench] = benches.values();
  const staff =
    workforce.workers === 1
      ? counted(start.threadsPerWorker, "thread")
      : `${workforce.workers} workers of ${counted(start.threadsPerWorker, "thread")}`;
  voice.say(
    `${start.title}: ${counted(plan.points.length, "point")} x ${trialsText(plan.study.trials)}, ` +
      `${bench.layout.size.toLocaleString("en")} weights of ${bench.modelName}, ${bench.scorer.runtime}, ${staff}`,
  );
  if (start.done > 0) voice.say(`going on after ${start.done} of ${start.wanted} trials`);
}

async function conclude(voice: StudyVoice, store: RunStore, folder: string): Promise<void> {
  const result = assembleRun(await store.read());
  // Loaded now, since drawing takes memory that a large model may need until here.
  const { writeReport } = await import("../report/write-run.js");
  const { textTable } = await import("../report/table.js");
  const files = await writeReport(folder, result);
  const { complete, elapsedS, summary, notes } = result;
  voice.tell({ event: "end", complete, folder, files, elapsedS, summary, notes });
  if (result.trials.length > 0) voice.say(`\n${textTable(result)}`);
  for (const note of notes) voice.say(`note: ${note}`);
  const end = complete ? "done" : "stopped";
  voice.say(`${end} after ${duration(elapsedS * 1000)}; in ${folder}:`);
  for (const file of files) voice.say(`  ${file}`);
}
