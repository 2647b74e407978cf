/**
 * Operators in the forms in which they are trained: batch normalizations by the statistics of the batch, pools that
 * tell where they found their maxima, random masks in the place of Dropout.
 */
import { InputError } from "../../errors.js";
import { DataType, type OnnxModel, type OnnxTensor } from "../../weights/onnx-proto.js";
import { encodeAttributes } from "../onnx-graph.js";
import { forwardNode, own } from "./forward-node.js";
import { floatTensor, tensorFloats } from "./tensor-values.js";

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

/**
 * Puts batch normalizations into training mode and collects what they average.
 *
 * The runtime lets the operator's statistics overwrite those that it is given, graph inputs and constants as well.
 * So each is given copies of its own: products with a number that differs from node to node, since equal nodes
 * would become one.
 */
export function trainNormalizations({ graph }: OnnxModel): RunningStatistic[] {
  const tensors = new Map(graph.initializer.map((t) => [t.name ?? "", t]));
  const found = new Map<string, { values: Float32Array; shape: number[]; measured: Measured[] }>();
  graph.node = graph.node.flatMap((node, place) => {
    if (node.op_type !== "BatchNormalization") return [node];
    const { name, float } = forwardNode(node);
    const momentum = float("momentum", 0.9);
    const output = node.output[0]!;
    const factor = `${own}${output}/factor`;
    graph.initializer.push(floatTensor(factor, [], Float32Array.of(place + 1)));
    const statistics = [3, 4].map((input) => {
      const what = input === 3 ? "mean" : "variance";
      const statistic = node.input[input]!;
      const tensor = tensors.get(statistic);
      if (tensor?.data_type !== DataType.FLOAT) {
        throw new InputError(
          `training: BatchNormalization ${name}: its running ${what} must be a float32 tensor of ` +
            `the model, got "${statistic}"`,
        );
      }
      if (!found.has(statistic)) {
        found.set(statistic, { values: tensorFloats(tensor), shape: tensor.dims, measured: [] });
      }
      const value = `${own}${output}/${what}`;
      found.get(statistic)!.measured.push({ value, momentum });
      return { statistic, copy: `${value} before`, value };
    });
    node.input = [...node.input.slice(0, 3), ...statistics.map(({ copy }) => copy)];
    node.output = [output, ...statistics.map(({ value }) => value)];
    // Momentum 0 makes the operator give the batch's own statistics, which its gradient needs.
    node.attribute = [
      ...node.attribute.filter((a) => !/^(momentum|training_mode)$/.test(a.name)),
      ...encodeAttributes({ momentum: { float: 0 }, training_mode: { int: 1 } }),
    ];
    const copies = statistics.map(({ statistic, copy }) => ({
      op_type: "Mul",
      input: [statistic, factor],
      output: [copy],
      attribute: [],
    }));
    return [...copies, node];
  });
  return [...found].map(([name, statistic]) => ({ name, ...statistic }));
}

/** The gradient of a maximum goes to where it was found: a pool's second output. */
export function askForMaxima({ graph }: OnnxModel): void {
  for (const node of graph.node) {
    if (node.op_type !== "MaxPool") continue;
    const { name, int } = forwardNode(node);
    if (int("storage_order", 0) !== 0) {
      throw new InputError(`training: MaxPool ${name}: storage_order must be 0`);
    }
    const [output, places] = node.output as [string, string?];
    node.output = [output, places || `${own}${output}/places`];
  }
}

/** Replaces every Dropout by Mul with a mask. Ratios come from the operator's second input. */
export function maskDropout(
  { graph }: OnnxModel,
  shapes: ReadonlyMap<string, readonly number[]>,
  constants: ReadonlyMap<string, OnnxTensor>,
): DropoutMask[] {
  const masks: DropoutMask[] = [];
  for (const node of graph.node) {
    if (node.op_type !== "Dropout") continue;
    const { name } = forwardNode(node);
    const [input, ratioInput] = node.input as [string, string?];
    const tensor = constants.get(ratioInput ?? "");
    if (ratioInput && tensor?.data_type !== DataType.FLOAT) {
      throw new InputError(`training: Dropout ${name}: its ratio must be a constant of float32`);
    }
    const ratio = tensor === undefined ? 0.5 : tensorFloats(tensor)[0]!;
    const mask = { name: `${own}${node.output[0]}/mask`, shape: shapes.get(input)!, ratio };
    masks.push(mask);
    node.op_type = "Mul";
    node.input = [input, mask.name];
    node.output = [node.output[0]!];
    node.attribute = [];
  }
  return masks;
}
