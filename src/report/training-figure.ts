/**
 * The figure of a training: loss above, accuracies below, against epochs. Splits differ in colour, dashes and
 * markers, as estimators do in the figure of a study.
 */
import type { TopLevelSpec } from "vega-lite";
import {
  accuracyOf,
  type EpochRecord,
  type ScoredSplit,
  scoredSplits,
} from "../training/history.js";
import { isLogarithmic } from "./figure-axes.js";
import { legend } from "./figure-legend.js";
import {
  axisWidth,
  byLabel,
  colours,
  config,
  dashes,
  fontSize,
  headingSize,
  markers,
  type Part,
} from "./figure-style.js";
import { wrapText } from "./font.js";
import { percent } from "./wording.js";

export interface TrainingFigure {
  readonly title: string;
  /** What was trained, and how: one line. */
  readonly subtitle: string;
  readonly history: readonly EpochRecord[];
}

const width = 540;
/** More markers than this run into each other. */
const mostMarkers = 40;

export function trainingFigureSpec(figure: TrainingFigure): TopLevelSpec {
  const { title, subtitle, history } = figure;
  const splits = scoredSplits.filter((split) => history.some((record) => record[split]));
  const total = width + axisWidth;
  const spec = {
    $schema: "https://vega.github.io/schema/vega-lite/v5.json",
    description: trainingDescription(figure),
    title: {
      text: wrapText(title, total, headingSize, true),
      subtitle: wrapText(subtitle, total, fontSize),
    },
    background: "white",
    padding: 14,
    config,
    vconcat: [lossPanel(history), ...(splits.length > 0 ? [accuracyPanel(history, splits)] : [])],
  };
  return spec as unknown as TopLevelSpec;
}

/** What the figure shows, for those who do not see it. */
export function trainingDescription({ history }: TrainingFigure): string {
  const last = history.at(-1);
  if (last === undefined) return "No epoch was finished.";
  const accuracies = scoredSplits.flatMap((split) => {
    const count = history.findLast((record) => record[split])?.[split];
    return count === undefined ? [] : [`${split} ${percent(accuracyOf(count))} %`];
  });
  return (
    `Loss and accuracy in percent against epochs, up to epoch ${last.epoch}. ` +
    `At the end: ${[`loss ${last.loss.toPrecision(3)}`, ...accuracies].join(", ")}.`
  );
}

const mostTicks = 12;

/** Ticks at whole epochs: Vega puts them between, too, where there are few. */
function epochs(history: readonly EpochRecord[], title: string | null): Part {
  const count = history.length;
  const every = [1, 2, 5, 10, 20, 50, 100, 200, 500].find((s) => count / s <= mostTicks) ?? count;
  const values = history.map(({ epoch }) => epoch).filter((epoch) => epoch % every === 0);
  return {
    field: "epoch",
    type: "quantitative",
    title,
    scale: { zero: false, nice: false, padding: 12 },
    axis: { values, format: "d" },
  };
}

function lossPanel(history: readonly EpochRecord[]): Part {
  const logarithmic = isLogarithmic(history.map(({ loss }) => loss));
  const encoding = {
    x: epochs(history, null),
    y: {
      field: "loss",
      type: "quantitative",
      title: "Training loss",
      scale: logarithmic ? { type: "log" } : { zero: false },
    },
    color: { value: colours[0] },
  };
  return {
    width,
    height: 160,
    data: { values: history.map(({ epoch, loss }) => ({ epoch, loss })) },
    layer: [
      { mark: { type: "line", strokeWidth: 2 }, encoding },
      ...(history.length <= mostMarkers ? [{ mark: point, encoding }] : []),
    ],
  };
}

function accuracyPanel(history: readonly EpochRecord[], splits: readonly ScoredSplit[]): Part {
  const labels = splits.map((split) => curveNames[split]);
  const values = history.flatMap((record) =>
    splits.flatMap((split) => {
      const count = record[split];
      return count === undefined
        ? []
        : [{ epoch: record.epoch, accuracy: 100 * accuracyOf(count), split: curveNames[split] }];
    }),
  );
  const ofSplit = (range: readonly unknown[]) => byLabel("split", labels, range);
  const encoding = {
    x: epochs(history, "Epoch"),
    y: {
      field: "accuracy",
      type: "quantitative",
      title: "Accuracy [%]",
      scale: { zero: false },
    },
    color: {
      field: "split",
      type: "nominal",
      scale: { domain: labels, range: labels.map((_, i) => colours[i]) },
      legend: legend(labels, true, width),
    },
  };
  return {
    width,
    height: 240,
    data: { values },
    layer: [
      {
        mark: { type: "line", strokeWidth: 2 },
        encoding: { ...encoding, strokeDash: ofSplit(dashes) },
      },
      ...(history.filter((record) => splits.some((split) => record[split])).length <= mostMarkers
        ? [
            {
              mark: point,
              encoding: { ...encoding, shape: ofSplit(markers.map((marker) => marker.shape)) },
            },
          ]
        : []),
    ],
  };
}

const point = { type: "point", filled: true, size: 40, opacity: 1 };

const curveNames: Readonly<Record<ScoredSplit, string>> = {
  training: "training, while weights change",
  validation: "validation",
  test: "test",
};
