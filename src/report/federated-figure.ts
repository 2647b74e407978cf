/**
 * Figures of a federated run: test accuracy against rounds, time, airtime and energy, and against the swept parameter
 * where one is a number. Bands are 95 % intervals of the mean over three trials or more.
 *
 * Curves of a panel are the receivers; with one receiver they are the values of the first swept parameter that is
 * not x. Panels are all other swept parameters.
 */
import type { TopLevelSpec } from "vega-lite";
import {
  type CourseSummary,
  energyUnit,
  energyUnits,
  type FederatedResult,
  type ProgressKey,
} from "../federated/results.js";
import { isNumeric } from "./figure-axes.js";
import { legend } from "./figure-legend.js";
import { lookup } from "./figure-scales.js";
import {
  axisWidth,
  byLabel,
  colours,
  config,
  dashes,
  fontSize,
  headingSize,
  markers,
  type Part,
  panelColumns,
} from "./figure-style.js";
import { wrapText } from "./font.js";
import { counted, cutInterval95, grouped, setTo } from "./wording.js";

interface FigureRow {
  readonly panel: string;
  readonly curve: string;
  readonly x: number;
  /** In percent; ends of the interval null where no band is drawn. */
  readonly accuracy: number;
  readonly low: number | null;
  readonly high: number | null;
}

/** With fewer trials intervals are so wide that bands would hide the curves; tables have them. */
const fewestForBands = 3;

const progressTitles: Readonly<Record<ProgressKey, string>> = {
  round: "Round",
  timeS: "Time [s]",
  airtimeS: "Airtime [s]",
  energy: "Energy per device",
};

/** Accuracy on the way. */
export function progressSpec(result: FederatedResult, key: ProgressKey): TopLevelSpec {
  const { axes } = result;
  // Energies in two units have no common axis; those in P are the ones that say what a device spends.
  const units = energyUnits(result);
  const shown = units.length > 1 ? "P" : units[0];
  const isShown = (course: CourseSummary) => energyUnit(result, course.point) === shown;
  // Those that the figure against energy lacks come last, so that the others have the same colours in all figures.
  const all = [...result.summary].sort((a, b) => Number(isShown(b)) - Number(isShown(a)));
  const summary = key === "energy" ? all.filter(isShown) : all;
  const rows = summary.flatMap((course) =>
    course.curve.map(
      (place): FigureRow => ({
        ...namesOf(result, course, axes),
        x: place[key],
        ...percents(place, result.trials),
      }),
    ),
  );
  const title = key === "energy" ? `${progressTitles[key]} [${shown}]` : progressTitles[key];
  const left =
    summary.length < result.summary.length
      ? "; without schemes that are not given a deviceSnrDb"
      : "";
  return spec(result, rows, {
    x: title,
    isCount: key === "round",
    description: `Test accuracy against ${progressTitles[key].toLowerCase()}`,
    left,
  });
}

/** Accuracy of the last rounds against the first swept number; undefined where none is swept. */
export function sweepSpec(result: FederatedResult): TopLevelSpec | undefined {
  const x = result.axes.find((axis) => isNumeric(axis) && axis.values.length > 1);
  if (x === undefined) return undefined;
  const others = result.axes.filter((axis) => axis !== x);
  const rows = result.summary.map(
    (course): FigureRow => ({
      ...namesOf(result, course, others),
      x: Number(course.parameters[x.path]),
      ...percents(course, result.trials),
    }),
  );
  const over = `Test accuracy over the last ${counted(result.lastRounds, "round")} against ${x.title}`;
  return spec(result, rows, { x: x.title, description: over });
}

function percents(of: Pick<CourseSummary, "accuracy" | "interval95">, trials: number) {
  const interval = trials < fewestForBands ? undefined : cutInterval95(of);
  const [low, high] = interval?.map((end) => 100 * end) ?? [null, null];
  return { accuracy: 100 * of.accuracy, low, high };
}

function namesOf(
  { receivers }: FederatedResult,
  { parameters, receiver }: CourseSummary,
  axes: FederatedResult["axes"],
): Pick<FigureRow, "panel" | "curve"> {
  const isAlone = receivers.every((labels) => labels.length === 1) && axes.length > 0;
  const named = axes.map(({ path, title }) => setTo(title, parameters[path]));
  const [first, ...rest] = named;
  return isAlone
    ? { curve: first, panel: rest.join(", ") }
    : { curve: receiver, panel: named.join(", ") };
}

interface Wording {
  readonly x: string;
  /** Whether x has whole numbers only. */
  readonly isCount?: boolean;
  readonly description: string;
  /** What the figure does not show, as the end of the subtitle. */
  readonly left?: string;
}

function spec(
  result: FederatedResult,
  rows: readonly FigureRow[],
  { x, isCount = false, description, left = "" }: Wording,
): TopLevelSpec {
  const panels = [...new Set(rows.map(({ panel }) => panel))];
  const curves = [...new Set(rows.map(({ curve }) => curve))];
  const columns = panelColumns(panels.length);
  const [width, height] = columns === 1 ? [540, 320] : columns === 2 ? [320, 240] : [250, 200];
  const total = columns * width + axisWidth;
  const panel = { width, height, ...layers(rows, curves, x, isCount, total) };
  const facet = {
    facet: {
      field: "panel",
      type: "nominal",
      sort: panels,
      header: {
        title: null,
        labelFontSize: fontSize,
        labelExpr: lookup(panels, (text) => wrapText(text, width, fontSize, true)),
      },
    },
    columns,
    spec: panel,
  };
  const [model] = result.models;
  const trials =
    result.trials === 1
      ? "one trial"
      : `mean of ${counted(result.trials, "trial")}${result.trials < fewestForBands ? "" : ", bands: 95\u00a0%\u00a0interval"}`;
  const subtitle = `${model.name}, ${grouped(model.travelling)} numbers in an update; ${trials}${left}`;
  return {
    $schema: "https://vega.github.io/schema/vega-lite/v5.json",
    description: `${description}, in percent, for ${curves.join(", ")}.`,
    title: {
      text: wrapText(result.title, total, headingSize, true),
      subtitle: wrapText(subtitle, total, fontSize),
    },
    background: "white",
    padding: 14,
    config,
    data: { values: rows },
    ...(panels.length > 1 ? facet : panel),
  } as unknown as TopLevelSpec;
}

/** More markers than this on a curve run into each other. */
const mostMarkers = 25;

function layers(
  rows: readonly FigureRow[],
  curves: readonly string[],
  xTitle: string,
  isCount: boolean,
  total: number,
): Part {
  const places = new Map<string, number>();
  for (const { panel, curve } of rows) {
    const key = JSON.stringify([panel, curve]);
    places.set(key, (places.get(key) ?? 0) + 1);
  }
  const x = {
    field: "x",
    type: "quantitative",
    title: xTitle,
    scale: { nice: false, zero: false },
    ...(isCount && { axis: { tickMinStep: 1, format: "d" } }),
  };
  const y = { field: "accuracy", type: "quantitative", title: "Test accuracy [%]" };
  const ofCurve = (range: readonly unknown[]) => byLabel("curve", curves, range);
  const band = {
    transform: [{ filter: "isValid(datum.low)" }],
    mark: { type: "area", opacity: 0.18 },
    encoding: { x, y: { ...y, field: "low" }, y2: { field: "high" } },
  };
  const line = {
    mark: { type: "line", strokeWidth: 2 },
    encoding: { x, y, strokeDash: ofCurve(dashes) },
  };
  const points = {
    mark: { type: "point", filled: true, size: 40, opacity: 1 },
    encoding: { x, y, shape: ofCurve(markers.map(({ shape }) => shape)) },
  };
  return {
    encoding: {
      color: {
        field: "curve",
        type: "nominal",
        scale: { domain: curves, range: curves.map((_, i) => colours[i % colours.length]) },
        legend: legend(curves, true, total),
      },
    },
    layer: [band, line, ...(Math.max(...places.values()) <= mostMarkers ? [points] : [])],
  };
}
