/**
 * Graphs made from a network's own, in which the statistics of its batch normalizations are measured or
 * given, and in which inner values come out.
 *
 * - `settableGraph`: every BatchNormalization reads its mean and variance from a buffer beside the graph.
 * - `measuringGraph`: every BatchNormalization uses mean and population variance of its input over the batch
 *   and all positions, as in training, and these come out. So each layer's statistics are those behind
 *   layers that have been recalibrated already.
 *
 * The statistics are written out as Reshape [0, 0, -1], ReduceMean, Sub, Mul, ReduceMean. The operator's own
 * training mode exists from operator set 14 on only, and a model of an older set cannot be lifted to it as
 * a whole: other operators have changed too. These five are the same in every set since 5 (ReduceMean takes its
 * axes as an input from 18 on).
 */
import {
  AttributeType,
  DataLocation,
  DataType,
  decodeModel,
  encodeModel,
  type OnnxModel,
  type OnnxNode,
  type OnnxTensor,
} from "../weights/onnx-proto.js";
import type { Layers } from "./layers.js";
import { batchNormalizations } from "./onnx-layers.js";

/** Name by which a settable graph asks for the statistics: float32, in the order of `Layers`. */
export const statisticsLocation = "statistics";

/** Prefix of the values that are added; no exporter uses it. */
const own = "weightlink/";

export function settableGraph(bytes: Uint8Array, { normalization }: Layers): Uint8Array {
  const model = decodeModel(bytes);
  const casts: OnnxNode[] = [];
  batchNormalizations(model.graph).forEach((node, i) => {
    const { channels, offset } = normalization[i];
    [3, 4].forEach((input, part) => {
      const name = `${own}${i}.${part === 0 ? "mean" : "variance"}`;
      const type = elementType(model, node.input[input]!);
      model.graph.initializer.push({
        name,
        dims: [channels],
        data_type: DataType.FLOAT,
        data_location: DataLocation.EXTERNAL,
        external_data: [
          { key: "location", value: statisticsLocation },
          { key: "offset", value: String(4 * (offset + part * channels)) },
          { key: "length", value: String(4 * channels) },
        ],
      });
      if (type === DataType.FLOAT) node.input[input] = name;
      else {
        const to = { name: "to", type: AttributeType.INT, i: type };
        casts.push({ op_type: "Cast", input: [name], output: [`${name}.cast`], attribute: [to] });
        node.input[input] = `${name}.cast`;
      }
    });
  });
  model.graph.node = [...casts, ...model.graph.node];
  return encodeModel(model);
}

/** Its outputs are mean and variance of the first batch normalization, of the second, and so on. */
export function measuringGraph(bytes: Uint8Array): Uint8Array {
  const model = decodeModel(bytes);
  const { graph } = model;
  const axes = [0, 2];
  const axesAsInput = operatorSet(model) >= 18;
  graph.initializer.push(int64s(`${own}flat`, [0, 0, -1]), int64s(`${own}vector`, [-1]));
  if (axesAsInput) graph.initializer.push(int64s(`${own}axes`, axes));
  const reduceMean = (input: string, output: string): OnnxNode => ({
    op_type: "ReduceMean",
    input: axesAsInput ? [input, `${own}axes`] : [input],
    output: [output],
    attribute: axesAsInput ? [] : [{ name: "axes", type: AttributeType.INTS, ints: axes }],
  });
  const plain = (op_type: string, input: string[], output: string): OnnxNode => ({
    op_type,
    input,
    output: [output],
    attribute: [],
  });
  const outputs: OnnxModel["graph"]["output"] = [];
  const before = new Map<OnnxNode, OnnxNode[]>();
  batchNormalizations(graph).forEach((node, i) => {
    const at = (name: string) => `${own}${i}.${name}`;
    const type = elementType(model, node.input[3]!);
    before.set(node, [
      plain("Reshape", [node.input[0]!, `${own}flat`], at("flat")),
      reduceMean(at("flat"), at("channelMean")),
      plain("Sub", [at("flat"), at("channelMean")], at("centered")),
      plain("Mul", [at("centered"), at("centered")], at("squared")),
      reduceMean(at("squared"), at("channelVariance")),
      plain("Reshape", [at("channelMean"), `${own}vector`], at("mean")),
      plain("Reshape", [at("channelVariance"), `${own}vector`], at("variance")),
    ]);
    node.input[3] = at("mean");
    node.input[4] = at("variance");
    for (const name of [at("mean"), at("variance")]) {
      outputs.push({ name, type: { tensor_type: { elem_type: type } } });
    }
  });
  graph.node = graph.node.flatMap((node) => [...(before.get(node) ?? []), node]);
  // The scores are not needed, so the runtime leaves out what only they need.
  graph.output = outputs;
  return encodeModel(model);
}

/** The graph with `names` as its outputs, instead of its own. */
export function openedGraph(bytes: Uint8Array, names: readonly string[]): Uint8Array {
  const model = decodeModel(bytes);
  // Without a type: the runtime infers it.
  model.graph.output = names.map((name) => ({ name }));
  return encodeModel(model);
}

function operatorSet({ opset_import }: OnnxModel): number {
  return Number(
    opset_import.find(({ domain = "" }) => domain === "" || domain === "ai.onnx")?.version ?? 1,
  );
}

/** Element type of an initializer, seen through Identity and Cast. */
function elementType({ graph }: OnnxModel, name: string): number {
  let at = name;
  for (;;) {
    const tensor = graph.initializer.find((t) => t.name === at);
    if (tensor !== undefined) return tensor.data_type ?? DataType.FLOAT;
    const node = graph.node.find(({ output }) => output.includes(at));
    const to = node?.attribute.find((a) => a.name === "to")?.i;
    if (node?.op_type === "Cast" && to !== undefined) return Number(to);
    if (node?.op_type !== "Identity") return DataType.FLOAT;
    at = node.input[0]!;
  }
}

function int64s(name: string, values: readonly number[]): OnnxTensor {
  const data = BigInt64Array.from(values, BigInt);
  return {
    name,
    dims: [values.length],
    data_type: DataType.INT64,
    raw_data: new Uint8Array(data.buffer),
  };
}
