/**
 * Graphs made from a network's own, in which the statistics of its batch normalizations are measured or
 * given, and in which inner values come out.
 *
 * - `settableGraph`: every BatchNormalization reads its mean and variance from a buffer beside the graph.
 * - `measuringGraph`: every BatchNormalization uses mean and population variance of its input over the batch
 *   and all positions, as in training, and these come out. So each layer's statistics are those behind
 *   layers that have been recalibrated already.
 * - `probingGraph`: every BatchNormalization uses a given mean and the variance f v^p, with given f and p and the
 *   variance v of its input over the batch and all positions, which comes out.
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
import { firstChannel, type Layers } from "./layers.js";
import { batchNormalizations } from "./onnx-layers.js";

/** Name by which a settable graph asks for the statistics: float32, in the order of `Layers`. */
export const statisticsLocation = "statistics";

/** Prefix of the values that are added; no exporter uses it. */
const own = "weightlink/";

export function settableGraph(bytes: Uint8Array, { normalization }: Layers): Uint8Array {
  const model = decodeModel(bytes);
  const given = new GivenVectors(model);
  batchNormalizations(model.graph).forEach((node, i) => {
    const { channels, offset } = normalization[i];
    [3, 4].forEach((input, part) => {
      const type = elementType(model, node.input[input]!);
      const name = `${i}.${part === 0 ? "mean" : "variance"}`;
      node.input[input] = given.add(name, offset + part * channels, channels, type);
    });
  });
  model.graph.node = [...given.casts, ...model.graph.node];
  return encodeModel(model);
}

/** Its outputs are mean and variance of the first batch normalization, of the second, and so on. */
export function measuringGraph(bytes: Uint8Array): Uint8Array {
  const model = decodeModel(bytes);
  const meter = new Meter(model);
  batchNormalizations(model.graph).forEach((node, i) => {
    const type = elementType(model, node.input[3]!);
    const { mean, variance } = meter.measure(node, i);
    node.input[3] = mean;
    node.input[4] = variance;
    meter.giveOut(mean, type);
    meter.giveOut(variance, type);
  });
  meter.finish();
  return encodeModel(model);
}

/**
 * Takes means and factors f in the order of `Layers`, and behind them an exponent p of every channel. Its outputs are the
 * variance of the first batch normalization's input, of the second's, and so on.
 */
export function probingGraph(bytes: Uint8Array, layers: Layers): Uint8Array {
  const model = decodeModel(bytes);
  const meter = new Meter(model);
  const given = new GivenVectors(model);
  batchNormalizations(model.graph).forEach((node, i) => {
    const type = elementType(model, node.input[3]!);
    const layer = layers.normalization[i];
    const { channels, offset } = layer;
    const { variance } = meter.measure(node, i);
    const take = (part: string, at: number) => given.add(`${i}.${part}`, at, channels, type);
    const [power, product] = [`${own}${i}.power`, `${own}${i}.product`];
    const exponent = take("exponent", layers.statisticsSize + firstChannel(layer));
    const factor = take("factor", offset + channels);
    meter.insert(node, plain("Pow", [variance, exponent], power));
    meter.insert(node, plain("Mul", [power, factor], product));
    node.input[3] = take("givenMean", offset);
    node.input[4] = product;
    meter.giveOut(variance, type);
  });
  meter.finish();
  model.graph.node = [...given.casts, ...model.graph.node];
  return encodeModel(model);
}

/** Vectors that a graph reads from the buffer beside it. */
class GivenVectors {
  /** Nodes that make them of the type that an operator takes. */
  readonly casts: OnnxNode[] = [];

  constructor(readonly model: OnnxModel) {}

  /** Name of the value that holds `length` numbers from `start` on. */
  add(part: string, start: number, length: number, type: number): string {
    const name = own + part;
    this.model.graph.initializer.push({
      name,
      dims: [length],
      data_type: DataType.FLOAT,
      data_location: DataLocation.EXTERNAL,
      external_data: [
        { key: "location", value: statisticsLocation },
        { key: "offset", value: String(4 * start) },
        { key: "length", value: String(4 * length) },
      ],
    });
    if (type === DataType.FLOAT) return name;
    const to = { name: "to", type: AttributeType.INT, i: type };
    this.casts.push({
      op_type: "Cast",
      input: [name],
      output: [`${name}.cast`],
      attribute: [to],
    });
    return `${name}.cast`;
  }
}

/** Puts nodes into a graph that measure the statistics of batch normalizations' inputs. */
class Meter {
  readonly #before = new Map<OnnxNode, OnnxNode[]>();
  readonly #outputs: OnnxModel["graph"]["output"] = [];
  readonly #axesAsInput: boolean;

  constructor(readonly model: OnnxModel) {
    const { initializer } = model.graph;
    this.#axesAsInput = operatorSet(model) >= 18;
    initializer.push(int64s(`${own}flat`, [0, 0, -1]), int64s(`${own}vector`, [-1]));
    if (this.#axesAsInput) initializer.push(int64s(`${own}axes`, axes));
  }

  /** Names of mean and variance of the input of `node`, the i-th batch normalization. */
  measure(node: OnnxNode, i: number): { mean: string; variance: string } {
    const at = (name: string) => `${own}${i}.${name}`;
    this.#before.set(node, [
      plain("Reshape", [node.input[0]!, `${own}flat`], at("flat")),
      this.#reduceMean(at("flat"), at("channelMean")),
      plain("Sub", [at("flat"), at("channelMean")], at("centered")),
      plain("Mul", [at("centered"), at("centered")], at("squared")),
      this.#reduceMean(at("squared"), at("channelVariance")),
      plain("Reshape", [at("channelMean"), `${own}vector`], at("mean")),
      plain("Reshape", [at("channelVariance"), `${own}vector`], at("variance")),
    ]);
    return { mean: at("mean"), variance: at("variance") };
  }

  /** Puts `added` before `node`, behind what stands there already. */
  insert(node: OnnxNode, added: OnnxNode): void {
    this.#before.get(node)!.push(added);
  }

  giveOut(name: string, type: number): void {
    this.#outputs.push({ name, type: { tensor_type: { elem_type: type } } });
  }

  /** The scores are not needed, so the runtime leaves out what only they need. */
  finish(): void {
    const { graph } = this.model;
    graph.node = graph.node.flatMap((node) => [...(this.#before.get(node) ?? []), node]);
    graph.output = this.#outputs;
  }

  #reduceMean(input: string, output: string): OnnxNode {
    if (this.#axesAsInput) return plain("ReduceMean", [input, `${own}axes`], output);
    const attribute = { name: "axes", type: AttributeType.INTS, ints: axes };
    return { ...plain("ReduceMean", [input], output), attribute: [attribute] };
  }
}

const axes = [0, 2];

const plain = (op_type: string, input: string[], output: string): OnnxNode => ({
  op_type,
  input,
  output: [output],
  attribute: [],
});

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
