/**
 * CIFAR-10 in its binary layout: 32 x 32 colour images of 10 classes.
 *
 * A record is 3,073 bytes: the label, then 1,024 red, 1,024 green and 1,024 blue pixels, each channel
 * row by row. `test_batch.bin` is the test split. `data_batch_*.bin`, in the order of their numbers,
 * are the training split, and the validation split too: the format has no third one, and what a
 * receiver may look at only has to be disjoint from the test images.
 *
 * Source: Krizhevsky, Learning Multiple Layers of Features from Tiny Images (2009);
 * www.cs.toronto.edu/~kriz/cifar.html, "Binary version".
 */
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { InputError } from "../errors.js";
import { fileBytes, integer, readBytes, reading } from "../files/bytes.js";
import { defineDataset, type Examples } from "./dataset.js";
import { dataFolder } from "./folder.js";
import { checkLabels, pixelTable } from "./values.js";

const classes = 10;
const channels = 3;
const channelBytes = 32 * 32;
const imageBytes = channels * channelBytes;
const recordBytes = 1 + imageBytes;

export const cifar10 = defineDataset({
  name: "cifar10",
  summary: "CIFAR-10, binary layout: 32 x 32 colour images, 10 classes",

  params: z.strictObject({
    path: z
      .string()
      .min(1)
      .optional()
      .describe(
        "folder with test_batch.bin and data_batch_*.bin, or the one that holds it as cifar10/ (default: $WEIGHTLINK_DATA/cifar10)",
      ),
    mean: z
      .array(z.number())
      .length(channels)
      .default([0, 0, 0])
      .describe("subtracted from red, green and blue [pixel / 255]"),
    std: z
      .array(z.number().positive())
      .length(channels)
      .default([1, 1, 1])
      .describe("divides red, green and blue after the mean is subtracted [pixel / 255]"),
    testImages: z
      .int()
      .positive()
      .optional()
      .describe("use only this many test images, from the first (default: all)"),
    trainImages: z
      .int()
      .positive()
      .optional()
      .describe("use only this many training and validation images, from the first (default: all)"),
  }),

  open({ path, mean, std, testImages, trainImages }) {
    const folder = dataFolder("cifar10", path, "cifar10");
    const test = [openBatch(join(folder, "test_batch.bin"))];
    const train = trainBatches(folder).map(openBatch);
    const testCount = limited("testImages", testImages, test, folder);
    const trainCount = limited("trainImages", trainImages, train, folder);
    const tables = mean.map((m, c) => pixelTable(m, std[c]));

    return {
      classes,
      files: [...test, ...train].map((batch) => batch.path),
      ownValidation: false,
      black: tables.map((table) => table[0]),
      load(split) {
        if (split === "test") return readBatches(test, testCount, tables);
        if (train.length === 0) {
          throw new InputError(`${folder}: no data_batch_*.bin for the ${split} split`);
        }
        return readBatches(train, trainCount, tables);
      },
    };
  },
});

interface Batch {
  readonly path: string;
  readonly records: number;
}

function openBatch(path: string): Batch {
  const bytes = fileBytes(path);
  if (bytes === 0 || bytes % recordBytes !== 0) {
    throw new InputError(
      `${path}: ${integer(bytes)} bytes is not a whole number of ${integer(recordBytes)}-byte records`,
    );
  }
  return { path, records: bytes / recordBytes };
}

/** In the order of their numbers, so that a tenth batch does not come before the second. */
function trainBatches(folder: string): string[] {
  return reading(folder, () => readdirSync(folder))
    .filter((name) => /^data_batch_\d+\.bin$/.test(name))
    .sort((a, b) => Number(a.match(/\d+/)) - Number(b.match(/\d+/)))
    .map((name) => join(folder, name));
}

function limited(
  key: string,
  limit: number | undefined,
  batches: readonly Batch[],
  folder: string,
): number {
  const records = batches.reduce((sum, batch) => sum + batch.records, 0);
  if (limit !== undefined && limit > records) {
    throw new InputError(
      `dataset.${key}: must be at most the ${integer(records)} images in ${folder}, got ${integer(limit)}`,
    );
  }
  return limit ?? records;
}

function readBatches(
  batches: readonly Batch[],
  count: number,
  tables: readonly Float32Array[],
): Examples {
  const data = new Float32Array(count * imageBytes);
  const labels = new Int32Array(count);
  let done = 0;
  for (const { path, records } of batches) {
    const wanted = Math.min(records, count - done);
    const bytes = readBytes(path, 0, wanted * recordBytes);
    const batchLabels = new Uint8Array(wanted);
    let to = done * imageBytes;
    let from = 0;
    for (let record = 0; record < wanted; record++) {
      batchLabels[record] = bytes[from++];
      for (const table of tables) {
        for (const end = from + channelBytes; from < end; ) data[to++] = table[bytes[from++]];
      }
    }
    labels.set(checkLabels(path, batchLabels, classes), done);
    done += wanted;
  }
  return { count, inputs: [{ data, shape: [channels, 32, 32] }], labels };
}
