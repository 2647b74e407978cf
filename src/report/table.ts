/** The table of a run: plain text for the terminal, Markdown for documents. */
import type { PointSummary, RunResult } from "../study/results.js";
import {
  cleanSentence,
  decibels,
  estimatorTitle,
  halfWidth,
  hasIntervals,
  hasOracle,
  incompleteSentence,
  intervalSentence,
  oracleSentence,
  orderedSummary,
  percent,
  setTo,
  valueText,
} from "./wording.js";

type Axis = RunResult["axes"][number];

/** Header words wrap at this many characters, and longer values lose their middle. */
const columnWidth = 16;

/**
 * One line per point and estimator. Parameters that do not fit beside the results into
 * `width` characters move, last axis first, to a line above the points that share them.
 */
export function textTable(run: RunResult, width = 100): string {
  let beside = run.axes.length;
  let table = tableLines(run, beside);
  while (beside > 1 && table.width > width) table = tableLines(run, --beside);
  return `${[run.title, "", ...table.lines, "", ...notes(run)].join("\n")}\n`;
}

export function markdownTable(run: RunResult): string {
  const header = [...run.axes.map((a) => a.title), "estimator", "accuracy [%]", "trials"];
  const rows = orderedSummary(run).map((summary) => [
    ...run.axes.map((axis) => valueText(summary.parameters[axis.path] ?? "")),
    estimatorTitle(run, summary.estimator),
    accuracyCell(summary),
    String(summary.trials),
    decibels(summary.nmse),
  ]);
  const isText = [...run.axes.map(isTextAxis), true, false, false, false];
  const cells = (row: readonly string[]) => `| ${row.map(escapeMarkdown).join(" | ")} |`;
  return `${[
    cells([...header, "NMSE [dB]"]),
    `| ${isText.map((text) => (text ? "---" : "---:")).join(" | ")} |`,
    ...rows.map(cells),
    "",
    ...notes(run).map((note) => `${escapeMarkdown(note)}  `),
  ].join("\n")}\n`;
}

function notes(run: RunResult): string[] {
  const notes = [intervalSentence(run), cleanSentence(run)];
  if (hasOracle(run)) notes.push(oracleSentence);
  notes.push(...run.notes);
  const incomplete = incompleteSentence(run);
  if (incomplete !== undefined) notes.push(incomplete);
  return notes;
}

function tableLines(run: RunResult, beside: number): { lines: string[]; width: number } {
  const columns = run.axes.slice(0, beside);
  const above = run.axes.slice(beside);
  const header = [...columns.map((a) => a.title), "estimator", "accuracy [%]", "trials"].map(wrap);
  header.push(["NMSE [dB]"]);

  const body: (string[] | string)[] = [];
  const layers = new Map<string, PointSummary[]>();
  for (const summary of orderedSummary(run)) {
    const title = heading(above, summary);
    layers.set(title, [...(layers.get(title) ?? []), summary]);
  }
  for (const [title, summaries] of layers) {
    if (above.length > 0) body.push("", title);
    let point: number | undefined;
    for (const summary of summaries) {
      // The eye finds the next point by where its parameters stand.
      body.push(cellsOf(run, columns, summary, summary.point !== point));
      point = summary.point;
    }
  }

  const depth = Math.max(...header.map((h) => h.length));
  const headerRows = Array.from({ length: depth }, (_, row) =>
    header.map((h) => h[row - depth + h.length] ?? ""),
  );
  const rows = body.filter((row) => typeof row !== "string");
  const widths = header.map((_, i) =>
    Math.max(...[...headerRows, ...rows].map((row) => [...row[i]!].length)),
  );
  const isText = [...columns.map(isTextAxis), true, false, false, false];
  const layOut = (row: readonly string[]) =>
    row
      .map((cell, i) => (isText[i] ? cell + pad(cell, widths[i]!) : pad(cell, widths[i]!) + cell))
      .join("  ")
      .trimEnd();
  const rule = widths.map((w) => "─".repeat(w)).join("  ");
  return {
    width: rule.length,
    lines: [
      ...headerRows.map(layOut),
      rule,
      ...body.map((row) => (typeof row === "string" ? row : layOut(row))),
    ],
  };
}

function cellsOf(
  run: RunResult,
  columns: readonly Axis[],
  summary: PointSummary,
  first: boolean,
): string[] {
  return [
    ...columns.map((axis) =>
      first ? shorten(valueText(summary.parameters[axis.path] ?? "")) : "",
    ),
    estimatorTitle(run, summary.estimator),
    percent(summary.accuracy) + plusMinus(run, summary),
    String(summary.trials),
    decibels(summary.nmse),
  ];
}

/** As wide in every row, so that right alignment puts the decimal points below each other. */
function plusMinus(run: RunResult, summary: PointSummary): string {
  const half = halfWidth(summary);
  if (half !== undefined) return ` ± ${half.padStart(5)}`;
  return hasIntervals(run) ? " ".repeat(8) : "";
}

function accuracyCell(summary: PointSummary): string {
  const half = halfWidth(summary);
  const value = percent(summary.accuracy);
  return half === undefined ? value : `${value} ± ${half}`;
}

function heading(axes: readonly Axis[], summary: PointSummary): string {
  return axes
    .map((a) => setTo(a.title, shorten(valueText(summary.parameters[a.path] ?? ""))))
    .join(", ");
}

function isTextAxis(axis: Axis): boolean {
  return axis.values.some((value) => typeof value !== "number");
}

function wrap(title: string): string[] {
  const lines = [""];
  for (const word of title.split(" ")) {
    const last = lines.at(-1)!;
    if (last !== "" && last.length + 1 + word.length > columnWidth) lines.push(word);
    else lines[lines.length - 1] = last === "" ? word : `${last} ${word}`;
  }
  return lines;
}

function shorten(text: string): string {
  const letters = [...text];
  if (letters.length <= columnWidth + 8) return text;
  const keep = columnWidth / 2 + 3;
  return `${letters.slice(0, keep).join("")}…${letters.slice(-keep).join("")}`;
}

function pad(cell: string, width: number): string {
  return " ".repeat(width - [...cell].length);
}

function escapeMarkdown(text: string): string {
  return text.replace(/[\\|_*<`]/g, "\\$&").replace(/\s*\n\s*/g, " ");
}
