/**
 * Writes the backward part of a training graph: what gradient rules, losses and optimizers see of it.
 */
import { DataType, type OnnxNode, type OnnxTensor } from "../../weights/onnx-proto.js";
import { type AttributeValue, encodeAttributes } from "../onnx-graph.js";
import type { ForwardGraph } from "./forward-graph.js";
import { own } from "./forward-node.js";
import type { GradientGraph } from "./rule.js";
import { floatTensor, intTensor, sizeOf } from "./tensor-values.js";

type Attributes = Readonly<Record<string, AttributeValue>>;

export class GraphWriter implements GradientGraph {
  readonly nodes: OnnxNode[] = [];
  readonly constants: OnnxTensor[] = [];
  readonly opset: number;
  readonly #forward: ForwardGraph;
  readonly #shapes: Map<string, readonly number[]>;
  readonly #needing: ReadonlySet<string>;
  readonly #constantNames = new Map<string, string>();

  /** `needing` are the values that something trainable lies before. */
  constructor(forward: ForwardGraph, needing: ReadonlySet<string>) {
    this.opset = forward.opset;
    this.#forward = forward;
    this.#shapes = new Map(forward.shapes);
    this.#needing = needing;
  }

  shapeOf(value: string): readonly number[] {
    const shape = this.#shapes.get(value);
    if (shape === undefined) throw new RangeError(`shapeOf: no value "${value}" in the graph`);
    return shape;
  }

  constantInts(value: string): readonly number[] | undefined {
    return this.#forward.constantInts.get(value);
  }

  constantFloats(value: string): Float32Array | undefined {
    return this.#forward.constantFloats.get(value);
  }

  needsGradient(value: string): boolean {
    return this.#needing.has(value);
  }

  node(
    operator: string,
    inputs: readonly string[],
    shape: readonly number[],
    attributes: Attributes = {},
  ): string {
    return this.outputsOf(operator, inputs, [shape], attributes)[0]!;
  }

  outputsOf(
    operator: string,
    inputs: readonly string[],
    shapes: readonly (readonly number[])[],
    attributes: Attributes = {},
  ): readonly string[] {
    const name = `${own}${operator} ${this.nodes.length}`;
    const output = shapes.map((_, i) => (shapes.length === 1 ? name : `${name}.${i}`));
    this.nodes.push({
      op_type: operator,
      name,
      input: [...inputs],
      output,
      attribute: encodeAttributes(attributes),
    });
    output.forEach((value, i) => {
      this.#shapes.set(value, shapes[i]!);
    });
    return output;
  }

  floats(values: readonly number[] | Float32Array, shape: readonly number[] = [values.length]) {
    return this.#constant(floatTensor("", shape, Float32Array.from(values)));
  }

  ints(values: readonly number[], shape: readonly number[] = [values.length]): string {
    return this.#constant(intTensor("", shape, values));
  }

  sumTo(gradient: string, shape: readonly number[]): string {
    const from = this.shapeOf(gradient);
    const added = from.length - shape.length;
    const axes = from.flatMap((size, axis) =>
      axis < added || (shape[axis - added] === 1 && size !== 1) ? [axis] : [],
    );
    if (axes.length === 0) return gradient;
    const kept = from.map((size, axis) => (axes.includes(axis) ? 1 : size));
    const sum = this.node("ReduceSum", [gradient, this.ints(axes)], kept, { keepdims: { int: 1 } });
    return added === 0 ? sum : this.node("Reshape", [sum, this.ints(shape)], shape);
  }

  /** Makes a value of this shape known that comes from outside of the graph. */
  declare(value: string, shape: readonly number[]): string {
    this.#shapes.set(value, shape);
    return value;
  }

  #constant(tensor: OnnxTensor): string {
    const bytes = Buffer.from(tensor.raw_data!);
    // Long ones are masks of a single layer: not worth a key of their size.
    const key =
      sizeOf(tensor.dims) > 64
        ? undefined
        : `${tensor.data_type === DataType.FLOAT} ${tensor.dims} ${bytes.toString("hex")}`;
    const known = key === undefined ? undefined : this.#constantNames.get(key);
    if (known !== undefined) return known;
    const name = `${own}constant ${this.constants.length}`;
    this.constants.push({ ...tensor, name });
    this.#shapes.set(name, tensor.dims);
    if (key !== undefined) this.#constantNames.set(key, name);
    return name;
  }
}
