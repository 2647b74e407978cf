/**
 * An ONNX model file as named tensors, and as a graph that takes the travelling tensors' values from a
 * buffer beside it.
 *
 * After reading, every floating-point initializer lies as raw little-endian data at a known offset of
 * `bytes`, whatever encoding the exporter chose. `splitWeights` then moves the travelling ones out, by
 * ONNX's own means for large models (external data): a noisy model is the same small graph with another
 * buffer, so that nothing is encoded, parsed or copied per trial.
 *
 * Limits: tensors in the main graph's initializers. Constants inside nodes and subgraphs stay as
 * they are. Models of 2 GiB and more (the limit of protocol buffers) are refused.
 */
import { basename, dirname, join, relative } from "node:path";
import { InputError } from "../errors.js";
import { fileBytes, readBytes } from "../files/bytes.js";
import { bytesPerFloat, type FloatType, readFloats, writeFloats } from "./float-types.js";
import type { Layout, LayoutEntry, NamedTensor } from "./layout.js";
import {
  DataLocation,
  DataType,
  decodeModel,
  encodeModel,
  type OnnxModel,
  type OnnxTensor,
  type OnnxValueInfo,
} from "./onnx-proto.js";
import { tensorRoles } from "./onnx-roles.js";

export interface OnnxTensorPlace extends NamedTensor {
  readonly type: FloatType | "integer";
  /** Where its data begins in `bytes`. */
  readonly byteOffset: number;
}

export interface OnnxFile {
  readonly path: string;
  /** The model and the files its tensors come from. */
  readonly files: readonly string[];
  /** The whole model; tensors may be overwritten in place. */
  readonly bytes: Uint8Array;
  readonly tensors: readonly OnnxTensorPlace[];
  /** Graph inputs that are not initializers. */
  readonly inputs: readonly OnnxValueInfo[];
}

const floatTypes: Readonly<Partial<Record<number, FloatType>>> = {
  [DataType.FLOAT]: "float32",
  [DataType.FLOAT16]: "float16",
  [DataType.BFLOAT16]: "bfloat16",
  [DataType.DOUBLE]: "float64",
};

/** Throws InputError when the file is missing, cut short, or not ONNX. */
export function readOnnxFile(path: string): OnnxFile {
  return onnxFileOf(path, readBytes(path, 0, fileBytes(path)));
}

/** A model that lies in memory as it would in a file at `path`. Throws InputError where it is not ONNX. */
export function onnxFileOf(path: string, bytes: Uint8Array): OnnxFile {
  let model = decodeOrFail(path, bytes);
  const files = [path];
  if (makeRaw(path, model, files)) {
    bytes = encodeModel(model);
    model = decodeModel(bytes);
  }
  const roles = tensorRoles(model.graph);
  const tensors = model.graph.initializer.map((tensor): OnnxTensorPlace => {
    const name = tensor.name ?? "";
    const size = tensor.dims.reduce((a, b) => a * b, 1);
    const type = floatTypes[tensor.data_type ?? 0] ?? "integer";
    const raw = tensor.raw_data;
    if (type !== "integer" && raw?.length !== size * bytesPerFloat[type]) {
      throw new InputError(
        `${path}: tensor "${name}" has ${raw?.length ?? 0} bytes of data, its shape ` +
          `[${tensor.dims.join(", ")}] of ${type} needs ${size * bytesPerFloat[type]}`,
      );
    }
    const byteOffset = raw === undefined ? 0 : raw.byteOffset - bytes.byteOffset;
    return { name, shape: tensor.dims, size, type, byteOffset, role: roles.get(name)! };
  });
  const initializers = new Set(tensors.map((t) => t.name));
  const inputs = model.graph.input.filter((input) => !initializers.has(input.name));
  return { path, files, bytes, tensors, inputs };
}

/** Values of one tensor into `out`. */
export function readTensor(file: OnnxFile, tensor: OnnxTensorPlace, out: Float32Array): void {
  readFloats(dataOf(file, tensor), floatTypeOf(tensor), out);
}

/** Overwrites one tensor in place. */
export function overwriteTensor(
  file: OnnxFile,
  tensor: OnnxTensorPlace,
  values: Float32Array,
): void {
  writeFloats(values, floatTypeOf(tensor), dataOf(file, tensor));
}

/** A graph without the layout's tensors, and how to lay them out in the buffer that it reads them from. */
export interface SplitModel {
  /** The model without the layout's values. */
  readonly graph: Uint8Array;
  /** Name by which the graph asks for the buffer. */
  readonly location: string;
  /** The buffer's content for a weight vector: the vector's own memory where all is float32. */
  content(weights: Float32Array): Uint8Array;
}

export function splitWeights(file: OnnxFile, layout: Layout): SplitModel {
  const types = new Map(file.tensors.map((t) => [t.name, t]));
  let end = 0;
  const parts = layout.entries.map((entry): WeightPart => {
    const type = floatTypeOf(types.get(entry.name)!);
    const begin = end;
    end += entry.size * bytesPerFloat[type];
    return { entry, type, begin, end };
  });
  // Made by functions of their own, so that the result holds on to no byte of the file.
  return { graph: withoutValues(file.bytes, parts), location, content: contentOf(parts) };
}

const location = "weights";

/** Where a tensor lies in the buffer [bytes]. */
interface WeightPart {
  readonly entry: LayoutEntry;
  readonly type: FloatType;
  readonly begin: number;
  readonly end: number;
}

function withoutValues(bytes: Uint8Array, parts: readonly WeightPart[]): Uint8Array {
  const model = decodeModel(bytes);
  const byName = new Map(parts.map((part) => [part.entry.name, part]));
  for (const tensor of model.graph.initializer) {
    const part = byName.get(tensor.name ?? "");
    if (part === undefined) continue;
    delete tensor.raw_data;
    tensor.data_location = DataLocation.EXTERNAL;
    tensor.external_data = [
      { key: "location", value: location },
      { key: "offset", value: String(part.begin) },
      { key: "length", value: String(part.end - part.begin) },
    ];
  }
  return encodeModel(model);
}

function contentOf(parts: readonly WeightPart[]): SplitModel["content"] {
  if (parts.every(({ type }) => type === "float32")) {
    return (weights) => new Uint8Array(weights.buffer, weights.byteOffset, weights.byteLength);
  }
  const buffer = new Uint8Array(parts.at(-1)!.end);
  return (weights) => {
    for (const { entry, type, begin, end } of parts) {
      const values = weights.subarray(entry.offset, entry.offset + entry.size);
      writeFloats(values, type, buffer.subarray(begin, end));
    }
    return buffer;
  };
}

function dataOf({ bytes }: OnnxFile, tensor: OnnxTensorPlace): Uint8Array {
  const length = tensor.size * bytesPerFloat[floatTypeOf(tensor)];
  return bytes.subarray(tensor.byteOffset, tensor.byteOffset + length);
}

function floatTypeOf(tensor: OnnxTensorPlace): FloatType {
  if (tensor.type === "integer") throw new TypeError(`tensor "${tensor.name}" holds integers`);
  return tensor.type;
}

function decodeOrFail(path: string, bytes: Uint8Array): OnnxModel {
  try {
    return decodeModel(bytes);
  } catch (error) {
    throw new InputError(`${path}: ${(error as Error).message}`);
  }
}

/**
 * Moves values out of external files and typed fields into raw_data.
 * True when anything moved, so that the model must be encoded again.
 */
function makeRaw(path: string, model: OnnxModel, files: string[]): boolean {
  let moved = false;
  for (const tensor of model.graph.initializer) {
    if (tensor.data_location === DataLocation.EXTERNAL) {
      tensor.raw_data = readExternal(path, tensor, files);
      tensor.external_data = [];
      tensor.data_location = DataLocation.DEFAULT;
      moved = true;
    } else if (tensor.raw_data === undefined) {
      const raw = rawFromTypedField(tensor);
      if (raw === undefined) continue;
      tensor.raw_data = raw;
      tensor.float_data = [];
      tensor.double_data = [];
      tensor.int32_data = [];
      moved = true;
    }
  }
  return moved;
}

function rawFromTypedField(tensor: OnnxTensor): Uint8Array | undefined {
  switch (tensor.data_type) {
    case DataType.FLOAT:
      return new Uint8Array(Float32Array.from(tensor.float_data ?? []).buffer);
    case DataType.DOUBLE:
      return new Uint8Array(Float64Array.from(tensor.double_data ?? []).buffer);
    case DataType.FLOAT16:
    case DataType.BFLOAT16: // bit patterns, one per int32
      return new Uint8Array(Uint16Array.from(tensor.int32_data ?? []).buffer);
    default:
      return undefined;
  }
}

/** Bytes of a tensor that lies in a file beside the model. */
function readExternal(path: string, tensor: OnnxTensor, files: string[]): Uint8Array {
  const property = new Map(tensor.external_data?.map(({ key, value }) => [key, value]));
  const location = property.get("location") ?? "";
  const file = join(dirname(path), location);
  const fromFolder = relative(dirname(path), file);
  // The specification keeps external data in the model's folder; a path out of it reads other files.
  if (fromFolder === "" || fromFolder.startsWith("..")) {
    throw new InputError(
      `${path}: tensor "${tensor.name}" names external data outside the model's folder: "${location}"`,
    );
  }
  const total = fileBytes(file);
  const begin = Number(property.get("offset") ?? 0);
  const end = property.has("length") ? begin + Number(property.get("length")) : total;
  if (!(begin >= 0 && begin <= end && end <= total)) {
    throw new InputError(
      `${path}: tensor "${tensor.name}" ends at byte ${end} of ${basename(file)}, ${total} are there`,
    );
  }
  if (!files.includes(file)) files.push(file);
  return readBytes(file, begin, end - begin);
}
