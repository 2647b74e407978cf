import { basename, resolve } from "node:path";
import type { RunResult } from "../study/results.js";

/**
 * What runs are called beside each other: by their names where these differ, else by their folders'
 * names, else by the folders, else by names and numbers.
 */
export function runLabels(
  runs: readonly Pick<RunResult, "name">[],
  folders: readonly string[] = [],
): string[] {
  const names = runs.map((run) => run.name);
  const candidates = [names];
  if (folders.length === runs.length) {
    candidates.push(
      folders.map((folder) => basename(resolve(folder))),
      [...folders],
    );
  }
  return (
    candidates.find((labels) => new Set(labels).size === labels.length) ??
    names.map((name, i) => `${name} (${i + 1})`)
  );
}
