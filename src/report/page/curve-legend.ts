/// <reference lib="dom" />
/** The legend of the curves, which is also where they are chosen. */
import {
  conditionKey,
  type Distinctions,
  isCrossed,
  lookOf,
  type Series,
} from "../curve-series.js";
import { type CurvePoint, curveAxes, hasPoints, type XAxis, xText } from "../curves.js";
import type { PageRun } from "../page-data.js";
import { estimatorTitle } from "../wording.js";
import { type Choice, checkList, element } from "./elements.js";
import { swatch } from "./swatch.js";
import { theme } from "./theme.js";

export interface LegendState {
  readonly runs: readonly PageRun[];
  readonly x: XAxis;
  /** All points that there are on x. */
  readonly points: readonly CurvePoint[];
  readonly distinctions: Distinctions;
  /** Keys of what was unchecked: `estimator ML`, `run 0`, `receiver.kappa 10`. */
  readonly hidden: Set<string>;
}

/** Tells whether everything that a point belongs to is checked. What is on x cannot be unchecked. */
export function checkedIn({ runs, x, hidden }: LegendState): (point: CurvePoint) => boolean {
  const paths = runs.map((run) => curveAxes(run, x).map((axis) => axis.path));
  return ({ estimator, run, parameters }) =>
    !hidden.has(`estimator ${estimator}`) &&
    !hidden.has(`run ${run}`) &&
    !paths[run].some((path) => hidden.has(`${path} ${parameters[path]}`));
}

/** Parameters beside x, with the values that any run has. */
export function furtherAxes(runs: readonly PageRun[], x: XAxis) {
  const byPath = new Map<string, { title: string; values: Set<string | number | boolean> }>();
  for (const run of runs.filter((one) => hasPoints(one, x))) {
    for (const { path, title, values } of curveAxes(run, x)) {
      const axis = byPath.get(path) ?? { title, values: new Set() };
      byPath.set(path, axis);
      for (const value of values) axis.values.add(value);
    }
  }
  return [...byPath].map(([path, { title, values }]) => ({ path, title, values: [...values] }));
}

export function legendLists(state: LegendState, onChange: () => void): HTMLElement[] {
  const { runs, x, distinctions, hidden } = state;
  const further = furtherAxes(runs, x);
  const crossed = isCrossed(distinctions);
  const swatchOf = (part: "colour" | "form", find: (p: CurvePoint) => boolean) => {
    const point = state.points.find(find);
    if (point === undefined) return {};
    const look = lookOf(point, distinctions, theme().looks);
    return { swatch: swatch(look, crossed ? part : "all") };
  };
  const estimators = distinctions.estimators.map((label) => ({
    key: `estimator ${label}`,
    label: titleInRuns(runs, label),
    ...swatchOf("colour", (p) => p.estimator === label),
  }));
  const runChoices = runs.map((run, i) => ({
    key: `run ${i}`,
    label: hasPoints(run, x) ? run.label : `${run.label} (has no such axis)`,
    // With further parameters a run has several dashes.
    ...(further.length === 0 && swatchOf("form", (p) => p.run === i)),
  }));
  const parameters = further.map(({ path, title, values }) => ({
    title,
    choices: values.map((value) => ({
      key: `${path} ${value}`,
      label: xText(value),
      ...(isOneParameter(state) && swatchOf("form", (p) => p.parameters[path] === value)),
    })),
  }));
  const list = (legend: string, choices: readonly Choice[]) =>
    choices.length < 2
      ? []
      : [
          checkList(
            legend,
            choices,
            (key) => !hidden.has(key),
            (key, checked) => {
              if (checked) hidden.delete(key);
              else hidden.add(key);
              onChange();
            },
          ),
        ];
  return [
    ...list("Estimators", estimators),
    ...list("Runs", runChoices),
    ...parameters.flatMap(({ title, choices }) => list(title, choices)),
  ];
}

/** Whether the values of one parameter are all that dash and marker stand for. */
function isOneParameter({ runs, x }: LegendState): boolean {
  return runs.length === 1 && furtherAxes(runs, x).length === 1;
}

/** With the warning that an oracle needs; where it is one in some runs only, it names them. */
function titleInRuns(runs: readonly PageRun[], label: string): string {
  const having = runs.filter((run) => run.estimators.some((e) => e.label === label));
  const titles = new Set(having.map((run) => estimatorTitle(run, label)));
  if (titles.size === 1) return [...titles][0];
  const oracles = having.filter((run) => estimatorTitle(run, label) !== label);
  return `${label} (oracle in ${oracles.map((run) => run.label).join(", ")})`;
}

/** What dash and marker stand for, where the lists do not say it; undefined where they do. */
export function conditionLegend(
  state: LegendState,
  series: readonly Series[],
): HTMLElement | undefined {
  if (isOneParameter(state) || furtherAxes(state.runs, state.x).length === 0) return undefined;
  const part = isCrossed(state.distinctions) ? "form" : "all";
  const keys = new Map<string, HTMLElement>();
  for (const one of series) {
    if (keys.has(conditionKey(one))) continue;
    const run = state.runs.length > 1 ? state.runs[one.run].label : "";
    // A run that sweeps nothing beside x has a dash of its own too.
    const text = [run, one.group].filter((part) => part !== "").join(": ");
    const key = element("span", { class: "key" }, swatch(one, part), text);
    keys.set(conditionKey(one), key);
  }
  return keys.size === 0 ? undefined : element("div", { class: "keys" }, ...keys.values());
}
