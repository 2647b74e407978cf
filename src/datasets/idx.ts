/**
 * IDX files, plain or gzip: MNIST, Fashion-MNIST and others in their layout.
 *
 * A file is two zero bytes, the element type, the number of dimensions, each dimension as a
 * big-endian 32-bit count, then the elements, big-endian, the last dimension fastest. Bytes are
 * pixels and are divided by 255; other types are taken as they are.
 *
 * Source: LeCun, Cortes, Burges, The MNIST database, "The IDX file format".
 * Limits: images of one size, of 2 dimensions or with channels before them.
 */
import { existsSync, realpathSync } from "node:fs";
import { endianness } from "node:os";
import { join, resolve } from "node:path";
import { gunzipSync } from "node:zlib";
import { z } from "zod";
import { InputError } from "../errors.js";
import { fileBytes, integer, readBytes, reading } from "../files/bytes.js";
import { defineDataset, type Examples, type Split } from "./dataset.js";
import { dataFolder } from "./folder.js";
import {
  blackOf,
  checkLabels,
  type Normalization,
  normalizationParams,
  normalize,
} from "./values.js";

const splitParams = z.strictObject({
  images: z
    .string()
    .min(1)
    .optional()
    .describe(
      "file of the images, in the folder, or its .gz (default: MNIST's name for this split)",
    ),
  labels: z
    .string()
    .min(1)
    .optional()
    .describe(
      "file of the labels, in the folder, or its .gz (default: MNIST's name for this split)",
    ),
  range: z
    .array(z.int().nonnegative())
    .length(2)
    .refine(([from, to]) => from < to, "must be [from, to] with from below to")
    .optional()
    .describe("images to use, [from, to]: from is used, to is not, counted from 0 (default: all)"),
});

export const idx = defineDataset({
  name: "idx",
  summary: "IDX files with or without gzip: MNIST, Fashion-MNIST",

  params: z.strictObject({
    path: z
      .string()
      .min(1)
      .optional()
      .describe(
        "folder with the files, or the one that holds it as mnist/ (default: $WEIGHTLINK_DATA/mnist)",
      ),
    ...normalizationParams,
    classes: z.int().min(2).default(10).describe("number of classes; labels are 0 to classes - 1"),
    test: splitParams
      .optional()
      .describe("test split (default: t10k-images-idx3-ubyte and t10k-labels-idx1-ubyte, or .gz)"),
    validation: splitParams
      .optional()
      .describe("validation split, disjoint from the test split (default: the training split)"),
    train: splitParams
      .optional()
      .describe(
        "training split, disjoint from the test split (default: train-images-idx3-ubyte and train-labels-idx1-ubyte, or .gz)",
      ),
  }),

  open(params) {
    const folder = dataFolder("idx", params.path, "mnist");
    const test = splitFiles(folder, params.test, defaultFiles(folder, "t10k"));
    const trainDefault = defaultFiles(folder, "train");
    const train = splitFiles(folder, params.train, trainDefault);
    const validation =
      params.validation === undefined ? train : splitFiles(folder, params.validation, train);
    const splits: Record<Split, SplitFiles> = { test, train, validation };

    // A split nobody asked for may lack its files until it is loaded: scoring needs no training set.
    const wanted: Split[] = ["test"];
    if (params.validation !== undefined) wanted.push("validation");
    if (params.train !== undefined || existsSync(train.images)) wanted.push("train");
    for (const split of wanted) {
      fileBytes(splits[split].images);
      fileBytes(splits[split].labels);
    }
    const present = wanted.map((split) => splits[split]);
    for (const split of wanted) {
      if (split !== "test") checkDisjoint(split, splits[split], test);
    }

    return {
      classes: params.classes,
      files: [...new Set(present.flatMap(({ images, labels }) => [images, labels]))],
      ownValidation: params.validation !== undefined && !overlap(validation, train),
      black: blackOf(params),
      load(split) {
        return readSplit(splits[split], params.classes, params);
      },
    };
  },
});

interface SplitFiles {
  readonly images: string;
  readonly labels: string;
  /** First index, and the one after the last; everything where it is absent. */
  readonly range?: readonly number[];
}

function defaultFiles(folder: string, stem: "t10k" | "train"): SplitFiles {
  return {
    images: plainOrGzip(join(folder, `${stem}-images-idx3-ubyte`)),
    labels: plainOrGzip(join(folder, `${stem}-labels-idx1-ubyte`)),
  };
}

function plainOrGzip(path: string): string {
  return !existsSync(path) && existsSync(`${path}.gz`) ? `${path}.gz` : path;
}

function splitFiles(
  folder: string,
  given: z.output<typeof splitParams> | undefined,
  otherwise: SplitFiles,
): SplitFiles {
  const named = (file: string) => plainOrGzip(resolve(folder, file));
  return {
    images: given?.images === undefined ? otherwise.images : named(given.images),
    labels: given?.labels === undefined ? otherwise.labels : named(given.labels),
    ...(given?.range && { range: given.range }),
  };
}

/** Whether two splits have images in common; those of a file that is absent are of no other. */
function overlap(a: SplitFiles, b: SplitFiles): boolean {
  if (sameImages(a.images) !== sameImages(b.images)) return false;
  const [from, to] = a.range ?? [0, Infinity];
  const [otherFrom, otherTo] = b.range ?? [0, Infinity];
  return from < otherTo && otherFrom < to;
}

/** A choice made on test images, or a training on them, would flatter the test result. */
function checkDisjoint(split: Split, own: SplitFiles, test: SplitFiles): void {
  if (!overlap(own, test)) return;
  const text = (range?: readonly number[]) => (range ? `[${range.join(", ")}]` : "all images");
  throw new InputError(
    `dataset.${split}: must not hold test images, but ${text(own.range)} and ${text(test.range)} of the test split overlap in ${own.images}`,
  );
}

/** One name for a file, its links, and its gzip copy beside it. */
function sameImages(path: string): string {
  return (existsSync(path) ? realpathSync(path) : path).replace(/\.gz$/, "");
}

function readSplit(
  { images, labels, range }: SplitFiles,
  classes: number,
  normalization: Normalization,
): Examples {
  const pixels = readIdx(images);
  if (pixels.shape.length !== 3 && pixels.shape.length !== 4) {
    throw new InputError(
      `${images}: images must have 3 dimensions (count, rows, columns) or 4 (count, channels, rows, columns), got ${pixels.shape.length}`,
    );
  }
  const classOf = readIdx(labels);
  if (
    classOf.shape.length !== 1 ||
    classOf.values instanceof Float32Array ||
    classOf.values instanceof Float64Array
  ) {
    throw new InputError(
      `${labels}: labels must be integers in 1 dimension, got ${classOf.type} in ${classOf.shape.length}`,
    );
  }
  const [total, ...size] = pixels.shape;
  if (classOf.shape[0] !== total) {
    throw new InputError(
      `${labels}: must hold one label per image, got ${integer(classOf.shape[0])} labels for the ${integer(total)} images of ${images}`,
    );
  }
  const [from, to] = range ?? [0, total];
  if (to > total || total === 0) {
    throw new InputError(
      `${images}: range must lie within its ${integer(total)} images, got [${from}, ${to}]`,
    );
  }
  const shape = size.length === 2 ? [1, ...size] : size;
  const length = shape.reduce((a, b) => a * b, 1);
  return {
    count: to - from,
    inputs: [
      {
        data: normalize(
          images,
          pixels.values.subarray(from * length, to * length),
          shape,
          normalization,
        ),
        shape,
      },
    ],
    labels: checkLabels(labels, classOf.values.subarray(from, to), classes, from),
  };
}

const elements = {
  8: { type: "ubyte", array: Uint8Array },
  9: { type: "byte", array: Int8Array },
  11: { type: "short", array: Int16Array },
  12: { type: "int", array: Int32Array },
  13: { type: "float", array: Float32Array },
  14: { type: "double", array: Float64Array },
} as const;

interface IdxArray {
  readonly type: string;
  readonly shape: readonly number[];
  readonly values: InstanceType<(typeof elements)[keyof typeof elements]["array"]>;
}

function readIdx(path: string): IdxArray {
  const bytes = readMaybeGzip(path);
  const magic = [...bytes.subarray(0, 4)];
  const element = elements[magic[2] as keyof typeof elements];
  if (magic[0] !== 0 || magic[1] !== 0 || element === undefined || !(magic[3] > 0)) {
    const hex = magic.map((byte) => byte.toString(16).padStart(2, "0")).join(" ");
    throw new InputError(
      `${path}: not an IDX file: it must begin with 00 00, a type (08, 09, 0b to 0e) and a number of dimensions, got ${hex || "nothing"}`,
    );
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const headerBytes = 4 + 4 * magic[3];
  if (bytes.length < headerBytes) {
    throw new InputError(
      `${path}: cut short: its header takes ${headerBytes} bytes, ${bytes.length} are there`,
    );
  }
  const shape = Array.from({ length: magic[3] }, (_, d) => view.getUint32(4 + 4 * d));
  const { type, array } = element;
  const expected = headerBytes + shape.reduce((a, b) => a * b, array.BYTES_PER_ELEMENT);
  if (bytes.length !== expected) {
    const rule = bytes.length < expected ? "cut short" : "too long";
    throw new InputError(
      `${path}: ${rule}: ${shape.join(" x ")} elements of type ${type} take ${integer(expected)} bytes with the header, ${integer(bytes.length)} are there`,
    );
  }
  // A copy, so that elements are aligned and may be swapped in place.
  const body = Buffer.from(Uint8Array.from(bytes.subarray(headerBytes)).buffer);
  if (endianness() === "LE") {
    if (array.BYTES_PER_ELEMENT === 2) body.swap16();
    if (array.BYTES_PER_ELEMENT === 4) body.swap32();
    if (array.BYTES_PER_ELEMENT === 8) body.swap64();
  }
  return { type, shape, values: new array(body.buffer as ArrayBuffer) };
}

/** Gzip is told by its content: names lie, since many programs unpack on download. */
function readMaybeGzip(path: string): Uint8Array {
  const bytes = readBytes(path, 0, fileBytes(path));
  const gzip = bytes[0] === 0x1f && bytes[1] === 0x8b;
  return gzip ? reading(path, () => gunzipSync(bytes)) : bytes;
}
