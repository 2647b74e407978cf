/**
 * What an ONNX graph makes of one batch: the shape of every value, and the values that no input reaches.
 *
 * The graph is run once with all inner values as outputs, so shapes that exporters compute, as PyTorch's for a
 * reshape, are known without any rule for the operators that compute them.
 *
 * Limits: inputs that fix all dimensions but the first; floating-point and 64-bit integer constants.
 */
import * as ort from "onnxruntime-node";
import { InputError } from "../../errors.js";
import {
  DataType,
  decodeModel,
  encodeModel,
  type OnnxValueInfo,
} from "../../weights/onnx-proto.js";

export interface FloatTensor {
  readonly shape: readonly number[];
  readonly values: Float32Array;
}

export interface Constant {
  readonly shape: readonly number[];
  readonly data: Float32Array | readonly number[];
}

export interface Trace {
  /** The first dimension of all values. */
  readonly batch: number;
  readonly shapes: ReadonlyMap<string, readonly number[]>;
  /** Values that nodes compute from initializers or hold themselves. */
  readonly constants: ReadonlyMap<string, Constant>;
}

/** Examples in the batch, where the graph leaves it open: not 1, so that the batch is told from other axes. */
const openBatch = 2;

/** Shape of a graph input with the open batch filled in. */
function inputShape(path: string, { name, type }: OnnxValueInfo): number[] {
  const dims = type?.tensor_type?.shape?.dim.map((d) => d.dim_value) ?? [];
  const open = dims.findIndex((size, i) => i > 0 && size === undefined);
  if (dims.length === 0 || open > 0) {
    throw new InputError(
      `${path}: input "${name}" must have a fixed size in all dimensions but the batch, got ` +
        `[${dims.map((size) => size ?? "?").join(", ")}]`,
    );
  }
  return dims.map((size) => Number(size ?? openBatch));
}

/** `inputs`: the graph's inputs that are not initializers. Throws InputError where the runtime refuses the model. */
export async function traceGraph(
  path: string,
  bytes: Uint8Array,
  inputs: readonly OnnxValueInfo[],
): Promise<Trace> {
  const model = decodeModel(bytes);
  const { graph } = model;
  const reached = new Set(inputs.map(({ name }) => name));
  for (const node of graph.node) {
    // Nodes stand in topological order.
    if (node.input.some((name) => reached.has(name))) for (const o of node.output) reached.add(o);
  }
  const names = graph.node.flatMap((node) => node.output).filter((name) => name !== "");
  graph.output = names.map((name) => ({ name })); // without a type: the runtime infers it
  const feeds: Record<string, ort.Tensor> = {};
  const shapes = new Map<string, readonly number[]>();
  for (const input of inputs) {
    const shape = inputShape(path, input);
    const size = shape.reduce((a, b) => a * b, 1);
    const integers = input.type?.tensor_type?.elem_type === DataType.INT64;
    feeds[input.name] = integers
      ? new ort.Tensor("int64", new BigInt64Array(size), shape)
      : new ort.Tensor("float32", new Float32Array(size), shape);
    shapes.set(input.name, shape);
  }
  const constants = new Map<string, Constant>();
  for (const [name, { dims, data }] of Object.entries(await run(path, encodeModel(model), feeds))) {
    shapes.set(name, dims);
    if (reached.has(name)) continue;
    if (data instanceof Float32Array) constants.set(name, { shape: dims, data });
    if (data instanceof BigInt64Array) {
      constants.set(name, { shape: dims, data: Array.from(data, Number) });
    }
  }
  const batch = shapes.get(inputs[0]?.name ?? "")?.[0] ?? openBatch;
  return { batch, shapes, constants };
}

async function run(
  path: string,
  bytes: Uint8Array,
  feeds: Record<string, ort.Tensor>,
): Promise<ort.InferenceSession.OnnxValueMapType> {
  let session: ort.InferenceSession | undefined;
  try {
    session = await ort.InferenceSession.create(bytes, {
      graphOptimizationLevel: "disabled", // every value stays
      logSeverityLevel: 3,
    });
    return await session.run(feeds);
  } catch (error) {
    throw new InputError(
      `${path}: ONNX Runtime cannot run this model: ${(error as Error).message}`,
    );
  } finally {
    await session?.release();
  }
}
