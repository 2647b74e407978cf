/**
 * An ONNX graph as a network in the layers format of TensorFlow.js.
 *
 * Images become channels-last: convolution kernels go from [out, in, rows, columns] to [rows, columns, in, out], and
 * where ONNX flattens or reshapes an image, a Permute restores its order first, so that linear layers keep their
 * weights. A parameter layer gets the name of its tensors (`conv1` for `conv1.weight`).
 *
 * Limits: the operators of `onnx-operators.ts`; whatever the layers format cannot say is an InputError that names the
 * node. The batch is the first axis of every value.
 */
import { InputError } from "../../errors.js";
import { type OnnxFile, readTensor } from "../../weights/onnx-file.js";
import { DataType, decodeModel, type OnnxNode } from "../../weights/onnx-proto.js";
import { type AxisOrder, channelsLast, identityOrder, permutation, sameOrder } from "./axes.js";
import { type LayersModel, LayersModelBuilder, type LayerWeight } from "./layers-file.js";
import { operators } from "./onnx-operators.js";
import { type Constant, type FloatTensor, type Trace, traceGraph } from "./trace.js";

/** The output of a layer. ONNX's axes that `order` leaves out have size 1 and are not held. */
export interface Held {
  readonly layer: string;
  readonly order: AxisOrder;
}

export async function onnxToLayers(file: OnnxFile): Promise<LayersModel & { layers: number }> {
  const conversion = new OnnxConversion(file, await traceGraph(file.path, file.bytes, file.inputs));
  return conversion.convert();
}

/** A conversion under way, as operators see it. */
export class OnnxConversion {
  readonly #builder = new LayersModelBuilder();
  readonly #file: OnnxFile;
  readonly #trace: Trace;
  readonly #outputs: readonly string[];
  readonly #name: string;
  readonly #producer = new Map<string, OnnxNode>();
  readonly #integers = new Map<string, Constant>();
  readonly #held = new Map<string, Held>();

  constructor(file: OnnxFile, trace: Trace) {
    const { graph } = decodeModel(file.bytes);
    this.#file = file;
    this.#trace = trace;
    this.#outputs = graph.output.map(({ name }) => name);
    this.#name = graph.name || "model";
    for (const node of graph.node) for (const name of node.output) this.#producer.set(name, node);
    for (const { name, data_type, dims, raw_data, int64_data } of graph.initializer) {
      if (data_type !== DataType.INT64) continue;
      const data =
        raw_data === undefined
          ? int64_data!.map(Number)
          : Array.from(new BigInt64Array(Uint8Array.from(raw_data).buffer), Number);
      this.#integers.set(name!, { shape: dims, data });
    }
  }

  convert(): LayersModel & { layers: number } {
    for (const { name, type } of this.#file.inputs) {
      const shape = this.shape(name);
      const order = shape.length === 4 ? channelsLast : identityOrder(shape.length);
      const dtype = type?.tensor_type?.elem_type === DataType.FLOAT ? "float32" : "int32";
      const sizes = order.slice(1).map((axis) => shape[axis]);
      this.#held.set(name, { layer: this.#builder.input(name, sizes, dtype), order });
    }
    const outputs = this.#outputs.map((name) => {
      const rank = this.shape(name).length;
      return this.inOrder(name, rank === 4 ? channelsLast : identityOrder(rank));
    });
    return { ...this.#builder.build(this.#name, outputs), layers: this.#builder.layers };
  }

  /** A value of the graph as a layer's output; converts what it depends on. */
  value(name: string): Held {
    const known = this.#held.get(name);
    if (known !== undefined) return known;
    const node = this.#producer.get(name);
    if (node === undefined || this.#trace.constants.has(name)) {
      throw new InputError(
        `${this.#file.path}: "${name}" is a constant of the graph; the layers format of TensorFlow.js has ` +
          "constants only as weights of layers",
      );
    }
    const operator = Object.hasOwn(operators, node.op_type) ? operators[node.op_type] : undefined;
    if (operator === undefined || (node.domain && node.domain !== "ai.onnx")) {
      throw this.refused(
        node,
        `is no operator that converts to the layers format of TensorFlow.js; those that do: ${Object.keys(operators).join(", ")}`,
      );
    }
    operator(node, this);
    const held = this.#held.get(name);
    if (held === undefined) throw this.refused(node, `has an output "${name}" that layers lack`);
    if (this.shape(name)[0] !== this.#trace.batch) {
      throw this.refused(node, "moves the batch, which must stay the first axis");
    }
    return held;
  }

  hold(name: string, layer: string, order: AxisOrder): void {
    this.#held.set(name, { layer, order });
  }

  /** The layer whose output is the value with its axes in this order. */
  inOrder(name: string, wanted: AxisOrder): string {
    const { layer, order } = this.value(name);
    if (sameOrder(order, wanted)) return layer;
    const shape = this.shape(name);
    const present = wanted.filter((axis) => order.includes(axis));
    let at = layer;
    if (!sameOrder(order, present)) {
      const dims = permutation(order, present).slice(1);
      at = this.#builder.layer("Permute", `${name}_permuted`, { dims }, [at]);
    }
    if (present.length === wanted.length) return at;
    const target = wanted.slice(1).map((axis) => shape[axis]);
    return this.reshape(at, target, name);
  }

  /** The value with none of its axes left out. */
  whole(name: string): Held {
    const held = this.value(name);
    const rank = this.shape(name).length;
    if (held.order.length === rank) return held;
    const order = rank === 4 ? channelsLast : identityOrder(rank);
    return { layer: this.inOrder(name, order), order };
  }

  reshape(layer: string, target: readonly number[], name: string): string {
    return this.#builder.layer("Reshape", `${name}_reshaped`, { target_shape: target }, [layer]);
  }

  layer(
    className: string,
    name: string,
    config: Readonly<Record<string, unknown>>,
    inputs: readonly string[],
    weights: readonly LayerWeight[] = [],
  ): string {
    return this.#builder.layer(className, name, config, inputs, weights);
  }

  /** Shape in ONNX's order, the batch first. */
  shape(name: string): readonly number[] {
    return this.#trace.shapes.get(name)!;
  }

  producer(name: string): OnnxNode | undefined {
    return this.#producer.get(name);
  }

  /** A floating-point constant; undefined where the value is absent or computed from an input. */
  tensor(name: string | undefined): FloatTensor | undefined {
    if (!name) return undefined;
    const place = this.#file.tensors.find((t) => t.name === name && t.type !== "integer");
    if (place !== undefined) {
      const values = new Float32Array(place.size);
      readTensor(this.#file, place, values);
      return { shape: place.shape, values };
    }
    const constant = this.#trace.constants.get(name);
    if (!(constant?.data instanceof Float32Array)) return undefined;
    return { shape: constant.shape, values: constant.data };
  }

  /** An integer constant; undefined where the value is absent or computed from an input. */
  integers(name: string | undefined): readonly number[] | undefined {
    if (!name) return undefined;
    const constant = this.#integers.get(name) ?? this.#trace.constants.get(name);
    return constant === undefined ? undefined : Array.from(constant.data);
  }

  refused(node: OnnxNode, rule: string): InputError {
    const name = node.name || node.output[0];
    return new InputError(`${this.#file.path}: ${node.op_type} "${name}" ${rule}`);
  }
}
