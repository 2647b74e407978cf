/**
 * Pairs of .npy files, inputs and labels: anything that NumPy can save.
 *
 * The first dimension counts the examples. Floating-point inputs become float32; unsigned bytes are
 * taken for pixels and divided by 255 (store masks and token ids in another type); both are
 * normalized by `mean` and `std`. Other integers and booleans are taken as they are: 64 bits as
 * int64, the rest as int32.
 */
import { realpathSync } from "node:fs";
import { resolve } from "node:path";
import { z } from "zod";
import { InputError } from "../errors.js";
import { fileBytes, integer } from "../files/bytes.js";
import { type NpyArray, readNpy } from "../files/npy.js";
import { defineDataset, type ExampleInput, type Examples, type Split } from "./dataset.js";
import { existingFolder } from "./folder.js";
import {
  blackOf,
  checkLabels,
  type Normalization,
  normalizationParams,
  normalize,
} from "./values.js";

const splitParams = z.strictObject({
  inputs: z
    .union([
      z.string().min(1),
      z
        .record(z.string().min(1), z.string().min(1))
        .refine((files) => Object.keys(files).length > 0, "must name at least one input"),
    ])
    .describe(
      "file of the inputs, in the folder; or a file for each model input: input_ids: ids.npy",
    ),
  labels: z.string().min(1).describe("file of the labels, in the folder: integers in 1 dimension"),
});

export const npy = defineDataset({
  name: "npy",
  summary: ".npy files of inputs and labels, for any other data",

  params: z.strictObject({
    path: z.string().min(1).describe("folder with the files"),
    classes: z.int().min(2).describe("number of classes; labels are 0 to classes - 1"),
    ...normalizationParams,
    test: splitParams.describe("test split"),
    validation: splitParams
      .optional()
      .describe(
        "validation split, in other files than the test split (default: the training split)",
      ),
    train: splitParams.optional().describe("training split, in other files than the test split"),
  }),

  open(params) {
    const folder = existingFolder("npy", params.path);
    const test = splitFiles(folder, params.test);
    const train = params.train && splitFiles(folder, params.train);
    const validation = params.validation ? splitFiles(folder, params.validation) : train;
    const splits: Record<Split, SplitFiles | undefined> = { test, validation, train };
    const given = Object.values(splits).filter((files) => files !== undefined);
    const files = [...new Set(given.flatMap((s) => [...s.inputs.values(), s.labels]))];
    for (const file of files) fileBytes(file);
    if (train) checkDisjoint("train", train, test);
    if (validation) checkDisjoint("validation", validation, test);

    return {
      classes: params.classes,
      files,
      ownValidation:
        params.validation !== undefined &&
        (train === undefined || sharedFile(validation!, train) === undefined),
      black: blackOf(params),
      load(split) {
        const files = splits[split];
        if (files === undefined) {
          const keys =
            split === "validation" ? "dataset.validation or dataset.train" : "dataset.train";
          throw new InputError(`npy: no files for the ${split} split; name them in ${keys}`);
        }
        return readSplit(files, params.classes, params);
      },
    };
  },
});

interface SplitFiles {
  /** Path by model input; the one input of a plain `inputs: file` has no name. */
  readonly inputs: ReadonlyMap<string | undefined, string>;
  readonly labels: string;
}

function splitFiles(folder: string, { inputs, labels }: z.output<typeof splitParams>): SplitFiles {
  const named: [string | undefined, string][] =
    typeof inputs === "string" ? [[undefined, inputs]] : Object.entries(inputs);
  return {
    inputs: new Map(named.map(([name, file]) => [name, resolve(folder, file)])),
    labels: resolve(folder, labels),
  };
}

/** A file of inputs that both splits have. */
function sharedFile(a: SplitFiles, b: SplitFiles): string | undefined {
  const others = new Set([...b.inputs.values()].map((file) => realpathSync(file)));
  return [...a.inputs.values()].find((file) => others.has(realpathSync(file)));
}

/** A choice made on test examples, or a training on them, would flatter the test result. */
function checkDisjoint(split: Split, own: SplitFiles, test: SplitFiles): void {
  const file = sharedFile(own, test);
  if (file !== undefined) {
    throw new InputError(`dataset.${split}: must not hold test examples, got the file ${file}`);
  }
}

function readSplit(files: SplitFiles, classes: number, normalization: Normalization): Examples {
  const labels = readLabels(files.labels, classes);
  const inputs = [...files.inputs].map(([name, file]) => ({
    ...readInput(file, labels.length, normalization),
    ...(name !== undefined && { name }),
  }));
  const normalizes = normalization.mean !== 0 || normalization.std !== 1;
  if (normalizes && !inputs.some(({ data }) => data instanceof Float32Array)) {
    throw new InputError(
      `dataset.mean, dataset.std: apply to floating-point numbers and pixels, but ${[...files.inputs.values()].join(", ")} hold integers`,
    );
  }
  return { count: labels.length, inputs, labels };
}

function readLabels(path: string, classes: number): Int32Array {
  const { data, shape, dtype } = readNpy(path);
  if (data instanceof Float32Array || data instanceof Float64Array) {
    throw new InputError(`${path}: labels must be integers, got dtype "${dtype}"`);
  }
  // (n, 1) is how Keras keeps labels.
  if (!(shape.length === 1 || (shape.length === 2 && shape[1] === 1)) || shape[0] === 0) {
    throw new InputError(`${path}: labels must have shape (n), got (${shape.join(", ")})`);
  }
  return checkLabels(path, data, classes);
}

function readInput(path: string, count: number, normalization: Normalization): ExampleInput {
  const array = readNpy(path);
  if (array.shape[0] !== count) {
    throw new InputError(
      `${path}: must hold one example per label, got shape (${array.shape.join(", ")}) for ${integer(count)} labels`,
    );
  }
  const shape = array.shape.slice(1);
  return { data: modelInput(path, array, shape, normalization), shape };
}

function modelInput(
  path: string,
  { data, dtype }: NpyArray,
  shape: readonly number[],
  normalization: Normalization,
): ExampleInput["data"] {
  if (dtype.endsWith("b1")) return Int32Array.from(data as Uint8Array, (v) => (v === 0 ? 0 : 1));
  if (data instanceof Float32Array || data instanceof Float64Array || data instanceof Uint8Array) {
    return normalize(path, data, shape, normalization);
  }
  if (data instanceof BigInt64Array || data instanceof Int32Array) return data;
  if (data instanceof BigUint64Array) {
    checkAtMost(path, data, 2n ** 63n - 1n);
    return new BigInt64Array(data.buffer);
  }
  if (data instanceof Uint32Array) checkAtMost(path, data, 2 ** 31 - 1);
  return Int32Array.from(data);
}

function checkAtMost(
  path: string,
  data: Uint32Array | BigUint64Array,
  largest: number | bigint,
): void {
  for (let i = 0; i < data.length; i++) {
    if (data[i] > largest) {
      throw new InputError(
        `${path}: integers must be at most ${largest}, got ${data[i]} at element ${integer(i)}`,
      );
    }
  }
}
