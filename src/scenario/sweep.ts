/**
 * From sweeps to points: cross product of `sweep`, times groups walked in parallel (`zip`), less what
 * the `constraints` drop.
 */
import { InputError, nearestName } from "../errors.js";
import { ExpressionError, evaluateCondition, type Value } from "../math/expression.js";
import { expandRange, isRange } from "../math/range.js";
import { shorten } from "./issues.js";
import { type Data, getPath, missingEntry, setPath } from "./paths.js";
import type { StudySettings } from "./schema.js";

/** One parameter's value at one point. */
export interface Assignment {
  readonly path: string;
  readonly value: unknown;
}

/** More combinations than a study can hold in memory. */
const mostCombinations = 10_000_000;

/** What a sweep can vary. */
export interface Sweepable {
  /** Parts of a scenario that it can reach into. */
  readonly parts: readonly string[];
  /** Of these, the ones that it can also replace whole, by entries with a name. */
  readonly whole: readonly string[];
}

const ofInference: Sweepable = {
  parts: ["model", "dataset", "transmitter", "channel", "receivers"],
  whole: [],
};

/**
 * The points as lists of assignments, in the order of the file: the first parameter changes slowest.
 * Without a sweep there is one point, with no assignments. `source` names the file in errors.
 */
export function expandSweep(
  study: Pick<StudySettings, "sweep" | "zip">,
  source: string,
  sweepable = ofInference,
): Assignment[][] {
  // A step is what changes together: one parameter of `sweep`, or a group of `zip`.
  const steps: Assignment[][][] = [];
  for (const [path, values] of Object.entries(study.sweep)) {
    steps.push(
      valuesOf(path, values, `sweep.${path}`, source, sweepable).map((value) => [{ path, value }]),
    );
  }
  study.zip.forEach((group, i) => {
    const lists = Object.entries(group).map(([path, values]) => ({
      path,
      values: valuesOf(path, values, `zip.${i}.${path}`, source, sweepable),
    }));
    const length = lists[0]?.values.length ?? 0;
    const odd = lists.find((l) => l.values.length !== length);
    if (odd !== undefined || length === 0) {
      const lengths = lists.map((l) => `${l.path}: ${l.values.length}`).join(", ");
      throw new InputError(
        `${source}: zip.${i} needs lists of equal length, got ${lengths || "none"}`,
      );
    }
    steps.push(
      Array.from({ length }, (_, k) =>
        lists.map(({ path, values }) => ({ path, value: values[k] })),
      ),
    );
  });
  const paths = steps.flatMap((step) => step[0].map((a) => a.path));
  const twice = paths.find((path, i) => paths.indexOf(path) !== i);
  if (twice !== undefined) {
    throw new InputError(`${source}: ${twice} is varied twice, in sweep and zip`);
  }
  const combinations = steps.reduce((n, step) => n * step.length, 1);
  if (!(combinations <= mostCombinations)) {
    throw new InputError(
      `${source}: the sweep makes ${combinations.toLocaleString("en")} points; ${mostCombinations.toLocaleString("en")} is the most`,
    );
  }
  return steps.reduce<Assignment[][]>(
    (points, step) => points.flatMap((point) => step.map((assigned) => [...point, ...assigned])),
    [[]],
  );
}

/** The scenario's data with a point's values in place. */
export function applyPoint(base: Data, point: readonly Assignment[], source: string): Data {
  const data = structuredClone(base);
  for (const { path, value } of point) {
    if (!setPath(data, path, value)) {
      throw new InputError(
        `${source}: sweep: there is no ${path} in this scenario${missingEntry(data, path)}`,
      );
    }
  }
  return data;
}

/** Whether a point, checked and completed with defaults, meets all constraints. */
export function meetsConstraints(
  constraints: readonly string[],
  point: unknown,
  source: string,
): boolean {
  return constraints.every((text, i) => {
    try {
      return evaluateCondition(text, (name) => parameterValue(point, name));
    } catch (error) {
      if (!(error instanceof ExpressionError)) throw error;
      throw new InputError(
        `${source}: constraints.${i} must be a condition on parameters, got "${text}" (it ${error.message})`,
      );
    }
  });
}

/** A parameter as one value; a grid of one value counts as that value. */
export function parameterValue(point: unknown, path: string): Value {
  let value = getPath(point, path);
  if (Array.isArray(value) && value.length === 1) value = value[0];
  if (typeof value === "number" || typeof value === "string" || typeof value === "boolean") {
    return value;
  }
  throw new ExpressionError(
    value === undefined
      ? `names no parameter that is set: "${path}"`
      : `names "${path}", which is not a single value`,
  );
}

function valuesOf(
  path: string,
  written: unknown,
  key: string,
  source: string,
  { parts, whole }: Sweepable,
): unknown[] {
  const part = path.split(".")[0];
  if (!parts.includes(part) || !(path.includes(".") || whole.includes(path))) {
    const nearest = nearestName(part, parts);
    throw new InputError(
      `${source}: ${key}: a sweep names a parameter in ${parts.join(", ")}, got "${path}"` +
        (nearest === undefined || nearest === part ? "" : ` (did you mean "${nearest}"?)`),
    );
  }
  const list = Array.isArray(written) ? written : [written];
  const values = list.flatMap((value) => {
    if (typeof value !== "string" || !isRange(value)) return [value];
    try {
      return expandRange(value);
    } catch (error) {
      if (!(error instanceof ExpressionError)) throw error;
      // A range with units, or text that only looks like one: one error either way.
      throw new InputError(
        `${source}: ${key} must be a list or a range such as 0:2:14, got ${shorten(value)} (it ${error.message})`,
      );
    }
  });
  if (values.length === 0) throw new InputError(`${source}: ${key} is an empty sweep`);
  return values;
}
