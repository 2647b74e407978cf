import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { InputError } from "../../src/errors.js";
import { readOnnxFile, readTensor } from "../../src/weights/onnx-file.js";
import { readSafetensors, writeSafetensors } from "../../src/weights/safetensors.js";
import { folderWith } from "../files/temporary-folder.js";
import { sharedPath } from "../shared.js";

/** A file by the specification, byte by byte. */
function file(header: unknown, data: Uint8Array): Buffer {
  const text = Buffer.from(typeof header === "string" ? header : JSON.stringify(header));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(text.length));
  return Buffer.concat([length, text, data]);
}

const one = (dtype: string, shape: number[], bytes: Uint8Array) =>
  file({ w: { dtype, shape, data_offsets: [0, bytes.length] } }, bytes);

test.each([
  ["F32", Uint8Array.of(0, 0, 0x80, 0x3f, 0, 0, 0x20, 0xc0)],
  ["F16", Uint8Array.of(0x00, 0x3c, 0x00, 0xc1)],
  ["BF16", Uint8Array.of(0x80, 0x3f, 0x20, 0xc0)],
  ["F64", Uint8Array.of(0, 0, 0, 0, 0, 0, 0xf0, 0x3f, 0, 0, 0, 0, 0, 0, 0x04, 0xc0)],
])("%s: the bytes of 1 and -2.5", (dtype, bytes) => {
  const folder = folderWith({ "w.safetensors": one(dtype, [2], bytes) });
  const [tensor] = readSafetensors(join(folder, "w.safetensors"));
  expect(tensor).toMatchObject({ name: "w", shape: [2], dtype });
  expect([...tensor.data!]).toEqual([1, -2.5]);
});

test("integer tensors are listed without values", () => {
  const folder = folderWith({ "n.safetensors": one("I64", [], new Uint8Array(8)) });
  expect(readSafetensors(join(folder, "n.safetensors"))[0].data).toBeUndefined();
});

test("what is written reads back, in order, and its data is aligned", () => {
  const folder = folderWith({});
  const path = join(folder, "out.safetensors");
  const tensors = [
    { name: "ä.weight", shape: [2, 1], data: Float32Array.of(1.5, -2) },
    { name: "a.bias", shape: [], data: Float32Array.of(3) },
  ];
  writeSafetensors(path, tensors);
  expect(readSafetensors(path)).toEqual(tensors.map((t) => ({ ...t, dtype: "F32" })));
  expect(Number(readFileSync(path).readBigUInt64LE(0)) % 8).toBe(0);
});

test.each<[string, Uint8Array | string, RegExp]>([
  ["empty", "", /0 bytes do not hold a header/],
  ["garbage length", Buffer.alloc(32, 0xff), /its header should be .* bytes long, 24 are there/],
  ["not JSON", file("{nope", new Uint8Array(0)), /its header is not JSON/],
  ["no offsets", file({ w: { dtype: "F32", shape: [1] } }, new Uint8Array(4)), /w\.data_offsets/],
  [
    "cut short",
    one("F32", [4], new Uint8Array(16)).subarray(0, -4),
    /"w" ends at byte 16 of its data, 12 are there/,
  ],
  ["wrong shape", one("F32", [3], new Uint8Array(16)), /"w" has 16 bytes for shape \[3\] of F32/],
])("%s: refused with the file's name", (_name, content, message) => {
  const folder = folderWith({ "bad.safetensors": content });
  const read = () => readSafetensors(join(folder, "bad.safetensors"));
  expect(read).toThrow(InputError);
  expect(read).toThrow(/bad\.safetensors: not a safetensors file/);
  expect(read).toThrow(message);
});

const checkpoint = sharedPath("models", "resnet20-cifar10.safetensors");
test.skipIf(checkpoint === undefined)("a checkpoint holds what the ONNX export holds", () => {
  const onnx = readOnnxFile(sharedPath("models", "resnet20-cifar10.onnx")!);
  const byName = new Map(readSafetensors(checkpoint!).map((t) => [t.name, t]));
  for (const tensor of onnx.tensors) {
    const values = new Float32Array(tensor.size);
    readTensor(onnx, tensor, values);
    expect(byName.get(tensor.name)!.data).toEqual(values);
  }
});
