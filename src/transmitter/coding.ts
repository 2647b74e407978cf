/**
 * The contract of a code for weights: what a transmitter makes of them before it scales and sends, and how the
 * receiver undoes it.
 *
 *   values = encode(weights),   observation of weights = decode(observation of values)
 *
 * Codes follow one another, as the scenario lists them: the first sees the weights, the last gives what is
 * scaled to unit mean square and sent; decoding goes back. Whatever a receiver must know to decode, and cannot
 * know beforehand, is counted in bits and paid for with symbols (docs/codings.md).
 */
import type { z } from "zod";
import type { RandomSource } from "../kernel/index.js";
import type { Observation } from "../observation.js";

/** Neighbouring values that come from one tensor. */
export interface Span {
  readonly tensor: string;
  readonly first: number;
  readonly size: number;
}

/** Values on their way through the codes, in spans without gaps. */
export interface Block {
  readonly values: Float32Array;
  readonly spans: readonly Span[];
}

export interface Coded {
  readonly block: Block;
  /** What the receiver must be told to decode [bits]. */
  readonly sideBits: number;
  /**
   * Observation of what was given to `encode`. May overwrite and return the arrays it gets. The cells of a converter
   * are those of the values, so they are not handed on.
   */
  decode(observation: Observation): Observation;
}

export interface CodingContext {
  /** Streams of a codebook that both ends know: the same in all trials. */
  readonly random: RandomSource;
  /**
   * How much the loss of a network grows with the mean square error of each tensor, by name: the slope per unit
   * of Σ (ŵ − w)²; there where the code asks for it.
   */
  readonly sensitivities?: ReadonlyMap<string, number>;
}

export interface Coding<P extends z.ZodObject = z.ZodObject> {
  readonly name: string;
  /** One line for `weightlink list codings`. */
  readonly summary: string;
  /** Strict schema of the parameters; `name` is added by the scenario. */
  readonly params: P;
  /** True where these parameters need `context.sensitivities`. */
  needsSensitivities?(params: z.output<P>): boolean;
  /** Leaves `block` as it is. Throws InputError where parameters and values do not fit together. */
  encode(params: z.output<P>, block: Block, context: CodingContext): Coded;
}

/** Types a definition; add the result to the list in `src/transmitter/codings/index.ts`. */
export function defineCoding<P extends z.ZodObject>(coding: Coding<P>): Coding<P> {
  return coding;
}

/** A number sent as a float32. */
export const bitsPerNumber = 32;

/** Multiplies the noise variance of every value by `factorAt`, into an array of its own. */
export function scaledVariances(
  noiseVariance: Observation["noiseVariance"],
  length: number,
  factorAt: (k: number) => number,
): Float32Array {
  const each = typeof noiseVariance === "number" ? new Float32Array(length) : noiseVariance;
  for (let k = 0; k < length; k++) {
    const variance = typeof noiseVariance === "number" ? noiseVariance : noiseVariance[k];
    each[k] = variance * factorAt(k);
  }
  return each;
}
