/**
 * Checkpoints: a safetensors file with everything that training changes, under the trainer's names, and as text
 * beside it how far the training is and which training it is. Random streams need no place in it: they
 * follow from the seed and the number of the epoch (`batches.ts`).
 */
import { existsSync } from "node:fs";
import { join } from "node:path";
import type { TrainingSettings } from "../scenario/training-schema.js";
import { differences } from "../study/resume.js";
import { readStateFile, type StateKind, writeStateFile } from "../weights/state-file.js";
import type { EpochRecord } from "./history.js";
import type { TrainerState } from "./local.js";

const kind: StateKind = { what: "a checkpoint", version: 2 };

export const checkpointPath = (folder: string) => join(folder, "checkpoint.safetensors");

/** What makes two trainings the same one. */
export interface TrainingIdentity {
  /** The scenario with every default filled in. */
  readonly settings: TrainingSettings;
  /** SHA-256 of the model before its first step. */
  readonly model: string;
  /** SHA-256 of every file that model and data come from. */
  readonly files: Readonly<Record<string, string>>;
}

export interface Checkpoint {
  readonly identity: TrainingIdentity;
  readonly steps: number;
  /** One record for each epoch finished. */
  readonly history: readonly EpochRecord[];
  readonly state: TrainerState;
}

export async function writeCheckpoint(
  folder: string,
  { identity, steps, history, state }: Checkpoint,
): Promise<void> {
  const tensors = [...state].map(([name, data]) => ({ name, shape: [data.length], data }));
  await writeStateFile(checkpointPath(folder), kind, { identity, steps, history }, tensors);
}

/** The checkpoint in a folder; undefined where there is none. Throws InputError where it cannot be used. */
export function readCheckpoint(folder: string): Checkpoint | undefined {
  const path = checkpointPath(folder);
  if (!existsSync(path)) return undefined;
  const { facts, tensors } = readStateFile<Omit<Checkpoint, "state">>(path, kind);
  return { ...facts, state: tensors };
}

/** Settings that change no weight and no count. */
const withoutEffect = ["title", "description", "batch", "threads"];
const loopWithoutEffect = ["checkpointEvery"];

/**
 * The first thing in which a training would differ from the one of a checkpoint, as
 * "training.epochs: 20 there, 10 here"; undefined where they are the same. Threads count as the same, although
 * another number of them may change the last bits of a sum.
 */
export function firstDifference(
  there: TrainingIdentity,
  here: TrainingIdentity,
): string | undefined {
  return (
    differences(effective(there.settings), effective(here.settings))[0] ??
    differences(there.files, here.files)[0] ??
    (there.model === here.model
      ? undefined
      : "the model before its first step: its architecture is built differently now")
  );
}

/** Through JSON, as the stored settings went. */
function effective(settings: TrainingSettings): Record<string, unknown> {
  const { training, ...others } = JSON.parse(JSON.stringify(settings)) as TrainingSettings;
  return { ...without(others, withoutEffect), training: without(training, loopWithoutEffect) };
}

function without(map: object, keys: readonly string[]): Record<string, unknown> {
  return Object.fromEntries(Object.entries(map).filter(([key]) => !keys.includes(key)));
}
