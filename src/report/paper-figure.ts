/**
 * Figures for papers: one panel, one column wide, without a heading, which is the caption's part.
 *
 * Estimators differ in lightness, dash and marker, so that they are told apart in grey. What an other
 * figure would show in panels becomes one figure per panel, to be set side by side as subfigures.
 */
import type { Mark, Spec } from "vega";
import { type Looks, type Series, seriesOf } from "./curve-series.js";
import { type ChartStyle, type CurveChart, curveSpec } from "./curve-spec.js";
import {
  type CurveChoice,
  type CurvePoint,
  type CurveRun,
  curvePoints,
  hasPoints,
  placePoints,
  type Quantity,
  type XAxis,
  xAxes,
  xScales,
  yScales,
} from "./curves.js";
import { fitText, textWidth } from "./font.js";
import { referenceLevels } from "./reference-levels.js";
import { estimatorTitle } from "./wording.js";

/** One column of an IEEE paper: 3.5 inches, in points of 1/72 inch. */
export const columnWidthPt = 252;

/** Vega rounds places to whole pixels; with more of them to a point, that does not show. */
export const pixelsPerPoint = 8;

const pt = (points: number) => points * pixelsPerPoint;
const dash = (...lengths: number[]) => lengths.map(pt);

export interface PaperFigure {
  readonly choice: CurveChoice;
  /** The parameters that hold for this panel, e.g. "κ = 100 images"; "" for none. */
  readonly panel: string;
  readonly points: readonly CurvePoint[];
  readonly spec: Spec;
}

/** No type is smaller than 8 pt. */
const style: ChartStyle = {
  font: "DejaVu Sans",
  fontSize: pt(8),
  titleSize: pt(9),
  ink: "#000000",
  faint: "#4d4d4d",
  grid: "#e4e4e4",
  ground: "#ffffff",
  lineWidth: pt(1.1),
  markerArea: 17 * pixelsPerPoint ** 2,
  bandOpacity: 0.16,
  edge: pt(7),
  characterWidth: 0.6,
};

/**
 * The high-contrast scheme, made to survive grey printing, and two colours between its lightnesses.
 * P. Tol, Colour Schemes, SRON/EPS/TN/09-002, issue 3.2 (2021).
 */
export const paperLooks: Looks = {
  colours: ["#004488", "#bb5566", "#ddaa33", "#000000", "#5b9fc4"],
  dashes: [
    dash(1, 0),
    dash(4, 1.8),
    dash(1.2, 1.4),
    dash(6, 1.8, 1.2, 1.8),
    dash(2.4, 1.6),
    dash(8, 2, 1.2, 2, 1.2, 2),
  ],
  markers: ["circle", "square", "triangle-up", "diamond", "triangle-down", "cross"],
};

/** A figure for each axis that runs have as their first, and for each set of further parameters. */
export function paperFigures(runs: readonly CurveRun[], quantity: Quantity): PaperFigure[] {
  const axes = new Map<string, XAxis>();
  for (const run of runs) {
    const [x] = xAxes([run]);
    // Runs that share an axis may have other values on it.
    axes.set(x.key, xAxes(runs).find((axis) => axis.key === x.key) ?? x);
  }
  return [...axes.values()].flatMap((x) => {
    const having = runs.map((run) => xAxes([run])[0].key === x.key && hasPoints(run, x));
    const { baseline } = runs[Math.max(0, having.indexOf(true))].analysis;
    const choice = { x, quantity, baseline };
    const points = curvePoints(runs, choice).filter((point) => having[point.run]);
    const panels = [...new Set(points.map((point) => point.group))];
    return panels.map((panel) => {
      const shown = points.filter((point) => point.group === panel);
      return { choice, panel, points: shown, spec: figureSpec(runs, choice, panel, shown) };
    });
  });
}

function figureSpec(
  runs: readonly CurveRun[],
  choice: CurveChoice,
  panel: string,
  points: readonly CurvePoint[],
): Spec {
  const [xScale, yScale] = [xScales(choice.x)[0], yScales(choice.quantity)[0]];
  const { placed } = placePoints(points, choice.x, xScale, yScale);
  // One look for each curve: in a paper no list beside the figure says what a colour alone means.
  const key = (run: number, estimator: string) => JSON.stringify([run, estimator]);
  const curves = runs.flatMap((run, i) => run.estimators.map((e) => key(i, e.label)));
  const distinct = { estimators: [], conditions: curves.map((curve) => `0 ${curve}`) };
  const known = new Set(placed.map((p) => key(p.run, p.estimator)));
  const conditions = distinct.conditions.filter((c) => known.has(c.slice(2)));
  const series = seriesOf(
    placed.map((p) => ({ ...p, run: 0, group: key(p.run, p.estimator) })),
    { estimators: [], conditions },
    paperLooks,
  ).map((curve): Series => {
    const [run, estimator] = JSON.parse(curve.group) as [number, string];
    return { ...curve, run, estimator, group: panel };
  });
  const used = [...new Set(placed.map((p) => p.run))].map((i) => runs[i]);
  const chart: CurveChart = {
    choice,
    xScale,
    yScale,
    series,
    intervals: true,
    fitY: false,
    references: referenceLevels(used, choice.quantity),
  };
  const labels = series.map((curve) => {
    const title = estimatorTitle(runs[curve.run], curve.estimator);
    return used.length > 1 ? `${title}, ${runs[curve.run].label}` : title;
  });
  const needsLegend = choice.x.key !== "" || used.length > 1;
  const legend = needsLegend ? legendMarks(series, labels, choice.x.numeric) : noLegend;
  // Among the figures of several runs one may show a single run, which its legend does not name.
  const run = runs.length > 1 && used.length === 1 ? used[0].label : "";
  const text = [run, panel].filter((part) => part !== "").join(": ");
  const heading = text === "" ? noLegend : headingMarks(text, legend.height);
  const top = legend.height + heading.height;
  const plot = curveSpec(chart, { width: pt(columnWidthPt), height: pt(172) + top }, style);
  return { ...plot, marks: [...(plot.marks ?? []), ...legend.marks, ...heading.marks] };
}

interface Above {
  readonly marks: Mark[];
  readonly height: number;
}

const noLegend: Above = { marks: [], height: 0 };

/** Width beside the y axis. */
const plotWidth = pt(columnWidthPt - 42);

/** Pieces of the curves with their names, above the panel and as far left as its frame. */
function legendMarks(series: readonly Series[], labels: readonly string[], lines: boolean): Above {
  const [lineLength, gap, rowHeight] = [pt(lines ? 22 : 8), pt(4), pt(11.5)];
  const fitted = labels.map((label) =>
    fitText(label, plotWidth - lineLength - gap, style.fontSize),
  );
  const widths = fitted.map((label) => lineLength + gap + textWidth(label, style.fontSize));
  const columns = columnsOf(widths, pt(11));
  const rows = Math.ceil(series.length / columns.length);
  const height = rows * rowHeight + pt(4);
  const marks = series.flatMap((curve, i): Mark[] => {
    const left = columns[i % columns.length];
    const y = { value: -height + (Math.floor(i / columns.length) + 0.5) * rowHeight };
    const colour = { value: curve.colour };
    const line: Mark = {
      type: "rule",
      encode: {
        update: {
          x: { value: left },
          x2: { value: left + lineLength },
          y,
          stroke: colour,
          strokeWidth: { value: style.lineWidth },
          strokeDash: { value: [...curve.dash] },
        },
      },
    };
    const marker: Mark = {
      type: "symbol",
      encode: {
        update: {
          x: { value: left + lineLength / 2 },
          y,
          shape: { value: curve.marker },
          size: { value: style.markerArea },
          fill: colour,
          stroke: colour,
          strokeWidth: { value: style.lineWidth * 0.75 },
        },
      },
    };
    return [
      ...(lines ? [line] : []),
      marker,
      textMark(fitted[i], left + lineLength + gap, y.value, "middle"),
    ];
  });
  return { marks, height };
}

/** Left ends of as many columns as there is room for, each as wide as its widest entry. */
function columnsOf(widths: readonly number[], gap: number): number[] {
  for (let count = widths.length; count > 1; count--) {
    const lefts = [0];
    for (let column = 0; column < count; column++) {
      const widest = Math.max(...widths.filter((_, i) => i % count === column));
      lefts.push(lefts[column] + widest + gap);
    }
    if (lefts[count] - gap <= plotWidth) return lefts.slice(0, count);
  }
  return [0];
}

function headingMarks(text: string, below: number): Above {
  const fitted = fitText(text, plotWidth, style.fontSize);
  return { marks: [textMark(fitted, 0, -below - pt(4), "bottom")], height: pt(13) };
}

function textMark(text: string, x: number, y: number, baseline: "middle" | "bottom"): Mark {
  return {
    type: "text",
    encode: {
      update: {
        x: { value: x },
        y: { value: y },
        text: { value: text },
        baseline: { value: baseline },
        font: { value: style.font },
        fontSize: { value: style.fontSize },
        fill: { value: style.ink },
      },
    },
  };
}
