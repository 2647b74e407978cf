import { InputError } from "../errors.js";
import { loadScenario, type Plan } from "../scenario/load.js";
import { estimatorOf } from "../scenario/schema.js";
import { assembleRun } from "../study/assemble.js";
import type { TrialResult } from "../study/results.js";
import { checkRunFolder, nextRunFolder, RunFolder } from "../study/run-folder.js";
import { closeStudy, prepareStudy, runStudy } from "../study/study.js";
import { Interrupted, watchInterrupt } from "./interrupt.js";
import { duration, showProgress, silent } from "./progress.js";

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
  const say = (text: string) => {
    if (!args.quiet && !args.json) process.stdout.write(`${text}\n`);
  };
  const tell = (event: string, data: object) => {
    if (args.json) process.stdout.write(`${JSON.stringify({ event, ...data })}\n`);
  };
  if (args.out !== undefined) checkRunFolder(args.out);
  const plan = await loadScenario(args.scenario, {
    overrides: args.set,
    seed: args.seed,
    yes: args.yes,
  });
  const total = plan.points.length * plan.study.trials;

  const interrupt = watchInterrupt(() => {
    if (!args.quiet)
      process.stderr.write("\nstopping after this inference; Ctrl-C again to give up\n");
  });
  try {
    const startedAt = new Date();
    const prepared = await prepareStudy(plan, interrupt.check);
    const bench = [...prepared.benches.values()][0];
    const folder = new RunFolder(args.out ?? nextRunFolder(plan.name), {
      sweptPaths: plan.axes.map((a) => a.path),
      settingKeys: settingKeys(plan),
    });
    tell("start", {
      scenario: plan.file,
      folder: folder.path,
      points: plan.points.length,
      trials: total,
    });
    say(
      `${plan.study.title ?? plan.name}: ${plan.points.length} points x ${plan.study.trials} trials, ` +
        `${bench.layout.size.toLocaleString("en")} weights of ${bench.modelName}, ${bench.scorer.runtime}`,
    );

    const trials: TrialResult[] = [];
    const notes: string[] = [];
    const progress = args.quiet || args.json ? silent : showProgress(total);
    let done = 0;
    let failure: unknown;
    try {
      await runStudy(prepared, {
        stopped: interrupt.check,
        onTrial: (results) => {
          folder.append(results);
          trials.push(...results);
          done++;
          progress.update(done, describeTrial(results));
          tell("trial", { done, of: total, results });
        },
        onNote: (note) => {
          notes.push(note);
          tell("note", { note });
        },
      });
    } catch (error) {
      failure = error;
    }
    progress.stop();

    const elapsedS = (Date.now() - startedAt.getTime()) / 1000;
    const complete = failure === undefined;
    const command = commandOf(args);
    const result = await assembleRun(prepared, {
      command,
      complete,
      startedAt,
      elapsedS,
      trials,
      notes,
    });
    await closeStudy(prepared);
    // Loaded now, since drawing takes memory that a large model may need until here.
    const { writeReport } = await import("../report/write-run.js");
    const { textTable } = await import("../report/table.js");
    const files = [folder.csvPath, ...(await writeReport(folder.path, result))];
    tell("end", { complete, folder: folder.path, files, elapsedS, summary: result.summary, notes });
    if (trials.length > 0) say(`\n${textTable(result)}`);
    for (const note of notes) say(`note: ${note}`);
    say(`${complete ? "done" : "stopped"} after ${duration(elapsedS * 1000)}; in ${folder.path}:`);
    for (const file of files) say(`  ${file}`);
    if (failure instanceof Interrupted) {
      if (!args.quiet) {
        process.stderr.write(
          `interrupted: ${done} of ${total} trials are finished and kept in ${folder.path}\n`,
        );
      }
      process.exitCode = 130;
    } else if (failure !== undefined) {
      // What the files hold was checked; a failure now is the run's, not the user's.
      throw failure instanceof InputError ? new Error(failure.message) : failure;
    }
  } catch (error) {
    if (!(error instanceof Interrupted)) throw error;
    if (!args.quiet)
      process.stderr.write("interrupted before the first trial; nothing was written\n");
    process.exitCode = 130;
  } finally {
    interrupt.stop();
  }
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
