import { checkRunFolder, nextRunFolder, RunFolder } from "../report/run-folder.js";
import { loadScenario, type Plan } from "../scenario/load.js";
import { estimatorOf } from "../scenario/schema.js";
import { assembleRun } from "../study/assemble.js";
import type { RunResult, TrialResult } from "../study/results.js";
import { closeStudy, type PreparedStudy, prepareStudy, runStudy } from "../study/study.js";
import { Interrupted, watchInterrupt } from "./interrupt.js";
import { duration, type Progress, showProgress, silent } from "./progress.js";

export interface RunArguments {
  readonly scenario: string;
  readonly out?: string | undefined;
  readonly set: readonly string[];
  readonly seed?: number | undefined;
  readonly yes: boolean;
  readonly quiet: boolean;
  readonly json: boolean;
}

/** `weightlink run`: everything is checked before anything is written. */
export async function run(args: RunArguments): Promise<void> {
  if (args.out !== undefined) checkRunFolder(args.out);
  const { scenario, set: overrides, seed, yes } = args;
  const plan = await loadScenario(scenario, { overrides, seed, yes });
  const voice = new Voice(args);
  const interrupt = watchInterrupt(() =>
    voice.warn("\nstopping after this inference; Ctrl-C again to give up"),
  );
  try {
    const startedAt = new Date();
    const prepared = await prepareStudy(plan, interrupt.check);
    const folder = new RunFolder(args.out ?? nextRunFolder(plan.name), {
      sweptPaths: plan.axes.map((a) => a.path),
      settingKeys: settingKeys(plan),
    });
    announce(voice, prepared, folder);
    const outcome = await simulate(voice, prepared, folder, interrupt.check);
    const result = await assembleRun(prepared, {
      ...outcome,
      command: commandOf(args),
      complete: outcome.failure === undefined,
      startedAt,
      elapsedS: (Date.now() - startedAt.getTime()) / 1000,
    });
    await closeStudy(prepared);
    await conclude(voice, result, folder);
    if (outcome.failure instanceof Interrupted) {
      const total = trialsOf(plan);
      voice.warn(
        `interrupted: ${outcome.done} of ${total} trials are finished and kept in ${folder.path}`,
      );
      process.exitCode = 130;
    } else if (outcome.failure !== undefined) {
      // Files were checked before; what fails now is the run, whatever it says.
      throw new Error((outcome.failure as Error).message, { cause: outcome.failure });
    }
  } catch (error) {
    if (!(error instanceof Interrupted)) throw error;
    voice.warn("interrupted before the first trial; nothing was written");
    process.exitCode = 130;
  } finally {
    interrupt.stop();
  }
}

/** What the user hears: text, one JSON object per event, or errors only. */
class Voice {
  readonly #text: boolean;

  constructor(readonly args: Pick<RunArguments, "quiet" | "json">) {
    this.#text = !args.quiet && !args.json;
  }

  say(text: string): void {
    if (this.#text) process.stdout.write(`${text}\n`);
  }

  warn(text: string): void {
    if (!this.args.quiet) process.stderr.write(`${text}\n`);
  }

  tell(event: string, data: object): void {
    if (this.args.json) process.stdout.write(`${JSON.stringify({ event, ...data })}\n`);
  }

  progress(total: number): Progress {
    return this.#text ? showProgress(total) : silent;
  }
}

const trialsOf = (plan: Plan) => plan.points.length * plan.study.trials;

function announce(voice: Voice, { plan, benches }: PreparedStudy, folder: RunFolder): void {
  const [bench] = benches.values();
  voice.tell("start", {
    scenario: plan.file,
    folder: folder.path,
    points: plan.points.length,
    trials: trialsOf(plan),
  });
  voice.say(
    `${plan.study.title ?? plan.name}: ${plan.points.length} points x ${plan.study.trials} trials, ` +
      `${bench.layout.size.toLocaleString("en")} weights of ${bench.modelName}, ${bench.scorer.runtime}`,
  );
}

interface Outcome {
  readonly trials: readonly TrialResult[];
  readonly notes: readonly string[];
  /** Transmissions finished. */
  readonly done: number;
  /** What ended the study early. */
  readonly failure: unknown;
}

async function simulate(
  voice: Voice,
  prepared: PreparedStudy,
  folder: RunFolder,
  stopped: () => void,
): Promise<Outcome> {
  const total = trialsOf(prepared.plan);
  const progress = voice.progress(total);
  const trials: TrialResult[] = [];
  const notes: string[] = [];
  let done = 0;
  let failure: unknown;
  try {
    await runStudy(prepared, {
      stopped,
      onTrial: (results) => {
        folder.append(results);
        trials.push(...results);
        done++;
        progress.update(done, describeTrial(results));
        voice.tell("trial", { done, of: total, results });
      },
      onNote: (note) => {
        notes.push(note);
        voice.tell("note", { note });
      },
    });
  } catch (error) {
    failure = error;
  }
  progress.stop();
  return { trials, notes, done, failure };
}

async function conclude(voice: Voice, result: RunResult, folder: RunFolder): Promise<void> {
  // Loaded now, since drawing takes memory that a large model may need until here.
  const { writeReport } = await import("../report/write-run.js");
  const { textTable } = await import("../report/table.js");
  const files = [folder.csvPath, ...(await writeReport(folder.path, result))];
  const { complete, elapsedS, summary, notes } = result;
  voice.tell("end", { complete, folder: folder.path, files, elapsedS, summary, notes });
  if (result.trials.length > 0) voice.say(`\n${textTable(result)}`);
  for (const note of notes) voice.say(`note: ${note}`);
  const end = complete ? "done" : "stopped";
  voice.say(`${end} after ${duration(elapsedS * 1000)}; in ${folder.path}:`);
  for (const file of files) voice.say(`  ${file}`);
}

/** Keys that the settings of the scenario's estimators have. */
function settingKeys(plan: Plan): string[] {
  const keys = plan.points[0].settings.receivers.flatMap((receiver) =>
    Object.keys(estimatorOf(receiver).settings(receiver as never)[0]),
  );
  return [...new Set(keys)];
}

function describeTrial(results: readonly TrialResult[]): string {
  const [first] = results;
  if (first === undefined) return "";
  const values = results.map((r) => `${r.estimator} ${(100 * r.accuracy).toFixed(1)} %`).join(", ");
  return `WNR ${Number(first.wnrDb.toFixed(1))} dB: ${values}`;
}

function commandOf({ scenario, set, seed }: RunArguments): string {
  const quote = (word: string) =>
    /^[\w./:=,@+-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
  const parts = ["npx weightlink run", quote(scenario), ...set.map((s) => `--set ${quote(s)}`)];
  if (seed !== undefined) parts.push(`--seed ${seed}`);
  return parts.join(" ");
}
