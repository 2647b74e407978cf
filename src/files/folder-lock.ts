/**
 * One process at a time writes into a folder.
 *
 * Node cannot lock files. DuckDB can, and the system takes its lock back when the process ends, however it ends: so an
 * empty database stands for the folder.
 */
import { rmSync } from "node:fs";
import { join } from "node:path";
import { InputError } from "../errors.js";

/** Gives what unlocks the folder. Throws InputError where another process holds it. */
export async function lockFolder(folder: string): Promise<() => void> {
  const path = join(folder, ".lock");
  // Loaded when needed: a large native library.
  const { DuckDBInstance } = await import("@duckdb/node-api");
  const open = () => DuckDBInstance.create(path, { threads: "1" });
  let instance: Awaited<ReturnType<typeof open>>;
  try {
    instance = await open().catch((error: Error) => {
      if (lockHolder(error.message) !== undefined) throw error;
      // What a process left that was killed while it made it.
      rmSync(path, { force: true });
      return open();
    });
  } catch (error) {
    const holder = lockHolder((error as Error).message);
    throw new InputError(
      holder === undefined
        ? `${folder}: cannot be locked: ${(error as Error).message.split("\n")[0]}`
        : `${folder}: process ${holder} is working on this run`,
    );
  }
  return () => {
    instance.closeSync();
    rmSync(path, { force: true });
  };
}

/** The process that holds a database, from DuckDB's error. */
export function lockHolder(message: string): string | undefined {
  return /Conflicting lock is held in .*?\(PID (\d+)\)/.exec(message)?.[1];
}
