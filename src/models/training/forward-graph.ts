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
import { InputError } from "../../errors.js";
import { DataType, type OnnxModel, type OnnxTensor } from "../../weights/onnx-proto.js";
import { tensorRoles } from "../../weights/onnx-roles.js";
import { forwardNode } from "./forward-node.js";
import {
  constantTensors,
  type GraphInput,
  type Probed,
  probe,
  staticValues,
} from "./known-values.js";
import type { ForwardNode } from "./rule.js";
import { tensorFloats, tensorInts } from "./tensor-values.js";
import {
  askForMaxima,
  type DropoutMask,
  maskDropout,
  type RunningStatistic,
  trainNormalizations,
} from "./training-forms.js";

export interface Parameter {
  readonly name: string;
  readonly shape: readonly number[];
  readonly values: Float32Array;
  /** Normalization parameters and biases may be spared from weight decay. */
  readonly decays: boolean;
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
  const statistics = trainNormalizations(model);
  askForMaxima(model);
  const averaged = new Set(statistics.map(({ name }) => name));
  const parameters = trainedTensors(model, averaged);
  const constants = constantTensors(
    model,
    new Set([...averaged, ...parameters.map((p) => p.name)]),
  );
  const found = await probe(model, inputs, staticValues(model, constants));
  const scores = graph.output[0]!.name;
  const masks = maskDropout(model, found.shapes, constants);
  for (const { name, shape } of masks) found.shapes.set(name, shape);

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
    ...constantValues(constants, found),
  };
}

function trainedTensors({ graph }: OnnxModel, averaged: ReadonlySet<string>): Parameter[] {
  const roles = tensorRoles(graph);
  return graph.initializer.flatMap((tensor): Parameter[] => {
    const { name = "", dims } = tensor;
    const role = roles.get(name);
    if ((role !== "weight" && role !== "normalization") || averaged.has(name)) return [];
    if (tensor.data_type !== DataType.FLOAT) {
      throw new InputError(
        `training: tensor "${name}" is of element type ${tensor.data_type}; weights in training are float32`,
      );
    }
    const decays = role === "weight" && dims.length > 1;
    return [{ name, shape: dims, values: tensorFloats(tensor), decays }];
  });
}

/** What the file holds and what follows from shapes. */
function constantValues(
  constants: ReadonlyMap<string, OnnxTensor>,
  { ints, floats }: Probed,
): Pick<ForwardGraph, "constantInts" | "constantFloats"> {
  const constantInts = new Map(ints);
  const constantFloats = new Map(floats);
  for (const [name, tensor] of constants) {
    if (tensor.data_type === DataType.FLOAT) constantFloats.set(name, tensorFloats(tensor));
    else if (tensor.data_type === DataType.INT64 || tensor.data_type === DataType.INT32) {
      constantInts.set(name, tensorInts(tensor));
    }
  }
  return { constantInts, constantFloats };
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
