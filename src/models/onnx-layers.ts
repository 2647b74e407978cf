/**
 * Batch normalizations and linear layers of an ONNX graph, found by their operators.
 *
 * Linear layers are Conv of one or two dimensions, Gemm (alpha = beta = 1, A as it is) and MatMul whose second
 * factor is a matrix of the file. A bias is the operator's own, or an Add of a vector of the file behind a MatMul.
 *
 * Limits: the main graph only. BatchNormalization with spatial = 0 (operator sets 7 and 8: statistics of
 * single elements) is not a batch normalization here.
 */
import type { OnnxAttribute, OnnxGraph, OnnxNode, OnnxTensor } from "../weights/onnx-proto.js";
import type {
  ConvolutionWindow,
  Layers,
  LinearLayer,
  NormalizationLayer,
  ValueStep,
} from "./layers.js";

/** The batch normalizations of a graph whose running statistics are in the file, in its order. */
export function batchNormalizations(graph: OnnxGraph, sources = new Sources(graph)): OnnxNode[] {
  return graph.node.filter(
    (node) =>
      node.op_type === "BatchNormalization" &&
      integer(node, "spatial", 1) === 1 &&
      node.input.slice(3, 5).every((name) => sources.tensor(name) !== undefined),
  );
}

const otherNormalizations =
  /^(Instance|Layer|Group|RMS|SimplifiedLayer|SkipLayer|SkipSimplifiedLayer)Normalization$/;

export function findLayers(graph: OnnxGraph): Layers {
  const sources = new Sources(graph);
  let statisticsSize = 0;
  const nodes = batchNormalizations(graph, sources);
  const normalization = nodes.map((node): NormalizationLayer => {
    const [mean, variance] = node.input.slice(3, 5).map((name) => sources.tensor(name)!);
    const channels = mean.dims[0];
    const offset = statisticsSize;
    statisticsSize += 2 * channels;
    return {
      name: node.name || node.output[0]!,
      channels,
      mean: mean.name ?? "",
      variance: variance.name ?? "",
      scale: sources.tensor(node.input[1]!)?.name,
      offset,
    };
  });
  const normalizes = new Map(nodes.map((node, i) => [node.input[0]!, i]));
  const linear = graph.node
    .map((node) => linearLayer(node, sources, normalizes))
    .filter((layer) => layer !== undefined);
  const others = graph.node.map((node) => node.op_type).filter((t) => otherNormalizations.test(t));
  // Exporters below operator set 17 write a layer normalization out.
  if (others.length === 0 && writtenOut(graph)) others.push("LayerNormalization");
  return {
    normalization,
    statisticsSize,
    linear,
    flow: flowOf(graph, sources, nodes),
    otherNormalizations: [...new Set(others)],
  };
}

function flowOf(
  graph: OnnxGraph,
  sources: Sources,
  normalizations: readonly OnnxNode[],
): ValueStep[] {
  return graph.node.flatMap((node): ValueStep[] => {
    const inputs = node.input.filter((name) => name !== "" && sources.tensor(name) === undefined);
    const index = normalizations.indexOf(node);
    // What else a batch normalization of an old operator set puts out, only training uses.
    if (index >= 0) return [{ output: node.output[0]!, inputs, normalization: index }];
    return node.output.map((output) => ({ output, inputs, normalization: undefined }));
  });
}

/** True where a graph holds Sqrt(… + ε) that something with its mean removed is divided by. */
function writtenOut(graph: OnnxGraph): boolean {
  const producer = new Map(graph.node.flatMap((n) => n.output.map((o) => [o, n.op_type])));
  return graph.node.some(
    ({ op_type, input }) =>
      op_type === "Div" && producer.get(input[0]!) === "Sub" && producer.get(input[1]!) === "Sqrt",
  );
}

/** Where values come from, and where they go. */
class Sources {
  readonly #producer = new Map<string, OnnxNode>();
  readonly #tensors: ReadonlyMap<string, OnnxTensor>;
  readonly #users = new Map<string, OnnxNode[]>();

  constructor(graph: OnnxGraph) {
    this.#tensors = new Map(graph.initializer.map((t) => [t.name ?? "", t]));
    for (const node of graph.node) {
      for (const name of node.output) this.#producer.set(name, node);
      for (const name of node.input) {
        const users = this.#users.get(name);
        if (users === undefined) this.#users.set(name, [node]);
        else users.push(node);
      }
    }
  }

  /** The initializer that a value is, seen through operators that leave its values and their order. */
  tensor(name: string): OnnxTensor | undefined {
    let at = name;
    for (;;) {
      const tensor = this.#tensors.get(at);
      if (tensor !== undefined) return tensor;
      const node = this.#producer.get(at);
      if (node?.op_type !== "Identity" && node?.op_type !== "Cast") return undefined;
      at = node.input[0]!;
    }
  }

  /** The only node that takes a value; undefined where several do. */
  user(name: string): OnnxNode | undefined {
    const users = this.#users.get(name) ?? [];
    return users.length === 1 ? users[0] : undefined;
  }
}

function linearLayer(
  node: OnnxNode,
  sources: Sources,
  normalizes: ReadonlyMap<string, number>,
): LinearLayer | undefined {
  const [input, weightInput, biasInput] = node.input as [string, string, string?];
  const kinds = ["Conv", "Gemm", "MatMul"];
  if (!kinds.includes(node.op_type)) return undefined;
  const weight = sources.tensor(weightInput);
  if (weight === undefined) return undefined;
  const window = node.op_type === "Conv" ? windowOf(node, weight.dims) : undefined;
  if (node.op_type === "Conv" && window === undefined) return undefined;
  if (node.op_type === "Gemm" && !isPlain(node)) return undefined;
  if (node.op_type !== "Conv" && weight.dims.length !== 2) return undefined;

  const inputsFirst = node.op_type !== "Conv" && integer(node, "transB", 0) === 0;
  const outs = weight.dims[inputsFirst ? 1 : 0];
  const ins = inputsFirst ? weight.dims[0] : weight.dims[1] * (window?.group ?? 1);
  let bias = biasInput ? sources.tensor(biasInput)?.name : undefined;
  // A bias that is not a vector of the file would shift the output by something unknown here.
  if (biasInput && bias === undefined) return undefined;
  let output = node.output[0]!;
  const next = sources.user(output);
  if (node.op_type === "MatMul" && next?.op_type === "Add") {
    const added = sources.tensor(next.input.find((name) => name !== output) ?? "");
    if (added?.dims.length === 1 && added.dims[0] === outs) {
      bias = added.name;
      output = next.output[0]!;
    }
  }
  return {
    name: node.name || node.output[0]!,
    weight: weight.name ?? "",
    inputsFirst,
    bias,
    outs,
    ins,
    window,
    input,
    normalization: normalizes.get(output),
  };
}

function isPlain(gemm: OnnxNode): boolean {
  const factor = (name: string) => attribute(gemm, name)?.f ?? 1;
  return factor("alpha") === 1 && factor("beta") === 1 && integer(gemm, "transA", 0) === 0;
}

function windowOf(conv: OnnxNode, dims: readonly number[]): ConvolutionWindow | undefined {
  const spatial = dims.length - 2;
  if (spatial < 1 || spatial > 2) return undefined;
  const list = (name: string, fallback: number[]) =>
    (attribute(conv, name)?.ints ?? fallback).map(Number);
  const pair = (values: readonly number[], one: number): [number, number] =>
    spatial === 1 ? [one, values[0]] : [values[0], values[1]];
  const ones = [1, 1].slice(0, spatial);
  const pads = list("pads", [0, 0, 0, 0].slice(0, 2 * spatial));
  const auto = Buffer.from(attribute(conv, "auto_pad")?.s ?? "NOTSET").toString();
  const [top, left] = pair(pads.slice(0, spatial), 0);
  const [bottom, right] = pair(pads.slice(spatial), 0);
  const explicit = { rows: [top, bottom], columns: [left, right] } as const;
  const none = { rows: [0, 0], columns: [0, 0] } as const;
  const padding = {
    SAME_UPPER: "same-upper",
    SAME_LOWER: "same-lower",
    VALID: none,
    NOTSET: explicit,
  } as const;
  return {
    group: integer(conv, "group", 1),
    kernel: pair(dims.slice(2), 1),
    strides: pair(list("strides", ones), 1),
    dilations: pair(list("dilations", ones), 1),
    pads: padding[auto as keyof typeof padding] ?? explicit,
  };
}

function integer(node: OnnxNode, name: string, fallback: number): number {
  return Number(attribute(node, name)?.i ?? fallback);
}

function attribute(node: OnnxNode, name: string): OnnxAttribute | undefined {
  return node.attribute.find((a) => a.name === name);
}
