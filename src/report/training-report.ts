/**
 * Writes what a training leaves beside its checkpoint: all of it follows from that and can be written again.
 */
import { replaceFiles } from "../files/replace.js";
import { accuracyOf, type EpochRecord, scoredSplits } from "../training/history.js";
import { csvLine } from "./csv.js";
import { jsonRecords } from "./json-records.js";
import { renderPng, renderSvg } from "./render.js";
import { type TrainingFigure, trainingFigureSpec } from "./training-figure.js";

/** Model and history as they are after an epoch. Paths of the files written. */
export function writeEpoch(
  folder: string,
  history: readonly EpochRecord[],
  model: Uint8Array,
): Promise<string[]> {
  return replaceFiles(folder, {
    "model.onnx": model,
    "history.json": jsonRecords(history),
    "history.csv": historyCsv(history),
  });
}

export async function writeTrainingFigure(
  folder: string,
  figure: TrainingFigure,
): Promise<string[]> {
  const svg = await renderSvg(trainingFigureSpec(figure));
  return replaceFiles(folder, { "figure.svg": svg, "figure.png": renderPng(svg) });
}

/** One row per epoch; what was not scored is empty. */
export function historyCsv(history: readonly EpochRecord[]): string {
  const header = [
    "epoch",
    "steps",
    "learningRate",
    "loss",
    ...scoredSplits.flatMap((s) => [`${s}Accuracy`, `${s}Correct`, `${s}Total`]),
  ];
  const rows = history.map((record) => {
    const { epoch, steps, learningRate, loss } = record;
    const counts = scoredSplits.flatMap((split) => {
      const count = record[split];
      return [count && accuracyOf(count), count?.correct, count?.total];
    });
    return csvLine([epoch, steps, learningRate, loss, ...counts]);
  });
  return csvLine(header) + rows.join("");
}
