import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { npy } from "../../src/datasets/npy.js";
import { InputError } from "../../src/errors.js";
import { npyBytes } from "../files/npy-bytes.js";
import { folderWith } from "../files/temporary-folder.js";

const open = (params: object) => npy.open(npy.params.parse({ classes: 3, ...params }));

const float = [0x00, 0x00, 0xc0, 0x3f]; // 1.5, little-endian
const labels = npyBytes("|u1", [2], [2, 0]);
const test1 = { inputs: "x.npy", labels: "y.npy" };

/** Loads the test split of these inputs with two labels. */
function load(x: Uint8Array, params = {}, y: Uint8Array = labels) {
  return open({ path: folderWith({ "x.npy": x, "y.npy": y }), test: test1, ...params }).load(
    "test",
  );
}

describe(".npy pairs", () => {
  test("floating-point inputs become normalized float32", () => {
    const { count, inputs, labels } = load(
      npyBytes("<f4", [2, 2, 1], [...float, 0, 0, 0, 0, ...float, 0, 0, 0x80, 0x3f]),
      { mean: [0.5, 2], std: [2, 4] },
    );
    expect(count).toBe(2);
    expect(inputs).toHaveLength(1);
    expect(inputs[0]).not.toHaveProperty("name");
    expect(inputs[0].shape).toEqual([2, 1]);
    expect(inputs[0].data).toEqual(new Float32Array([0.5, -0.5, 0.5, -0.25]));
    expect([...labels]).toEqual([2, 0]);
  });

  test("validation examples are its own unless the training split has the same file", () => {
    const path = folderWith({ "x.npy": labels, "v.npy": labels, "t.npy": labels, "y.npy": labels });
    const split = (inputs: string) => ({ inputs, labels: "y.npy" });
    const own = (splits: object) => open({ path, test: test1, ...splits }).ownValidation;
    expect(own({ train: split("t.npy") })).toBe(false);
    expect(own({ train: split("t.npy"), validation: split("t.npy") })).toBe(false);
    expect(own({ train: split("t.npy"), validation: split("v.npy") })).toBe(true);
    expect(own({ validation: split("v.npy") })).toBe(true);
  });

  test("float16 and big-endian float64 are the same numbers", () => {
    expect(load(npyBytes("<f2", [2, 1], [0, 0x3e, 0, 0xc1])).inputs[0].data).toEqual(
      new Float32Array([1.5, -2.5]),
    );
    const big = [0x3f, 0xf8, 0, 0, 0, 0, 0, 0, 0xc0, 4, 0, 0, 0, 0, 0, 0];
    expect(load(npyBytes(">f8", [2, 1], big)).inputs[0].data).toEqual(
      new Float32Array([1.5, -2.5]),
    );
  });

  test("unsigned bytes are pixels", () => {
    const { data } = load(npyBytes("|u1", [2, 1, 1, 1], [255, 51]), { mean: 0.5 }).inputs[0];
    expect(data).toEqual(new Float32Array([0.5, -0.3]));
  });

  test("integers are taken as they are: int64 from 64 bits, int32 from fewer", () => {
    for (const [descr, body, expected] of [
      ["|i1", [255, 1], new Int32Array([-1, 1])],
      ["|b1", [1, 0], new Int32Array([1, 0])],
      ["<u2", [255, 255, 1, 0], new Int32Array([65535, 1])],
      [">i2", [255, 255, 0, 1], new Int32Array([-1, 1])],
      ["<u4", [255, 255, 255, 0x7f, 1, 0, 0, 0], new Int32Array([2 ** 31 - 1, 1])],
      [
        "<i8",
        [101, 0, 0, 0, 0, 0, 0, 0, 255, 255, 255, 255, 255, 255, 255, 255],
        new BigInt64Array([101n, -1n]),
      ],
      [">u8", [0, 0, 0, 0, 0, 0, 0, 101, 0, 0, 0, 0, 0, 0, 0, 0], new BigInt64Array([101n, 0n])],
    ] as const) {
      const { data, shape } = load(npyBytes(descr, [2, 1], [...body])).inputs[0];
      expect(data, descr).toEqual(expected);
      expect(shape).toEqual([1]);
    }
  });

  test("several model inputs keep their names", () => {
    const path = folderWith({
      "ids.npy": npyBytes("<i2", [2, 2], [1, 0, 2, 0, 3, 0, 4, 0]),
      "mask.npy": npyBytes("|b1", [2, 2], [1, 1, 1, 0]),
      "y.npy": labels,
    });
    const inputs = { input_ids: "ids.npy", attention_mask: "mask.npy" };
    const dataset = open({ path, test: { inputs, labels: "y.npy" } });
    expect(dataset.files).toEqual(["ids.npy", "mask.npy", "y.npy"].map((name) => join(path, name)));
    expect(dataset.load("test").inputs).toEqual([
      { name: "input_ids", shape: [2], data: new Int32Array([1, 2, 3, 4]) },
      { name: "attention_mask", shape: [2], data: new Int32Array([1, 1, 1, 0]) },
    ]);
  });

  test("integers beyond the model's type are an error", () => {
    expect(() => load(npyBytes("<u4", [2], [1, 0, 0, 0, 0, 0, 0, 0x80]))).toThrow(
      "x.npy: integers must be at most 2147483647, got 2147483648 at element 1",
    );
    const u8 = [0, 0, 0, 0, 0, 0, 0, 0x80, 0, 0, 0, 0, 0, 0, 0, 0];
    expect(() => load(npyBytes("<u8", [2], u8))).toThrow(
      "x.npy: integers must be at most 9223372036854775807, got 9223372036854775808 at element 0",
    );
  });

  test("inputs that are not finite name their index", () => {
    const nan = [0, 0, 0xc0, 0x7f];
    expect(() => load(npyBytes("<f4", [2, 2], [...float, ...float, ...float, ...nan]))).toThrow(
      "x.npy: inputs must be finite float32 numbers, got NaN at index [1, 1]",
    );
    expect(() => load(npyBytes("<f2", [2, 1], [0, 0xfc, 0, 0]))).toThrow(
      "got -Infinity at index [0, 0]",
    );
    // 1e300 fits a float64 only.
    const huge = [0x7e, 0x37, 0xe4, 0x3c, 0x88, 0, 0x75, 0x9c];
    expect(() => load(npyBytes(">f8", [2], [...huge, ...huge]))).toThrow("got 1e+300 at index [0]");
  });

  test("labels: integers of the classes, one per example", () => {
    const x = npyBytes("|u1", [2, 1], [1, 2]);
    const int64 = [1, 0, 0, 0, 0, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0];
    expect([...load(x, {}, npyBytes("<i8", [2, 1], int64)).labels]).toEqual([1, 2]);
    expect(() => load(x, { classes: 2 }, npyBytes("<i8", [2], int64))).toThrow(
      "y.npy: labels must be 0 to 1, got 2 in record 1 (counted from 0)",
    );
    expect(() => load(x, {}, npyBytes(">i2", [2], [0, 1, 255, 255]))).toThrow(
      "y.npy: labels must be 0 to 2, got -1 in record 1",
    );
    expect(() => load(x, {}, npyBytes("<f4", [2], [...float, ...float]))).toThrow(
      'y.npy: labels must be integers, got dtype "<f4"',
    );
    expect(() => load(x, {}, npyBytes("|u1", [2, 2], [0, 0, 0, 0]))).toThrow(
      "y.npy: labels must have shape (n), got (2, 2)",
    );
    expect(() => load(x, {}, npyBytes("|u1", [3], [0, 0, 0]))).toThrow(
      "x.npy: must hold one example per label, got shape (2, 1) for 3 labels",
    );
    expect(() => load(npyBytes("|u1", [], [0]))).toThrow("got shape () for 2 labels");
  });

  test("normalization that fits nothing is an error", () => {
    expect(() => load(npyBytes("|i1", [2, 1], [1, 2]), { mean: 0.5 })).toThrow(
      /dataset\.mean, dataset\.std: apply to floating-point numbers and pixels, but .*x\.npy hold integers/,
    );
    expect(() => load(npyBytes("|u1", [2, 1], [1, 2]), { std: [1, 1] })).toThrow(
      "dataset.std: a list needs one number per channel, got 2 for 1",
    );
  });
});

describe(".npy splits", () => {
  const x = npyBytes("|u1", [2, 1], [1, 2]);
  const files = {
    "x.npy": x,
    "y.npy": labels,
    "x2.npy": x,
    "y2.npy": npyBytes("|u1", [2], [1, 1]),
  };

  test("validation is the training split where it is not given", () => {
    const path = folderWith(files);
    const train = { inputs: "x2.npy", labels: "y2.npy" };
    expect([...open({ path, test: test1, train }).load("validation").labels]).toEqual([1, 1]);
    expect(() => open({ path, test: test1 }).load("validation")).toThrow(
      "npy: no files for the validation split; name them in dataset.validation or dataset.train",
    );
    expect(() => open({ path, test: test1, validation: train }).load("train")).toThrow(
      "npy: no files for the train split; name them in dataset.train",
    );
  });

  test("test examples must not serve as validation or training examples", () => {
    const path = folderWith(files);
    for (const split of ["validation", "train"]) {
      expect(() => open({ path, test: test1, [split]: test1 })).toThrow(
        `dataset.${split}: must not hold test examples, got the file ${join(path, "x.npy")}`,
      );
    }
  });

  test("missing files and folders are found when the data set is opened", () => {
    const path = folderWith(files);
    expect(() => open({ path, test: { ...test1, labels: "y3.npy" } })).toThrow(
      /y3\.npy: no such file; the nearest in that folder is "y\d?\.npy"/,
    );
    expect(() => open({ path: join(path, "no"), test: test1 })).toThrow(InputError);
    expect(() => open({ path: join(path, "no"), test: test1 })).toThrow(
      `npy: ${join(path, "no")} is not a folder that exists; name it with --set dataset.path=…`,
    );
    expect(
      npy.params.safeParse({ path, classes: 2, test: { inputs: {}, labels: "y" } }).success,
    ).toBe(false);
  });
});
