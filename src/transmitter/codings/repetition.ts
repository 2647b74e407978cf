/**
 * Some or all values are sent several times, and the copies are averaged by what each is worth:
 *
 *   r = Σ_j a_j r_j / Σ_j a_j,   a_j = 1 / σ_j²,   Var = 1 / Σ_j a_j
 *
 * (maximal ratio combining; copies without noise count alone, lost ones not at all). The first copies of all
 * values come first, then the second ones, and so on: a fade that hits a value spares its copies.
 *
 *   all          every value `copies` times
 *   tensors      those of the tensors that match a pattern: `copies` times, or as often as `expansion` allows
 *   sensitivity  within `expansion`, whole tensors one copy at a time, always that which lowers the expected
 *                growth of the loss Σ s_t n_t σ² / c_t most per value sent: largest s_t / (c_t (c_t + 1))
 *
 * with c_t the copies of tensor t and s_t its sensitivity (src/study/sensitivity.ts). The greedy choice is the best
 * for a budget that it uses up, since each further copy is worth less than the one before. Only `sensitivity`
 * has to be told: 8 bits per tensor.
 *
 * Over white noise c copies at 1/c of the energy each are worth no more than one: what repetition brings is
 * diversity, or protection where it counts.
 *
 * Source: Tse & Viswanath, Fundamentals of Wireless Communication (2005), 3.2.1; Fox, "Discrete optimization
 * via marginal analysis", Management Science 13 (1966) 210–216.
 * Limits: every copy is taken to meet the same noise when copies are shared out. Sensitivities are those of the
 * weights, so a code with gains of its own belongs behind this one; those below 0 count as 0.
 */
import { z } from "zod";
import { InputError } from "../../errors.js";
import type { Observation } from "../../observation.js";
import { quantity } from "../../units.js";
import { matcher, nearestHint, unmatched } from "../../weights/patterns.js";
import { type Block, defineCoding, type Span } from "../coding.js";

/** So that their number fits into 8 bits. */
const mostCopies = 255;
const bitsPerCount = 8;

export const repetition = defineCoding({
  name: "repetition",
  summary: "values are sent several times: all, those of some tensors, or where it matters most",

  params: z
    .strictObject({
      by: z
        .enum(["all", "tensors", "sensitivity"])
        .default("all")
        .describe(
          "what is sent again: all values; the tensors that match `tensors`; or tensors by what noise on them does to the loss, measured",
        ),
      copies: quantity(undefined, z.number().int().min(2).max(mostCopies))
        .optional()
        .describe("times that a value is sent, with all and tensors"),
      expansion: quantity(undefined, z.number().gt(1).max(mostCopies))
        .optional()
        .describe("values sent over values at most, with tensors and sensitivity, e.g. 1.5"),
      tensors: z
        .array(z.string())
        .min(1)
        .optional()
        .describe("glob patterns of the tensors that are sent again; * matches any characters"),
    })
    .superRefine(({ by, copies, expansion, tensors }, context) => {
      const issue = (message: string) =>
        context.addIssue({ code: "custom", message, params: { noValue: true } });
      if ((tensors !== undefined) !== (by === "tensors")) issue("takes tensors with by: tensors");
      if (by === "all" && (copies === undefined || expansion !== undefined)) {
        issue("takes copies, and no expansion, with by: all");
      }
      if (by === "tensors" && (copies === undefined) === (expansion === undefined)) {
        issue("takes either copies or expansion with by: tensors");
      }
      if (by === "sensitivity" && (expansion === undefined || copies !== undefined)) {
        issue("takes expansion, and no copies, with by: sensitivity");
      }
    }),

  needsSensitivities: ({ by }) => by === "sensitivity",

  encode({ by, copies, expansion, tensors }, { values, spans }, { sensitivities }) {
    const budget = expansion === undefined ? undefined : Math.floor(expansion * values.length);
    const counts =
      by === "all"
        ? spans.map(() => copies!)
        : by === "tensors"
          ? countsOfChosen(chosenBy(tensors!, spans), spans, values.length, copies, budget)
          : countsBySensitivity(spans, values.length, budget!, sensitivities!);
    const starts = startsOf(spans, counts);
    return {
      block: repeated(values, spans, starts),
      sideBits: by === "sensitivity" ? bitsPerCount * spans.length : 0,
      decode: (observation) => combine(observation, spans, starts, values.length),
    };
  },
});

/** Which spans match; a pattern that matches none is a misspelling. */
function chosenBy(patterns: readonly string[], spans: readonly Span[]): boolean[] {
  const names = spans.map(({ tensor }) => tensor);
  const pattern = unmatched(patterns, names);
  if (pattern !== undefined) {
    throw new InputError(
      `transmitter.code.repetition.tensors: no tensor that is sent matches "${pattern}"${nearestHint(pattern, names)}`,
    );
  }
  return names.map(matcher(patterns));
}

function countsOfChosen(
  chosen: readonly boolean[],
  spans: readonly Span[],
  length: number,
  copies: number | undefined,
  budget: number | undefined,
): number[] {
  const size = spans.reduce((sum, span, i) => sum + (chosen[i] ? span.size : 0), 0);
  const count = copies ?? Math.min(mostCopies, 1 + Math.floor((budget! - length) / size));
  if (count < 2) {
    throw new InputError(
      `transmitter.code.repetition.expansion must be at least ${roundedUp(1 + size / length)} so that the tensors chosen can be sent twice, got ${roundedUp(budget! / length)}`,
    );
  }
  return chosen.map((again) => (again ? count : 1));
}

const roundedUp = (ratio: number) => Math.ceil(ratio * 1e4) / 1e4;

function countsBySensitivity(
  spans: readonly Span[],
  length: number,
  budget: number,
  sensitivities: ReadonlyMap<string, number>,
): number[] {
  const counts = spans.map(() => 1);
  const worth = spans.map(({ tensor }) => Math.max(0, sensitivities.get(tensor) ?? 0));
  let left = budget - length;
  for (;;) {
    let best = -1;
    let most = 0;
    spans.forEach(({ size }, i) => {
      const gain = worth[i] / (counts[i] * (counts[i] + 1));
      if (gain > most && size <= left && counts[i] < mostCopies) {
        best = i;
        most = gain;
      }
    });
    if (best < 0) break;
    counts[best]++;
    left -= spans[best].size;
  }
  if (counts.every((count) => count === 1)) {
    throw new InputError(
      `transmitter.code.repetition.expansion leaves room for ${budget - length} more values, and no tensor to which the loss is sensitive is as small as that`,
    );
  }
  return counts;
}

/** Where the copies of each span begin. */
function startsOf(spans: readonly Span[], counts: readonly number[]): number[][] {
  const starts = spans.map(({ first }) => [first]);
  let next = spans.reduce((sum, { size }) => sum + size, 0);
  const rounds = counts.reduce((a, b) => Math.max(a, b), 1);
  for (let round = 1; round < rounds; round++) {
    spans.forEach(({ size }, i) => {
      if (counts[i] <= round) return;
      starts[i].push(next);
      next += size;
    });
  }
  return starts;
}

function repeated(
  values: Float32Array,
  spans: readonly Span[],
  starts: readonly (readonly number[])[],
): Block {
  const places = spans.flatMap(({ tensor, size, first }, i) =>
    starts[i].map((start) => ({ tensor, first: start, size, from: first })),
  );
  places.sort((a, b) => a.first - b.first);
  const sent = new Float32Array(places.reduce((sum, { size }) => sum + size, 0));
  for (const { first, from, size } of places) sent.set(values.subarray(from, from + size), first);
  return {
    values: sent,
    spans: places.map(({ tensor, first, size }) => ({ tensor, first, size })),
  };
}

function combine(
  { r, noiseVariance }: Observation,
  spans: readonly Span[],
  starts: readonly (readonly number[])[],
  length: number,
): Observation {
  const equal = starts.every(({ length: copies }) => copies === starts[0].length);
  const variances =
    typeof noiseVariance === "number" ? new Float32Array(equal ? 0 : length) : noiseVariance;
  spans.forEach(({ first, size }, i) => {
    const copies = starts[i];
    if (typeof noiseVariance === "number") {
      for (let k = 0; k < size; k++) {
        let sum = 0;
        for (let j = 0; j < copies.length; j++) sum += r[copies[j] + k];
        r[first + k] = sum / copies.length;
      }
      if (!equal) variances.fill(noiseVariance / copies.length, first, first + size);
    } else {
      for (let k = 0; k < size; k++) combineOne(r, noiseVariance, copies, k, first + k);
    }
  });
  const combined = equal && typeof noiseVariance === "number";
  return {
    r: r.subarray(0, length),
    noiseVariance: combined ? noiseVariance / starts[0].length : variances.subarray(0, length),
  };
}

/** One value from its copies, whose noise differs; written over the first of them. */
function combineOne(
  r: Float32Array,
  variances: Float32Array,
  copies: readonly number[],
  k: number,
  out: number,
): void {
  let certainty = 0;
  let sum = 0;
  let exact = 0;
  let exactSum = 0;
  for (let j = 0; j < copies.length; j++) {
    const at = copies[j] + k;
    const variance = variances[at];
    if (variance === Infinity) continue;
    if (variance === 0) {
      exact++;
      exactSum += r[at];
    } else {
      certainty += 1 / variance;
      sum += r[at] / variance;
    }
  }
  if (exact > 0) r[out] = exactSum / exact;
  else if (certainty > 0) r[out] = sum / certainty;
  variances[out] = exact > 0 ? 0 : 1 / certainty; // all lost: 1 / 0
}
