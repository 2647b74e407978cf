/**
 * From a scenario file and command-line overrides to a checked plan of points.
 */
import { basename, dirname, extname, resolve } from "node:path";
import type { z } from "zod";
import { InputError, unknownName } from "../errors.js";
import { axisTitle } from "./axis.js";
import { describeIssues, shorten } from "./issues.js";
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
  const points: { settings: z.output<Schema>; parameters: PlannedPoint["parameters"] }[] = [];
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
    const parameters = Object.fromEntries(
      assigned.map(({ path, value }) => [path, sweptValue(point.data, path, value)]),
    );
    points.push({ settings: point.data, parameters });
  }
  if (points.length === 0) {
    throw new InputError(`${file}: the constraints leave no point of the sweep`);
  }
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

/** The value as checked: a number for "1 MHz"; the label or name of a part; text for what is nothing of these. */
function sweptValue(point: unknown, path: string, written: unknown) {
  try {
    return parameterValue(point, path);
  } catch {
    const value = getPath(point, path) ?? written;
    const name = isMap(value) ? (value.label ?? value.name) : undefined;
    return name === undefined ? shorten(value) : String(name);
  }
}
