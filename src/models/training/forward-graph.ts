/**
 * A model as training begins with it: batch fixed, batch normalizations by the statistics of the batch, random
 * masks in the place of Dropout, shapes of all values known, and told apart what is trained, what is averaged
 * along, and what is constant.
 *
 * - Trained is what `tensorRoles` calls weights and normalization parameters, but for running statistics.
 * - A tensor that the exporter stored once and passed on by Identity, because two had equal values, becomes two
 *   again: they would train as one.
 * - Shapes, and values that follow from them alone, come from a run of ONNX Runtime. Since the inputs' shapes are
 *   fixed, it folds most of that run away.
 *
 * Limits: float32; operator set 13 or later (what training adds is written for 17); no weights in subgraphs.
 */
import * as ort from "onnxruntime-node";
import { InputError } from "../../errors.js";
import {
  AttributeType,
  DataType,
  encodeModel,
  type OnnxAttribute,
  type OnnxModel,
  type OnnxNode,
  type OnnxTensor,
} from "../../weights/onnx-proto.js";
import { tensorRoles } from "../../weights/onnx-roles.js";
import type { ForwardNode } from "./rule.js";
import { floatTensor, sizeOf, tensorFloats, tensorInts } from "./tensor-values.js";

/** Prefix of the values that are added; no exporter uses it. */
export const own = "weightlink/";

export interface GraphInput {
  readonly name: string;
  readonly type: "float32" | "int32" | "int64";
  /** The batch first. */
  readonly shape: readonly number[];
}

export interface Parameter {
  readonly name: string;
  readonly shape: readonly number[];
  readonly values: Float32Array;
  /** Normalization parameters and biases may be spared from weight decay. */
  readonly decays: boolean;
}

/** A running average: next = momentum · value + (1 − momentum) · batch's own. */
export interface RunningStatistic {
  readonly name: string;
  readonly shape: readonly number[];
  readonly values: Float32Array;
  /** Of every batch normalization that shares it. */
  readonly measured: readonly Measured[];
}

/** The batch's own statistic, and the operator's momentum. */
interface Measured {
  readonly value: string;
  readonly momentum: number;
}

/** Where a Dropout stood: its output is its input times this, which is 0 or 1 / (1 − ratio). */
export interface DropoutMask {
  readonly name: string;
  readonly shape: readonly number[];
  readonly ratio: number;
}

export interface ForwardGraph {
  readonly opset: number;
  readonly model: OnnxModel;
  readonly nodes: readonly ForwardNode[];
  readonly inputs: readonly GraphInput[];
  readonly masks: readonly DropoutMask[];
  /** The model's first output. */
  readonly scores: string;
  readonly shapes: ReadonlyMap<string, readonly number[]>;
  readonly parameters: readonly Parameter[];
  readonly statistics: readonly RunningStatistic[];
  readonly constantInts: ReadonlyMap<string, readonly number[]>;
  readonly constantFloats: ReadonlyMap<string, Float32Array>;
}

export interface ForwardOptions {
  readonly batch: number;
  /** Shapes of one example, for inputs that leave more than the batch open; in the model's order. */
  readonly example?: readonly (readonly number[])[] | undefined;
}

/** Operator set that the added nodes need: ScatterElements with a sum is of 16, LayerNormalization of 17. */
const leastOpset = 17;

/** Reads and rewrites `model`, which then belongs to the result. Throws InputError for what cannot be trained. */
export async function readForwardGraph(
  model: OnnxModel,
  options: ForwardOptions,
): Promise<ForwardGraph> {
  const opset = liftOperatorSet(model);
  const inputs = fixInputs(model, options);
  const { graph } = model;
  const statistics = runningStatistics(model);
  askForMaxima(graph.node);
  const roles = tensorRoles(graph);
  const averaged = new Set(statistics.map(({ name }) => name));
  const parameters = graph.initializer
    .filter(({ name = "" }) => /^(weight|normalization)$/.test(roles.get(name)!))
    .filter(({ name = "" }) => !averaged.has(name))
    .map((tensor): Parameter => {
      const { name = "", dims } = tensor;
      if (tensor.data_type !== DataType.FLOAT) {
        throw new InputError(
          `training: tensor "${name}" is of element type ${tensor.data_type}; weights in training are float32`,
        );
      }
      const decays = roles.get(name) === "weight" && dims.length > 1;
      return { name, shape: dims, values: tensorFloats(tensor), decays };
    });
  const constants = constantTensors(
    model,
    new Set([...averaged, ...parameters.map((p) => p.name)]),
  );
  const found = await probe(model, inputs, staticValues(model, constants));
  const scores = graph.output[0]!.name;
  const masks = maskDropout(graph.node, found.shapes, constants);
  for (const { name, shape } of masks) found.shapes.set(name, shape);

  const constantInts = new Map<string, readonly number[]>(found.ints);
  const constantFloats = new Map<string, Float32Array>(found.floats);
  for (const [name, tensor] of constants) {
    if (tensor.data_type === DataType.FLOAT) constantFloats.set(name, tensorFloats(tensor));
    else if (tensor.data_type === DataType.INT64 || tensor.data_type === DataType.INT32) {
      constantInts.set(name, tensorInts(tensor));
    }
  }
  return {
    opset,
    model,
    nodes: graph.node.map(forwardNode),
    inputs,
    masks,
    scores,
    shapes: found.shapes,
    parameters,
    statistics,
    constantInts,
    constantFloats,
  };
}

/**
 * Gives every tensor that is passed on by Identity a value of its own. In the model that training exports as
 * well, so that both copies have a place there.
 */
export function separateCopies({ graph }: OnnxModel): void {
  const tensors = new Map(graph.initializer.map((t) => [t.name ?? "", t]));
  graph.node = graph.node.filter(({ op_type, input, output }) => {
    const tensor = op_type === "Identity" ? tensors.get(input[0]!) : undefined;
    if (tensor?.data_type !== DataType.FLOAT) return true;
    const copy = { ...tensor, name: output[0]! };
    tensors.set(copy.name, copy);
    graph.initializer.push(copy);
    return false;
  });
}

export function forwardNode(node: OnnxNode): ForwardNode {
  const attribute = (name: string) => node.attribute.find((a) => a.name === name);
  return {
    operator: node.domain ? `${node.domain}.${node.op_type}` : node.op_type,
    name: node.name || node.output.find((o) => o !== "") || "",
    inputs: node.input,
    outputs: node.output,
    int: (name, fallback) => Number(attribute(name)?.i ?? fallback),
    float: (name, fallback) => attribute(name)?.f ?? fallback,
    ints: (name) => attribute(name)?.ints?.map(Number),
    text: (name, fallback) => {
      const bytes = attribute(name)?.s;
      return bytes === undefined ? fallback : Buffer.from(bytes).toString();
    },
  };
}

function liftOperatorSet(model: OnnxModel): number {
  const entry = model.opset_import.find(({ domain = "" }) => domain === "" || domain === "ai.onnx");
  const version = Number(entry?.version ?? 1);
  if (version < 13) {
    throw new InputError(
      `training: the model uses operator set ${version}; training needs 13 or later`,
    );
  }
  // From 13 to 17 no operator that training knows has changed its meaning.
  const opset = Math.max(version, leastOpset);
  if (entry !== undefined) entry.version = opset;
  model.ir_version = Math.max(Number(model.ir_version ?? 0), 8);
  return opset;
}

const inputTypes: Readonly<Partial<Record<number, GraphInput["type"]>>> = {
  [DataType.FLOAT]: "float32",
  [DataType.INT32]: "int32",
  [DataType.INT64]: "int64",
};

function fixInputs({ graph }: OnnxModel, { batch, example }: ForwardOptions): GraphInput[] {
  const tensors = new Set(graph.initializer.map((t) => t.name));
  graph.input = graph.input.filter(({ name }) => !tensors.has(name));
  return graph.input.map(({ name, type }, i): GraphInput => {
    const tensor = type?.tensor_type;
    const inputType = inputTypes[tensor?.elem_type ?? 0];
    const dims = tensor?.shape?.dim ?? [];
    if (inputType === undefined || dims.length === 0) {
      throw new InputError(
        `training: input "${name}" must be a tensor of float32, int32 or int64 with the batch first`,
      );
    }
    const shape = dims.map((dim, axis) => {
      const size = axis === 0 ? batch : (dim.dim_value ?? example?.[i]?.[axis - 1]);
      if (size === undefined) {
        throw new InputError(
          `training: input "${name}" leaves dimension ${axis} open; give the shape of one example`,
        );
      }
      return size;
    });
    dims.forEach((dim, axis) => {
      delete dim.dim_param;
      dim.dim_value = shape[axis]!;
    });
    return { name, type: inputType, shape };
  });
}

/**
 * Puts batch normalizations into training mode and collects what they average.
 *
 * The runtime lets the operator's statistics overwrite those that it is given, graph inputs and constants as well.
 * So each is given copies of its own: products with a number that differs from node to node, since equal nodes
 * would become one.
 */
function runningStatistics({ graph }: OnnxModel): RunningStatistic[] {
  const tensors = new Map(graph.initializer.map((t) => [t.name ?? "", t]));
  const found = new Map<string, { values: Float32Array; shape: number[]; measured: Measured[] }>();
  const nodes: OnnxNode[] = [];
  for (const node of graph.node) {
    if (node.op_type === "BatchNormalization") {
      const { name, float } = forwardNode(node);
      const momentum = float("momentum", 0.9);
      const factor = `${own}${name}/factor`;
      graph.initializer.push(floatTensor(factor, [], Float32Array.of(nodes.length + 1)));
      const input = [...node.input];
      const output = [node.output[0]!];
      for (const [at, what] of [
        [3, "mean"],
        [4, "variance"],
      ] as const) {
        const statistic = node.input[at]!;
        const tensor = tensors.get(statistic);
        if (tensor?.data_type !== DataType.FLOAT) {
          throw new InputError(
            `training: BatchNormalization ${name}: its running ${what} must be a float32 tensor ` +
              `of the model, got "${statistic}"`,
          );
        }
        const value = `${own}${name}/${what}`;
        input[at] = `${value} before`;
        output.push(value);
        nodes.push({
          op_type: "Mul",
          input: [statistic, factor],
          output: [input[at]],
          attribute: [],
        });
        const entry = found.get(statistic) ?? {
          values: tensorFloats(tensor),
          shape: tensor.dims,
          measured: [],
        };
        entry.measured.push({ value, momentum });
        found.set(statistic, entry);
      }
      node.input = input;
      node.output = output;
      // Momentum 0 makes the operator give the batch's own statistics, which its gradient needs.
      node.attribute = node.attribute.filter((a) => !/^(momentum|training_mode)$/.test(a.name));
      node.attribute.push(
        { name: "momentum", type: AttributeType.FLOAT, f: 0 },
        { name: "training_mode", type: AttributeType.INT, i: 1 },
      );
    }
    nodes.push(node);
  }
  graph.node = nodes;
  return [...found].map(([name, statistic]) => ({ name, ...statistic }));
}

/** The gradient of a maximum goes to where it was found: a pool's second output. */
function askForMaxima(nodes: readonly OnnxNode[]): void {
  for (const node of nodes) {
    if (node.op_type !== "MaxPool") continue;
    const { name, int } = forwardNode(node);
    if (int("storage_order", 0) !== 0) {
      throw new InputError(`training: MaxPool ${name}: storage_order must be 0`);
    }
    node.output = [node.output[0]!, node.output[1] || `${own}${name}/places`];
  }
}

/** Initializers that are not trained, and what Constant nodes hold. */
function constantTensors(
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
function staticValues(
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

interface Probed {
  readonly shapes: Map<string, readonly number[]>;
  readonly ints: Map<string, readonly number[]>;
  readonly floats: Map<string, Float32Array>;
}

/** Runs the graph on zeros for the shape of every value, and the values of static ones. */
async function probe(
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

/** Replaces every Dropout by Mul with a mask. Ratios come from the operator's second input. */
function maskDropout(
  nodes: OnnxNode[],
  shapes: ReadonlyMap<string, readonly number[]>,
  constants: ReadonlyMap<string, OnnxTensor>,
): DropoutMask[] {
  const masks: DropoutMask[] = [];
  for (const node of nodes) {
    if (node.op_type !== "Dropout") continue;
    const { name } = forwardNode(node);
    const [input, ratioInput] = node.input as [string, string?];
    const tensor = constants.get(ratioInput ?? "");
    if (ratioInput && tensor?.data_type !== DataType.FLOAT) {
      throw new InputError(`training: Dropout ${name}: its ratio must be a constant of float32`);
    }
    const ratio = tensor === undefined ? 0.5 : tensorFloats(tensor)[0]!;
    const mask = { name: `${own}${name}/mask`, shape: shapes.get(input)!, ratio };
    masks.push(mask);
    node.op_type = "Mul";
    node.input = [input, mask.name];
    node.output = [node.output[0]!];
    node.attribute = [];
  }
  return masks;
}
