/** The x axis: its scale, its ticks and their labels. */
import { type FigureAxes, isLogarithmic, noPrefix, siPrefix } from "./figure-axes.js";
import { fontSize, type Part, titleSize } from "./figure-style.js";
import { fitText, textWidth, wrapText } from "./font.js";
import { minus, splitTitle, valueText } from "./wording.js";

const edge = 12; // between the frame and the outermost points [px]

/** An expression that gives each of some values of a datum its own result. */
export function lookup<V>(
  values: readonly V[],
  result: (value: V, index: number) => unknown,
): string {
  const results = values.map((value, i) => [String(value), result(value, i)]);
  return `(${JSON.stringify(Object.fromEntries(results))})[datum.value]`;
}

export function numericX(axes: FigureAxes, width: number): Part {
  const values = [...new Set(axes.rows.map((row) => Number(row.x)))].sort((a, b) => a - b);
  const logarithmic = isLogarithmic(values);
  const prefix = logarithmic ? noPrefix : siPrefix(axes.x?.title ?? "", values);
  return {
    field: "x",
    type: "quantitative",
    title: xTitle(axes, width, prefix.sign),
    scale: {
      type: logarithmic ? "log" : "linear",
      ...(values.length > 0 && { domain: [values[0], values.at(-1)] }),
      nice: false,
      ...(!logarithmic && { zero: false }),
      padding: edge,
    },
    axis: logarithmic ? logarithmicTicks(values, width) : linearTicks(values, prefix.size, width),
  };
}

/** A tick under every point where there is room, else wherever Vega finds round numbers. */
function linearTicks(values: readonly number[], size: number, width: number): Part {
  const labels = values.map((value) => valueText(value / size));
  const room = Math.max(0, ...labels.map((label) => textWidth(label, fontSize))) + 10;
  const gaps = values.slice(1).map((value, i) => value - values[i]!);
  const pixels = (width - 2 * edge) / (values.at(-1)! - values[0]!);
  if (gaps.every((gap) => gap * pixels >= room)) return ticks(values, labels);
  return {
    tickCount: Math.max(3, Math.floor(width / 70)),
    labelExpr: `replace(format(datum.value / ${size}, "~r"), "-", "−")`,
  };
}

function logarithmicTicks(values: readonly number[], width: number): Part {
  const low = Math.ceil(Math.log10(values[0]!) - 1e-9);
  const high = Math.floor(Math.log10(values.at(-1)!) + 1e-9);
  const step = Math.ceil((high - low + 1) / (width / 45));
  const exponents: number[] = [];
  for (let exponent = low; exponent <= high; exponent += step) exponents.push(exponent);
  const short = low >= -2 && high <= 3;
  return ticks(
    exponents.map((e) => Number(`1e${e}`)),
    exponents.map((e) => (short ? String(Number(`1e${e}`)) : `10${superscript(e)}`)),
  );
}

function ticks(values: readonly number[], labels: readonly string[]): Part {
  const labelExpr = lookup(values, (_, i) => minus(labels[i]!));
  return { values, labelExpr, labelOverlap: false };
}

function superscript(exponent: number): string {
  return String(exponent).replace(/./g, (c) => (c === "-" ? "⁻" : "⁰¹²³⁴⁵⁶⁷⁸⁹"[Number(c)]!));
}

/** Labels break into lines between words; those with words too long for that slant. */
export function categoricalX(axes: FigureAxes, width: number): Part {
  const values = [...new Set(axes.rows.map((row) => String(row.x)))];
  const room = width / Math.max(1, values.length) - 10;
  const lines = (value: string) => wrapText(value, room, fontSize);
  const fits = values.every((v) => lines(v).every((line) => textWidth(line, fontSize) <= room));
  return {
    field: "x",
    type: "nominal",
    sort: values,
    title: xTitle(axes, width),
    scale: axes.x === undefined ? {} : { paddingInner: 0.3, paddingOuter: 0.15 },
    axis: fits
      ? { labelAngle: 0, grid: false, labelLimit: 0, labelExpr: lookup(values, lines) }
      : {
          labelAngle: -30,
          grid: false,
          labelLimit: 0,
          labelExpr: lookup(values, (value) => fitText(value, 170, fontSize)),
        },
  };
}

function xTitle(axes: FigureAxes, width: number, prefix = ""): string[] | null {
  if (axes.x === undefined) return null;
  const { name, unit } = splitTitle(axes.x.title);
  const along = axes.along.map((axis) => `, with ${splitTitle(axis.title).name}`).join("");
  const title = unit === undefined ? name : `${name} [${prefix}${unit}]`;
  return wrapText(title + along, width, titleSize);
}
