/**
 * Floating-point tensors as files store them, read as float32 and written back.
 *
 * float16 and bfloat16 are widened exactly; float64 is rounded. Writing rounds to the stored type,
 * because that is what the model computes with. All little-endian, as ONNX and safetensors are.
 */
import { Float16Array } from "@petamoriken/float16";

export type FloatType = "float32" | "float16" | "bfloat16" | "float64";

export const bytesPerFloat: Readonly<Record<FloatType, number>> = {
  float32: 4,
  float16: 2,
  bfloat16: 2,
  float64: 8,
};

/** Reads all of `bytes` into `out`, which has room for exactly that many values. */
export function readFloats(bytes: Uint8Array, type: FloatType, out: Float32Array): void {
  if (type === "float32") {
    asBytes(out).set(bytes);
    return;
  }
  // A copy, since a typed array needs aligned bytes and a file promises none.
  const { buffer } = new Uint8Array(bytes);
  if (type === "float16") out.set(new Float16Array(buffer) as unknown as ArrayLike<number>);
  else if (type === "float64") out.set(new Float64Array(buffer));
  else {
    const bits = asBits(out);
    const halves = new Uint16Array(buffer);
    for (let i = 0; i < halves.length; i++) bits[i] = halves[i]! << 16;
  }
}

/** Writes `values` into `bytes`, rounded to `type` (to nearest, ties to even). */
export function writeFloats(values: Float32Array, type: FloatType, bytes: Uint8Array): void {
  if (type === "float32") bytes.set(asBytes(values));
  else if (type === "float16") bytes.set(new Uint8Array(new Float16Array(values).buffer));
  else if (type === "float64") bytes.set(new Uint8Array(new Float64Array(values).buffer));
  else {
    const bits = asBits(values);
    const halves = new Uint16Array(values.length);
    for (let i = 0; i < halves.length; i++) {
      const b = bits[i]!;
      halves[i] = Number.isNaN(values[i]) ? 0x7fc0 : (b + 0x7fff + ((b >>> 16) & 1)) >>> 16;
    }
    bytes.set(new Uint8Array(halves.buffer));
  }
}

function asBytes(values: Float32Array): Uint8Array {
  return new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
}

function asBits(values: Float32Array): Uint32Array {
  return new Uint32Array(values.buffer, values.byteOffset, values.length);
}
