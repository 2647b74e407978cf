/**
 * What of a graph is known before it runs: constants, values that follow from shapes alone, and all shapes.
 */
import * as ort from "onnxruntime-node";
import { InputError } from "../../errors.js";
import {
  DataType,
  encodeModel,
  type OnnxAttribute,
  type OnnxModel,
  type OnnxNode,
  type OnnxTensor,
} from "../../weights/onnx-proto.js";
import { own } from "./forward-node.js";
import { sizeOf } from "./tensor-values.js";

export interface GraphInput {
  readonly name: string;
  readonly type: "float32" | "int32" | "int64";
  /** The batch first. */
  readonly shape: readonly number[];
}

/** Initializers that are not trained, and what Constant nodes hold. */
export function constantTensors(
  { graph }: OnnxModel,
  changing: ReadonlySet<string>,
): Map<string, OnnxTensor> {
  const constants = new Map<string, OnnxTensor>();
  for (const tensor of graph.initializer) {
    if (!changing.has(tensor.name ?? "")) constants.set(tensor.name ?? "", tensor);
  }
  for (const { op_type, output, attribute } of graph.node) {
    const tensor = op_type === "Constant" ? constantOf(attribute[0]!) : undefined;
    if (tensor !== undefined) constants.set(output[0]!, tensor);
  }
  return constants;
}

function constantOf({ name, t, f, i, floats, ints }: OnnxAttribute): OnnxTensor | undefined {
  if (name === "value") return t;
  if (name === "value_float") return { dims: [], data_type: DataType.FLOAT, float_data: [f!] };
  if (name === "value_int") return { dims: [], data_type: DataType.INT64, int64_data: [i!] };
  if (name === "value_floats") {
    return { dims: [floats!.length], data_type: DataType.FLOAT, float_data: floats! };
  }
  if (name === "value_ints") {
    return { dims: [ints!.length], data_type: DataType.INT64, int64_data: ints! };
  }
  return undefined;
}

/** Values that nodes compute from shapes and constants alone. */
export function staticValues(
  { graph }: OnnxModel,
  constants: ReadonlyMap<string, OnnxTensor>,
): Set<string> {
  const known = new Set(constants.keys());
  const computed = new Set<string>();
  for (const { op_type, input, output } of graph.node) {
    const fromShape = op_type === "Shape" || op_type === "Size";
    const random = op_type.startsWith("Random") || op_type === "Bernoulli";
    if (random || !(fromShape || input.every((name) => name === "" || known.has(name)))) continue;
    for (const name of output) {
      if (op_type !== "Constant") computed.add(name);
      known.add(name);
    }
  }
  return computed;
}

export interface Probed {
  readonly shapes: Map<string, readonly number[]>;
  readonly ints: Map<string, readonly number[]>;
  readonly floats: Map<string, Float32Array>;
}

/** Runs the graph on zeros for the shape of every value, and the values of static ones. */
export async function probe(
  model: OnnxModel,
  inputs: readonly GraphInput[],
  statics: ReadonlySet<string>,
): Promise<Probed> {
  const { graph } = model;
  const values = graph.node.flatMap(({ output }) => output.filter((name) => name !== ""));
  const shapeOf = (name: string) => `${own}shape of ${name}`;
  const asked: OnnxNode[] = values.map((name) => ({
    op_type: "Shape",
    input: [name],
    output: [shapeOf(name)],
    attribute: [],
  }));
  const output = [...asked.flatMap((node) => node.output), ...statics].map((name) => ({ name }));
  const bytes = encodeModel({
    ...model,
    graph: { ...graph, node: [...graph.node, ...asked], output },
  });
  const outputs = await runOnZeros(bytes, inputs);

  const shapes = new Map<string, readonly number[]>();
  for (const { name, shape } of inputs) shapes.set(name, shape);
  for (const { name = "", dims } of graph.initializer) shapes.set(name, dims);
  for (const name of values) {
    shapes.set(name, Array.from(outputs[shapeOf(name)]!.data as BigInt64Array, Number));
  }
  const ints = new Map<string, readonly number[]>();
  const floats = new Map<string, Float32Array>();
  for (const name of statics) {
    const { data } = outputs[name]!;
    if (data instanceof Float32Array) floats.set(name, data);
    else ints.set(name, Array.from(data as BigInt64Array, Number));
  }
  return { shapes, ints, floats };
}

async function runOnZeros(
  bytes: Uint8Array,
  inputs: readonly GraphInput[],
): Promise<ort.InferenceSession.OnnxValueMapType> {
  const arrays = { float32: Float32Array, int32: Int32Array, int64: BigInt64Array };
  const feeds: Record<string, ort.Tensor> = {};
  for (const { name, type, shape } of inputs) {
    feeds[name] = new ort.Tensor(type, new arrays[type](sizeOf(shape)) as Float32Array, shape);
  }
  try {
    const session = await ort.InferenceSession.create(bytes, { logSeverityLevel: 3 });
    const outputs = await session.run(feeds);
    await session.release();
    return outputs;
  } catch (error) {
    throw new InputError(
      `training: ONNX Runtime cannot run this model in training: ${(error as Error).message}`,
    );
  }
}
