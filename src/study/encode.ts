/**
 * The weights as the transmitter's codes make them, and the way back. Codes do not depend on the trial, so what
 * they make of a model is kept for all trials of a point.
 */

import { RandomSource } from "../kernel/index.js";
import type { Observation } from "../observation.js";
import type { Block, Coded, Coding, Span } from "../transmitter/coding.js";
import { codings } from "../transmitter/codings/index.js";
import { type WeightStatistics, weightStatistics } from "../transmitter/transmitter.js";
import type { Layout } from "../weights/layout.js";

export interface Encoded {
  readonly block: Block;
  /** Of the values that are sent. */
  readonly statistics: WeightStatistics;
  /** Largest magnitude in each span. */
  readonly peaks: readonly number[];
  readonly sideBits: number;
  /** Observation of the weights; overwrites what it gets. */
  decode(observation: Observation): Observation;
}

interface Plain {
  readonly weights: Float32Array;
  readonly layout: Layout;
}

/** A code by its name and its parameters, as the scenario gives them. */
type CodeSettings = Readonly<Record<string, unknown>>;

export function codingOf({ name }: CodeSettings): Coding {
  return (codings as readonly unknown[] as readonly Coding[]).find((c) => c.name === name)!;
}

/** Both ends know the codebooks, whatever the study's seed. */
const codebooks = new RandomSource("codebook");

const kept = new WeakMap<Float32Array, { key: string; encoded: Encoded }>();

export function encode(
  { weights, layout }: Plain,
  codes: readonly CodeSettings[],
  sensitivities: ReadonlyMap<string, number> | undefined,
): Encoded {
  const key = JSON.stringify(codes);
  const latest = kept.get(weights);
  if (latest?.key === key) return latest.encoded;
  let block: Block = {
    values: weights,
    spans: layout.entries.map(({ name, offset, size }) => ({ tensor: name, first: offset, size })),
  };
  const steps: Coded[] = [];
  codes.forEach((settings, i) => {
    const coding = codingOf(settings);
    const random = codebooks.child(`${i} ${coding.name}`);
    const context = { random, ...(sensitivities && { sensitivities }) };
    const coded = coding.encode(settings as never, block, context);
    steps.push(coded);
    block = coded.block;
  });
  const encoded: Encoded = {
    block,
    statistics: weightStatistics(block.values),
    peaks: block.spans.map((span) => largestMagnitude(block.values, span)),
    sideBits: steps.reduce((sum, { sideBits }) => sum + sideBits, 0),
    decode: (observation) => steps.reduceRight((o, step) => step.decode(o), observation),
  };
  kept.set(weights, { key, encoded });
  return encoded;
}

function largestMagnitude(values: Float32Array, { first, size }: Span): number {
  let largest = 0;
  for (let k = first; k < first + size; k++) largest = Math.max(largest, Math.abs(values[k]));
  return largest;
}
