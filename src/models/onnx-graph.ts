/**
 * Builds ONNX graphs node by node: for networks made here, for tests and benchmarks.
 *
 *     const g = new OnnxGraphBuilder("small");
 *     const x = g.input("input", [null, 1, 28, 28]);
 *     const w = g.initializer("conv1.weight", [16, 1, 3, 3], weights);
 *     const y = g.node("Conv", [x, w], { kernel_shape: { ints: [3, 3] }, pads: { ints: [1, 1, 1, 1] } });
 *     g.output(g.node("Relu", [y], {}, "relu"), [null, 16, 28, 28]);
 *     const bytes = g.build();
 */
import {
  AttributeType,
  DataType,
  encodeModel,
  type OnnxAttribute,
  type OnnxNode,
  type OnnxTensor,
  type OnnxValueInfo,
} from "../weights/onnx-proto.js";

/** ONNX tells integers from floats and JavaScript does not, so an attribute says which it is. */
export type AttributeValue =
  | { readonly int: number }
  | { readonly float: number }
  | { readonly string: string }
  | { readonly ints: readonly number[] }
  | { readonly floats: readonly number[] };

export class OnnxGraphBuilder {
  readonly #name: string;
  readonly #nodes: OnnxNode[] = [];
  readonly #initializers: OnnxTensor[] = [];
  readonly #inputs: OnnxValueInfo[] = [];
  readonly #outputs: OnnxValueInfo[] = [];

  constructor(name: string) {
    this.#name = name;
  }

  /** An input; null leaves a dimension open. Returns its name. */
  input(
    name: string,
    shape: readonly (number | null)[],
    type: "float32" | "int64" = "float32",
  ): string {
    const elementType = type === "float32" ? DataType.FLOAT : DataType.INT64;
    this.#inputs.push(valueInfo(name, shape, elementType));
    return name;
  }

  /** A float32 or int64 tensor with values, row-major. Returns its name. */
  initializer(name: string, shape: readonly number[], data: Float32Array | BigInt64Array): string {
    const size = shape.reduce((a, b) => a * b, 1);
    if (data.length !== size) {
      throw new RangeError(
        `initializer ${name}: shape [${shape.join(", ")}] needs ${size} values, got ${data.length}`,
      );
    }
    this.#initializers.push({
      name,
      dims: [...shape],
      data_type: data instanceof Float32Array ? DataType.FLOAT : DataType.INT64,
      raw_data: new Uint8Array(data.buffer, data.byteOffset, data.byteLength),
    });
    return name;
  }

  /** An operator with one output, named `output` or by its type and number. Returns that name. */
  node(
    opType: string,
    inputs: readonly string[],
    attributes: Readonly<Record<string, AttributeValue>> = {},
    output = `${opType.toLowerCase()}_${this.#nodes.length}`,
  ): string {
    this.nodeOf(opType, inputs, attributes, [output]);
    return output;
  }

  /** An operator with these outputs, named by the first. */
  nodeOf(
    opType: string,
    inputs: readonly string[],
    attributes: Readonly<Record<string, AttributeValue>>,
    outputs: readonly string[],
  ): void {
    this.#nodes.push({
      op_type: opType,
      name: outputs[0],
      input: [...inputs],
      attribute: encodeAttributes(attributes),
      output: [...outputs],
    });
  }

  /** Makes a value a float32 output of the graph; without a shape, runtimes infer it. */
  output(name: string, shape?: readonly (number | null)[]): void {
    this.#outputs.push(valueInfo(name, shape, DataType.FLOAT));
  }

  /** The model file. Operator set 17 is the first with LayerNormalization. */
  build(opset = 17): Uint8Array {
    return encodeModel({
      ir_version: 8,
      producer_name: "weightlink",
      opset_import: [{ version: opset }],
      graph: {
        name: this.#name,
        node: this.#nodes,
        initializer: this.#initializers,
        input: this.#inputs,
        output: this.#outputs,
      },
    });
  }
}

function valueInfo(
  name: string,
  shape: readonly (number | null)[] | undefined,
  elementType: number,
): OnnxValueInfo {
  if (shape === undefined) return { name, type: { tensor_type: { elem_type: elementType } } };
  const dim = shape.map((d) => (d === null ? { dim_param: "batch" } : { dim_value: d }));
  return { name, type: { tensor_type: { elem_type: elementType, shape: { dim } } } };
}

export function encodeAttributes(
  attributes: Readonly<Record<string, AttributeValue>>,
): OnnxAttribute[] {
  return Object.entries(attributes).map(([name, value]) => attribute(name, value));
}

function attribute(name: string, value: AttributeValue): OnnxAttribute {
  if ("int" in value) return { name, type: AttributeType.INT, i: value.int };
  if ("float" in value) return { name, type: AttributeType.FLOAT, f: value.float };
  if ("ints" in value) return { name, type: AttributeType.INTS, ints: [...value.ints] };
  if ("floats" in value) return { name, type: AttributeType.FLOATS, floats: [...value.floats] };
  return { name, type: AttributeType.STRING, s: Buffer.from(value.string) };
}
