/** The tables of a federated run: plain text for the terminal, Markdown for documents. */
import {
  type CourseSummary,
  energyUnits,
  type FederatedResult,
  sweptRatio,
  type TargetProgress,
} from "../federated/results.js";
import type { TargetRatio } from "../study/results.js";
import { type Column, fitted, markdownLines, type Table } from "./table.js";
import {
  counted,
  decibels,
  halfWidth,
  intervalDb,
  percent,
  shortPercent,
  valueText,
} from "./wording.js";

export function federatedTable(result: FederatedResult, width = 100): string {
  const parts = [[result.title], fitted(summaryTable(result), width)];
  if (hasProgress(result)) parts.push(fitted(progressTable(result), width));
  if (result.gains.length > 0) parts.push(fitted(gainTable(result), width));
  parts.push(sentences(result));
  return `${parts.map((lines) => lines.join("\n")).join("\n\n")}\n`;
}

export function federatedMarkdown(result: FederatedResult): string {
  const parts = [markdownLines(summaryTable(result))];
  if (hasProgress(result)) parts.push(markdownLines(progressTable(result)));
  if (result.gains.length > 0) parts.push(markdownLines(gainTable(result)));
  parts.push(sentences(result).map((sentence) => `${sentence}  `));
  return `${parts.map((lines) => lines.join("\n")).join("\n\n")}\n`;
}

const hasProgress = ({ summary }: FederatedResult) =>
  summary.some(({ targets }) => targets.some(({ trials }) => trials > 0));

function axisColumns<Row extends Pick<CourseSummary, "parameters">>({
  axes,
}: FederatedResult): Column<Row>[] {
  return axes.map((axis) => ({
    title: axis.title,
    isText: axis.values.some((value) => typeof value !== "number"),
    cell: (row) => valueText(row.parameters[axis.path] ?? ""),
  }));
}

/** With the unit, where all points have the same; `sentences` explains where they have not. */
function energyTitle(result: FederatedResult): string {
  const units = energyUnits(result);
  return `energy per device${units.length === 1 ? ` [${units[0]}]` : ""}`;
}

function summaryTable(result: FederatedResult): Table<CourseSummary> {
  const { summary } = result;
  const some = (of: (row: CourseSummary) => number) => summary.some((row) => of(row) > 0);
  const optional = (title: string, of: (row: CourseSummary) => number): Column<CourseSummary>[] =>
    some(of)
      ? [{ title, isOptional: true, cell: (row) => valueText(Number(of(row).toPrecision(3))) }]
      : [];
  return {
    rows: summary,
    keys: axisColumns(result),
    values: [
      { title: "receiver", isText: true, cell: (row) => row.receiver },
      {
        title: `accuracy, last ${counted(Math.min(result.lastRounds, result.rounds), "round")} [%]`,
        cell: (row) => {
          const half = halfWidth(row);
          return `${percent(row.accuracy)}${half === undefined ? "" : ` ± ${half.padStart(5)}`}`;
        },
      },
      { title: "best [%]", cell: (row) => percent(row.bestAccuracy) },
      { title: "trials", cell: (row) => String(row.trials) },
      { title: "median NMSE [dB]", cell: (row) => orNothing(row.medianNmse) },
      ...(summary.some((row) => row.medianDownlinkNmse !== null)
        ? [
            {
              title: "median downlink NMSE [dB]",
              cell: (row: CourseSummary) => orNothing(row.medianDownlinkNmse),
            },
          ]
        : []),
      ...optional("airtime [s]", (row) => row.airtimeS),
      ...optional("time [s]", (row) => row.timeS),
      ...optional(energyTitle(result), (row) => row.energy),
      ...optional("lost rounds", (row) => row.lostRounds),
      ...optional("late or dropped out", (row) => row.missing),
      ...optional("diverged", (row) => row.diverged),
    ],
    group: (row) => row.point,
  };
}

const orNothing = (ratio: number | null) => (ratio === null ? "" : decibels(ratio));

interface ProgressRow extends TargetProgress {
  readonly course: CourseSummary;
  readonly parameters: CourseSummary["parameters"];
}

function progressTable(result: FederatedResult): Table<ProgressRow> {
  const rows = [...result.targets.keys()].flatMap((i) =>
    result.summary.map((course): ProgressRow => {
      return { ...course.targets[i], course, parameters: course.parameters };
    }),
  );
  const amount = (value: number | null) =>
    value === null ? "" : valueText(Number(value.toPrecision(4)));
  return {
    rows,
    keys: [
      { title: "up to [%]", cell: (row) => shortPercent(row.target) },
      ...axisColumns<ProgressRow>(result),
    ],
    values: [
      { title: "receiver", isText: true, cell: (row) => row.course.receiver },
      { title: "reached by", isText: true, cell: (row) => `${row.trials} of ${row.course.trials}` },
      { title: "rounds", cell: (row) => amount(row.round) },
      { title: "time [s]", cell: (row) => amount(row.timeS) },
      { title: "airtime [s]", cell: (row) => amount(row.airtimeS) },
      { title: energyTitle(result), cell: (row) => amount(row.energy) },
    ],
    group: (row) => JSON.stringify([row.target, row.course.point]),
  };
}

function gainTable(result: FederatedResult): Table<TargetRatio> {
  const { gains, gainAt, axes } = result;
  return {
    rows: gainAt.flatMap((target) => gains.filter((gain) => gain.target === target)),
    keys: [
      { title: "accuracy [%]", cell: (gain) => shortPercent(gain.target) },
      ...axisColumns<TargetRatio>({
        ...result,
        axes: axes.filter(({ path }) => path in gains[0].parameters),
      }),
    ],
    values: [
      { title: "receiver", isText: true, cell: (gain) => gain.estimator },
      {
        title: `required ${ratioTitle(result)}`,
        isText: true,
        cell: (gain) =>
          `${requiredText(gain).padStart(6)} ${intervalDb(gain.interval95)}`.trimEnd(),
      },
      {
        title: `gain over ${result.baseline} [dB]`,
        isText: true,
        cell: (gain) =>
          `${(gain.gainDb?.toFixed(2) ?? "").padStart(6)} ${intervalDb(gain.gainInterval95)}`.trimEnd(),
      },
    ],
    group: (gain) => JSON.stringify([gain.target, gain.parameters]),
  };
}

/** What `required` is counted in: the title of the axis that the gains go along. */
function ratioTitle({ axes }: FederatedResult): string {
  const title = sweptRatio(axes)!.title;
  return title.replace(/^Down/, "down");
}

function requiredText({ requiredDb, reached }: TargetRatio): string {
  if (requiredDb !== null) return requiredDb.toFixed(2);
  return reached === "never" ? "beyond the sweep" : "below the sweep";
}

function sentences(result: FederatedResult): string[] {
  const { complete, finished, wanted, summary, trials } = result;
  return [
    ...(trials > 1 && summary.some(({ interval95 }) => interval95 !== null)
      ? ["± is half of the Student t 95 % interval of the mean over trials."]
      : []),
    ...(energyUnits(result).length > 1
      ? [
          "Energies are in units of P where the uplink is given deviceSnrDb, else in those of squared updates: these two do not compare.",
        ]
      : []),
    ...(complete
      ? []
      : [
          `${finished} of ${counted(wanted, "training")} are finished; the others are not in here.`,
        ]),
  ];
}
