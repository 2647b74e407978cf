import { readFileSync } from "node:fs";
import * as ort from "onnxruntime-node";
import { describe, expect, test } from "vitest";
import {
  AttributeType,
  DataType,
  decodeModel,
  encodeModel,
  type OnnxModel,
  type OnnxTensor,
} from "../../src/weights/onnx-proto.js";
import { sharedPath } from "../shared.js";

const utf8 = (text: string) => new TextEncoder().encode(text);

/** A field as the wire has it: tag, length, content. All fields here are shorter than 128 bytes. */
const field = (number: number, content: Iterable<number>): number[] => {
  const bytes = [...content];
  return [number * 8 + 2, bytes.length, ...bytes];
};
const integer = (number: number, value: number) => [number * 8, value];

const tensorBytes = [
  ...integer(1, 2), // dims
  ...integer(1, 1),
  ...integer(2, DataType.FLOAT), // data_type
  ...field(8, utf8("w")), // name
  ...field(9, [0, 0, 128, 63, 0, 0, 0, 64]), // raw_data: 1, 2
];
const attributeBytes = [
  ...field(1, utf8("axis")), // name
  ...integer(3, 0), // i
  160,
  1,
  AttributeType.INT, // type, whose tag 20 * 8 takes two bytes
];
const graphBytes = [
  ...field(1, [...field(1, utf8("x")), ...field(4, utf8("Flatten")), ...field(5, attributeBytes)]),
  ...field(2, utf8("g")),
  ...field(5, tensorBytes),
];
const modelBytes = Uint8Array.from([
  ...integer(1, 8), // ir_version
  ...field(7, graphBytes),
  ...field(8, integer(2, 15)), // opset_import: version
]);

describe("ONNX protocol buffers", () => {
  test("field numbers: bytes written by hand read as named fields, and back", () => {
    const model = decodeModel(modelBytes);
    expect(model.ir_version).toBe(8);
    expect(model.opset_import[0].version).toBe(15);
    expect(model.graph.name).toBe("g");
    const [node] = model.graph.node;
    expect([node!.op_type, node!.input, node!.output]).toEqual(["Flatten", ["x"], []]);
    const [tensor] = model.graph.initializer;
    expect([tensor!.name, tensor!.dims, tensor!.data_type]).toEqual(["w", [2, 1], 1]);
    expect(encodeModel(model)).toEqual(modelBytes);
  });

  test("an absent field is undefined, an absent list empty, and 0 is not absent", () => {
    const model = decodeModel(modelBytes);
    expect(model.producer_name).toBeUndefined();
    expect(model.graph.initializer[0].float_data).toEqual([]);
    expect(model.graph.initializer[0].external_data).toEqual([]);
    expect(model.graph.node[0].attribute[0].i).toBe(0);
    expect(model.graph.node[0].attribute[0].s).toBeUndefined();
  });

  test.each([
    ["a Uint8Array", (bytes: Uint8Array) => bytes],
    ["a Buffer", (bytes: Uint8Array) => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length)],
  ])("raw_data is a view into %s, so its place in the file is known", (_, wrap) => {
    const memory = new Uint8Array(modelBytes.length + 11);
    memory.set(modelBytes, 11);
    const file = wrap(memory.subarray(11));
    const raw = decodeModel(file).graph.initializer[0].raw_data!;
    expect(raw.buffer).toBe(memory.buffer);
    const place = raw.byteOffset - file.byteOffset;
    expect([...modelBytes.subarray(place, place + 8)]).toEqual([0, 0, 128, 63, 0, 0, 0, 64]);
    file[place] = 7; // the file changes with it
    expect(raw[0]).toBe(7);
  });

  test("64-bit integers: numbers up to 2^53, bigints beyond, none rounded", () => {
    const values = [0, -1, 2 ** 53 - 1, 1 - 2 ** 53, 2n ** 53n + 1n, 2n ** 63n - 1n, -(2n ** 63n)];
    const tensor: OnnxTensor = { dims: [], int64_data: values, uint64_data: [5, 2n ** 64n - 1n] };
    const model = withTensor(tensor);
    model.graph.node = [
      { op_type: "Slice", input: [], output: [], attribute: [{ name: "ends", ints: values }] },
    ];
    const read = decodeModel(encodeModel(model));
    expect(read.graph.initializer[0].int64_data).toEqual(values);
    expect(read.graph.initializer[0].uint64_data).toEqual([5, 2n ** 64n - 1n]);
    expect(read.graph.node[0].attribute[0].ints).toEqual(values);
  });

  test("every way to hold a tensor's values survives", () => {
    const tensor: OnnxTensor = {
      name: "all",
      dims: [1],
      data_type: DataType.FLOAT16,
      segment: { begin: 1, end: 2 },
      float_data: [0.5, -0, Infinity],
      int32_data: [-1, 15360],
      double_data: [0.1],
      string_data: [utf8("ü"), new Uint8Array(0)],
      external_data: [{ key: "location", value: "weights.bin" }],
      data_location: 1,
    };
    const read = decodeModel(encodeModel(withTensor(tensor)));
    expect(read.graph.initializer[0]).toMatchObject(tensor);
  });

  test("fields that this program does not know are carried along", () => {
    const bytes = Uint8Array.from([...modelBytes, ...field(15, utf8("from the future"))]);
    expect(encodeModel(decodeModel(bytes))).toEqual(bytes);
  });

  test.each<[string, Uint8Array, RegExp]>([
    ["text", utf8("hello world"), /^not an ONNX model, or cut short: /],
    ["zeros", new Uint8Array(100), /^not an ONNX model, or cut short: /],
    ["nothing", new Uint8Array(0), /^not an ONNX model: it holds no graph$/],
    ["half a file", modelBytes.subarray(0, 40), /^not an ONNX model, or cut short: /],
    ["all but the end", modelBytes.subarray(0, -4), /cut short: it names no operator set$/],
  ])("%s is an error that says so", (_, bytes, message) => {
    expect(() => decodeModel(bytes)).toThrow(message);
  });
});

function withTensor(tensor: OnnxTensor): OnnxModel {
  return {
    ir_version: 8,
    opset_import: [{ version: 15 }],
    graph: { node: [], initializer: [tensor], input: [], output: [] },
  };
}

const real = sharedPath("models", "resnet20-cifar10.onnx");
describe.skipIf(real === undefined)("ResNet20, exported by PyTorch", () => {
  test("decode, then encode gives the file back, byte by byte", () => {
    const file = readFileSync(real!);
    expect(Buffer.compare(encodeModel(decodeModel(file)), file)).toBe(0);
  });

  test("the encoded file gives the same scores", async () => {
    const file = readFileSync(real!);
    const model = decodeModel(file);
    model.producer_name = "another exporter"; // so that the two files differ
    const [before, after] = await Promise.all([file, encodeModel(model)].map(scores));
    expect(after).toEqual(before);
    expect(new Set(before).size).toBeGreaterThan(1);
  });
});

async function scores(bytes: Uint8Array): Promise<Float32Array> {
  const session = await ort.InferenceSession.create(bytes);
  const pixels = Float32Array.from({ length: 3 * 32 * 32 }, (_, i) => Math.sin(i));
  const images = new ort.Tensor("float32", pixels, [1, 3, 32, 32]);
  const output = await session.run({ [session.inputNames[0]]: images });
  await session.release();
  return output[session.outputNames[0]].data as Float32Array;
}
