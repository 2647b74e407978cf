/**
 * The part each initializer of an ONNX graph plays, found in the graph and not in the names.
 *
 * Normalization parameters are inputs of the normalization operators, seen through the operators
 * that exporters put between (PyTorch shares equal tensors through Identity), or the factor and the
 * shift of a layer normalization that an exporter wrote out as
 * Mul(Div(x - mean, Sqrt(variance + epsilon)), gamma) + beta (PyTorch below operator set 17).
 */
import type { TensorRole } from "./layout.js";
import { DataType, type OnnxGraph, type OnnxNode, type OnnxTensor } from "./onnx-proto.js";

/** Which inputs of an operator are its parameters. */
const normalizationInputs: Readonly<Record<string, readonly number[]>> = {
  BatchNormalization: [1, 2, 3, 4],
  InstanceNormalization: [1, 2],
  LayerNormalization: [1, 2],
  GroupNormalization: [1, 2],
  RMSNormalization: [1],
  SimplifiedLayerNormalization: [1],
  SkipLayerNormalization: [2, 3],
  SkipSimplifiedLayerNormalization: [2],
};

const passThrough = new Set(["Identity", "Cast", "Unsqueeze", "Squeeze", "Reshape", "Expand"]);
const floatTypes: ReadonlySet<number> = new Set([
  DataType.FLOAT,
  DataType.FLOAT16,
  DataType.BFLOAT16,
  DataType.DOUBLE,
]);

export function tensorRoles(graph: OnnxGraph): Map<string, TensorRole> {
  const normalization = normalizationParameters(graph);
  const roles = new Map<string, TensorRole>();
  for (const tensor of graph.initializer) {
    roles.set(tensor.name ?? "", roleOf(tensor, normalization));
  }
  return roles;
}

function roleOf(tensor: OnnxTensor, normalization: ReadonlySet<string>): TensorRole {
  if (!floatTypes.has(tensor.data_type ?? 0)) return "integer";
  if (normalization.has(tensor.name ?? "")) return "normalization";
  return tensor.dims.length === 0 ? "scalar" : "weight";
}

function normalizationParameters(graph: OnnxGraph): Set<string> {
  const producer = new Map<string, OnnxNode>();
  for (const node of graph.node) for (const name of node.output) producer.set(name, node);
  const initializers = new Set(graph.initializer.map((t) => t.name ?? ""));

  /** The initializer that a value comes from, unchanged but for its shape or type. */
  const origin = (name: string): string | undefined => {
    let at = name;
    while (!initializers.has(at)) {
      const node = producer.get(at);
      if (node === undefined || !passThrough.has(node.op_type)) return undefined;
      at = node.input[0]!;
    }
    return at;
  };
  const isNormalized = (name: string): boolean => {
    const division = producer.get(name);
    if (division?.op_type !== "Div") return false;
    const root = producer.get(division.input[1]!);
    const difference = producer.get(division.input[0]!);
    return (
      root?.op_type === "Sqrt" &&
      difference?.op_type === "Sub" &&
      producer.get(difference.input[1]!)?.op_type === "ReduceMean"
    );
  };
  /** Of a two-input node with one operand for which `test` holds: the other operand's initializer. */
  const partner = (node: OnnxNode, test: (name: string) => boolean): string | undefined => {
    const [a, b] = node.input as [string, string];
    if (test(a)) return origin(b);
    return test(b) ? origin(a) : undefined;
  };

  const found = new Set<string>();
  const scaled = new Set<string>();
  for (const node of graph.node) {
    for (const index of normalizationInputs[node.op_type] ?? []) {
      const name = node.input[index];
      const tensor = name === undefined || name === "" ? undefined : origin(name);
      if (tensor !== undefined) found.add(tensor);
    }
    if (node.op_type === "Mul") {
      const gamma = partner(node, isNormalized);
      if (gamma !== undefined) {
        found.add(gamma);
        scaled.add(node.output[0]!);
      }
    }
    // Nodes stand in topological order, so the product was seen before its sum.
    if (node.op_type === "Add") {
      const beta = partner(node, (name) => scaled.has(name));
      if (beta !== undefined) found.add(beta);
    }
  }
  return found;
}
