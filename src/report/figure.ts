/**
 * The figure of a run: accuracy against the swept parameter, as a Vega-Lite specification,
 * and from it SVG and PNG without a browser.
 *
 * Estimators differ in colour (Okabe & Ito, safe for colour blindness), in dashes and in
 * markers, so the figure survives printing in grey. Points are joined only where x is a number:
 * elsewhere a line would claim an order that is not there, and error bars replace the band.
 */
import type { TopLevelSpec } from "vega-lite";
import type { RunResult } from "../study/results.js";
import { type FigureAxes, figureAxes } from "./figure-axes.js";
import { legend } from "./figure-legend.js";
import { categoricalX, lookup, numericX } from "./figure-scales.js";
import {
  axisWidth,
  byLabel,
  colours,
  config,
  dashes,
  faintInk,
  fontSize,
  headingSize,
  margin,
  markers,
  type Part,
  panelColumns,
} from "./figure-style.js";
import { fitText, wrapText } from "./font.js";
import {
  chanceLevel,
  cleanAccuracy,
  cleanSentence,
  counted,
  estimatorTitle,
  hasIntervals,
  incompleteSentence,
  modelTitle,
  shortPercent,
  trialsText,
  weightsSent,
} from "./wording.js";

export { renderPng, renderSvg } from "./render.js";

export function figureSpec(run: RunResult): TopLevelSpec {
  const axes = figureAxes(run);
  const labels = run.estimators.map((e) => estimatorTitle(run, e.label));
  const { columns, width, height } = panelSize(axes.panels.length);
  const total = columns * (width + margin) + (columns - 1) * 24;
  const panel = {
    width,
    height,
    encoding: {
      color: {
        field: "estimator",
        type: "nominal",
        scale: { domain: labels, range: labels.map((_, i) => colours[i % colours.length]) },
        legend: axes.x === undefined ? null : legend(labels, axes.numeric, total),
      },
    },
    layer: [
      ...references(run, width),
      ...(axes.numeric ? curves(axes, labels, width) : bars(axes, labels, width)),
    ],
  };
  const facet = {
    facet: {
      field: "panel",
      type: "nominal",
      sort: axes.panels,
      header: {
        title: null,
        labelFontSize: fontSize,
        labelLimit: 0,
        labelExpr: lookup(axes.panels, (panel) => panelTitle(panel, width)),
      },
    },
    columns,
    spacing: 24,
    // Shared axes would stand below places of the last row that have no panel.
    ...(axes.panels.length % columns !== 0 && { resolve: { axis: { x: "independent" } } }),
    spec: panel,
  };
  const spec = {
    $schema: "https://vega.github.io/schema/vega-lite/v5.json",
    description: figureDescription(run),
    title: heading(run, axes, total),
    background: "white",
    padding: 14,
    config,
    data: { name: "points", values: axes.rows },
    ...(axes.panels.length > 1 ? facet : panel),
  };
  return spec as unknown as TopLevelSpec;
}

/** What the figure shows, for those who do not see it. */
export function figureDescription(run: RunResult): string {
  const { x, rows, panels } = figureAxes(run);
  const accuracies = rows.map((row) => row.accuracy);
  const range =
    rows.length === 0
      ? "No point was finished."
      : `Accuracies lie between ${Math.min(...accuracies).toFixed(1)} % and ` +
        `${Math.max(...accuracies).toFixed(1)} %.`;
  const over = x === undefined ? "" : ` against ${x.title}`;
  const count = panels.length > 1 ? `, in ${panels.length} panels` : "";
  return (
    `Accuracy in percent${over} for ${run.estimators.map((e) => e.label).join(", ")}${count}. ` +
    `${range} ${cleanSentence(run)}`
  );
}

/** One line or more for each parameter; names without a space to break at lose their middle. */
function panelTitle(panel: string, width: number): string[] {
  return panel
    .split("\n")
    .flatMap((part) => wrapText(part, width, fontSize, true))
    .map((line) => fitText(line, width, fontSize, true));
}

function panelSize(panels: number): { columns: number; width: number; height: number } {
  const columns = panelColumns(panels);
  if (columns === 1) return { columns, width: 540, height: 340 };
  if (columns === 2) return { columns, width: 320, height: 240 };
  return { columns, width: 240, height: 200 };
}

const accuracy = {
  field: "accuracy",
  type: "quantitative",
  title: "Accuracy [%]",
  scale: { domain: [0, 100], nice: false },
  axis: { values: [0, 20, 40, 60, 80, 100], labelOverlap: false },
};
const interval = { y: { ...accuracy, field: "low" }, y2: { field: "high" } };
const withInterval = [{ filter: "isValid(datum.low)" }];

/** Lines with markers, and bands for the intervals. */
function curves(axes: FigureAxes, labels: readonly string[], width: number): Part[] {
  const x = numericX(axes, width);
  const bar = { type: "rule", strokeWidth: 1.5, clip: true };
  const layers: Part[] = [
    {
      transform: withInterval,
      mark: { type: "area", opacity: 0.18, clip: true },
      encoding: { x, ...interval },
    },
    {
      mark: { type: "line", strokeWidth: 2, clip: true },
      encoding: { x, y: accuracy, strokeDash: byLabel("estimator", labels, dashes) },
    },
    {
      mark: point,
      encoding: { x, y: accuracy, shape: byLabel("estimator", labels, shapes) },
    },
  ];
  // A band needs two points; a curve of one shows its interval as a bar.
  if (hasLonelyPoint(axes)) {
    layers.unshift({ transform: withInterval, mark: bar, encoding: { x, ...interval } });
  }
  return layers;
}

/** Points with error bars, estimators side by side. */
function bars(axes: FigureAxes, labels: readonly string[], width: number): Part[] {
  const beside =
    axes.x === undefined
      ? {}
      : { xOffset: { field: "estimator", type: "nominal", scale: { domain: labels } } };
  const at = { x: categoricalX(axes, width), ...beside };
  return [
    {
      transform: withInterval,
      mark: { type: "rule", strokeWidth: 2, clip: true },
      encoding: { ...at, ...interval },
    },
    {
      mark: { ...point, size: 80 },
      encoding: { ...at, y: accuracy, shape: byLabel("estimator", labels, shapes) },
    },
  ];
}

function hasLonelyPoint(axes: FigureAxes): boolean {
  const counts = new Map<string, number>();
  for (const row of axes.rows) {
    const curve = `${row.panel}\n${row.estimator}`;
    counts.set(curve, (counts.get(curve) ?? 0) + 1);
  }
  return [...counts.values()].includes(1);
}

/** Clean accuracy and chance level: a rule each, named in the margin, where no curve runs. */
function references(run: RunResult, width: number): Part[] {
  // A level that differs between panels or points has no place in all of them.
  const [clean, chance] = [cleanAccuracy(run), chanceLevel(run)];
  return [
    ...(clean === undefined ? [] : reference(100 * clean, cleanLabel(clean), [1, 0], width)),
    ...(chance === undefined ? [] : reference(100 * chance, chanceLabel(chance), [2, 3], width)),
  ];
}

function reference(level: number, label: string, strokeDash: number[], width: number): Part[] {
  const data = { values: [{ level, label: label.split(" ") }] };
  const y = { ...accuracy, field: "level" };
  const color = { value: faintInk };
  return [
    {
      data,
      mark: { type: "rule", strokeWidth: 1.2, strokeDash },
      encoding: { y, color },
    },
    {
      data,
      mark: { type: "text", align: "left", baseline: "middle", dx: 5, dy: -6, fontSize: 11 },
      encoding: { x: { value: width }, y, text: { field: "label" }, color },
    },
  ];
}

function cleanLabel(level: number): string {
  return `clean ${shortPercent(level)}\u00a0%`;
}

function chanceLabel(level: number): string {
  return `chance ${shortPercent(level)}\u00a0%`;
}

function heading(run: RunResult, axes: FigureAxes, width: number): Part {
  const { max } = run.trialsPerPoint;
  const number = run.complete ? trialsText(run.trialsPerPoint) : `up to ${counted(max, "trial")}`;
  const trials = max === 1 ? "one trial per point" : `mean of ${number}`;
  const shown = axes.numeric && !hasLonelyPoint(axes) ? "band" : "bars";
  const facts = [
    modelTitle(run),
    weightsSent(run),
    hasIntervals(run) ? `${trials}, ${shown}: 95 % interval` : trials,
  ];
  const only = axes.panels.length === 1 ? axes.panels[0]! : "";
  if (only !== "") facts.push(...only.split("\n"));
  const incomplete = incompleteSentence(run);
  return {
    text: wrapText(run.title, width + axisWidth, headingSize, true),
    subtitle: [
      ...wrapText(facts.join("; "), width + axisWidth, fontSize),
      ...(incomplete === undefined ? [] : wrapText(incomplete, width + axisWidth, fontSize)),
    ],
  };
}

const shapes = markers.map((marker) => marker.shape);
const point = { type: "point", filled: true, size: 50, opacity: 1, clip: false };
