/**
 * ONNX model files as objects, and back: protocol buffers, read and written by protobufjs.
 *
 * Fields have the names of the ONNX specification, in snake_case: `graph.initializer[0].raw_data`.
 * An absent scalar or message reads as undefined, an absent list as an empty one.
 * Nothing is lost from decode to encode: field presence, subgraphs, functions, training graphs, and
 * fields younger than this file (protobufjs carries those along unread).
 *
 * - Bytes (`raw_data`, `s`, `string_data`) are views into the decoded file, not copies, so
 *   `tensor.raw_data.byteOffset - bytes.byteOffset` is the tensor's place in the file.
 * - 64-bit integers are numbers. Only those beyond 2^53, which a number cannot hold, are bigints:
 *   exporters write 2^63 - 1 for "to the end" in slices. Dimensions are never that large.
 * - Plain objects of these types can be encoded too.
 *
 * Source: field numbers and types of ONNX IR version 14, github.com/onnx/onnx, docs/IR.md.
 * Limits: text fields must be UTF-8, as the specification says.
 */
import protobuf from "protobufjs/light.js";

/** A 64-bit integer: a bigint only where a number would round it. */
export type Int64 = number | bigint;

export interface OnnxModel {
  ir_version?: number;
  producer_name?: string;
  producer_version?: string;
  domain?: string;
  model_version?: number;
  doc_string?: string;
  graph: OnnxGraph;
  opset_import: OnnxOpset[];
  metadata_props?: OnnxProperty[];
  training_info?: OnnxTrainingInfo[];
  functions?: OnnxFunction[];
}

export interface OnnxOpset {
  /** Absent or empty: the operators of the ONNX specification. */
  domain?: string;
  version: number;
}

export interface OnnxProperty {
  key?: string;
  value?: string;
}

export interface OnnxGraph {
  name?: string;
  doc_string?: string;
  node: OnnxNode[];
  initializer: OnnxTensor[];
  sparse_initializer?: OnnxSparseTensor[];
  input: OnnxValueInfo[];
  output: OnnxValueInfo[];
  value_info?: OnnxValueInfo[];
  metadata_props?: OnnxProperty[];
}

export interface OnnxNode {
  input: string[];
  output: string[];
  name?: string;
  op_type: string;
  domain?: string;
  overload?: string;
  attribute: OnnxAttribute[];
  doc_string?: string;
  metadata_props?: OnnxProperty[];
}

export interface OnnxAttribute {
  name: string;
  /** In a function: the name of the function's attribute whose value this one takes. */
  ref_attr_name?: string;
  /** Which of the fields below holds the value: one of AttributeType. */
  type?: number;
  f?: number;
  i?: Int64;
  s?: Uint8Array;
  t?: OnnxTensor;
  g?: OnnxGraph;
  sparse_tensor?: OnnxSparseTensor;
  tp?: OnnxType;
  floats?: number[];
  ints?: Int64[];
  strings?: Uint8Array[];
  tensors?: OnnxTensor[];
  graphs?: OnnxGraph[];
  sparse_tensors?: OnnxSparseTensor[];
  type_protos?: OnnxType[];
}

export interface OnnxTensor {
  name?: string;
  dims: number[];
  /** One of DataType. It decides which field holds the values, if `raw_data` does not. */
  data_type?: number;
  segment?: { begin?: number; end?: number };
  /** Little-endian values; a view into the decoded file. */
  raw_data?: Uint8Array;
  /** FLOAT, COMPLEX64. */
  float_data?: number[];
  /** INT32 and narrower integers, BOOL, and the bit patterns of FLOAT16 and other narrow floats. */
  int32_data?: number[];
  string_data?: Uint8Array[];
  int64_data?: Int64[];
  /** DOUBLE, COMPLEX128. */
  double_data?: number[];
  /** UINT32, UINT64. */
  uint64_data?: Int64[];
  doc_string?: string;
  /** Keys `location` (path beside the model), `offset`, `length` (bytes, decimal), `checksum`. */
  external_data?: OnnxProperty[];
  /** 1: the values are where `external_data` says. */
  data_location?: number;
  metadata_props?: OnnxProperty[];
}

export interface OnnxSparseTensor {
  /** Its name is the name of the sparse tensor. */
  values?: OnnxTensor;
  indices?: OnnxTensor;
  dims: number[];
}

export interface OnnxValueInfo {
  name: string;
  type?: OnnxType;
  doc_string?: string;
  metadata_props?: OnnxProperty[];
}

/** One of the first five is set. */
export interface OnnxType {
  tensor_type?: { elem_type?: number; shape?: OnnxShape };
  sequence_type?: { elem_type?: OnnxType };
  map_type?: { key_type?: number; value_type?: OnnxType };
  optional_type?: { elem_type?: OnnxType };
  sparse_tensor_type?: { elem_type?: number; shape?: OnnxShape };
  denotation?: string;
}

export interface OnnxShape {
  /** A dimension is a size, a name, or left open. */
  dim: { dim_value?: number; dim_param?: string; denotation?: string }[];
}

export interface OnnxFunction {
  name?: string;
  domain?: string;
  overload?: string;
  input: string[];
  output: string[];
  attribute?: string[];
  attribute_proto?: OnnxAttribute[];
  node: OnnxNode[];
  opset_import: OnnxOpset[];
  value_info?: OnnxValueInfo[];
}

export interface OnnxTrainingInfo {
  initialization?: OnnxGraph;
  algorithm?: OnnxGraph;
  initialization_binding?: OnnxProperty[];
  update_binding?: OnnxProperty[];
}

/** Element types of tensors. */
export const DataType = {
  UNDEFINED: 0,
  FLOAT: 1,
  UINT8: 2,
  INT8: 3,
  UINT16: 4,
  INT16: 5,
  INT32: 6,
  INT64: 7,
  STRING: 8,
  BOOL: 9,
  FLOAT16: 10,
  DOUBLE: 11,
  UINT32: 12,
  UINT64: 13,
  COMPLEX64: 14,
  COMPLEX128: 15,
  BFLOAT16: 16,
  FLOAT8E4M3FN: 17,
  FLOAT8E4M3FNUZ: 18,
  FLOAT8E5M2: 19,
  FLOAT8E5M2FNUZ: 20,
  UINT4: 21,
  INT4: 22,
  FLOAT4E2M1: 23,
  FLOAT8E8M0: 24,
  UINT2: 25,
  INT2: 26,
  FLOAT6E2M3: 27,
  FLOAT6E3M2: 28,
} as const;

export const DataLocation = { DEFAULT: 0, EXTERNAL: 1 } as const;

export const AttributeType = {
  UNDEFINED: 0,
  FLOAT: 1,
  INT: 2,
  STRING: 3,
  TENSOR: 4,
  GRAPH: 5,
  FLOATS: 6,
  INTS: 7,
  STRINGS: 8,
  TENSORS: 9,
  GRAPHS: 10,
  SPARSE_TENSOR: 11,
  SPARSE_TENSORS: 12,
  TYPE_PROTO: 13,
  TYPE_PROTOS: 14,
} as const;

/**
 * Reads a model file. Throws an Error that says what is wrong when the bytes are not one:
 * cut short, another format, or without a graph or an operator set.
 */
export function decodeModel(bytes: Uint8Array): OnnxModel {
  const reader = new NumberReader(bytes);
  reader.discardUnknown = false;
  let model: OnnxModel;
  try {
    model = modelType.decode(reader) as unknown as OnnxModel;
  } catch (error) {
    throw new Error(`not an ONNX model, or cut short: ${(error as Error).message}`);
  }
  if (model.graph === undefined) throw new Error("not an ONNX model: it holds no graph");
  // The graph may be complete in a file that is cut just behind it.
  if (model.opset_import.length === 0) {
    throw new Error("not an ONNX model, or cut short: it names no operator set");
  }
  return model;
}

export function encodeModel(model: OnnxModel): Uint8Array {
  return modelType
    .encode(model as unknown as { [k: string]: unknown }, new NumberWriter())
    .finish();
}

type Long = ReturnType<protobuf.Reader["int64"]>;

/** Reads 64-bit integers as numbers, or bigints where a number would round them. */
class NumberReader extends protobuf.Reader {
  override int64(): Long {
    return fromLong(super.int64());
  }
  override uint64(): Long {
    return fromLong(super.uint64());
  }
}

/** Protobufjs writes numbers exactly, but takes a bigint for 0. */
class NumberWriter extends protobuf.Writer {
  override int64(value: Long | number | string): protobuf.Writer {
    return super.int64(toLong(value));
  }
  override uint64(value: Long | number | string): protobuf.Writer {
    return super.uint64(toLong(value));
  }
  override int64s(values: (Long | number | string)[]): protobuf.Writer {
    return super.int64s(values.map(toLong));
  }
  override uint64s(values: (Long | number | string)[]): protobuf.Writer {
    return super.uint64s(values.map(toLong));
  }
}

function fromLong({ low, high, unsigned }: Long): Long {
  const upper = unsigned ? high >>> 0 : high;
  const number = upper * 2 ** 32 + (low >>> 0);
  const exact: Int64 = Number.isSafeInteger(number)
    ? number
    : (BigInt(upper) << 32n) + BigInt(low >>> 0);
  return exact as unknown as Long; // what the interfaces above say; protobufjs only stores it
}

function toLong(value: Long | number | string): Long | number | string {
  if (typeof value !== "bigint") return value;
  const low = Number(BigInt.asIntN(32, value));
  const high = Number(BigInt.asIntN(32, (value as bigint) >> 32n));
  return { low, high, unsigned: false } as Long;
}

/**
 * Every message of the format: field name -> "number [repeated|packed] type".
 * Enumerations are int32, as they are on the wire, so that values younger than this file stay.
 */
const messages: Record<string, Record<string, string>> = {
  Model: {
    ir_version: "1 int64",
    producer_name: "2 string",
    producer_version: "3 string",
    domain: "4 string",
    model_version: "5 int64",
    doc_string: "6 string",
    graph: "7 Graph",
    opset_import: "8 repeated OperatorSetId",
    metadata_props: "14 repeated StringStringEntry",
    training_info: "20 repeated TrainingInfo",
    functions: "25 repeated Function",
    configuration: "26 repeated DeviceConfiguration",
  },
  OperatorSetId: { domain: "1 string", version: "2 int64" },
  StringStringEntry: { key: "1 string", value: "2 string" },
  DeviceConfiguration: {
    name: "1 string",
    num_devices: "2 int32",
    device: "3 repeated string",
  },
  TrainingInfo: {
    initialization: "1 Graph",
    algorithm: "2 Graph",
    initialization_binding: "3 repeated StringStringEntry",
    update_binding: "4 repeated StringStringEntry",
  },
  Function: {
    name: "1 string",
    input: "4 repeated string",
    output: "5 repeated string",
    attribute: "6 repeated string",
    node: "7 repeated Node",
    doc_string: "8 string",
    opset_import: "9 repeated OperatorSetId",
    domain: "10 string",
    attribute_proto: "11 repeated Attribute",
    value_info: "12 repeated ValueInfo",
    overload: "13 string",
    metadata_props: "14 repeated StringStringEntry",
  },
  Graph: {
    node: "1 repeated Node",
    name: "2 string",
    initializer: "5 repeated Tensor",
    doc_string: "10 string",
    input: "11 repeated ValueInfo",
    output: "12 repeated ValueInfo",
    value_info: "13 repeated ValueInfo",
    quantization_annotation: "14 repeated TensorAnnotation",
    sparse_initializer: "15 repeated SparseTensor",
    metadata_props: "16 repeated StringStringEntry",
  },
  TensorAnnotation: {
    tensor_name: "1 string",
    quant_parameter_tensor_names: "2 repeated StringStringEntry",
  },
  Node: {
    input: "1 repeated string",
    output: "2 repeated string",
    name: "3 string",
    op_type: "4 string",
    attribute: "5 repeated Attribute",
    doc_string: "6 string",
    domain: "7 string",
    overload: "8 string",
    metadata_props: "9 repeated StringStringEntry",
    device_configurations: "10 repeated NodeDeviceConfiguration",
  },
  NodeDeviceConfiguration: {
    configuration_id: "1 string",
    sharding_spec: "2 repeated ShardingSpec",
    pipeline_stage: "3 int32",
  },
  ShardingSpec: {
    tensor_name: "1 string",
    device: "2 repeated int64",
    index_to_device_group_map: "3 repeated IntIntListEntry",
    sharded_dim: "4 repeated ShardedDim",
  },
  IntIntListEntry: { key: "1 int64", value: "2 repeated int64" },
  ShardedDim: { axis: "1 int64", simple_sharding: "2 repeated SimpleShardedDim" },
  SimpleShardedDim: { dim_value: "1 int64", dim_param: "2 string", num_shards: "3 int64" },
  Attribute: {
    name: "1 string",
    f: "2 float",
    i: "3 int64",
    s: "4 bytes",
    t: "5 Tensor",
    g: "6 Graph",
    floats: "7 repeated float",
    ints: "8 repeated int64",
    strings: "9 repeated bytes",
    tensors: "10 repeated Tensor",
    graphs: "11 repeated Graph",
    doc_string: "13 string",
    tp: "14 Type",
    type_protos: "15 repeated Type",
    type: "20 int32",
    ref_attr_name: "21 string",
    sparse_tensor: "22 SparseTensor",
    sparse_tensors: "23 repeated SparseTensor",
  },
  Tensor: {
    dims: "1 repeated int64",
    data_type: "2 int32",
    segment: "3 Segment",
    float_data: "4 packed float",
    int32_data: "5 packed int32",
    string_data: "6 repeated bytes",
    int64_data: "7 packed int64",
    name: "8 string",
    raw_data: "9 bytes",
    double_data: "10 packed double",
    uint64_data: "11 packed uint64",
    doc_string: "12 string",
    external_data: "13 repeated StringStringEntry",
    data_location: "14 int32",
    metadata_props: "16 repeated StringStringEntry",
  },
  Segment: { begin: "1 int64", end: "2 int64" },
  SparseTensor: { values: "1 Tensor", indices: "2 Tensor", dims: "3 repeated int64" },
  ValueInfo: {
    name: "1 string",
    type: "2 Type",
    doc_string: "3 string",
    metadata_props: "4 repeated StringStringEntry",
  },
  Type: {
    tensor_type: "1 TensorType",
    sequence_type: "4 ElementType",
    map_type: "5 MapType",
    denotation: "6 string",
    opaque_type: "7 OpaqueType",
    sparse_tensor_type: "8 TensorType",
    optional_type: "9 ElementType",
  },
  TensorType: { elem_type: "1 int32", shape: "2 TensorShape" },
  ElementType: { elem_type: "1 Type" },
  MapType: { key_type: "1 int32", value_type: "2 Type" },
  OpaqueType: { domain: "1 string", name: "2 string" },
  TensorShape: { dim: "1 repeated Dimension" },
  Dimension: { dim_value: "1 int64", dim_param: "2 string", denotation: "3 string" },
};

const modelType = compile().lookupType("Model");

function compile(): protobuf.Root {
  const nested: Record<string, protobuf.IType> = {};
  for (const [message, fields] of Object.entries(messages)) {
    nested[message] = {
      edition: "proto2", // fields know whether they are present: `i: 0` is not the same as no `i`
      fields: Object.fromEntries(
        Object.entries(fields).map(([name, field]) => [name, parseField(field)]),
      ),
    };
  }
  const root = protobuf.Root.fromJSON({ nested });
  for (const message of Object.keys(messages)) {
    const type = root.lookupType(message);
    for (const field of type.fieldsArray) {
      // Protobufjs reads an absent field as its default, "" or 0; here absent is undefined.
      if (!field.repeated) type.ctor.prototype[field.name] = undefined;
    }
  }
  return root;
}

function parseField(field: string): protobuf.IField {
  const [id, ...words] = field.split(" ");
  const type = words.at(-1)!;
  if (words.length === 1) return { id: Number(id), type };
  return { id: Number(id), type, rule: "repeated", options: { packed: words[0] === "packed" } };
}
