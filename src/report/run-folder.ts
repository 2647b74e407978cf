/**
 * Where a run lives, and the files in its folder.
 */
import {
  appendFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { InputError } from "../errors.js";
import { finiteJson } from "./json-records.js";

/** What a killed run may leave before its first trial, and a killed training before its first checkpoint. */
const beginnings =
  /^(\.lock(\.wal)?|results\.duckdb\.new(\.wal)?|\.checkpoint\.safetensors\.\d+\.partial)$/;

/** Where runs go when the user names no folder: runs/NAME, runs/NAME-2, ... */
export function* runFolders(name: string): Generator<string> {
  for (let number = 1; ; number++) {
    yield join("runs", number === 1 ? name : `${name}-${number}`);
  }
}

/** Throws InputError unless a new run can begin in `folder`: it is absent or empty. Changes nothing. */
export function checkRunFolder(folder: string): void {
  const holds = writing(folder, () => {
    const info = statSync(folder, { throwIfNoEntry: false });
    if (info === undefined) return [];
    if (!info.isDirectory()) throw new InputError(`--out ${folder}: is a file, not a folder`);
    return readdirSync(folder).filter((name) => !beginnings.test(name));
  });
  if (holds.length === 0) return;
  throw new InputError(
    holds.includes("results.csv") || holds.includes("checkpoint.safetensors")
      ? `--out ${folder}: holds another run; name a new folder, or remove that one`
      : `--out ${folder}: is not empty (it holds ${holds[0]}); name a new or empty folder`,
  );
}

/** Whether a new run can begin in `folder`. Throws InputError where the system refuses to tell. */
export function isFree(folder: string): boolean {
  try {
    checkRunFolder(folder);
    return true;
  } catch (error) {
    if (error instanceof InputError && existsSync(folder)) return false;
    throw error;
  }
}

/** Makes the folder. Throws InputError where the system refuses. */
export function makeRunFolder(folder: string): void {
  writing(folder, () => makeFolder(folder));
}

/** Runs `work`; what the system refuses becomes an InputError that names the folder. */
function writing<T>(folder: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (error instanceof InputError) throw error;
    throw new InputError(`--out ${folder}: cannot be written: ${(error as Error).message}`);
  }
}

/** Folder by folder: Node's own recursion never ends where a system folder refuses. */
function makeFolder(path: string): void {
  if (existsSync(path)) return;
  makeFolder(dirname(path));
  mkdirSync(path);
}

export const journalPath = (folder: string) => join(folder, "events.jsonl");

/**
 * Appends one event to the run's journal: what `weightlink watch` shows while the store is locked.
 * Results are in the store; the journal may end in half a line where the process was killed.
 */
export function appendEvent(folder: string, event: object): void {
  appendFileSync(journalPath(folder), `${JSON.stringify(event, finiteJson)}\n`);
}

/** Trials that the journal knows as finished. A line that is cut off is passed over. */
export function trialsInJournal(folder: string): number {
  const path = journalPath(folder);
  if (!existsSync(path)) return 0;
  const finished = new Set<string>();
  for (const [, point, trial] of readFileSync(path, "utf8").matchAll(
    /^\{"event":"trial","point":(\d+),"trial":(\d+),.*\}$/gm,
  )) {
    finished.add(`${point} ${trial}`);
  }
  return finished.size;
}
