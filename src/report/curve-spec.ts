/**
 * Curves as a Vega specification: one panel, for the page and for figures in papers.
 *
 * Points are joined only where x is a number: elsewhere a line would claim an order that is not there,
 * and error bars replace the band.
 */
import type { Axis, Data, Mark, Spec, Scale as VegaScale } from "vega";
import type { Series } from "./curve-series.js";
import {
  type CurveChoice,
  placeY,
  quantityTitle,
  type Scale,
  scaledTitle,
  xText,
} from "./curves.js";
import { noPrefix, type Prefix, siPrefix } from "./figure-axes.js";
import { splitTitle } from "./wording.js";

/** Colours and sizes [px]. */
export interface ChartStyle {
  readonly font: string;
  readonly fontSize: number;
  readonly titleSize: number;
  readonly ink: string;
  readonly faint: string;
  readonly grid: string;
  readonly ground: string;
  readonly lineWidth: number;
  /** Of a marker [px²]. */
  readonly markerArea: number;
  readonly bandOpacity: number;
  /** Between the frame and the outermost points. */
  readonly edge: number;
  /** Width of a character, on average, as a part of the font size. */
  readonly characterWidth: number;
}

export interface CurveChart {
  readonly choice: CurveChoice;
  readonly xScale: Scale;
  readonly yScale: Scale;
  readonly series: readonly Series[];
  readonly intervals: boolean;
  /** The y axis ends where the data do, and not at 0 and 100 %. */
  readonly fitY: boolean;
  /** Levels that hold for all curves, in the quantity's own unit. */
  readonly references: readonly Reference[];
}

export interface Reference {
  readonly level: number;
  readonly label: string;
  readonly isDotted: boolean;
  /** Side of the panel on which the label stands. */
  readonly side: "left" | "right";
}

export interface Size {
  readonly width: number;
  readonly height: number;
}

export function curveSpec(chart: CurveChart, size: Size, style: ChartStyle): Spec {
  const joined = chart.choice.x.numeric;
  const dodges = dodgesOf(chart, size);
  const data: Data[] = chart.series.map((series, i) => ({
    name: `series ${i}`,
    values: series.points as unknown as Data["values" & keyof Data],
  })) as Data[];
  const marks = chart.series.map((series, i) =>
    seriesMarks(series, i, dodges[i], joined, chart, style),
  );
  return {
    ...chartFrame(size, style),
    data: [...data, { name: "picked", values: [] }],
    scales: [xScaleOf(chart, style), yScaleOf(chart)],
    axes: [xAxisOf(chart, size, style), yAxisOf(chart, size, style)],
    marks: [
      // Bands first, so that no band covers another curve.
      clipped([
        ...chart.references.flatMap((reference) => referenceMarks(reference, chart, style)),
        ...marks.flatMap((m) => m.intervals),
        ...marks.flatMap((m) => m.lines),
      ]),
      ...marks.flatMap((m) => m.points),
      pickedMark(style),
    ],
  };
}

/** What all charts have in common: the size includes axes and titles. */
export function chartFrame(size: Size, style: ChartStyle): Spec {
  return {
    $schema: "https://vega.github.io/schema/vega/v5.json",
    ...size,
    padding: style.fontSize / 6,
    autosize: { type: "fit", contains: "padding" },
    background: style.ground,
    config: axisConfig(style),
  };
}

/** Keeps lines and bands inside the frame; markers on its edge are drawn whole. */
function clipped(marks: Mark[]): Mark {
  return {
    type: "group",
    clip: true,
    encode: { update: { width: { signal: "width" }, height: { signal: "height" } } },
    marks,
  };
}

interface SeriesMarks {
  readonly intervals: Mark[];
  readonly lines: Mark[];
  readonly points: Mark[];
}

function seriesMarks(
  series: Series,
  index: number,
  dodge: number,
  joined: boolean,
  chart: CurveChart,
  style: ChartStyle,
): SeriesMarks {
  const from = { data: `series ${index}` };
  const x = { scale: "x", field: "atX", offset: dodge };
  const y = { scale: "y", field: "atY" };
  const colour = { value: series.colour };
  const low = { scale: "y", field: "atLow" };
  const high = { scale: "y", field: "atHigh" };
  const hasInterval = { signal: "isValid(datum.atLow) && isValid(datum.atHigh)" };
  const band: Mark = {
    type: "area",
    from,
    encode: {
      update: {
        x,
        y: low,
        y2: high,
        defined: hasInterval,
        fill: colour,
        fillOpacity: { value: style.bandOpacity },
      },
    },
  };
  const bars: Mark = {
    type: "rule",
    from,
    encode: {
      update: {
        x,
        y: low,
        y2: high,
        stroke: colour,
        strokeWidth: { value: style.lineWidth },
        opacity: { signal: "isValid(datum.atLow) && isValid(datum.atHigh) ? 1 : 0" },
      },
    },
  };
  const line: Mark = {
    type: "line",
    from,
    encode: {
      update: {
        x,
        y,
        stroke: colour,
        strokeWidth: { value: style.lineWidth },
        strokeDash: { value: [...series.dash] },
        strokeJoin: { value: "round" },
      },
    },
  };
  const point: Mark = {
    type: "symbol",
    name: `points points-${index}`,
    from,
    encode: {
      update: {
        x,
        y,
        shape: { value: series.marker },
        size: { value: style.markerArea },
        stroke: colour,
        strokeWidth: { value: style.lineWidth * 0.75 },
        // Hollow: a gain that may be none.
        fill: { signal: `datum.significant === false ? "${style.ground}" : "${series.colour}"` },
      },
    },
  };
  // A band needs two points; a curve of one shows its interval as a bar.
  const isBand = joined && series.points.length > 1;
  return {
    intervals: chart.intervals ? [isBand ? band : bars] : [],
    lines: isBand ? [line] : [],
    points: [point],
  };
}

/** A ring around the point that is read out. */
export function pickedMark(style: ChartStyle): Mark {
  return {
    type: "symbol",
    name: "ring",
    from: { data: "picked" },
    interactive: false,
    encode: {
      update: {
        x: { scale: "x", field: "atX", offset: { field: "dodge" } },
        y: { scale: "y", field: "atY" },
        size: { value: style.markerArea * 4.5 },
        fill: { value: "transparent" },
        stroke: { value: style.ink },
        strokeWidth: { value: 1.5 },
      },
    },
  };
}

function referenceMarks(reference: Reference, chart: CurveChart, style: ChartStyle): Mark[] {
  const level = placeY(reference.level, chart.yScale);
  const [low, high] = yDomain(chart);
  if (level === undefined || level < low || level > high) return [];
  const y = { scale: "y", value: level };
  const left = reference.side === "left";
  // Above the line in the lower half, below it in the upper one.
  const below = level > (low + high) / 2;
  const rule: Mark = {
    type: "rule",
    interactive: false,
    encode: {
      update: {
        x: { value: 0 },
        x2: { signal: "width" },
        y,
        stroke: { value: style.faint },
        strokeWidth: { value: style.lineWidth * 0.6 },
        strokeDash: { value: reference.isDotted ? [style.lineWidth, 1.5 * style.lineWidth] : [] },
      },
    },
  };
  const text: Mark = {
    type: "text",
    interactive: false,
    encode: {
      update: {
        x: left
          ? { value: 0.4 * style.fontSize }
          : { signal: "width", offset: -0.4 * style.fontSize },
        y: { ...y, offset: (below ? 0.35 : -0.35) * style.fontSize },
        text: { value: reference.label },
        align: { value: left ? "left" : "right" },
        baseline: { value: below ? "top" : "bottom" },
        fill: { value: style.faint },
        font: { value: style.font },
        fontSize: { value: style.fontSize },
      },
    },
  };
  return reference.label === "" ? [rule] : [rule, text];
}

function axisConfig(style: ChartStyle): NonNullable<Spec["config"]> {
  const { font, ink, faint, grid, fontSize, titleSize } = style;
  return {
    style: { "guide-label": { font, fontSize, fill: ink }, "guide-title": { font } },
    axis: {
      labelFont: font,
      labelFontSize: fontSize,
      labelColor: ink,
      titleFont: font,
      titleFontSize: titleSize,
      titleFontWeight: "normal",
      titleColor: ink,
      titlePadding: 0.6 * titleSize,
      gridColor: grid,
      gridWidth: 0.5 * style.lineWidth,
      domainWidth: 0.5 * style.lineWidth,
      tickWidth: 0.5 * style.lineWidth,
      domainColor: faint,
      tickColor: faint,
      tickSize: fontSize / 3,
      labelPadding: fontSize / 4,
    },
  };
}

function xScaleOf({ choice, xScale, series }: CurveChart, style: ChartStyle): VegaScale {
  const places = series.flatMap((s) => s.points.map((p) => p.atX));
  if (!choice.x.numeric) {
    const known = choice.x.values.map(xText);
    const order = (x: string) => (known.includes(x) ? known.indexOf(x) : known.length);
    const domain = [...new Set(places.map(String))].sort((a, b) => order(a) - order(b));
    return { name: "x", type: "point", domain, range: "width", padding: 0.5 };
  }
  return {
    name: "x",
    type: xScale === "log" ? "log" : "linear",
    domain: extent(places.map(Number)),
    range: "width",
    nice: false,
    zero: false,
    padding: style.edge,
  } as VegaScale;
}

function yScaleOf(chart: CurveChart): VegaScale {
  return {
    name: "y",
    type: chart.yScale === "log" ? "log" : "linear",
    domain: yDomain(chart),
    range: "height",
    nice: chart.yScale !== "log" && (chart.fitY || isOpen(chart)),
    zero: false,
  } as VegaScale;
}

/** Whether the quantity has no bounds that the axis could end at. */
function isOpen({ choice, yScale }: CurveChart): boolean {
  return yScale !== "linear" || choice.quantity === "gain" || choice.quantity === "nmse";
}

function yDomain(chart: CurveChart): [number, number] {
  if (!chart.fitY && !isOpen(chart)) return [0, 100];
  const values: number[] = [];
  for (const { points } of chart.series) {
    for (const p of points) {
      values.push(p.atY);
      if (chart.intervals && p.atLow !== null && p.atHigh !== null) values.push(p.atLow, p.atHigh);
    }
  }
  if (
    chart.choice.quantity === "gain" ||
    (chart.choice.quantity === "nmse" && chart.yScale === "linear")
  ) {
    values.push(0);
  }
  const [low, high] = extent(values);
  if (chart.yScale === "log") return [low / 1.15, high * 1.15];
  return low < high ? [low, high] : [low - 1, high + 1];
}

export function extent(values: readonly number[]): [number, number] {
  let [low, high] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (const value of values) {
    low = Math.min(low, value);
    high = Math.max(high, value);
  }
  return low <= high ? [low, high] : [0, 1];
}

function xAxisOf(chart: CurveChart, size: Size, style: ChartStyle): Axis {
  const { x } = chart.choice;
  const places = [...new Set(chart.series.flatMap((s) => s.points.map((p) => p.atX)))];
  const plotWidth = size.width - 5 * style.fontSize;
  const base: Axis = { scale: "x", orient: "bottom", grid: x.numeric, titleLimit: size.width };
  if (!x.numeric) {
    const room = plotWidth / Math.max(1, places.length);
    const widest = Math.max(0, ...places.map((p) => String(p).length));
    const slanted = widest * style.fontSize * style.characterWidth > room - 4;
    return {
      ...base,
      ...(x.key !== "" && { title: x.title }),
      ...(slanted && { labelAngle: -30, labelAlign: "right", labelBaseline: "top" }),
      labelLimit: slanted ? 130 : room - 4,
    };
  }
  const values = places.map(Number).sort((a, b) => a - b);
  const storedInDb = splitTitle(x.title).unit === "dB";
  const title = scaledTitle(x.title, chart.xScale, storedInDb);
  if (chart.xScale === "log")
    return { ...base, title, ...logTicks(extent(values), plotWidth, style) };
  const prefix = siPrefix(title, values);
  return {
    ...base,
    title: prefix === noPrefix ? title : title.replace("[", `[${prefix.sign}`),
    ...(ticksAt(values, prefix, plotWidth, style) ?? roundTicks(prefix, plotWidth, style)),
  };
}

/** A tick under every point where there is room. */
function ticksAt(
  values: readonly number[],
  prefix: Prefix,
  width: number,
  style: ChartStyle,
): Partial<Axis> | undefined {
  const labels = values.map((value) => xText(value / prefix.size));
  const widest = Math.max(0, ...labels.map((label) => label.length));
  const room = (widest + 1) * style.fontSize * style.characterWidth;
  const pixels = (width - 2 * style.edge) / (values.at(-1)! - values[0]);
  const fits = values.slice(1).every((value, i) => (value - values[i]) * pixels >= room);
  return fits ? { values: [...values], ...labelled(values, labels) } : undefined;
}

function roundTicks(prefix: Prefix, width: number, style: ChartStyle): Partial<Axis> {
  return {
    tickCount: Math.max(3, Math.floor(width / (6 * style.fontSize))),
    ...text(numberText(`datum.value / ${prefix.size}`)),
  };
}

/** Powers of ten; with fewer than three of them also their doubles and fivefolds. */
function logTicks([low, high]: [number, number], length: number, style: ChartStyle): Partial<Axis> {
  const [first, last] = [Math.floor(Math.log10(low) - 1e-9), Math.ceil(Math.log10(high) + 1e-9)];
  const step = Math.max(1, Math.ceil((last - first + 1) / (length / (4 * style.fontSize))));
  const factors = last - first <= 3 ? [1, 2, 5] : [1];
  const values: number[] = [];
  for (let exponent = first; exponent <= last; exponent += step) {
    for (const factor of factors) values.push(Number(`${factor}e${exponent}`));
  }
  const shown = values.filter((v) => v >= low * (1 - 1e-9) && v <= high * (1 + 1e-9));
  const short = first >= -3 && last <= 3;
  const label = (v: number) => (short ? String(v) : powerOfTen(v));
  return { values: shown, ...labelled(shown, shown.map(label)) };
}

function powerOfTen(value: number): string {
  const [factor, exponent] = value.toExponential().split("e");
  const power = String(Number(exponent)).replace(/./g, (c) =>
    c === "-" ? "⁻" : "⁰¹²³⁴⁵⁶⁷⁸⁹"[Number(c)],
  );
  return `${factor === "1" ? "" : `${factor}·`}10${power}`;
}

function labelled(values: readonly number[], labels: readonly string[]): Partial<Axis> {
  const byValue = Object.fromEntries(values.map((value, i) => [String(value), labels[i]]));
  return text(`(${JSON.stringify(byValue)})[datum.value]`);
}

/** An expression that writes a number with the sign of mathematics. */
export function numberText(value: string, format = "~r"): string {
  return `replace(format(${value}, "${format}"), "-", "−")`;
}

function text(signal: string): Partial<Axis> {
  return { labelOverlap: false, encode: { labels: { update: { text: { signal } } } } };
}

function yAxisOf(chart: CurveChart, size: Size, style: ChartStyle): Axis {
  const title = scaledTitle(quantityTitle(chart.choice), chart.yScale, false);
  const plotHeight = size.height - 4 * style.fontSize;
  const base: Axis = {
    scale: "y",
    orient: "left",
    grid: true,
    title: wrapped(title, plotHeight / (style.titleSize * style.characterWidth)),
  };
  if (chart.yScale === "log") return { ...base, ...logTicks(yDomain(chart), plotHeight, style) };
  return {
    ...base,
    tickCount: Math.max(3, Math.floor(plotHeight / (3.5 * style.fontSize))),
    // "+2" says gain where "2" would not; 0 has no sign.
    ...text(
      chart.choice.quantity === "gain"
        ? `datum.value === 0 ? "0" : ${numberText("datum.value", "+~r")}`
        : numberText("datum.value"),
    ),
  };
}

/** Breaks between words into lines of at most so many characters. */
export function wrapped(title: string, characters: number): string | string[] {
  const lines = [""];
  for (const word of title.split(" ")) {
    const longer = lines.at(-1) === "" ? word : `${lines.at(-1)} ${word}`;
    if (lines.at(-1) !== "" && longer.length > characters) lines.push(word);
    else lines[lines.length - 1] = longer;
  }
  return lines.length === 1 ? lines[0] : lines;
}

/** Shifts along x that put curves beside each other where points have no x of their own [px]. */
export function dodgesOf({ choice, series }: CurveChart, { width }: Size): number[] {
  if (choice.x.numeric) return series.map(() => 0);
  // Estimators on x are apart already.
  const key = ({ run, estimator, group }: Series) =>
    choice.x.key === "" ? `${run} ${group}` : `${run} ${estimator} ${group}`;
  const places = [...new Set(series.map(key))];
  const positions = new Set(series.flatMap((s) => s.points.map((p) => p.atX))).size;
  const step = Math.min(18, (0.7 * (width - 60)) / Math.max(1, positions) / places.length);
  return series.map((s) => (places.indexOf(key(s)) - (places.length - 1) / 2) * step);
}
