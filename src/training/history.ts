/**
 * What each epoch came to. `history.json` and `history.csv` hold nothing that depends on the clock or the
 * machine's load, so that a resumed training leaves the same files as one that was never stopped.
 */
import { csvLine } from "../report/csv.js";
import { jsonRecords } from "../report/json-records.js";

export interface Count {
  readonly correct: number;
  readonly total: number;
}

export interface EpochRecord {
  /** Epochs finished, this one included. */
  readonly epoch: number;
  /** Steps since the start. */
  readonly steps: number;
  /** Of the epoch's last step. */
  readonly learningRate: number;
  /** Mean over the epoch's steps, each before its update. */
  readonly loss: number;
  /** Training examples that were right when their step came, augmented as they were; absent for losses without classes. */
  readonly training?: Count;
  /** Scored after the epoch, with running statistics; absent where the data set has no validation split of its own. */
  readonly validation?: Count;
  readonly test?: Count;
}

export const scoredSplits = ["training", "validation", "test"] as const;
export type ScoredSplit = (typeof scoredSplits)[number];

export function accuracyOf({ correct, total }: Count): number {
  return correct / total;
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

export function historyJson(history: readonly EpochRecord[]): string {
  return jsonRecords(history);
}
