import { closeSync, mkdirSync, openSync, readSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, describe, expect, test, vi } from "vitest";
import { cifar10 } from "../../src/datasets/cifar10.js";
import { InputError } from "../../src/errors.js";
import { folderWith } from "../files/temporary-folder.js";
import { sharedPath } from "../shared.js";

const open = (params: object) => cifar10.open(cifar10.params.parse(params));

/** One record: the label, then a pixel value for each channel, and a mark in one place. */
function record(label: number, [red, green, blue]: number[]): Uint8Array {
  const bytes = new Uint8Array(3073);
  bytes[0] = label;
  bytes.fill(red, 1, 1025);
  bytes.fill(green, 1025, 2049);
  bytes.fill(blue, 2049);
  return bytes;
}

const testBatch = Buffer.concat([record(3, [10, 20, 30]), record(9, [255, 0, 51])]);

afterEach(() => vi.unstubAllEnvs());

describe("CIFAR-10 binary", () => {
  test("values are (pixel / 255 − mean) / std, channel by channel", () => {
    testBatch[1 + 1024 + 32 + 5] = 204; // green, row 1, column 5
    const path = folderWith({ "test_batch.bin": testBatch });
    const { count, inputs, labels } = open({
      path,
      mean: [0.5, 0.25, 0.125],
      std: [0.5, 0.25, 2],
    }).load("test");

    expect(count).toBe(2);
    expect([...labels]).toEqual([3, 9]);
    expect(inputs).toHaveLength(1);
    const { data, shape } = inputs[0];
    expect(shape).toEqual([3, 32, 32]);
    expect(data).toHaveLength(2 * 3072);
    expect(data[0]).toBeCloseTo((10 / 255 - 0.5) / 0.5, 6);
    expect(data[1023]).toBe(data[0]);
    expect(data[1024]).toBeCloseTo((20 / 255 - 0.25) / 0.25, 6);
    expect(data[1024 + 37]).toBeCloseTo((0.8 - 0.25) / 0.25, 6);
    expect(data[2048]).toBeCloseTo((30 / 255 - 0.125) / 2, 6);
    expect(data[3072]).toBe(1);
    expect(data[3072 + 1024]).toBe(-1);
    expect(data[3072 + 2048]).toBeCloseTo((0.2 - 0.125) / 2, 6);
  });

  test("black is pixel 0 of each channel; the validation split is the training split", () => {
    const { black, ownValidation } = open({
      path: folderWith({ "test_batch.bin": testBatch }),
      mean: [0.5, 0.25, 0.125],
      std: [0.5, 0.25, 2],
    });
    [-1, -1, -0.0625].forEach((v, c) => void expect(black[c]).toBeCloseTo(v, 6));
    expect(ownValidation).toBe(false);
  });

  test("without mean and std, values are pixel / 255", () => {
    const path = folderWith({ "test_batch.bin": record(0, [255, 51, 1]) });
    const { data } = open({ path }).load("test").inputs[0];
    expect([data[0], data[1024], data[2048]]).toEqual([1, Math.fround(0.2), Math.fround(1 / 255)]);
  });

  test("training batches follow their numbers; validation is the training split", () => {
    const path = folderWith({
      "test_batch.bin": testBatch,
      "data_batch_10.bin": record(7, [0, 0, 0]),
      "data_batch_2.bin": Buffer.concat([record(5, [0, 0, 0]), record(6, [0, 0, 0])]),
      "data_batch_1.bin": record(4, [0, 0, 0]),
      "data_batch_1.bin.bak": "not a batch",
    });
    const all = open({ path });
    expect([...all.load("train").labels]).toEqual([4, 5, 6, 7]);
    expect([...all.load("validation").labels]).toEqual([4, 5, 6, 7]);
    expect(all.files.map((file) => file.slice(path.length + 1))).toEqual([
      "test_batch.bin",
      "data_batch_1.bin",
      "data_batch_2.bin",
      "data_batch_10.bin",
    ]);

    const some = open({ path, testImages: 1, trainImages: 2 });
    expect([...some.load("train").labels]).toEqual([4, 5]);
    expect([...some.load("test").labels]).toEqual([3]);
  });

  test("a batch cut short is an error that names its size", () => {
    const path = folderWith({ "test_batch.bin": testBatch.subarray(0, 6145) });
    expect(() => open({ path })).toThrow(InputError);
    expect(() => open({ path })).toThrow(
      "test_batch.bin: 6,145 bytes is not a whole number of 3,073-byte records",
    );
    const train = folderWith({ "test_batch.bin": testBatch, "data_batch_1.bin": "" });
    expect(() => open({ path: train })).toThrow(
      "data_batch_1.bin: 0 bytes is not a whole number of 3,073-byte records",
    );
  });

  test("a batch that shrinks after it was opened is an error", () => {
    const path = folderWith({ "test_batch.bin": testBatch });
    const dataset = open({ path });
    writeFileSync(join(path, "test_batch.bin"), testBatch.subarray(0, 3073));
    expect(() => dataset.load("test")).toThrow(
      "test_batch.bin: cut short: 6,146 bytes expected, 3,073 found",
    );
  });

  test("a label beyond 9 names record and value", () => {
    const path = folderWith({
      "test_batch.bin": Buffer.concat([testBatch, record(10, [0, 0, 0])]),
    });
    expect(() => open({ path }).load("test")).toThrow(
      "test_batch.bin: labels must be 0 to 9, got 10 in record 2 (counted from 0)",
    );
  });

  test("missing files", () => {
    const misnamed = folderWith({ "test_batch.bim": testBatch });
    expect(() => open({ path: misnamed })).toThrow(
      'test_batch.bin: no such file; the nearest in that folder is "test_batch.bim"',
    );
    const testOnly = folderWith({ "test_batch.bin": testBatch });
    expect(() => open({ path: testOnly }).load("validation")).toThrow(
      `${testOnly}: no data_batch_*.bin for the validation split`,
    );
    const folderForFile = folderWith({});
    mkdirSync(join(folderForFile, "test_batch.bin"));
    expect(() => open({ path: folderForFile })).toThrow("test_batch.bin: not a file");
  });

  test("a limit beyond what is there is an error", () => {
    const path = folderWith({ "test_batch.bin": testBatch });
    expect(() => open({ path, testImages: 3 })).toThrow(
      `dataset.testImages: must be at most the 2 images in ${path}, got 3`,
    );
  });

  test("parameters are strict", () => {
    for (const bad of [
      { mean: [0, 0] },
      { std: [1, 0, 1] },
      { testImages: 0 },
      { testImages: 1.5 },
      { stdev: [1, 1, 1] },
    ]) {
      expect(cifar10.params.safeParse(bad).success).toBe(false);
    }
  });
});

describe("the data folder", () => {
  test("comes from WEIGHTLINK_DATA where no path is given", () => {
    const root = folderWith({});
    mkdirSync(join(root, "cifar10"));
    writeFileSync(join(root, "cifar10", "test_batch.bin"), testBatch);
    vi.stubEnv("WEIGHTLINK_DATA", root);
    expect(open({}).load("test").count).toBe(2);
    // A path may name either folder.
    vi.stubEnv("WEIGHTLINK_DATA", "");
    expect(open({ path: root }).load("test").count).toBe(2);
    expect(open({ path: join(root, "cifar10") }).load("test").count).toBe(2);
  });

  test("the error names both ways to give it", () => {
    vi.stubEnv("WEIGHTLINK_DATA", "");
    const ways =
      "--set dataset.path=… (the folder of the files) or the environment variable WEIGHTLINK_DATA (the folder that holds cifar10/)";
    expect(() => open({})).toThrow(InputError);
    expect(() => open({})).toThrow(`cifar10: no data folder is given; name it with ${ways}`);

    const empty = folderWith({});
    vi.stubEnv("WEIGHTLINK_DATA", empty);
    expect(() => open({})).toThrow(
      `cifar10: ${join(empty, "cifar10")} is not a folder that exists; name it with ${ways}`,
    );
    expect(() => open({ path: join(empty, "typo") })).toThrow(
      `cifar10: ${join(empty, "typo")} is not a folder that exists; name it with ${ways}`,
    );
  });
});

const folder = sharedPath("data", "cifar10");

describe.skipIf(folder === undefined)("the real CIFAR-10 files", () => {
  /** The byte at `position`, read by itself. */
  function byteAt(name: string, position: number): number {
    const file = openSync(join(folder!, name), "r");
    const byte = new Uint8Array(1);
    readSync(file, byte, 0, 1, position);
    closeSync(file);
    return byte[0];
  }

  test("pixels and labels of test_batch.bin are where the format says", () => {
    const mean = [0.485, 0.456, 0.406];
    const std = [0.229, 0.224, 0.225];
    const dataset = open({ path: folder, mean, std });
    const { count, inputs, labels } = dataset.load("test");
    expect(count).toBe(10_000);
    // Records go by index, then class.
    expect([...labels.subarray(0, 12)]).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 0, 1]);
    for (const [image, channel, row, column] of [
      [0, 0, 0, 0],
      [17, 1, 3, 30],
      [4321, 2, 31, 0],
      [9999, 2, 31, 31],
    ]) {
      const within = channel * 1024 + row * 32 + column;
      const pixel = byteAt("test_batch.bin", image * 3073 + 1 + within);
      const expected = (pixel / 255 - mean[channel]) / std[channel];
      expect(inputs[0].data[image * 3072 + within]).toBeCloseTo(expected, 6);
      expect(labels[image]).toBe(byteAt("test_batch.bin", image * 3073));
    }
  });

  test("a limited training split", () => {
    const { count, labels } = open({ path: folder, trainImages: 100 }).load("validation");
    expect(count).toBe(100);
    expect(labels[57]).toBe(byteAt("data_batch_1.bin", 57 * 3073));
  });
});
