import { dirname, join } from "node:path";
import { Float16Array } from "@petamoriken/float16";
import { describe, expect, test } from "vitest";
import { InputError } from "../../src/errors.js";
import { defaultTravelRules, layOut } from "../../src/weights/layout.js";
import { overwriteTensor, readOnnxFile, readTensor } from "../../src/weights/onnx-file.js";
import {
  DataLocation,
  DataType,
  decodeModel,
  encodeModel,
  type OnnxNode,
  type OnnxTensor,
} from "../../src/weights/onnx-proto.js";
import { folderWith } from "../files/temporary-folder.js";
import { sharedPath } from "../shared.js";

/** Values that float16, bfloat16 and float32 all hold exactly. */
const values = [1, -0.5, 2, 0, -3, 0.25];

function model(initializer: OnnxTensor[], node: OnnxNode[] = []): Uint8Array {
  return encodeModel({
    ir_version: 8,
    opset_import: [{ version: 15 }],
    graph: { node, initializer, input: [], output: [] },
  });
}

function tensor(fields: Partial<OnnxTensor>): OnnxTensor {
  return { name: "w", dims: [2, 3], ...fields };
}

const bytesOf = (array: ArrayBufferView) =>
  new Uint8Array(array.buffer, array.byteOffset, array.byteLength);
const bfloat16 = (list: readonly number[]) =>
  Uint16Array.from(new Uint32Array(Float32Array.from(list).buffer), (bits) => bits >>> 16);
const half = (list: readonly number[]) => new Uint16Array(new Float16Array(list).buffer);

const encodings: [string, Partial<OnnxTensor>][] = [
  ["float32 raw", { data_type: DataType.FLOAT, raw_data: bytesOf(Float32Array.from(values)) }],
  ["float32 field", { data_type: DataType.FLOAT, float_data: values }],
  ["float64 raw", { data_type: DataType.DOUBLE, raw_data: bytesOf(Float64Array.from(values)) }],
  ["float64 field", { data_type: DataType.DOUBLE, double_data: values }],
  ["float16 raw", { data_type: DataType.FLOAT16, raw_data: bytesOf(half(values)) }],
  ["float16 field", { data_type: DataType.FLOAT16, int32_data: [...half(values)] }],
  ["bfloat16 raw", { data_type: DataType.BFLOAT16, raw_data: bytesOf(bfloat16(values)) }],
  ["bfloat16 field", { data_type: DataType.BFLOAT16, int32_data: [...bfloat16(values)] }],
];

describe.each(encodings)("%s", (_name, fields) => {
  test("reads the values, and overwriting them in place gives a model that holds them", () => {
    const folder = folderWith({ "m.onnx": model([tensor(fields)]) });
    const file = readOnnxFile(join(folder, "m.onnx"));
    const out = new Float32Array(6);
    readTensor(file, file.tensors[0], out);
    expect([...out]).toEqual(values);

    overwriteTensor(file, file.tensors[0], Float32Array.of(4, 3, 2, 1, 0.5, -1));
    const again = decodeModel(file.bytes).graph.initializer[0];
    expect(again.dims).toEqual([2, 3]);
    readTensor(file, file.tensors[0], out);
    expect([...out]).toEqual([4, 3, 2, 1, 0.5, -1]);
  });
});

test("narrow types round to nearest, ties to even", () => {
  const raw = bytesOf(bfloat16(values));
  const folder = folderWith({
    "m.onnx": model([tensor({ data_type: DataType.BFLOAT16, raw_data: raw })]),
  });
  const file = readOnnxFile(join(folder, "m.onnx"));
  // bfloat16 has 8 significant bits: 1 + 2^-7 is the neighbour of 1.
  const between = [1 + 2 ** -8, 1 + 3 * 2 ** -8, 1 + 2 ** -8 + 2 ** -12, -1 - 2 ** -8, NaN, 1e39];
  overwriteTensor(file, file.tensors[0], Float32Array.from(between));
  const out = new Float32Array(6);
  readTensor(file, file.tensors[0], out);
  expect([...out]).toEqual([1, 1 + 2 ** -6, 1 + 2 ** -7, -1, NaN, Infinity]);
});

describe("external data", () => {
  const external = (properties: Record<string, string>) =>
    tensor({
      data_type: DataType.FLOAT,
      data_location: DataLocation.EXTERNAL,
      external_data: Object.entries(properties).map(([key, value]) => ({ key, value })),
    });
  const data = bytesOf(Float32Array.from([9, 9, ...values]));

  test("is read from the file beside the model, at its offset", () => {
    const folder = folderWith({
      "m.onnx": model([external({ location: "w.bin", offset: "8", length: "24" })]),
      "w.bin": data,
    });
    const file = readOnnxFile(join(folder, "m.onnx"));
    const out = new Float32Array(6);
    readTensor(file, file.tensors[0], out);
    expect([...out]).toEqual(values);
    expect(file.files).toEqual([join(folder, "m.onnx"), join(folder, "w.bin")]);
  });

  test.each([
    [{ location: "../w.bin" }, /outside the model's folder: "..\/w.bin"/],
    [{ location: "v.bin" }, /no such file; the nearest in that folder is "w.bin"/],
    [{ location: "w.bin", offset: "8", length: "240" }, /ends at byte 248 of w.bin, 32 are there/],
    [{ location: "w.bin" }, /has 32 bytes of data, its shape \[2, 3\] of float32 needs 24/],
  ])("%o is refused", (properties, message) => {
    const folder = folderWith({
      "m.onnx": model([external(properties as Record<string, string>)]),
      "w.bin": data,
    });
    expect(() => readOnnxFile(join(folder, "m.onnx"))).toThrow(InputError);
    expect(() => readOnnxFile(join(folder, "m.onnx"))).toThrow(message);
  });
});

describe("roles come from the graph, not from names", () => {
  const float = (name: string, dims: number[]) =>
    tensor({
      name,
      dims,
      data_type: DataType.FLOAT,
      float_data: Array(dims.reduce((a, b) => a * b, 1)).fill(1),
    });
  const node = (op_type: string, input: string[], output: string[]): OnnxNode => ({
    op_type,
    input,
    output,
    attribute: [],
  });
  const rolesOf = (initializer: OnnxTensor[], nodes: OnnxNode[]) => {
    const folder = folderWith({ "m.onnx": model(initializer, nodes) });
    const { tensors } = readOnnxFile(join(folder, "m.onnx"));
    return Object.fromEntries(tensors.map((t) => [t.name, t.role]));
  };

  test("batch normalization, shared through Identity as PyTorch exports it", () => {
    const roles = rolesOf(
      ["w", "a", "b", "c", "d"].map((name) => float(name, [4])),
      [
        node("Conv", ["x", "w"], ["y"]),
        node("Identity", ["b"], ["shared"]),
        node("BatchNormalization", ["y", "a", "shared", "c", "d"], ["z"]),
      ],
    );
    expect(roles).toEqual({
      w: "weight",
      a: "normalization",
      b: "normalization",
      c: "normalization",
      d: "normalization",
    });
  });

  test("layer normalization, as an operator and written out", () => {
    const roles = rolesOf(
      ["g1", "b1", "g2", "b2", "w", "bias"].map((name) => float(name, [4])),
      [
        node("LayerNormalization", ["x", "g1", "b1"], ["n"]),
        node("ReduceMean", ["n"], ["mean"]),
        node("Sub", ["n", "mean"], ["centred"]),
        node("Sqrt", ["v"], ["sd"]),
        node("Div", ["centred", "sd"], ["unit"]),
        node("Mul", ["g2", "unit"], ["scaled"]),
        node("Add", ["scaled", "b2"], ["out"]),
        node("MatMul", ["out", "w"], ["product"]),
        node("Add", ["product", "bias"], ["end"]),
      ],
    );
    expect(roles).toEqual({
      g1: "normalization",
      b1: "normalization",
      g2: "normalization",
      b2: "normalization",
      w: "weight",
      bias: "weight",
    });
  });

  test("integers and scalars are not weights", () => {
    const roles = rolesOf(
      [
        tensor({ name: "shape", dims: [2], data_type: DataType.INT64, int64_data: [1, 2] }),
        float("epsilon", []),
      ],
      [],
    );
    expect(roles).toEqual({ shape: "integer", epsilon: "scalar" });
  });
});

describe("bad files", () => {
  test.each([
    [
      "cut short",
      model([tensor({ data_type: DataType.FLOAT, float_data: values })]).subarray(0, 40),
    ],
    ["text", "not a model"],
    ["nothing", ""],
  ])("%s: the error names the file", (_name, content) => {
    const folder = folderWith({ "m.onnx": content });
    expect(() => readOnnxFile(join(folder, "m.onnx"))).toThrow(InputError);
    expect(() => readOnnxFile(join(folder, "m.onnx"))).toThrow(/m\.onnx: not an ONNX model/);
  });

  test("too little data for the shape", () => {
    const folder = folderWith({
      "m.onnx": model([tensor({ data_type: DataType.FLOAT, float_data: [1, 2] })]),
    });
    expect(() => readOnnxFile(join(folder, "m.onnx"))).toThrow(
      /tensor "w" has 8 bytes of data, its shape \[2, 3\] of float32 needs 24/,
    );
  });

  test("a missing file: the nearest name is offered", () => {
    const folder = folderWith({ "resnet.onnx": "x" });
    expect(() => readOnnxFile(join(folder, "resnt.onnx"))).toThrow(/nearest .* "resnet.onnx"/);
  });
});

const resnet20 = sharedPath("models", "resnet20-cifar10.onnx");
describe.skipIf(resnet20 === undefined)("an export of ResNet20 by PyTorch", () => {
  test("21 tensors with 268,346 weights travel, in model order", () => {
    const { tensors } = readOnnxFile(resnet20!);
    const layout = layOut(tensors, defaultTravelRules);
    expect(layout.size).toBe(268_346);
    expect(layout.entries).toHaveLength(21);
    expect(layout.entries[1]).toMatchObject({ name: "layer1.0.conv1.weight", offset: 432 });
  });

  test("patterns choose tensors; one that matches nothing is an error with the nearest name", () => {
    const { tensors } = readOnnxFile(resnet20!);
    const rules = { ...defaultTravelRules, include: ["layer1.*"], exclude: ["*.conv2.weight"] };
    expect(layOut(tensors, rules).entries.map((e) => e.name)).toEqual([
      "layer1.0.conv1.weight",
      "layer1.1.conv1.weight",
      "layer1.2.conv1.weight",
    ]);
    expect(layOut(tensors, { ...defaultTravelRules, normalization: true }).entries).toHaveLength(
      97,
    );
    expect(() => layOut(tensors, { ...rules, exclude: ["linear.wieght"] })).toThrow(
      /model.travel.exclude: no tensor .* matches "linear.wieght"; the nearest is "linear.weight"/,
    );
    expect(() => layOut(tensors, { ...rules, exclude: ["*"] })).toThrow(/no tensor .* is left/);
  });
});

const resnet18 = sharedPath("models", "resnet18-cifar10.onnx");
describe.skipIf(resnet18 === undefined)("an export of ResNet18 whose biases are shared", () => {
  test("11,164,362 weights travel, as in the paper", () => {
    expect(layOut(readOnnxFile(resnet18!).tensors, defaultTravelRules).size).toBe(11_164_362);
  });

  test("a copy cut short is refused by name", async () => {
    const { readFileSync } = await import("node:fs");
    const folder = folderWith({ "cut.onnx": readFileSync(resnet18!).subarray(0, 30_000_000) });
    expect(dirname(join(folder, "cut.onnx"))).toBe(folder);
    expect(() => readOnnxFile(join(folder, "cut.onnx"))).toThrow(
      /cut\.onnx: not an ONNX model, or cut/,
    );
  });
});
