/**
 * Reading scenario files of every kind, and what the command line puts in place of their keys.
 */
import { readFileSync } from "node:fs";
import { homedir } from "node:os";
import { extname, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { parse as parseYaml } from "yaml";
import { InputError, unknownName } from "../errors.js";
import { type Data, isMap, missingEntry, setPath } from "./paths.js";

/** The scenario's text, and what it holds. Throws InputError. */
export async function readScenario(file: string): Promise<{ text: string; data: Data }> {
  let text: string;
  try {
    text = readFileSync(file, "utf8");
  } catch (error) {
    throw new InputError(`${file}: cannot be read: ${(error as Error).message}`);
  }
  let data: unknown;
  const extension = extname(file);
  if (extension === ".ts" || extension === ".mts" || extension === ".js" || extension === ".mjs") {
    try {
      const module = (await import(pathToFileURL(resolve(file)).href)) as { default?: unknown };
      // A copy, since overrides change it.
      data = structuredClone(module.default);
    } catch (error) {
      throw new InputError(
        `${file}: cannot be loaded: ${(error as Error | null)?.message ?? error}`,
      );
    }
  } else if (extension === ".yaml" || extension === ".yml" || extension === ".json") {
    try {
      data = parseYaml(text);
    } catch (error) {
      throw new InputError(`${file}: not valid YAML: ${(error as Error).message}`);
    }
  } else {
    throw new InputError(`${file}: a scenario is a .yaml, .json or .ts file`);
  }
  if (!isMap(data)) {
    throw new InputError(
      extension.endsWith("s")
        ? `${file}: must export a scenario: export default defineScenario({ ... })`
        : `${file}: must be a map of keys such as model and dataset`,
    );
  }
  return { text, data };
}

/** Kinds of scenarios, and the command that runs each. */
const kinds = {
  inference: "weightlink run",
  training: "weightlink train",
  federated: "weightlink run",
} as const;

export type ScenarioKind = keyof typeof kinds;

/** The kind that a scenario says it is, inference where it says nothing. Throws InputError where there is no such kind. */
export function kindOf({ kind = "inference" }: Data, file: string): ScenarioKind {
  if (Object.hasOwn(kinds, String(kind))) return kind as ScenarioKind;
  throw new InputError(`${file}: kind: ${unknownName("kind", String(kind), Object.keys(kinds))}`);
}

/** Throws InputError unless the scenario is of the kind that a command takes. */
export function checkKind(data: Data, file: string, wanted: ScenarioKind): void {
  const kind = kindOf(data, file);
  if (kind === wanted) return;
  throw new InputError(
    `${file}: kind is ${kind}, which ${kinds[kind]} runs; this command takes scenarios of kind ${wanted}`,
  );
}

/** Applies `--set path=value`. The value is read as YAML; file paths are relative to where one types. */
export function applyOverride(data: Data, override: string): void {
  const equals = override.indexOf("=");
  if (equals < 1) {
    throw new InputError(`--set must be path.to.key=value, got "${override}"`);
  }
  const path = override.slice(0, equals).trim();
  const written = override.slice(equals + 1);
  let value: unknown;
  try {
    value = parseYaml(written);
  } catch {
    value = written;
  }
  if (typeof value === "string" && isPathKey(path.split(".").at(-1)!))
    value = absolutePath(value, process.cwd());
  // Below these, keys are themselves paths with dots.
  for (const group of ["sweep", "zip"]) {
    if (path.startsWith(`${group}.`)) {
      if (!isMap(data[group])) {
        if (data[group] !== undefined) throw new InputError(`--set ${path}: ${group} is not a map`);
        data[group] = {};
      }
      (data[group] as Data)[path.slice(group.length + 1)] = value;
      return;
    }
  }
  // A value given by hand takes the place of a sweep over the same parameter, or over one inside it.
  for (const swept of Object.keys(isMap(data.sweep) ? data.sweep : {})) {
    if (swept === path || swept.startsWith(`${path}.`)) delete (data.sweep as Data)[swept];
  }
  if (!setPath(data, path, value)) {
    throw new InputError(
      `--set ${override}: there is no ${path} in the scenario${missingEntry(data, path)}`,
    );
  }
}

const isPathKey = (key: string) => key === "path" || key.endsWith("Path");

/** A path seen from a folder; `~` is the user's home. */
function absolutePath(path: string, folder: string): string {
  return resolve(folder, path.replace(/^~(?=$|\/)/, homedir()));
}

/** Makes every file path in the scenario absolute: relative ones start at the scenario's folder. */
export function makePathsAbsolute(data: unknown, folder: string): void {
  if (Array.isArray(data)) for (const entry of data) makePathsAbsolute(entry, folder);
  if (!isMap(data)) return;
  for (const [key, value] of Object.entries(data)) {
    if (typeof value === "string" && isPathKey(key)) {
      data[key] = absolutePath(value, folder);
    } else makePathsAbsolute(value, folder);
  }
}
