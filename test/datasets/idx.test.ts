import { readFileSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { gunzipSync, gzipSync } from "node:zlib";
import { describe, expect, test } from "vitest";
import { idx } from "../../src/datasets/idx.js";
import { InputError } from "../../src/errors.js";
import { folderWith } from "../files/temporary-folder.js";
import { sharedPath } from "../shared.js";

const open = (params: object) => idx.open(idx.params.parse(params));

const count = (n: number) => [n >>> 24, (n >>> 16) & 255, (n >>> 8) & 255, n & 255];

/** An IDX file, byte by byte. */
function file(type: number, shape: number[], body: number[]): Buffer {
  return Buffer.from([0, 0, type, shape.length, ...shape.flatMap(count), ...body]);
}

// Three images of 2 rows and 3 columns.
const images = file(
  8,
  [3, 2, 3],
  [0, 51, 102, 153, 204, 255, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12],
);
const labels = file(8, [3], [4, 0, 9]);
const testFiles = { "t10k-images-idx3-ubyte": images, "t10k-labels-idx1-ubyte": labels };

describe("IDX", () => {
  test("bytes are pixels: value / 255, shape [1, rows, columns]", () => {
    const path = folderWith(testFiles);
    const dataset = open({ path });
    expect(dataset.classes).toBe(10);
    expect(dataset.files).toEqual([
      join(path, "t10k-images-idx3-ubyte"),
      join(path, "t10k-labels-idx1-ubyte"),
    ]);
    const examples = dataset.load("test");
    expect(examples.count).toBe(3);
    expect(examples.inputs[0].shape).toEqual([1, 2, 3]);
    expect([...examples.labels]).toEqual([4, 0, 9]);
    expect([...examples.inputs[0].data.subarray(0, 7)]).toEqual(
      [0, 0.2, 0.4, 0.6, 0.8, 1, 1 / 255].map(Math.fround),
    );
  });

  test("mean and std: one number, or one per channel", () => {
    const path = folderWith({
      ...testFiles,
      colour: file(8, [1, 2, 1, 2], [0, 255, 51, 102]),
      label: file(8, [1], [1]),
    });
    const grey = open({ path, mean: 0.2, std: [0.5] }).load("test").inputs[0];
    expect(grey.data[0]).toBeCloseTo(-0.4, 6);
    expect(grey.data[5]).toBeCloseTo(1.6, 6);

    const test = { images: "colour", labels: "label" };
    const colour = open({ path, test, mean: [0.5, 0.2], std: [0.25, 2] }).load("test").inputs[0];
    expect(colour.shape).toEqual([2, 1, 2]);
    [-2, 2, 0, 0.1].forEach((v, i) => {
      expect(colour.data[i]).toBeCloseTo(v, 6);
    });

    expect(() => open({ path, test, mean: [0, 0, 0] }).load("test")).toThrow(
      "dataset.mean: a list needs one number per channel, got 3 for 2",
    );
  });

  test("gzip is told by content, whatever the name", () => {
    const path = folderWith({
      "t10k-images-idx3-ubyte": gzipSync(images),
      "t10k-labels-idx1-ubyte.gz": labels,
    });
    const examples = open({ path }).load("test");
    expect([...examples.labels]).toEqual([4, 0, 9]);
    expect(examples.inputs[0].data[5]).toBe(1);
  });

  test("a file that is named is found as its .gz too", () => {
    const path = folderWith({ "a.gz": gzipSync(images), "b.gz": labels });
    expect(open({ path, test: { images: "a", labels: "b" } }).load("test").count).toBe(3);
  });

  test("black is what pixel 0 becomes, and validation images are its own unless they train too", () => {
    const path = folderWith({ ...testFiles, x: images, y: labels });
    const part = (from: number, to: number) => ({ images: "x", labels: "y", range: [from, to] });
    const plain = open({ path, mean: 0.2, std: 0.5, train: part(0, 2) });
    expect(plain.black[0]).toBeCloseTo(plain.load("train").inputs[0].data[0] as number, 6);
    expect(plain.ownValidation).toBe(false);
    expect(open({ path, mean: [0.5, 0.2], std: [0.25, 2] }).black).toEqual([-2, -0.1]);
    const own = (to: number) =>
      open({ path, train: part(0, to), validation: part(2, 3) }).ownValidation;
    expect([own(2), own(3)]).toEqual([true, false]);
  });

  test("gzip cut short, or damaged, is an error", () => {
    const whole = gzipSync(images);
    const short = folderWith({ ...testFiles, "t10k-images-idx3-ubyte": whole.subarray(0, 20) });
    expect(() => open({ path: short }).load("test")).toThrow(InputError);
    expect(() => open({ path: short }).load("test")).toThrow(
      "t10k-images-idx3-ubyte: cannot be read: unexpected end of file",
    );
    whole[whole.length - 8] ^= 1; // in the checksum
    const damaged = folderWith({ ...testFiles, "t10k-images-idx3-ubyte": whole });
    expect(() => open({ path: damaged }).load("test")).toThrow(
      "t10k-images-idx3-ubyte: cannot be read: incorrect data check",
    );
  });

  test("all other element types are big-endian and taken as they are", () => {
    for (const [type, body, expected] of [
      [0x09, [0xff, 0x7f], [-1, 127]],
      [0x0b, [0x01, 0x02, 0xff, 0xfe], [258, -2]],
      [0x0c, [0, 1, 0, 0, 0xff, 0xff, 0xff, 0xfd], [65536, -3]],
      [0x0d, [0x3f, 0xc0, 0, 0, 0xc0, 0x20, 0, 0], [1.5, -2.5]],
      [0x0e, [0x3f, 0xf8, 0, 0, 0, 0, 0, 0, 0xc0, 4, 0, 0, 0, 0, 0, 0], [1.5, -2.5]],
    ] as const) {
      const path = folderWith({
        "t10k-images-idx3-ubyte": file(type, [1, 1, 2], [...body]),
        "t10k-labels-idx1-ubyte": file(0x0c, [1], [0, 0, 0, 7]),
      });
      const examples = open({ path }).load("test");
      expect([...examples.inputs[0].data]).toEqual(expected);
      expect([...examples.labels]).toEqual([7]);
    }
  });

  test("an input that is not a number names its index", () => {
    const path = folderWith({
      "t10k-images-idx3-ubyte": file(0x0d, [2, 1, 1], [0, 0, 0, 0, 0x7f, 0xc0, 0, 0]),
      "t10k-labels-idx1-ubyte": file(8, [2], [0, 0]),
    });
    expect(() => open({ path }).load("test")).toThrow(
      "t10k-images-idx3-ubyte: inputs must be finite float32 numbers, got NaN at index [1, 0, 0, 0]",
    );
  });

  test("wrong magic, files cut short or too long", () => {
    const load = (changed: Record<string, Uint8Array | string>) =>
      open({ path: folderWith({ ...testFiles, ...changed }) }).load("test");
    expect(() => load({ "t10k-images-idx3-ubyte": "P5 28 28" })).toThrow(
      "t10k-images-idx3-ubyte: not an IDX file: it must begin with 00 00, a type (08, 09, 0b to 0e) and a number of dimensions, got 50 35 20 32",
    );
    expect(() => load({ "t10k-images-idx3-ubyte": "" })).toThrow("got nothing");
    expect(() => load({ "t10k-images-idx3-ubyte": file(0x0a, [1], [0]) })).toThrow(
      "got 00 00 0a 01",
    );
    expect(() => load({ "t10k-images-idx3-ubyte": images.subarray(0, 10) })).toThrow(
      "t10k-images-idx3-ubyte: cut short: its header takes 16 bytes, 10 are there",
    );
    expect(() => load({ "t10k-images-idx3-ubyte": images.subarray(0, 33) })).toThrow(
      "t10k-images-idx3-ubyte: cut short: 3 x 2 x 3 elements of type ubyte take 34 bytes with the header, 33 are there",
    );
    expect(() => load({ "t10k-labels-idx1-ubyte": Buffer.concat([labels, labels]) })).toThrow(
      "t10k-labels-idx1-ubyte: too long: 3 elements of type ubyte take 11 bytes with the header, 22 are there",
    );
  });

  test("labels: one per image, integers, of the classes", () => {
    const load = (bytes: Uint8Array, params = {}) =>
      open({ path: folderWith({ ...testFiles, "t10k-labels-idx1-ubyte": bytes }), ...params });
    expect(() => load(file(8, [2], [1, 1])).load("test")).toThrow(
      /t10k-labels-idx1-ubyte: must hold one label per image, got 2 labels for the 3 images of .*t10k-images-idx3-ubyte/,
    );
    expect(() => load(labels, { classes: 9, test: { range: [1, 3] } }).load("test")).toThrow(
      "t10k-labels-idx1-ubyte: labels must be 0 to 8, got 9 in record 2 (counted from 0)",
    );
    expect(() => load(file(9, [3], [0, 255, 0])).load("test")).toThrow("got -1 in record 1");
    expect(() => load(images).load("test")).toThrow(
      "t10k-labels-idx1-ubyte: labels must be integers in 1 dimension, got ubyte in 3",
    );
    expect(() => load(file(0x0d, [3], new Array(12).fill(0))).load("test")).toThrow(
      "labels must be integers in 1 dimension, got float in 1",
    );
  });

  test("images of another number of dimensions are an error", () => {
    const path = folderWith({ ...testFiles, "t10k-images-idx3-ubyte": labels });
    expect(() => open({ path }).load("test")).toThrow(
      "t10k-images-idx3-ubyte: images must have 3 dimensions (count, rows, columns) or 4 (count, channels, rows, columns), got 1",
    );
  });

  test("missing files name the nearest", () => {
    const path = folderWith({ ...testFiles, "train-images.idx3-ubyte": images });
    expect(() => open({ path, test: { images: "t10k-image-idx3-ubyte" } })).toThrow(
      'no such file; the nearest in that folder is "t10k-images-idx3-ubyte"',
    );
    // Nobody may want the training split.
    expect(() => open({ path }).load("train")).toThrow(
      'train-images-idx3-ubyte: no such file; the nearest in that folder is "train-images.idx3-ubyte"',
    );
    expect(() => open({ path, train: { range: [0, 2] } })).toThrow(
      "train-images-idx3-ubyte: no such file",
    );
  });
});

describe("IDX splits", () => {
  const t10k = { images: "t10k-images-idx3-ubyte", labels: "t10k-labels-idx1-ubyte" };

  test("a range takes the images from its first to before its last", () => {
    const path = folderWith(testFiles);
    const dataset = open({
      path,
      test: { range: [2, 3] },
      train: { ...t10k, range: [0, 2] },
    });
    const train = dataset.load("train");
    expect(train.count).toBe(2);
    expect([...train.labels]).toEqual([4, 0]);
    expect(train.inputs[0].data).toHaveLength(12);
    expect(train.inputs[0].data[6]).toBe(Math.fround(1 / 255));
    expect([...dataset.load("validation").labels]).toEqual([4, 0]);
    const test = dataset.load("test");
    expect([...test.labels]).toEqual([9]);
    expect(test.inputs[0].data[0]).toBe(Math.fround(7 / 255));
  });

  test("MNIST's training files are the default of train and validation", () => {
    const path = folderWith({
      ...testFiles,
      "train-images-idx3-ubyte.gz": gzipSync(file(8, [2, 1, 1], [255, 0])),
      "train-labels-idx1-ubyte": file(8, [2], [5, 6]),
    });
    const dataset = open({ path, validation: { range: [1, 2] } });
    expect([...dataset.load("train").labels]).toEqual([5, 6]);
    expect([...dataset.load("validation").labels]).toEqual([6]);
    expect(dataset.files.map((f) => f.slice(path.length + 1)).sort()).toEqual([
      "t10k-images-idx3-ubyte",
      "t10k-labels-idx1-ubyte",
      "train-images-idx3-ubyte.gz",
      "train-labels-idx1-ubyte",
    ]);
  });

  test("test images must not serve as validation or training images", () => {
    const path = folderWith(testFiles);
    expect(() =>
      open({ path, test: { range: [1, 3] }, validation: { ...t10k, range: [0, 2] } }),
    ).toThrow(
      /dataset\.validation: must not hold test images, but \[0, 2\] and \[1, 3\] of the test split overlap in .*t10k-images-idx3-ubyte/,
    );
    expect(() => open({ path, train: t10k })).toThrow(
      "dataset.train: must not hold test images, but all images and all images of the test split overlap",
    );
    // Through a link, too.
    symlinkSync(join(path, t10k.images), join(path, "other-name"));
    expect(() => open({ path, validation: { ...t10k, images: "other-name" } })).toThrow(InputError);
  });

  test("a range must lie within the file and be in order", () => {
    const path = folderWith(testFiles);
    expect(() => open({ path, test: { range: [1, 4] } }).load("test")).toThrow(
      "t10k-images-idx3-ubyte: range must lie within its 3 images, got [1, 4]",
    );
    for (const range of [[2, 2], [3, 1], [-1, 2], [0, 1.5], [1]]) {
      expect(idx.params.safeParse({ test: { range } }).success).toBe(false);
    }
    expect(idx.params.safeParse({ test: { ranges: [0, 1] } }).success).toBe(false);
  });
});

const folder = sharedPath("data", "mnist");

describe.skipIf(folder === undefined)("the real MNIST files", () => {
  test("8,000 images for training and 2,000 for testing, as stored", () => {
    const t10k = { images: "t10k-images-idx3-ubyte.gz", labels: "t10k-labels-idx1-ubyte.gz" };
    const dataset = open({
      path: folder,
      mean: 0.1307,
      std: 0.3081,
      train: { ...t10k, range: [0, 8000] },
      test: { range: [8000, 10000] },
    });
    const train = dataset.load("train");
    const test = dataset.load("test");
    expect([train.count, test.count]).toEqual([8000, 2000]);
    expect(test.inputs[0].shape).toEqual([1, 28, 28]);
    // The first digits of the published test set.
    expect([...train.labels.subarray(0, 10)]).toEqual([7, 2, 1, 0, 4, 1, 4, 9, 5, 9]);

    const pixels = gunzipSync(readFileSync(join(folder!, t10k.images))).subarray(16);
    const labels = gunzipSync(readFileSync(join(folder!, t10k.labels))).subarray(8);
    for (const image of [8000, 8765, 9999]) {
      const at = (image - 8000) * 784;
      for (const k of [14 * 28 + 14, 10 * 28 + 12, 20 * 28 + 15]) {
        const expected = (pixels[image * 784 + k] / 255 - 0.1307) / 0.3081;
        expect(test.inputs[0].data[at + k]).toBeCloseTo(expected, 5);
      }
      expect(test.labels[image - 8000]).toBe(labels[image]);
    }
  });
});
