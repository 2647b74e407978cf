/**
 * Labelled examples, converted once per run into what the model takes.
 */
import type { z } from "zod";

/** One model input for every example: images, token ids, a mask. */
export interface ExampleInput {
  /** Name of the model input, where the data set knows it; otherwise inputs go by their order. */
  readonly name?: string;
  readonly data: Float32Array | Int32Array | BigInt64Array;
  /** Shape of one example, e.g. [3, 32, 32]: channels, rows, columns. */
  readonly shape: readonly number[];
}

export interface Examples {
  readonly count: number;
  readonly inputs: readonly ExampleInput[];
  /** Class of each example, 0 to classes - 1. */
  readonly labels: Int32Array;
}

/** `test` scores the model; `validation` is what a receiver may look at; `train` trains it. */
export type Split = "train" | "validation" | "test";

export interface OpenDataset {
  readonly classes: number;
  /** Files that the examples come from, for provenance. Empty for procedural data. */
  readonly files: readonly string[];
  /** True where the validation examples are none of the training examples; false for want of a third split. */
  readonly ownValidation: boolean;
  /** What a black pixel has become by normalization: one number, or one per channel. */
  readonly black: readonly number[];
  /** Reads a split, normalized. Throws InputError when its files are missing, cut short or wrong. */
  load(split: Split): Examples;
}

export interface DatasetFormat<P extends z.ZodObject = z.ZodObject> {
  readonly name: string;
  /** One line for `weightlink list datasets`. */
  readonly summary: string;
  /** Strict schema of the parameters; `name` is added by the scenario. Paths arrive absolute. */
  readonly params: P;
  /** Checks that the files are there; reads nothing large. Throws InputError. */
  open(params: z.output<P>): OpenDataset;
}

/** Types a data set reader; add the result to the list in `src/datasets/index.ts`. */
export function defineDataset<P extends z.ZodObject>(format: DatasetFormat<P>): DatasetFormat<P> {
  return format;
}
