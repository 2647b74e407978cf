/**
 * Reading files with errors that name the file, the rule and what was found.
 */
import { closeSync, openSync, readdirSync, readSync, statSync } from "node:fs";
import { basename, dirname } from "node:path";
import { InputError, nearestName } from "../errors.js";

export function isFolder(path: string): boolean {
  return reading(path, () => statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false);
}

/** Size of a file [bytes]; an error names the nearest file where there is none at `path`. */
export function fileBytes(path: string): number {
  const info = reading(path, () => statSync(path, { throwIfNoEntry: false }));
  if (info?.isFile()) return info.size;
  if (info !== undefined) throw new InputError(`${path}: not a file`);
  const folder = dirname(path);
  if (!isFolder(folder)) throw new InputError(`${path}: no such file, nor a folder ${folder}`);
  const nearest = nearestName(
    basename(path),
    reading(folder, () => readdirSync(folder)),
  );
  const hint = nearest === undefined ? "" : `; the nearest in that folder is "${nearest}"`;
  throw new InputError(`${path}: no such file${hint}`);
}

/** Bytes `from` to `from + count` of a file, in memory of their own. */
export function readBytes(path: string, from: number, count: number): Uint8Array<ArrayBuffer> {
  return reading(path, () => {
    const bytes = new Uint8Array(count);
    const file = openSync(path, "r");
    try {
      let done = 0;
      while (done < count) {
        // One read takes at most 2 GiB.
        const got = readSync(file, bytes, done, Math.min(count - done, 2 ** 30), from + done);
        if (got === 0) {
          throw new InputError(
            `${path}: cut short: ${integer(from + count)} bytes expected, ${integer(from + done)} found`,
          );
        }
        done += got;
      }
    } finally {
      closeSync(file);
    }
    return bytes;
  });
}

/** Runs `read`; what the system or a decoder refuses becomes an InputError that names the file. */
export function reading<T>(path: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (error instanceof Error && "code" in error) {
      throw new InputError(`${path}: cannot be read: ${error.message}`, { cause: error });
    }
    throw error;
  }
}

/** 30730000 as `30,730,000`. */
export function integer(value: number): string {
  return value.toLocaleString("en-US");
}
