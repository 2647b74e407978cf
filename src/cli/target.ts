import { existsSync, statSync } from "node:fs";
import { dirname } from "node:path";
import { InputError } from "../errors.js";

/** Throws InputError where a file cannot be written at `path`, or stands there and is not to be replaced. */
export function checkTarget(path: string, force: boolean): void {
  const folder = dirname(path);
  if (!existsSync(folder)) throw new InputError(`${path}: there is no folder ${folder}`);
  const there = statSync(path, { throwIfNoEntry: false });
  if (there === undefined) return;
  if (there.isDirectory()) throw new InputError(`${path}: is a folder, not a file`);
  if (!force) throw new InputError(`${path}: exists; --force replaces it`);
}

/** Runs `write`; what the system refuses becomes an InputError that names the path. */
export async function writingTo(path: string, write: () => Promise<void>): Promise<void> {
  try {
    await write();
  } catch (error) {
    throw new InputError(`${path}: cannot be written: ${(error as Error).message}`);
  }
}
