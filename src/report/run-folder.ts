/**
 * The folder that a run leaves behind. `results.csv` grows by a row per finished trial and receiver, so a
 * run that is killed loses nothing that was finished.
 */
import {
  appendFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { InputError } from "../errors.js";
import type { TrialResult } from "../study/results.js";
import { type CsvColumns, csvHeader, csvRow } from "./csv.js";

/** Where runs go when the user names no folder: runs/NAME, runs/NAME-2, ... */
export function nextRunFolder(name: string): string {
  for (let number = 1; ; number++) {
    const folder = join("runs", number === 1 ? name : `${name}-${number}`);
    if (!existsSync(folder)) return folder;
  }
}

/** Throws InputError unless `folder` is absent or empty. Changes nothing. */
export function checkRunFolder(folder: string): void {
  const holds = writing(folder, () => {
    const info = statSync(folder, { throwIfNoEntry: false });
    if (info === undefined) return [];
    if (!info.isDirectory()) throw new InputError(`--out ${folder}: is a file, not a folder`);
    return readdirSync(folder);
  });
  if (holds.length === 0) return;
  throw new InputError(
    holds.includes("results.csv")
      ? `--out ${folder}: holds another run; name a new folder, or remove that one`
      : `--out ${folder}: is not empty (it holds ${holds[0]}); name a new or empty folder`,
  );
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

export class RunFolder {
  readonly csvPath: string;
  readonly #columns: CsvColumns;

  /** Makes the folder and the head of results.csv. Throws InputError where it cannot be written. */
  constructor(
    readonly path: string,
    columns: CsvColumns,
  ) {
    checkRunFolder(path);
    this.csvPath = join(path, "results.csv");
    this.#columns = columns;
    writing(path, () => {
      makeFolder(path);
      writeFileSync(this.csvPath, csvHeader(columns), { flag: "wx" });
    });
  }

  /** Appends the rows of one finished trial, at once. */
  append(results: readonly TrialResult[]): void {
    appendFileSync(this.csvPath, results.map((row) => csvRow(row, this.#columns)).join(""));
  }
}
