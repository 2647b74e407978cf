import { join } from "node:path";
import packageJson from "../../package.json" with { type: "json" };
import { InputError, inScenario } from "../errors.js";
import { lockFolder } from "../files/folder-lock.js";
import { replaceFiles } from "../files/replace.js";
import { checkRunFolder, isFree, makeRunFolder, runFolders } from "../report/run-folder.js";
import { writeEpoch, writeTrainingFigure } from "../report/training-report.js";
import { counted } from "../report/wording.js";
import { loadTraining } from "../scenario/load-training.js";
import { openTrainingBench, type TrainingBench } from "../training/bench.js";
import {
  type Checkpoint,
  checkpointPath,
  firstDifference,
  readCheckpoint,
  type TrainingIdentity,
  writeCheckpoint,
} from "../training/checkpoint.js";
import type { EpochRecord } from "../training/history.js";
import { checkpointOf, restore, TrainingDiverged, trainEpochs } from "../training/train.js";
import { commandOf } from "./command-of.js";
import { Interrupted, watchInterrupt } from "./interrupt.js";
import { duration } from "./progress.js";
import { TrainDiary } from "./train-diary.js";
import { benchText, parameterCount, TrainVoice, testText } from "./train-voice.js";

export interface TrainArguments {
  readonly scenario: string;
  readonly out?: string | undefined;
  readonly resume?: string | undefined;
  readonly set: readonly string[];
  readonly seed?: number | undefined;
  readonly quiet: boolean;
  readonly json: boolean;
}

/**
 * `weightlink train`: everything is checked before anything is written. A folder that holds a checkpoint of
 * the same training is gone on with.
 */
export async function train(args: TrainArguments): Promise<void> {
  if (args.out !== undefined && args.resume !== undefined) {
    throw new InputError(
      "--resume names the folder of the run, and --out another: give one of them",
    );
  }
  const { scenario, set: overrides, seed } = args;
  const voice = new TrainVoice(args);
  const interrupt = watchInterrupt(() =>
    voice.warn("\nstopping after this step; Ctrl-C again to give up"),
  );
  const { signal } = interrupt;
  let bench: TrainingBench | undefined;
  let folder: string | undefined;
  let unlock = () => {};
  try {
    const plan = await loadTraining(scenario, { overrides, seed });
    bench = await inScenario(plan.file, () => openTrainingBench(plan));
    const found = findPlace(args, plan.name, bench.identity);
    signal.throwIfAborted();
    folder = found.folder;
    makeRunFolder(folder);
    unlock = await lockFolder(folder);
    // Once more: another process may have written there until the folder was locked.
    const given = args.resume === undefined ? { out: folder } : args;
    const place = findPlace(given, plan.name, bench.identity);
    await begin(bench, place, commandOf("train", args, ...placeOptions(args)));
    await goOn(voice, bench, place, signal);
  } catch (error) {
    if (!(error instanceof Interrupted)) throw error;
    const how =
      folder === undefined
        ? "interrupted before the first step; nothing was written"
        : `go on with: ${commandOf("train", args, "--resume", folder)}`;
    voice.warn(how);
    process.exitCode = 130;
  } finally {
    interrupt.stop();
    unlock();
    await bench?.trainer.close();
  }
}

/** The part of the command line that names the folder. */
function placeOptions({ out, resume }: TrainArguments): string[] {
  if (out !== undefined) return ["--out", out];
  return resume === undefined ? [] : ["--resume", resume];
}

/** Where a training goes, and what it goes on from. */
interface Place {
  readonly folder: string;
  readonly checkpoint?: Checkpoint;
}

/** Throws InputError where something else is in the way. */
function findPlace(
  { out, resume }: Pick<TrainArguments, "out" | "resume">,
  name: string,
  identity: TrainingIdentity,
): Place {
  const given = out ?? resume;
  const option = resume === undefined ? "--out" : "--resume";
  for (const folder of given === undefined ? runFolders(name) : [given]) {
    const checkpoint = readCheckpoint(folder);
    if (checkpoint === undefined) {
      if (resume !== undefined) {
        throw new InputError(`--resume ${folder}: there is no ${checkpointPath(folder)}`);
      }
      if (out !== undefined) checkRunFolder(folder);
      else if (!isFree(folder)) continue;
      return { folder };
    }
    const difference = firstDifference(checkpoint.identity, identity);
    if (difference === undefined) return { folder, checkpoint };
    if (given !== undefined) {
      throw new InputError(
        `${option} ${folder}: holds another training (${difference}); name another folder`,
      );
    }
  }
  throw new Error("there is always another folder");
}

/** Sets the training to where the folder has it; a new one has its first checkpoint before its first step. */
async function begin(
  bench: TrainingBench,
  { folder, checkpoint }: Place,
  command: string,
): Promise<void> {
  if (checkpoint !== undefined) restore(bench, checkpoint);
  else await writeCheckpoint(folder, checkpointOf(bench, []));
  // What follows from the checkpoint may be older than it, where the process was killed between them.
  await writeEpoch(folder, checkpoint?.history ?? [], bench.trainer.exportModel());
  const record = scenarioRecord(bench, command);
  await replaceFiles(folder, { "scenario.json": `${JSON.stringify(record, null, 2)}\n` });
}

/** What was asked. */
function scenarioRecord(bench: TrainingBench, command: string) {
  const { plan, identity, batches, test, validation } = bench;
  return {
    weightlink: packageJson.version,
    name: plan.name,
    title: titleOf(bench),
    command,
    scenarioFile: plan.file,
    scenarioText: plan.text,
    overrides: plan.overrides,
    scenario: plan.data,
    resolved: identity.settings,
    files: identity.files,
    model: { name: bench.modelName, sha256: identity.model, parameters: parameterCount(bench) },
    dataset: {
      name: plan.settings.dataset.name,
      classes: bench.classes,
      training: bench.trainingExamples,
      leftOutOfEachEpoch: batches.leftOut,
      validation: validation?.count ?? null,
      test: test.count,
    },
  };
}

function titleOf({ plan }: TrainingBench): string {
  return plan.settings.title ?? plan.name;
}

/** Runs what is missing. Throws Interrupted, or the error that ended the training; checkpoints stay. */
async function goOn(
  voice: TrainVoice,
  bench: TrainingBench,
  { folder, checkpoint }: Place,
  signal: AbortSignal,
): Promise<void> {
  const { epochs } = bench.plan.settings.training;
  let kept: readonly EpochRecord[] = checkpoint?.history ?? [];
  const diary = new TrainDiary(folder, bench, kept.length);
  announce(voice, bench, folder, kept.length);
  voice.startProgress(bench, kept.length);
  try {
    await trainEpochs(bench, kept, {
      signal,
      onStep: (epoch, soFar) => voice.step(bench, epoch, soFar),
      onEpoch: (record, seconds) => {
        voice.epoch(bench, record, seconds);
        diary.add(seconds);
      },
      onCheckpoint: async (made, model) => {
        await writeCheckpoint(folder, made);
        await writeEpoch(folder, made.history, model);
        kept = made.history;
        await diary.write(kept.length);
        voice.tell({ event: "checkpoint", epoch: kept.length });
      },
    });
  } catch (error) {
    voice.stopProgress();
    voice.warn(
      `${signal.aborted ? "interrupted" : "stopped"}: ${folder} keeps the checkpoint and the model of ${kept.length} of ${counted(epochs, "epoch")}`,
    );
    if (error instanceof Interrupted) {
      await conclude(voice, bench, folder, kept, diary);
      throw error;
    }
    // Input was checked before; what fails now is the training, whatever it says.
    const cause = error instanceof TrainingDiverged ? { code: "DIVERGED" } : error;
    throw new Error((error as Error).message, { cause });
  }
  voice.stopProgress();
  await conclude(voice, bench, folder, kept, diary);
}

function announce(voice: TrainVoice, bench: TrainingBench, folder: string, done: number): void {
  const { plan, batches } = bench;
  const { epochs } = plan.settings.training;
  voice.tell({
    event: "start",
    at: new Date().toISOString(),
    scenario: plan.file,
    title: titleOf(bench),
    folder,
    pid: process.pid,
    epochs,
    done,
    stepsPerEpoch: batches.perEpoch,
    batch: batches.size,
  });
  voice.say(`${titleOf(bench)}: ${benchText(bench)}`);
  if (done === epochs) {
    voice.say(`${folder} holds this training already, complete; another --out runs it afresh`);
  } else if (done > 0) voice.say(`going on after ${done} of ${counted(epochs, "epoch")}`);
}

/** The figure, and what there is. */
async function conclude(
  voice: TrainVoice,
  bench: TrainingBench,
  folder: string,
  history: readonly EpochRecord[],
  diary: TrainDiary,
): Promise<void> {
  const figure = { title: titleOf(bench), subtitle: benchText(bench), history };
  const files = [
    ...["model.onnx", "history.csv", "history.json", "scenario.json"].map((f) => join(folder, f)),
    ...(await writeTrainingFigure(folder, figure)),
  ];
  const complete = history.length === bench.plan.settings.training.epochs;
  const { elapsedS } = diary;
  voice.tell({ event: "end", complete, folder, files, elapsedS });
  const test = history.findLast((record) => record.test)?.test;
  if (test !== undefined) voice.say(testText(test));
  voice.say(`${complete ? "done" : "stopped"} after ${duration(1000 * elapsedS)}; in ${folder}:`);
  for (const file of files) voice.say(`  ${file}`);
}
