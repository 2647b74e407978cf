/**
 * From a scenario file and command-line overrides to a checked plan of points.
 */
import { basename, dirname, extname, resolve } from "node:path";
import type { z } from "zod";
import { InputError, unknownName } from "../errors.js";
import { axisTitle } from "./axis.js";
import { describeIssues, shorten } from "./issues.js";
import { partText } from "./part-text.js";
import { type Data, getPath, isMap } from "./paths.js";
import { applyOverride, checkKind, makePathsAbsolute, readScenario } from "./read.js";
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
import {
  type Assignment,
  applyPoint,
  expandSweep,
  meetsConstraints,
  parameterValue,
} from "./sweep.js";

export interface PlannedPoint {
  readonly settings: PointSettings;
  /** Swept parameters by path. */
  readonly parameters: Readonly<Record<string, number | string | boolean>>;
}

/** `channel.snrDb = 4, transmitter.mapping = iq`; empty where nothing is swept. */
export function describePoint({ parameters }: Pick<PlannedPoint, "parameters">): string {
  return Object.entries(parameters)
    .map(([path, value]) => `${path} = ${partText(String(value))}`)
    .join(", ");
}

/** What tells a point from all others, for its random streams. */
export function pointKey({ parameters }: Pick<PlannedPoint, "parameters">): string {
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

  checkKind(data, file, "inference");
  const studyData = pick(data, studyShape);
  const pointData = pick(data, pointShape);
  checkKeys(data, scenarioSchema, file);
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
  const { constraints } = study;
  const planned = planPoints(assignments, pointData, pointSchema, { constraints, file, folder });
  checkBaseline(study, planned.points, file);
  const name = basename(file, extname(file));
  return { file, name, text, overrides, data, study, ...planned };
}

/**
 * Checks the points of a sweep, drops those that break a constraint, and names the axes. Throws InputError where a point
 * is wrong, or none is left.
 */
export function planPoints<Schema extends z.ZodType>(
  assignments: readonly (readonly Assignment[])[],
  pointData: Data,
  schema: Schema,
  { constraints, file, folder }: { constraints: readonly string[]; file: string; folder: string },
) {
  const settings: z.output<Schema>[] = [];
  const swept: Record<string, Swept>[] = [];
  for (const assigned of assignments) {
    const applied = applyPoint(pointData, assigned, file);
    makePathsAbsolute(applied, folder);
    const point = schema.safeParse(applied);
    if (!point.success) {
      const values = assigned.map((a) => `${a.path} = ${shorten(a.value)}`).join(", ");
      const where = values === "" ? file : `${file} (at ${values})`;
      throw new InputError(describeIssues(point.error, schema, applied, where));
    }
    if (!meetsConstraints(constraints, point.data, file)) continue;
    settings.push(point.data);
    swept.push(
      Object.fromEntries(
        assigned.map(({ path, value }) => [path, sweptValue(point.data, path, value)]),
      ),
    );
  }
  if (settings.length === 0) {
    throw new InputError(`${file}: the constraints leave no point of the sweep`);
  }
  const points = toldApart(swept).map((parameters, i) => ({ settings: settings[i], parameters }));
  const axes = assignments[0].map(({ path }) => ({
    path,
    title: axisTitle(path),
    values: [...new Set(points.map((p) => p.parameters[path]))],
  }));
  return { points, dropped: assignments.length - points.length, axes };
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

export function pick(data: Data, shape: object): Data {
  return Object.fromEntries(Object.entries(data).filter(([key]) => Object.hasOwn(shape, key)));
}

export function checkKeys(data: Data, { shape }: z.ZodObject, file: string): void {
  const known = Object.keys(shape);
  const unknown = Object.keys(data).filter((key) => !known.includes(key));
  if (unknown.length === 0) return;
  throw new InputError(
    unknown.map((key) => `${file}: ${unknownName("key", key, known)}`).join("\n"),
  );
}

type Parameter = PlannedPoint["parameters"][string];
/** A value that is a map or a list: as JSON, and its label or name where it has one. */
type Swept = Parameter | { readonly json: string; readonly name: string };

/** The value as checked: a number for "1 MHz". */
function sweptValue(point: unknown, path: string, written: unknown): Swept {
  try {
    return parameterValue(point, path);
  } catch {
    const value = getPath(point, path) ?? written;
    const json = JSON.stringify(value);
    const name = isMap(value) ? (value.label ?? value.name) : undefined;
    return { json, name: name === undefined ? json : String(name) };
  }
}

/** Maps go by label or name, but as JSON where different ones of a parameter have the same. */
function toldApart(
  points: readonly Readonly<Record<string, Swept>>[],
): PlannedPoint["parameters"][] {
  const values = new Map<string, Set<string>>();
  const keyOf = (path: string, name: string) => JSON.stringify([path, name]);
  for (const point of points) {
    for (const [path, value] of Object.entries(point)) {
      if (typeof value !== "object") continue;
      const key = keyOf(path, value.name);
      values.set(key, (values.get(key) ?? new Set()).add(value.json));
    }
  }
  const parameter = (path: string, value: Swept): Parameter => {
    if (typeof value !== "object") return value;
    return values.get(keyOf(path, value.name))!.size === 1 ? value.name : value.json;
  };
  return points.map((point) =>
    Object.fromEntries(
      Object.entries(point).map(([path, value]) => [path, parameter(path, value)]),
    ),
  );
}
