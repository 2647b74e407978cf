/**
 * Paths into a scenario: `channel.wnrDb`, `receivers.mmse-pb.lambda`, `receivers.0.kappa`.
 * An entry of a list goes by its number, or by its label or name.
 */

import { unknownName } from "../errors.js";

export type Data = Record<string, unknown>;

export function isMap(value: unknown): value is Data {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** The value at a path, or undefined. */
export function getPath(root: unknown, path: string): unknown {
  let at = root;
  for (const key of path.split(".")) {
    if (Array.isArray(at)) at = at[entryIndex(at, key)];
    else if (isMap(at) && Object.hasOwn(at, key)) at = at[key];
    else return undefined;
  }
  return at;
}

/**
 * Sets the value at a path, making maps on the way. What is written as a name (`ml`) becomes
 * `{ name: ml }`. Returns false where the path runs through a plain value or a missing list entry.
 */
export function setPath(root: Data, path: string, value: unknown): boolean {
  const keys = path.split(".");
  const last = keys.pop()!;
  let at: unknown = root;
  for (const key of keys) {
    if (Array.isArray(at)) {
      const index = entryIndex(at, key);
      if (typeof at[index] === "string") at[index] = { name: at[index] };
      at = at[index];
    } else if (isMap(at)) {
      if (!Object.hasOwn(at, key)) defineKey(at, key, {});
      if (typeof at[key] === "string") defineKey(at, key, { name: at[key] });
      at = at[key];
    } else return false;
  }
  if (Array.isArray(at)) {
    const index = entryIndex(at, last);
    if (index < 0) return false;
    at[index] = value;
  } else if (isMap(at)) defineKey(at, last, value);
  else return false;
  return true;
}

/** Which entry of a list is missing on a path, as the end of a message; empty where it ends otherwise. */
export function missingEntry(root: unknown, path: string): string {
  let at = root;
  for (const key of path.split(".")) {
    if (Array.isArray(at)) {
      const index = entryIndex(at, key);
      if (index < 0) {
        const names = at.map((entry, i) => String(nameOf(entry) ?? i));
        return `: ${unknownName("entry", key, names)}`;
      }
      at = at[index];
    } else if (isMap(at)) at = at[key];
    else return "";
  }
  return "";
}

/** Plain assignment would let the key `__proto__` change the prototype. */
function defineKey(map: Data, key: string, value: unknown): void {
  Object.defineProperty(map, key, { value, enumerable: true, configurable: true, writable: true });
}

function entryIndex(list: readonly unknown[], key: string): number {
  if (/^\d+$/.test(key)) return Number(key) < list.length ? Number(key) : -1;
  return list.findIndex((entry) => nameOf(entry) === key);
}

/** The label or name that an entry of a list goes by. */
function nameOf(entry: unknown): unknown {
  return isMap(entry) ? (entry.label ?? entry.name) : entry;
}
