/** The page's tables of results: every point and estimator, and what target accuracies take. */
import type {
  ParameterValue,
  PointSummary,
  RunResult,
  TargetRatio,
  TensorSummary,
} from "../study/results.js";
import { factColumns } from "./fact-columns.js";
import { type Column, paragraphs, table } from "./html-parts.js";
import {
  cleanSentence,
  cutInterval95,
  decibels,
  differenceSentence,
  differencesToBaseline,
  differInEnergy,
  energyOverBaselineDb,
  estimatorTitle,
  gainText,
  halfWidth,
  hasIntervals,
  intervalDb,
  intervalSentence,
  minus,
  orderedSummary,
  percent,
  percentPoints,
  quantityName,
  ratioText,
  requiredText,
  searchSentences,
  shortPercent,
  stoppingSentence,
  targetSentences,
  transmissionSentence,
  valueText,
} from "./wording.js";

/** A run and what it is called on this page. */
export interface NamedRun {
  readonly run: RunResult;
  readonly label: string;
}

interface Row extends NamedRun {
  readonly summary: PointSummary;
  readonly difference: ReturnType<ReturnType<typeof differencesToBaseline>>;
}

export function resultTable(runs: readonly NamedRun[]): string {
  const rows: Row[] = runs.flatMap((named) => {
    const differenceOf = differencesToBaseline(named.run);
    return orderedSummary(named.run).map((summary) => ({
      ...named,
      summary,
      difference: differenceOf(summary),
    }));
  });
  const some = (test: (row: Row) => boolean) => rows.some(test);
  const measured: Column<Row>[] = [
    { title: "SNR [dB]", cell: (r) => ratioText(r.summary.snrDb), value: (r) => r.summary.snrDb },
    { title: "WNR [dB]", cell: (r) => ratioText(r.summary.wnrDb), value: (r) => r.summary.wnrDb },
  ];
  const axes = axisColumns<Row>(runs, (r) => r.summary.parameters);
  const baselines = [...new Set(runs.map(({ run }) => estimatorTitle(run, run.analysis.baseline)))];
  const columns: Column<Row>[] = [
    ...runColumn<Row>(runs),
    ...axes,
    { title: "Estimator", isText: true, cell: (r) => estimatorTitle(r.run, r.summary.estimator) },
    {
      title: "Accuracy [%]",
      cell: (r) => percent(r.summary.accuracy),
      value: (r) => r.summary.accuracy,
    },
  ];
  if (some((r) => r.summary.interval95 !== null)) {
    columns.push(
      {
        title: "95 % interval [%]",
        cell: (r) =>
          cutInterval95(r.summary)
            ?.map((end) => percent(end))
            .join(" to ") ?? "",
        value: (r) => {
          const interval = cutInterval95(r.summary);
          return interval && interval[1] - interval[0];
        },
      },
      {
        title: "s.d. [%]",
        cell: (r) =>
          r.summary.standardDeviation === null ? "" : percent(r.summary.standardDeviation),
        value: (r) => r.summary.standardDeviation,
      },
    );
  }
  if (some((r) => r.difference !== undefined)) {
    columns.push({
      title: `Difference to ${baselines.length === 1 ? baselines[0] : "the baseline"} [points]`,
      cell: ({ difference }) => {
        if (difference === undefined) return "";
        const half = halfWidth(difference);
        const interval = half === undefined ? "" : ` ± ${half}`;
        return (
          percentPoints(difference.difference) + interval + (difference.significant ? " *" : "")
        );
      },
      value: ({ difference }) => difference?.difference ?? null,
    });
  }
  columns.push(
    { title: "Trials", cell: (r) => String(r.summary.trials) },
    ...measured.filter((column) => axes.every((axis) => axis.title !== column.title)),
    { title: "NMSE [dB]", cell: (r) => decibels(r.summary.nmse), value: (r) => r.summary.nmse },
  );
  // What is the same everywhere is said below the table.
  const shown = factColumns.filter((column) => column.isShown(rows.map((r) => r.summary)));
  for (const { key, title, cell } of shown) {
    const heading = `${title[0].toUpperCase()}${title.slice(1)}`;
    columns.push({
      title: heading,
      cell: (r) => cell(r.summary[key]),
      value: (r) => r.summary[key],
    });
  }
  if (some((r) => r.summary.searchImageInferences > 0)) {
    columns.push({
      title: "Images scored by the search",
      cell: ({ summary: { searchImageInferences: images } }) =>
        images === 0 ? "" : String(Math.round(images)),
    });
  }
  return table(rows, columns.map(withMinus), {
    caption: "Means over trials at each point; press a heading to sort",
    sortable: true,
    group: (r) => `${r.label} ${r.summary.point}`,
  });
}

interface TensorRow extends NamedRun {
  readonly tensor: TensorSummary;
}

/** More rows than this are for a program to read: the store has them. */
const mostTensorRows = 2000;

/** What each tensor met, behind a heading to open; empty where all is in the store only. */
export function tensorTable(runs: readonly NamedRun[]): string {
  const rows: TensorRow[] = runs.flatMap((named) =>
    named.run.tensors.map((tensor) => ({ ...named, tensor })),
  );
  if (rows.length === 0 || rows.length > mostTensorRows) return "";
  const columns: Column<TensorRow>[] = [
    ...runColumn<TensorRow>(runs),
    ...axisColumns<TensorRow>(runs, (r) => r.run.resolved.points[r.tensor.point]),
    { title: "Tensor", isText: true, cell: (r) => r.tensor.tensor },
    { title: "Weights", cell: (r) => String(r.tensor.weights), value: (r) => r.tensor.weights },
    {
      title: "Equivalent WNR [dB]",
      cell: (r) => ratioText(r.tensor.equivalentWnrDb),
      value: (r) => r.tensor.equivalentWnrDb,
    },
  ];
  const body = table(rows, columns.map(withMinus), {
    caption:
      "The tensor's variance over the white noise that would do as much harm to a linear estimate",
    sortable: true,
    group: (r) => `${r.label} ${r.tensor.point}`,
  });
  return `<details><summary>What each tensor met</summary>${body}</details>`;
}

/** What the numbers of the table mean. */
export function resultNote(run: RunResult): string {
  const intervals = hasIntervals(run)
    ? "Intervals are 95 % Student t intervals of the mean over trials, cut at 0 and 100 %."
    : intervalSentence(run);
  const sentences = [
    intervals,
    differenceSentence(run),
    stoppingSentence(run),
    cleanSentence(run),
    run.summary.length === 0 ? undefined : transmissionSentence(run),
    ...searchSentences(run),
  ];
  return sentences.filter((s) => s !== undefined).join(" ");
}

interface TargetRow extends NamedRun {
  readonly target: TargetRatio;
}

export function targetTable(runs: readonly NamedRun[]): string {
  const rows: TargetRow[] = runs.flatMap((named) =>
    named.run.analysis.gainAt.flatMap((level) =>
      named.run.targets
        .filter((target) => target.target === level)
        .map((target) => ({ ...named, target })),
    ),
  );
  const names = [...new Set(rows.map((r) => quantityName(r.target)))];
  const baselines = [...new Set(rows.map((r) => estimatorTitle(r.run, r.target.baseline)))];
  const hasGains = rows.some((r) => r.target.estimator !== r.target.baseline);
  const columns: Column<TargetRow>[] = [
    ...runColumn<TargetRow>(runs),
    {
      title: "Target accuracy [%]",
      cell: (r) => shortPercent(r.target.target),
    },
    ...axisColumns<TargetRow>(runs, (r) => r.target.parameters).filter((column) =>
      rows.some((r) => column.cell(r) !== ""),
    ),
    { title: "Estimator", isText: true, cell: (r) => estimatorTitle(r.run, r.target.estimator) },
    {
      title: `Required ${names.length === 1 ? names[0] : "ratio"} [dB]`,
      cell: (r) =>
        (names.length === 1 ? "" : `${quantityName(r.target)} `) + requiredText(r.run, r.target),
      value: (r) => r.target.requiredDb,
    },
    { title: "95 % interval [dB]", cell: (r) => intervalDb(r.target.interval95) },
  ];
  if (hasGains) {
    columns.push(
      {
        title: `Gain over ${baselines.length === 1 ? baselines[0] : "the baseline"} [dB]`,
        cell: (r) => (r.target.estimator === r.target.baseline ? "" : gainText(r.run, r.target)),
        value: (r) => r.target.gainDb,
      },
      { title: "95 % interval of the gain [dB]", cell: (r) => intervalDb(r.target.gainInterval95) },
    );
    if (runs.some(({ run }) => differInEnergy(run))) {
      columns.push({
        title: "Gain at equal energy [dB]",
        cell: (r) =>
          r.target.estimator === r.target.baseline
            ? ""
            : gainText(r.run, r.target, energyOverBaselineDb(r.run, r.target)),
      });
    }
  }
  const notes = [...new Set(runs.flatMap(({ run }) => targetSentences(run)))];
  return (
    table(rows, columns.map(withMinus), {
      caption: "Ratio from which the mean accuracy stays at or above the target",
      sortable: true,
      group: (r) => `${r.label} ${r.target.target} ${JSON.stringify(r.target.parameters)}`,
    }) + paragraphs([notes.join(" ")], "fine")
  );
}

function withMinus<Row>(column: Column<Row>): Column<Row> {
  return column.isText ? column : { ...column, cell: (row) => signs(column.cell(row)) };
}

/** Also where a bracket opens before the number; what rounds to 0 has no sign. */
function signs(text: string): string {
  return minus(text)
    .replace(/\[-/g, "[−")
    .replace(/^−(?=0\.?0*$)/, "");
}

function runColumn<Row extends NamedRun>(runs: readonly NamedRun[]): Column<Row>[] {
  return runs.length === 1 ? [] : [{ title: "Run", isText: true, cell: (r) => r.label }];
}

/** One column for each parameter that any run sweeps. */
function axisColumns<Row extends NamedRun>(
  runs: readonly NamedRun[],
  parametersOf: (row: Row) => Readonly<Record<string, ParameterValue>>,
): Column<Row>[] {
  const axes = new Map(runs.flatMap(({ run }) => run.axes.map((axis) => [axis.path, axis])));
  return [...axes.values()].map(({ path, title, values }) => ({
    title,
    isText: values.some((value) => typeof value !== "number"),
    cell: (row) => valueText(parametersOf(row)[path] ?? ""),
    value: (row) => {
      const value = parametersOf(row)[path];
      return value === undefined ? null : String(value);
    },
  }));
}
