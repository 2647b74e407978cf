/** Dots of several kinds as a Vega specification. */
import type { Axis, Data, Mark, Scale, Spec } from "vega";
import { type ChartStyle, chartFrame, numberText, pickedMark, type Size } from "../curve-spec.js";

export interface Dot {
  readonly atX: number | string;
  readonly atY: number;
}

export interface DotKind {
  readonly colour: string;
  readonly marker: string;
  /** Shift along x [px]. */
  readonly dodge: number;
  readonly dots: readonly Dot[];
}

export interface Scatter {
  readonly kinds: readonly DotKind[];
  readonly xTitle: string;
  readonly yTitle: string;
  readonly isLogX: boolean;
  /** Numbers to put ticks at; round ones where there are none or too many. */
  readonly ticksX: readonly number[];
  /** Both axes are the same, with the line on which x equals y. */
  readonly isPaired: boolean;
}

export function scatterSpec(scatter: Scatter, size: Size, style: ChartStyle): Spec {
  const { kinds, isPaired } = scatter;
  const all = kinds.flatMap((kind) => kind.dots);
  const xs = all.map((dot) => dot.atX);
  const isNumeric = xs.every((x) => typeof x === "number");
  const ys = spread(all.map((dot) => dot.atY));
  const numbers = isNumeric ? xs.map(Number) : [];
  const domain = isPaired ? spread([...numbers, ...ys]) : spread(numbers);
  const data = kinds.map(({ dots }, i) => ({ name: `kind ${i}`, values: [...dots] }) as Data);
  const x = isNumeric
    ? {
        name: "x",
        type: scatter.isLogX ? "log" : "linear",
        domain,
        range: "width",
        zero: false,
        padding: style.edge,
      }
    : {
        name: "x",
        type: "point",
        domain: [...new Set(xs.map(String))],
        range: "width",
        padding: 0.5,
      };
  const y = {
    name: "y",
    type: "linear",
    domain: isPaired ? domain : ys,
    range: "height",
    zero: false,
    ...(isPaired ? { padding: style.edge } : { nice: true }),
  };
  return {
    ...chartFrame(size, style),
    data: [...data, { name: "picked", values: [] }],
    scales: [x, y] as Scale[],
    axes: [xAxis(scatter, isNumeric, size.width), yAxis(scatter)],
    marks: [
      ...(isPaired ? [diagonal(domain, style)] : []),
      ...kinds.map((kind, i) => dotMark(kind, i, all.length)),
      pickedMark(style),
    ],
  };
}

/** Many dots are small and light, so that where they are dense shows. */
function dotMark({ colour, marker, dodge }: DotKind, index: number, count: number): Mark {
  return {
    type: "symbol",
    name: `dots dots-${index}`,
    from: { data: `kind ${index}` },
    encode: {
      update: {
        x: { scale: "x", field: "atX", offset: dodge },
        y: { scale: "y", field: "atY" },
        shape: { value: marker },
        size: { value: count > 2000 ? 14 : count > 300 ? 26 : 40 },
        fill: { value: colour },
        fillOpacity: { value: count > 2000 ? 0.35 : 0.6 },
      },
    },
  };
}

function diagonal([low, high]: readonly [number, number], style: ChartStyle): Mark {
  return {
    type: "rule",
    encode: {
      update: {
        x: { scale: "x", value: low },
        x2: { scale: "x", value: high },
        y: { scale: "y", value: low },
        y2: { scale: "y", value: high },
        stroke: { value: style.faint },
        strokeDash: { value: [4, 3] },
      },
    },
  };
}

const labels = { labels: { update: { text: { signal: numberText("datum.value") } } } };

function xAxis({ xTitle, ticksX }: Scatter, isNumeric: boolean, width: number): Axis {
  const base: Axis = { scale: "x", orient: "bottom", title: xTitle, grid: isNumeric };
  if (!isNumeric) return base;
  const fits = ticksX.length > 0 && ticksX.length * 42 < width;
  return {
    ...base,
    encode: labels,
    labelOverlap: true,
    ...(fits ? { values: [...ticksX] } : { tickCount: Math.max(3, Math.floor(width / 80)) }),
  };
}

function yAxis({ yTitle }: Scatter): Axis {
  return { scale: "y", orient: "left", title: yTitle, grid: true, tickCount: 6, encode: labels };
}

function spread(values: readonly number[]): [number, number] {
  let [low, high] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (const value of values) {
    low = Math.min(low, value);
    high = Math.max(high, value);
  }
  if (low < high) return [low, high];
  return low === high ? [low - 1, high + 1] : [0, 1];
}
