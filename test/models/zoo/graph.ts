/** Looks into model files, for the tests of architectures. */
import { DataType, decodeModel } from "../../../src/weights/onnx-proto.js";

/** Name and shape of the floating-point tensors that have dimensions, in the file's order. */
export function parameterShapes(file: Uint8Array): string[] {
  return decodeModel(file)
    .graph.initializer.filter((t) => t.data_type === DataType.FLOAT && t.dims.length > 0)
    .map((t) => `${t.name} [${t.dims.join(", ")}]`);
}

/** Values of the float32 tensors by name. */
export function parameters(file: Uint8Array): Map<string, Float32Array> {
  return new Map(
    decodeModel(file)
      .graph.initializer.filter((t) => t.data_type === DataType.FLOAT)
      .map((t) => [t.name!, new Float32Array(Uint8Array.from(t.raw_data!).buffer)]),
  );
}

export function largestDifference(a: Float32Array, b: Float32Array): number {
  if (a.length !== b.length) throw new Error(`${a.length} values against ${b.length}`);
  return a.reduce((largest, v, i) => Math.max(largest, Math.abs(v - b[i])), 0);
}
