/**
 * Magnitude pruning: the weights of smallest magnitude are not sent, and the receiver takes 0 for them.
 *
 * What is observed of a pruned weight is r = 0, and its error is the weight itself: its noise variance is the mean
 * square of the weights that were pruned in its tensor.
 *
 * The receiver is told which weights came: a mask of n_t weights of which k_t are kept takes
 *
 *   log₂ C(n_t, k_t) ≤ n_t H₂(k_t / n_t) bits,   H₂(p) = −p log₂ p − (1 − p) log₂ (1 − p),
 *
 * which enumerative coding reaches; it is paid for tensor by tensor, which never costs more than one mask for all
 * since H₂ is concave. Beside it go the mean square of what was pruned, one number for each tensor that lost
 * something, and with scope `global` k_t itself, ⌈log₂(n_t + 1)⌉ bits (with scope `tensor` it follows from `keep`).
 *
 * Source: Han, Pool, Tran & Dally, "Learning both weights and connections for efficient neural networks", NeurIPS
 * 2015; Cover, "Enumerative source encoding", IEEE Trans. Inf. Theory 19 (1973) 73–77; Cover & Thomas, Elements of
 * Information Theory (2006), 11.1 for the bound.
 * Limits: no training after pruning. The error of a pruned weight is not independent of it, so an estimator that
 * takes it for noise (mmse) is not the best there; r = 0 is biased.
 */
import { z } from "zod";
import { quantity } from "../../units.js";
import { bitsPerNumber, defineCoding, type Span } from "../coding.js";

export const pruning = defineCoding({
  name: "pruning",
  summary: "only the weights of largest magnitude are sent, with a mask that is paid for",

  params: z.strictObject({
    keep: quantity(undefined, z.number().gt(0).max(1)).describe(
      "share of the weights that is sent, above 0 and at most 1",
    ),
    scope: z
      .enum(["global", "tensor"])
      .default("global")
      .describe("global: the largest of all weights; tensor: the same share of every tensor"),
  }),

  encode({ keep, scope }, { values, spans }) {
    const all: Span = { tensor: "all", first: 0, size: values.length };
    const kept = new Uint8Array(values.length);
    for (const span of scope === "global" ? [all] : spans) {
      markLargest(values, span, Math.max(1, Math.round(keep * span.size)), kept);
    }

    const parts = spans.map((span) => partOf(values, span, kept, scope === "global"));
    const sentSpans: Span[] = [];
    let length = 0;
    parts.forEach(({ size }, i) => {
      if (size > 0) sentSpans.push({ tensor: spans[i].tensor, first: length, size });
      length += size;
    });
    const sent = new Float32Array(length);
    for (let k = 0, next = 0; k < values.length; k++) if (kept[k] === 1) sent[next++] = values[k];

    return {
      block: { values: sent, spans: sentSpans },
      sideBits: parts.reduce((sum, { bits }) => sum + bits, 0),
      decode({ r, noiseVariance }) {
        const weights = new Float32Array(values.length);
        const variances = new Float32Array(values.length);
        let next = 0;
        spans.forEach(({ first, size }, i) => {
          for (let k = first; k < first + size; k++) {
            if (kept[k] === 1) {
              weights[k] = r[next];
              variances[k] =
                typeof noiseVariance === "number" ? noiseVariance : noiseVariance[next];
              next++;
            } else variances[k] = parts[i].prunedMeanSquare;
          }
        });
        return { r: weights, noiseVariance: variances };
      },
    };
  },
});

/** Marks the `count` largest magnitudes of a span; of equal ones the first. */
function markLargest(
  values: Float32Array,
  { first, size }: Span,
  count: number,
  kept: Uint8Array,
): void {
  const magnitudes = new Float32Array(size);
  for (let k = 0; k < size; k++) magnitudes[k] = Math.abs(values[first + k]);
  const least = magnitudes.slice().sort()[size - count]; // typed arrays sort by number
  let equals = count;
  for (let k = 0; k < size; k++) if (magnitudes[k] > least) equals--;
  for (let k = 0; k < size; k++) {
    if (magnitudes[k] > least || (magnitudes[k] === least && equals-- > 0)) kept[first + k] = 1;
  }
}

/** What is sent of a span and what is told of the rest. */
function partOf(
  values: Float32Array,
  { first, size: all }: Span,
  kept: Uint8Array,
  countIsTold: boolean,
): { size: number; prunedMeanSquare: number; bits: number } {
  let size = 0;
  let squares = 0;
  for (let k = first; k < first + all; k++) {
    if (kept[k] === 1) size++;
    else squares += values[k] * values[k];
  }
  const pruned = all - size;
  const count = countIsTold ? Math.ceil(Math.log2(all + 1)) : 0;
  return {
    size,
    prunedMeanSquare: pruned > 0 ? squares / pruned : 0,
    bits: Math.ceil(all * binaryEntropy(size / all)) + count + (pruned > 0 ? bitsPerNumber : 0),
  };
}

/** H₂(p) [bits]. */
export function binaryEntropy(p: number): number {
  return p <= 0 || p >= 1 ? 0 : -p * Math.log2(p) - (1 - p) * Math.log2(1 - p);
}
