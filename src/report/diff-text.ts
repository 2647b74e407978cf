/** Two runs side by side, as plain text. */
import { describePoint } from "../scenario/load.js";
import {
  type AccuracyComparison,
  hasEqualResults,
  isEqual,
  type KeyDifference,
  type RunDiff,
} from "../study/diff.js";
import type { RunResult } from "../study/results.js";
import { type Column, fitted, wrap } from "./table.js";
import { counted, grouped, halfWidth, percent, percentPoints, valueText } from "./wording.js";

/** A run and how the user calls it. */
export interface NamedRun {
  readonly name: string;
  readonly run: RunResult;
}

/** Longer lists of values lose their middle. */
const listedValues = 8;
/** Places without a counterpart that are named; the others are counted. */
const namedPlaces = 10;

export function diffText(a: NamedRun, b: NamedRun, diff: RunDiff, width = 100): string {
  const parts: (readonly string[])[] = [[headLine("A", a, width), headLine("B", b, width)]];
  if (isEqual(diff)) {
    parts.push([`No differences: ${equalRows(diff)}.`]);
  } else {
    const sections: [string, readonly KeyDifference[]][] = [
      ["Scenario", diff.scenario],
      ["SHA-256 of files", diff.files],
      ["Models", diff.models],
      ["Conventions", diff.conventions],
      ["Versions", diff.versions],
      ["Machine", diff.machine],
    ];
    for (const [title, differences] of sections) {
      if (differences.length === 0) continue;
      parts.push([`${title}, A → B`, ...differences.flatMap((d) => keyLines(d, width))]);
    }
    parts.push(...resultParts(a.run, b.run, diff, width));
  }
  return `${parts.map((lines) => lines.join("\n")).join("\n\n")}\n`;
}

function headLine(letter: string, { name, run }: NamedRun, width: number): string {
  const trials = new Set(run.trials.map((t) => `${t.point} ${t.trial}`)).size;
  const state = run.complete ? "" : ", incomplete";
  return clip(`${letter}  ${name}: ${counted(trials, "trial")}${state}, ${run.title}`, width);
}

// ---- settings

function keyLines({ key, a, b }: KeyDifference, width: number): string[] {
  if (a === undefined || b === undefined) {
    const value = a ?? b;
    const text = typeof value === "object" && !Array.isArray(value) ? "" : `${shown(value)}, `;
    return [clip(`  ${key}: ${text}only in ${a === undefined ? "B" : "A"}`, width)];
  }
  const line = `  ${key}: ${shown(a)} → ${shown(b)}`;
  if (line.length <= width) return [line];
  return [`  ${key}:`, clip(`    A  ${shown(a)}`, width), clip(`    B  ${shown(b)}`, width)];
}

function shown(value: unknown): string {
  if (Array.isArray(value)) {
    const items = value.map((item) =>
      typeof item === "object" ? JSON.stringify(item) : `${item}`,
    );
    if (items.length <= listedValues) return items.length === 0 ? "none" : items.join(", ");
    const [first, second, third] = items;
    return `${first}, ${second}, ${third}, …, ${items.at(-1)} (${items.length} values)`;
  }
  if (typeof value === "object" && value !== null) {
    return "sweep" in value ? `sweep of ${shown(value.sweep)}` : JSON.stringify(value);
  }
  const text = String(value).replaceAll("\n", " ");
  // Hashes and commits.
  return /^([0-9a-f]{40}|[0-9a-f]{64})$/.test(text) ? `${text.slice(0, 12)}…` : text;
}

function clip(line: string, width: number): string {
  return line.length <= width ? line : `${line.slice(0, width - 1)}…`;
}

// ---- results

function equalRows({ rows }: RunDiff): string {
  return `all ${counted(rows.inBoth, "row")} are equal to the last digit`;
}

function resultParts(a: RunResult, b: RunResult, diff: RunDiff, width: number): string[][] {
  if (hasEqualResults(diff)) return [[`Results: no differences; ${equalRows(diff)}.`]];
  const parts = [
    [...wrap(`Results: ${rowSentence(diff)}.`, width), ...placeLines(a, b, diff, width)],
  ];
  if (diff.comparisons.length > 0) {
    parts.push(comparisonTable(a, b, diff, width));
    parts.push(notes(diff).flatMap((note) => wrap(note, width)));
  }
  return parts;
}

function rowSentence({ rows }: RunDiff): string {
  const parts = [];
  if (rows.inBoth > 0) {
    const columns = Object.entries(rows.columns).map(([name, n]) => `${name} in ${grouped(n)}`);
    parts.push(
      rows.differing === 0
        ? `${counted(rows.inBoth, "row")} in both are equal to the last digit`
        : `of ${counted(rows.inBoth, "row")} in both, ${grouped(rows.differing)} differ (${columns.join(", ")})`,
    );
  }
  for (const [letter, n] of [
    ["A", rows.onlyInA],
    ["B", rows.onlyInB],
  ] as const) {
    if (n > 0) parts.push(`${counted(n, "row")} only in ${letter}`);
  }
  return parts.join("; ");
}

/** Estimators and points that one run lacks. */
function placeLines(a: RunResult, b: RunResult, diff: RunDiff, width: number): string[] {
  const sides = [
    ["A", diff.onlyInA, b],
    ["B", diff.onlyInB, a],
  ] as const;
  return sides.flatMap(([letter, places, other]) => {
    const known = new Set(other.trials.map((t) => t.estimator));
    const lacking = new Set(places.map((p) => p.estimator).filter((label) => !known.has(label)));
    const atPoint = new Map<string, string[]>();
    for (const place of places) {
      const { estimator } = place;
      if (lacking.has(estimator)) continue;
      const text = describePoint(place) || "the only point";
      atPoint.set(text, [...(atPoint.get(text) ?? []), estimator]);
    }
    const names = [
      ...lacking,
      ...[...atPoint].map(([point, labels]) => `${labels.join(", ")} at ${point}`),
    ];
    const more = names.length - namedPlaces;
    const shownNames = more > 1 ? [...names.slice(0, namedPlaces), `${more} more`] : names;
    return shownNames.map((name) => clip(`  only in ${letter}: ${name}`, width));
  });
}

function comparisonTable(a: RunResult, b: RunResult, diff: RunDiff, width: number): string[] {
  const { comparisons } = diff;
  const titles = new Map([...b.axes, ...a.axes].map((axis) => [axis.path, axis.title]));
  const keys = Object.keys(comparisons[0].parameters).map(
    (path): Column<AccuracyComparison> => ({
      title: titles.get(path) ?? path,
      isText: comparisons.some((c) => typeof c.parameters[path] !== "number"),
      cell: (c) => valueText(c.parameters[path]),
    }),
  );
  const hasMarks = comparisons.some((c) => c.significant);
  const values: Column<AccuracyComparison>[] = [
    { title: "estimator", isText: true, cell: (c) => c.estimator },
    { title: "accuracy A [%]", cell: (c) => percent(c.a.accuracy) },
    { title: "accuracy B [%]", cell: (c) => percent(c.b.accuracy) },
    { title: "B − A [points]", cell: (c) => differenceCell(c, hasMarks) },
    { title: "adjusted p", isOptional: true, cell: (c) => probability(c.adjustedPValue) },
    {
      title: "trials",
      cell: ({ a, b }) => (a.trials === b.trials ? `${a.trials}` : `${a.trials}, ${b.trials}`),
    },
  ];
  return fitted(
    { rows: comparisons, keys, values, group: (c) => JSON.stringify(c.parameters) },
    width,
  );
}

function differenceCell(comparison: AccuracyComparison, hasMarks: boolean): string {
  const half = halfWidth(comparison);
  const mark = comparison.significant ? " *" : hasMarks ? "  " : "";
  return `${percentPoints(comparison.difference)}${half === undefined ? " ".repeat(8) : ` ± ${half.padStart(5)}`}${mark}`;
}

function probability(p: number | null): string {
  if (p === null) return "";
  return p < 0.001 ? "< 0.001" : p.toFixed(3);
}

function notes({ comparisons, pairing, rows }: RunDiff): string[] {
  const tested = comparisons.filter((c) => c.interval95 !== null);
  const missing = tested.filter(({ interval95: i }) => i![0] > 0 || i![1] < 0).length;
  const found = tested.some((c) => c.significant);
  const lines = pairing.map(({ paired, because }) =>
    paired
      ? `B − A is taken trial by trial, with the paired t interval: ${because}.`
      : `B − A is between independent trials, with Welch's t interval: ${because}.`,
  );
  if (rows.onlyInA + rows.onlyInB > 0 && pairing.some((p) => p.paired)) {
    lines.push("Only trials that both runs have are compared.");
  }
  if (tested.length === 0) return [...lines, "Too few trials for an interval."];
  if (tested.length === 1) {
    return [
      ...lines,
      `± is the 95 % interval; the difference is ${found ? "" : "not "}significant at 5 %.`,
    ];
  }
  const byChance = Number((0.05 * tested.length).toPrecision(2));
  return [
    ...lines,
    `± is the 95 % interval of each difference by itself: ${missing} of ${grouped(tested.length)} leave out 0, ` +
      `where about ${byChance} would by chance alone.`,
    `${found ? "* marks significant differences" : "No difference is significant"}: ` +
      `p below 5 % after Holm's adjustment for ${counted(tested.length, "comparison")}.`,
  ];
}
