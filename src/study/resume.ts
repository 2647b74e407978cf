/**
 * Whether a stored run is the one that a scenario asks for.
 */
import { isDeepStrictEqual } from "node:util";
import type { Plan } from "../scenario/load.js";
import { hashFiles, resolve } from "./assemble.js";
import type { ResolvedScenario, RunHeader } from "./results.js";

/** Keys of a study that no trial depends on. */
const withoutEffect = ["title", "description", "threads", "analysis"];

/**
 * The first thing in which the scenario's trials would differ from the stored ones, as
 * "channel.snrDb: 4 there, 6 here"; undefined where they would be the same. Reads the files that the
 * stored run has read.
 */
export async function firstDifference(stored: RunHeader, plan: Plan): Promise<string | undefined> {
  // Through JSON, as the stored one went.
  const here = JSON.parse(JSON.stringify(resolve(plan))) as ResolvedScenario;
  const there = stored.resolved;
  return (
    differences(trialsOnly(there.study), trialsOnly(here.study))[0] ??
    differences(there.point, here.point)[0] ??
    differences(there.points, here.points, "points")[0] ??
    (await changedFile(stored))
  );
}

/**
 * Every key in which two values differ, as "path: value there, value here". The name of a part comes before its
 * parameters, which belong to it.
 */
export function differences(there: unknown, here: unknown, path = ""): string[] {
  if (isDeepStrictEqual(there, here)) return [];
  if (!isObject(there) || !isObject(here) || Array.isArray(there) !== Array.isArray(here)) {
    return [`${path}: ${shown(there)} there, ${shown(here)} here`];
  }
  const keys = [...new Set(["name", ...Object.keys(there), ...Object.keys(here)])];
  return keys.flatMap((key) => {
    const step = Array.isArray(there) ? `[${key}]` : path === "" ? key : `.${key}`;
    return differences(there[key], here[key], `${path}${step}`);
  });
}

function trialsOnly(study: object): Record<string, unknown> {
  return Object.fromEntries(Object.entries(study).filter(([key]) => !withoutEffect.includes(key)));
}

async function changedFile({ files }: RunHeader): Promise<string | undefined> {
  for (const [file, stored] of Object.entries(files)) {
    let hash: string;
    try {
      hash = (await hashFiles([file]))[file];
    } catch (error) {
      return `${file}: cannot be read now: ${(error as Error).message}`;
    }
    if (hash !== stored) {
      return `${file}: SHA-256 ${stored.slice(0, 12)}… there, ${hash.slice(0, 12)}… here`;
    }
  }
  return undefined;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null;
}

function shown(value: unknown): string {
  if (value === undefined) return "nothing";
  const text = JSON.stringify(value);
  return text.length > 60 ? `${text.slice(0, 57)}…` : text;
}
