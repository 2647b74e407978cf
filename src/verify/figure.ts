/** A figure per channel: a panel for each check, its theory as a line and its simulation as points over it. */
import type { TopLevelSpec } from "vega-lite";
import { colours, config, fontSize, type Part } from "../report/figure-style.js";
import type { CheckResult } from "./check.js";

const width = 320;
const height = 240;
const columns = 2;
const [theoryColour, simulatedColour] = colours;

/** `results` are those of one channel. */
export function channelFigure(channel: string, results: readonly CheckResult[]): TopLevelSpec {
  const spec = {
    $schema: "https://vega.github.io/schema/vega-lite/v5.json",
    description: results
      .map(({ name, passed }) => `${channel}: ${name}: ${passed ? "pass" : "fail"}`)
      .join("; "),
    title: {
      text: `${channel}: theory and simulation`,
      subtitle: "line: theory; points: simulation with its 95 % interval",
    },
    background: "white",
    padding: 14,
    config,
    columns: Math.min(columns, results.length),
    spacing: 30,
    concat: results.map(panel),
  };
  return spec as unknown as TopLevelSpec;
}

function panel({ name, x, y, logarithmic, points, curve, passed }: CheckResult): Part {
  const horizontal = {
    field: "at",
    type: "quantitative",
    title: x,
    scale: { zero: false },
    axis: {
      values: points.map(({ at }) => at),
      format: ".3~r",
      labelOverlap: "greedy",
      labelSeparation: 6,
    },
  };
  const values = points.map(({ at, simulated, interval95: [low, high] }) => ({
    at,
    simulated,
    low,
    high,
  }));
  const decades = logarithmic === true ? powersOfTen(curve.map(({ theory }) => theory)) : [];
  const vertical = {
    type: "quantitative",
    title: y,
    scale: logarithmic === true ? { type: "log", domain: ends(decades) } : { zero: false },
    ...(logarithmic === true && { axis: { values: decades, format: ".0e" } }),
  };
  // A logarithmic axis has no place for a point at 0, nor for an interval that begins below it.
  const shown =
    logarithmic === true
      ? values
          .filter(({ simulated }) => simulated > 0)
          .map((row) => ({ ...row, low: Math.max(row.low, decades[0]) }))
      : values;
  return {
    title: { text: `${name}${passed ? "" : " (FAIL)"}`, fontSize },
    width,
    height,
    layer: [
      {
        data: { values: curve },
        mark: { type: "line", strokeWidth: 1.8, color: theoryColour },
        encoding: { x: horizontal, y: { ...vertical, field: "theory" } },
      },
      {
        data: { values: shown },
        mark: { type: "rule", strokeWidth: 1.5, color: simulatedColour, clip: true },
        encoding: { x: horizontal, y: { ...vertical, field: "low" }, y2: { field: "high" } },
      },
      {
        data: { values: shown },
        mark: { type: "point", filled: true, size: 40, opacity: 1, color: simulatedColour },
        encoding: { x: horizontal, y: { ...vertical, field: "simulated" } },
      },
    ],
  };
}

/** The powers of ten from below the least to above the largest. */
function powersOfTen(values: readonly number[]): number[] {
  const first = Math.floor(Math.log10(Math.min(...values)));
  const last = Math.ceil(Math.log10(Math.max(...values)));
  return Array.from({ length: last - first + 1 }, (_, i) => 10 ** (first + i));
}

function ends(values: readonly number[]): [number, number] {
  return [values[0], values.at(-1)!];
}
