/**
 * From a scenario file and command-line overrides to a checked plan of points.
 */
import { readFileSync } from "node:fs";
import { homedir } from "node:os";
import { basename, dirname, extname, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { parse as parseYaml } from "yaml";
import { InputError, unknownName } from "../errors.js";
import { axisTitle } from "./axis.js";
import { describeIssues, shorten } from "./issues.js";
import { type Data, getPath, isMap, setPath } from "./paths.js";
import {
  expandReceiver,
  type PointSettings,
  pointSchema,
  pointShape,
  receiverLabel,
  type StudySettings,
  scenarioSchema,
  studySchema,
  studyShape,
} from "./schema.js";
import { applyPoint, expandSweep, meetsConstraints, parameterValue } from "./sweep.js";

export interface PlannedPoint {
  readonly settings: PointSettings;
  /** Swept parameters by path. */
  readonly parameters: Readonly<Record<string, number | string | boolean>>;
}

/** `channel.snrDb = 4, transmitter.mapping = iq`; empty where nothing is swept. */
export function describePoint({ parameters }: Pick<PlannedPoint, "parameters">): string {
  return Object.entries(parameters)
    .map(([path, value]) => `${path} = ${value}`)
    .join(", ");
}

export interface Plan {
  /** As given on the command line. */
  readonly file: string;
  /** File name without its ending. */
  readonly name: string;
  readonly text: string;
  readonly overrides: readonly string[];
  /** The scenario as data: file, overrides, nothing else. */
  readonly data: Data;
  readonly study: StudySettings;
  readonly points: readonly PlannedPoint[];
  /** Points of the sweep that a constraint leaves out. */
  readonly dropped: number;
  /** Swept parameters with their values, in the order of the file. */
  readonly axes: readonly {
    readonly path: string;
    readonly title: string;
    readonly values: readonly (number | string | boolean)[];
  }[];
}

export interface LoadOptions {
  /** `path.to.key=value`, in order. */
  readonly overrides?: readonly string[];
  readonly seed?: number | undefined;
  /** Allows more trials than `mostTrialsUnasked`. */
  readonly yes?: boolean;
}

/** A study beyond this many trials is more likely a slip than a wish. */
const mostTrialsUnasked = 10_000;

/** Reads, overrides, expands and checks a scenario. Throws InputError; touches nothing but the file. */
export async function loadScenario(file: string, options: LoadOptions = {}): Promise<Plan> {
  const { text, data } = await readScenario(file);
  const overrides = options.overrides ?? [];
  const folder = dirname(resolve(file));
  for (const override of overrides) applyOverride(data, override);
  if (options.seed !== undefined) data.seed = options.seed;

  const studyData = pick(data, studyShape);
  const pointData = pick(data, pointShape);
  checkKeys(data, file);
  const parsed = studySchema.safeParse(studyData);
  if (!parsed.success) {
    throw new InputError(describeIssues(parsed.error, studySchema, studyData, file));
  }
  const study = parsed.data;
  const assignments = expandSweep(study, file);
  const trials = assignments.length * study.trials.max;
  if (trials > mostTrialsUnasked && options.yes !== true) {
    throw new InputError(
      `${file}: ${assignments.length.toLocaleString("en")} points x ${study.trials.max.toLocaleString("en")} trials = ` +
        `${trials.toLocaleString("en")} trials; more than ${mostTrialsUnasked.toLocaleString("en")} need --yes`,
    );
  }
  // Written out, so that sweeps reach into short forms.
  if (Array.isArray(pointData.receivers)) {
    pointData.receivers = pointData.receivers.map(expandReceiver);
  }
  const points: PlannedPoint[] = [];
  for (const assigned of assignments) {
    const applied = applyPoint(pointData, assigned, file);
    makePathsAbsolute(applied, folder);
    const point = pointSchema.safeParse(applied);
    if (!point.success) {
      const values = assigned.map((a) => `${a.path} = ${shorten(a.value)}`).join(", ");
      const where = values === "" ? file : `${file} (at ${values})`;
      throw new InputError(describeIssues(point.error, pointSchema, applied, where));
    }
    if (!meetsConstraints(study.constraints, point.data, file)) continue;
    const parameters = Object.fromEntries(
      assigned.map(({ path, value }) => [path, sweptValue(point.data, path, value)]),
    );
    points.push({ settings: point.data, parameters });
  }
  if (points.length === 0) {
    throw new InputError(`${file}: the constraints leave no point of the sweep`);
  }
  checkBaseline(study, points, file);
  const axes = assignments[0].map(({ path }) => ({
    path,
    title: axisTitle(path),
    values: [...new Set(points.map((p) => p.parameters[path]))],
  }));
  const name = basename(file, extname(file));
  const dropped = assignments.length - points.length;
  return { file, name, text, overrides, data, study, points, dropped, axes };
}

/** Throws InputError where the baseline is not the label of a receiver. */
function checkBaseline(study: StudySettings, points: readonly PlannedPoint[], file: string): void {
  const labels = points[0].settings.receivers.map(receiverLabel);
  const baseline = study.analysis.baseline ?? labels[0];
  if (!labels.includes(baseline)) {
    throw new InputError(
      `${file}: analysis.baseline: ${unknownName("receiver", baseline, labels)}`,
    );
  }
}

async function readScenario(file: string): Promise<{ text: string; data: Data }> {
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
        : `${file}: must be a map of keys such as model, channel and receivers`,
    );
  }
  return { text, data };
}

/** Applies `--set path=value`. The value is read as YAML; file paths are relative to where one types. */
function applyOverride(data: Data, override: string): void {
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
  // A value given by hand takes the place of a sweep over the same parameter.
  if (isMap(data.sweep)) delete data.sweep[path];
  if (!setPath(data, path, value)) {
    throw new InputError(`--set ${override}: there is no ${path} in the scenario`);
  }
}

const isPathKey = (key: string) => key === "path" || key.endsWith("Path");

/** A path seen from a folder; `~` is the user's home. */
function absolutePath(path: string, folder: string): string {
  return resolve(folder, path.replace(/^~(?=$|\/)/, homedir()));
}

/** Makes every file path in the scenario absolute: relative ones start at the scenario's folder. */
function makePathsAbsolute(data: unknown, folder: string): void {
  if (Array.isArray(data)) for (const entry of data) makePathsAbsolute(entry, folder);
  if (!isMap(data)) return;
  for (const [key, value] of Object.entries(data)) {
    if (typeof value === "string" && isPathKey(key)) {
      data[key] = absolutePath(value, folder);
    } else makePathsAbsolute(value, folder);
  }
}

function pick(data: Data, shape: object): Data {
  return Object.fromEntries(Object.entries(data).filter(([key]) => Object.hasOwn(shape, key)));
}

function checkKeys(data: Data, file: string): void {
  const known = Object.keys(scenarioSchema.shape);
  const unknown = Object.keys(data).filter((key) => !known.includes(key));
  if (unknown.length === 0) return;
  throw new InputError(
    unknown.map((key) => `${file}: ${unknownName("key", key, known)}`).join("\n"),
  );
}

/** The value as checked: a number for "1 MHz"; text for what is neither number nor name. */
function sweptValue(point: PointSettings, path: string, written: unknown) {
  try {
    return parameterValue(point, path);
  } catch {
    return shorten(getPath(point, path) ?? written);
  }
}
