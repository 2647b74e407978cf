/**
 * How many examples a network gets right.
 */
import type { Examples } from "../datasets/dataset.js";
import { InputError } from "../errors.js";
import { sliceExamples } from "./fit-inputs.js";
import type { Scorer } from "./model.js";

/**
 * Counts the examples whose largest score is at their label, `batch` at a time. Equal scores go to the
 * first; an example with a score that is not a number is wrong.
 * `stopped` is asked between batches and may throw to give up. `first` and `count` choose a part.
 */
export async function countCorrect(
  scorer: Scorer,
  examples: Examples,
  batch: number,
  stopped: () => void = () => {},
  first = 0,
  count = examples.count - first,
): Promise<number> {
  let correct = 0;
  const end = first + count;
  for (let start = first; start < end; start += batch) {
    stopped();
    const count = Math.min(batch, end - start);
    const scores = await scorer.run(sliceExamples(examples, start, count), count);
    correct += countBatch(scores, examples.labels, start, count);
  }
  return correct;
}

function countBatch(
  scores: Float32Array,
  labels: Int32Array,
  start: number,
  count: number,
): number {
  const classes = scores.length / count;
  let correct = 0;
  for (let i = 0; i < count; i++) {
    const label = labels[start + i];
    const own = scores[i * classes + label];
    let wins = !Number.isNaN(own);
    for (let c = 0; wins && c < classes; c++) {
      const other = scores[i * classes + c];
      wins = c < label ? other < own : other <= own;
    }
    if (wins) correct++;
  }
  return correct;
}

/** Throws InputError unless the model gives a score to every class of the data set. */
export async function checkScores(
  scorer: Scorer,
  examples: Examples,
  classes: number,
  modelName: string,
): Promise<void> {
  const scores = await scorer.run(sliceExamples(examples, 0, 1), 1);
  if (!(scores instanceof Float32Array)) {
    throw new InputError(`${modelName}: its first output must be float32 scores`);
  }
  if (scores.length < classes) {
    throw new InputError(
      `${modelName}: gives ${scores.length} scores per example and the data set has ${classes} classes`,
    );
  }
}
