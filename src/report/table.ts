/** The tables of a run: plain text for the terminal, Markdown for documents. */
import type { PairedDifference, PointSummary, RunResult, TargetRatio } from "../study/results.js";
import { factColumns } from "./fact-columns.js";
import {
  cleanSentence,
  decibels,
  differenceSentence,
  differencesToBaseline,
  differInEnergy,
  energyOverBaselineDb,
  estimatorTitle,
  gainText,
  halfWidth,
  hasIntervals,
  hasOracle,
  incompleteSentence,
  intervalDb,
  intervalSentence,
  oracleSentence,
  orderedSummary,
  percent,
  percentPoints,
  quantityName,
  requiredText,
  searchSentences,
  setTo,
  shortPercent,
  stoppingSentence,
  targetSentences,
  transmissionSentence,
  valueText,
} from "./wording.js";

/** Header words wrap at this many characters. */
const columnWidth = 16;
/** Longer values lose their middle; parts in words, whose parameters tell them apart, have more room than paths. */
const mostLetters = { path: 24, words: 44 };

export interface Column<Row> {
  readonly title: string;
  /** Text stands left, numbers right. */
  readonly isText?: boolean;
  /** Left out where the table would be too wide. */
  readonly isOptional?: boolean;
  readonly cell: (row: Row) => string;
}

export interface Table<Row> {
  readonly rows: readonly Row[];
  /** What tells groups of rows apart. */
  readonly keys: readonly Column<Row>[];
  readonly values: readonly Column<Row>[];
  /** Neighbours with the same are a group; only its first row shows the keys. */
  readonly group: (row: Row) => unknown;
}

/** One line per point and estimator, then one per target accuracy and estimator, then what it means. */
export function textTable(run: RunResult, width = 100): string {
  const parts = [[run.title], fitted(resultTable(run), width)];
  if (run.targets.length > 0) parts.push(fitted(targetTable(run), width));
  parts.push(notes(run));
  return `${parts.map((lines) => lines.join("\n")).join("\n\n")}\n`;
}

export function markdownTable(run: RunResult): string {
  const parts = [markdownLines(resultTable(run))];
  if (run.targets.length > 0) parts.push(markdownLines(targetTable(run)));
  parts.push(notes(run).map((note) => `${escapeMarkdown(note)}  `));
  return `${parts.map((lines) => lines.join("\n")).join("\n\n")}\n`;
}

function resultTable(run: RunResult): Table<PointSummary> {
  const { baseline } = run.analysis;
  const marks = run.differences.some((d) => d.significant && d.baseline === baseline);
  const values: Column<PointSummary>[] = [
    { title: "estimator", isText: true, cell: (s) => estimatorTitle(run, s.estimator) },
    { title: "accuracy [%]", cell: (s) => percent(s.accuracy) + plusMinus(s, hasIntervals(run)) },
  ];
  if (run.differences.some((d) => d.baseline === baseline)) {
    const differenceOf = differencesToBaseline(run);
    values.push({
      title: `difference to ${estimatorTitle(run, baseline)} [points]`,
      cell: (s) => differenceCell(differenceOf(s), hasIntervals(run), marks),
    });
  }
  if (hasIntervals(run)) {
    values.push({
      title: "s.d. [%]",
      isOptional: true,
      cell: (s) => (s.standardDeviation === null ? "" : percent(s.standardDeviation)),
    });
  }
  values.push({ title: "trials", cell: (s) => String(s.trials) });
  values.push({ title: "NMSE [dB]", cell: (s) => decibels(s.nmse) });
  for (const { key, title, cell, isShown } of factColumns) {
    if (isShown(run.summary)) values.push({ title, isOptional: true, cell: (s) => cell(s[key]) });
  }
  const keys = axisColumns<PointSummary>(run, () => true);
  return { rows: orderedSummary(run), keys, values, group: (s) => s.point };
}

function targetTable(run: RunResult): Table<TargetRatio> {
  const [first] = run.targets;
  return {
    rows: run.analysis.gainAt.flatMap((target) => run.targets.filter((t) => t.target === target)),
    keys: [
      { title: "accuracy [%]", cell: (t) => shortPercent(t.target) },
      ...axisColumns<TargetRatio>(run, (path) => path in first.parameters),
    ],
    values: [
      { title: "estimator", isText: true, cell: (t) => estimatorTitle(run, t.estimator) },
      {
        title: `required ${quantityName(first)} [dB]`,
        isText: true,
        cell: (t) => `${requiredText(run, t).padStart(6)} ${intervalDb(t.interval95)}`.trimEnd(),
      },
      {
        title: `gain over ${estimatorTitle(run, first.baseline)} [dB]`,
        isText: true,
        cell: (t) =>
          t.estimator === t.baseline
            ? ""
            : `${gainText(run, t).padStart(6)} ${intervalDb(t.gainInterval95)}`.trimEnd(),
      },
      ...(differInEnergy(run) ? [gainAtEqualEnergy(run)] : []),
    ],
    group: (t) => JSON.stringify([t.target, t.parameters]),
  };
}

/** The gain less what the side information took in energy. */
function gainAtEqualEnergy(run: RunResult): Column<TargetRatio> {
  return {
    title: "at equal energy [dB]",
    isText: true,
    cell: (t) =>
      t.estimator === t.baseline
        ? ""
        : gainText(run, t, energyOverBaselineDb(run, t)).padStart(6).trimEnd(),
  };
}

function axisColumns<Row extends { parameters: PointSummary["parameters"] }>(
  run: RunResult,
  isShown: (path: string) => boolean,
): Column<Row>[] {
  return run.axes
    .filter((axis) => isShown(axis.path))
    .map((axis) => ({
      title: axis.title,
      isText: axis.values.some((value) => typeof value !== "number"),
      cell: (row) => valueText(row.parameters[axis.path] ?? ""),
    }));
}

/** As wide in every row, so that right alignment puts the decimal points below each other. */
function plusMinus(row: PointSummary | PairedDifference, hasIntervals: boolean): string {
  const half = halfWidth(row);
  if (half !== undefined) return ` ± ${half.padStart(5)}`;
  return hasIntervals ? " ".repeat(8) : "";
}

function differenceCell(
  difference: PairedDifference | undefined,
  hasIntervals: boolean,
  marks: boolean,
): string {
  if (difference === undefined) return "";
  const mark = difference.significant ? " *" : marks ? "  " : "";
  return percentPoints(difference.difference) + plusMinus(difference, hasIntervals) + mark;
}

function notes(run: RunResult): string[] {
  return [
    intervalSentence(run),
    differenceSentence(run),
    ...targetSentences(run),
    stoppingSentence(run),
    cleanSentence(run),
    transmissionSentence(run),
    ...searchSentences(run),
    hasOracle(run) ? oracleSentence : undefined,
    ...run.notes,
    incompleteSentence(run),
  ].filter((note) => note !== undefined);
}

/**
 * Keys that do not fit beside the values into `width` characters move, last one first, to a line above
 * the rows that share them; if that is not enough, optional columns go, last one first.
 */
export function fitted<Row>(table: Table<Row>, width: number): string[] {
  let beside = table.keys.length;
  let values = table.values;
  let laidOut = textLines(table, values, beside);
  while (beside > 1 && laidOut.width > width) {
    laidOut = textLines(table, values, --beside);
  }
  for (const column of [...values].reverse()) {
    if (laidOut.width <= width) break;
    if (!column.isOptional) continue;
    values = values.filter((v) => v !== column);
    laidOut = textLines(table, values, beside);
  }
  return laidOut.lines;
}

function textLines<Row>(
  { rows, keys, group }: Table<Row>,
  values: readonly Column<Row>[],
  beside: number,
): { lines: string[]; width: number } {
  const columns = [...keys.slice(0, beside), ...values];
  const above = keys.slice(beside);
  const layers = new Map<string, Row[]>();
  for (const row of rows) {
    const title = above.map((key) => setTo(key.title, shorten(key.cell(row)))).join(", ");
    const layer = layers.get(title);
    if (layer === undefined) layers.set(title, [row]);
    else layer.push(row);
  }

  const body: (string[] | string)[] = [];
  for (const [title, layer] of layers) {
    if (above.length > 0) body.push("", title);
    layer.forEach((row, i) => {
      // The eye finds the next group by where its keys stand.
      const isFirst = i === 0 || group(row) !== group(layer[i - 1]);
      body.push(
        columns.map((column, c) => {
          if (c >= beside) return column.cell(row);
          return isFirst ? shorten(column.cell(row)) : "";
        }),
      );
    });
  }

  const header = columns.map((column) => wrap(column.title));
  const depth = Math.max(...header.map((h) => h.length));
  const headerRows = Array.from({ length: depth }, (_, row) =>
    header.map((h) => h[row - depth + h.length] ?? ""),
  );
  const cellRows = body.filter((row) => typeof row !== "string");
  const widths = columns.map((_, i) =>
    [...headerRows, ...cellRows].reduce((width, row) => Math.max(width, [...row[i]].length), 0),
  );
  const layOut = (row: readonly string[]) =>
    row
      .map((cell, i) => {
        const space = " ".repeat(widths[i] - [...cell].length);
        return columns[i].isText ? cell + space : space + cell;
      })
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

export function markdownLines<Row>({ rows, keys, values }: Table<Row>): string[] {
  const columns = [...keys, ...values];
  const cells = (row: readonly string[]) => `| ${row.map(escapeMarkdown).join(" | ")} |`;
  return [
    cells(columns.map((column) => column.title)),
    `| ${columns.map((column) => (column.isText ? "---" : "---:")).join(" | ")} |`,
    ...rows.map((row) =>
      cells(columns.map((column) => column.cell(row).trim().replace(/ {2,}/g, " "))),
    ),
  ];
}

/** Lines of at most `width` characters, broken between words. */
export function wrap(text: string, width = columnWidth): string[] {
  const lines = [""];
  for (const word of text.split(" ")) {
    const last = lines.at(-1)!;
    if (last !== "" && last.length + 1 + word.length > width) lines.push(word);
    else lines[lines.length - 1] = last === "" ? word : `${last} ${word}`;
  }
  return lines;
}

function shorten(text: string): string {
  const letters = [...text];
  const most = text.includes(" ") ? mostLetters.words : mostLetters.path;
  if (letters.length <= most) return text;
  const keep = most / 2 - 1;
  return `${letters.slice(0, keep).join("")}…${letters.slice(-keep).join("")}`;
}

function escapeMarkdown(text: string): string {
  return text.replace(/[\\|_*<`]/g, "\\$&").replace(/\s*\n\s*/g, " ");
}
