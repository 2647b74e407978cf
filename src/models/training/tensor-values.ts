/**
 * Values of tensors as ONNX files hold them, whatever field an exporter chose, and back.
 */
import { InputError } from "../../errors.js";
import { readFloats } from "../../weights/float-types.js";
import { DataLocation, DataType, type OnnxTensor } from "../../weights/onnx-proto.js";

/** A copy of the values of a float32 tensor. */
export function tensorFloats(tensor: OnnxTensor): Float32Array {
  refuseExternal(tensor);
  const { raw_data, float_data } = tensor;
  if (raw_data === undefined) return Float32Array.from(float_data ?? []);
  const values = new Float32Array(raw_data.length / 4);
  readFloats(raw_data, "float32", values);
  return values;
}

/** Values of an int32 or int64 tensor; those beyond 2^53, "to the end" in slices, are rounded. */
export function tensorInts(tensor: OnnxTensor): number[] {
  refuseExternal(tensor);
  const { raw_data, int32_data, int64_data, data_type } = tensor;
  if (raw_data === undefined) {
    return Array.from((data_type === DataType.INT32 ? int32_data : int64_data) ?? [], Number);
  }
  // A copy, since a typed array needs aligned bytes and a file promises none.
  const { buffer } = new Uint8Array(raw_data);
  return data_type === DataType.INT32
    ? Array.from(new Int32Array(buffer))
    : Array.from(new BigInt64Array(buffer), Number);
}

export function floatTensor(
  name: string,
  dims: readonly number[],
  values: Float32Array,
): OnnxTensor {
  const raw_data = new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
  return { name, dims: [...dims], data_type: DataType.FLOAT, raw_data };
}

export function intTensor(
  name: string,
  dims: readonly number[],
  values: readonly number[],
): OnnxTensor {
  const raw_data = new Uint8Array(BigInt64Array.from(values, BigInt).buffer);
  return { name, dims: [...dims], data_type: DataType.INT64, raw_data };
}

export function sizeOf(shape: readonly number[]): number {
  return shape.reduce((a, b) => a * b, 1);
}

function refuseExternal({ name, data_location }: OnnxTensor): void {
  if (data_location === DataLocation.EXTERNAL) {
    throw new InputError(
      `training: tensor "${name}" lies in a file of its own; training takes models in one file`,
    );
  }
}
