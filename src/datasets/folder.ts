/**
 * Finding the folder of a data set.
 */
import { join, resolve } from "node:path";
import { InputError } from "../errors.js";
import { isFolder } from "../files/bytes.js";

/**
 * The folder of a data set: `path`, or `$WEIGHTLINK_DATA/<name>` where no path is given.
 * A path that holds a folder called `name` means that folder, so `dataset.path` may name the
 * folder of all data sets, as WEIGHTLINK_DATA does.
 */
export function dataFolder(format: string, path: string | undefined, name: string): string {
  const root = process.env.WEIGHTLINK_DATA || undefined;
  const ways = `--set dataset.path=… (the folder of the files) or the environment variable WEIGHTLINK_DATA (the folder that holds ${name}/)`;
  if (path === undefined && root === undefined) {
    throw new InputError(`${format}: no data folder is given; name it with ${ways}`);
  }
  const base = path ?? resolve(root!);
  const inner = join(base, name);
  if (path === undefined || isFolder(inner)) return existingFolder(format, inner, ways);
  return existingFolder(format, base, ways);
}

/** `path` itself where it is a folder; otherwise an error that says what to set. */
export function existingFolder(
  format: string,
  path: string,
  ways = "--set dataset.path=…",
): string {
  if (isFolder(path)) return path;
  throw new InputError(`${format}: ${path} is not a folder that exists; name it with ${ways}`);
}
