/**
 * Which points make one curve, and how curves are told apart.
 *
 * Where estimators are compared under several conditions (runs, other swept parameters), colour is
 * the estimator's and dash and marker are the condition's. Else a curve has all three to itself, so
 * that it is known in grey too.
 */
import type { PlacedPoint } from "./curves.js";

export interface Look {
  readonly colour: string;
  readonly dash: readonly number[];
  /** Name of a Vega symbol. */
  readonly marker: string;
}

export interface Series extends Look {
  readonly run: number;
  readonly estimator: string;
  readonly group: string;
  readonly points: readonly PlacedPoint[];
}

/** Lists that looks are dealt from, in turn. */
export interface Looks {
  readonly colours: readonly string[];
  readonly dashes: readonly (readonly number[])[];
  readonly markers: readonly string[];
}

/** All that can be told apart, whether shown or not: hiding a curve does not recolour the others. */
export interface Distinctions {
  /** Labels of estimators over all runs. */
  readonly estimators: readonly string[];
  /** Run and parameters of each condition, as `conditionKey` names it. */
  readonly conditions: readonly string[];
}

type Condition = Pick<PlacedPoint, "run" | "group">;

export function conditionKey({ run, group }: Condition): string {
  return `${run} ${group}`;
}

export function distinctionsOf(
  points: readonly (Condition & { readonly estimator: string })[],
  estimators: readonly string[],
): Distinctions {
  const present = new Set(points.map((p) => p.estimator));
  return {
    estimators: estimators.filter((label) => present.has(label)),
    conditions: [...new Set(points.map(conditionKey))],
  };
}

/** Whether dash and marker stand for the condition, and colour alone for the estimator. */
export function isCrossed({ estimators, conditions }: Distinctions): boolean {
  return estimators.length > 1 && conditions.length > 1;
}

export function lookOf(
  point: Condition & { readonly estimator: string },
  all: Distinctions,
  looks: Looks,
): Look {
  const estimator = all.estimators.indexOf(point.estimator);
  const condition = all.conditions.indexOf(conditionKey(point));
  const [hue, form] = isCrossed(all)
    ? [estimator, condition]
    : [Math.max(estimator, condition), Math.max(estimator, condition)];
  return {
    colour: dealt(looks.colours, hue),
    dash: dealt(looks.dashes, form),
    marker: dealt(looks.markers, form),
  };
}

/** Points of one curve follow each other. */
export function seriesOf(
  points: readonly PlacedPoint[],
  all: Distinctions,
  looks: Looks,
): Series[] {
  const curves = new Map<string, PlacedPoint[]>();
  for (const point of points) {
    const key = JSON.stringify([point.run, point.estimator, point.group]);
    const curve = curves.get(key);
    if (curve === undefined) curves.set(key, [point]);
    else curve.push(point);
  }
  return [...curves.values()].map((curve) => {
    const { run, estimator, group } = curve[0];
    return { run, estimator, group, points: curve, ...lookOf(curve[0], all, looks) };
  });
}

function dealt<T>(list: readonly T[], index: number): T {
  return list[Math.max(0, index) % list.length];
}
