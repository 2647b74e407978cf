/**
 * How many examples a network gets right, and by how much.
 */
import type { Examples } from "../datasets/dataset.js";
import { InputError } from "../errors.js";
import { sliceExamples } from "./fit-inputs.js";
import type { Scorer } from "./model.js";

/**
 * Counts the examples whose largest score is at their label, `batch` at a time. Equal scores go to the
 * first; an example with a score that is not a number is wrong.
 * `stopped` is asked between batches and may throw to give up.
 */
export async function countCorrect(
  scorer: Scorer,
  examples: Examples,
  batch: number,
  stopped?: () => void,
): Promise<number> {
  const margins = await scoreMargins(scorer, examples, batch, stopped);
  return margins.reduce((correct, margin) => correct + (margin > 0 ? 1 : 0), 0);
}

/**
 * Of each example the score of its label less the largest other score: positive where `countCorrect`
 * counts it. Of equal scores the first class is ahead by the smallest positive number.
 */
export async function scoreMargins(
  scorer: Scorer,
  examples: Examples,
  batch: number,
  stopped: () => void = () => {},
): Promise<Float32Array> {
  const margins = new Float32Array(examples.count);
  await eachScored(scorer, examples, batch, stopped, (own, label, i) => {
    margins[i] = marginOf(own, label);
  });
  return margins;
}

/** Mean of −log softmax(scores)[label], scores being logits. */
export async function meanCrossEntropy(
  scorer: Scorer,
  examples: Examples,
  batch: number,
  stopped: () => void = () => {},
): Promise<number> {
  let sum = 0;
  await eachScored(scorer, examples, batch, stopped, (own, label) => {
    sum += crossEntropy(own, label);
  });
  return sum / examples.count;
}

/** What `countCorrect` and `meanCrossEntropy` give, in one pass. */
export async function correctAndLoss(
  scorer: Scorer,
  examples: Examples,
  batch: number,
  stopped: () => void = () => {},
): Promise<{ correct: number; loss: number }> {
  let correct = 0;
  let sum = 0;
  await eachScored(scorer, examples, batch, stopped, (own, label) => {
    if (marginOf(own, label) > 0) correct++;
    sum += crossEntropy(own, label);
  });
  return { correct, loss: sum / examples.count };
}

function crossEntropy(scores: Float32Array, label: number): number {
  const largest = scores.reduce((a, b) => Math.max(a, b), -Infinity);
  const total = scores.reduce((total, score) => total + Math.exp(score - largest), 0);
  return Math.log(total) + largest - scores[label];
}

/** Hands the scores of each example to `take`, `batch` examples at a time. */
async function eachScored(
  scorer: Scorer,
  examples: Examples,
  batch: number,
  stopped: () => void,
  take: (scores: Float32Array, label: number, example: number) => void,
): Promise<void> {
  for (let start = 0; start < examples.count; start += batch) {
    stopped();
    const count = Math.min(batch, examples.count - start);
    const scores = await scorer.run(sliceExamples(examples, start, count), count);
    const classes = scores.length / count;
    for (let i = 0; i < count; i++) {
      const own = scores.subarray(i * classes, (i + 1) * classes);
      take(own, examples.labels[start + i], start + i);
    }
  }
}

const smallestFloat32 = 2 ** -149;

function marginOf(scores: Float32Array, label: number): number {
  const own = scores[label];
  let other = -Infinity;
  let tied = Infinity; // the first class that is as good
  for (let c = 0; c < scores.length; c++) {
    const score = scores[c];
    if (Number.isNaN(score)) return Number.NaN;
    if (c === label) continue;
    if (score > other) other = score;
    if (score === own) tied = Math.min(tied, c);
  }
  // Infinite scores may be equal too, and have no difference.
  if (own === other) return label < tied ? smallestFloat32 : -smallestFloat32;
  return own - other;
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
