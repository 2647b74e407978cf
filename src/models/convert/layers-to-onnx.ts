/**
 * A network in the layers format of TensorFlow.js as an ONNX graph.
 *
 * Images become channels-first, the input too: convolution kernels go from [rows, columns, in, out] to [out, in, rows,
 * columns]; before a flattening or reshaping a Transpose brings the layers' order back. A layer's tensors take its
 * name and PyTorch's parts: `conv1/kernel` becomes `conv1.weight`.
 *
 * Limits: the layers of `layers-operators.ts`, channels last; all sizes but the batch known.
 */
import { InputError } from "../../errors.js";
import { decodeModel } from "../../weights/onnx-proto.js";
import type { TfjsLayersFile } from "../../weights/tfjs-layers.js";
import { type AttributeValue, OnnxGraphBuilder } from "../onnx-graph.js";
import { type AxisOrder, channelsFirst, identityOrder, permutation, sameOrder } from "./axes.js";
import { layerClasses } from "./layers-operators.js";
import { type LayerGraph, type LayerNode, readLayerGraph } from "./layers-topology.js";
import { type FloatTensor, traceGraph } from "./trace.js";

/** A value of the graph; its axis k is the layers' axis `order[k]`. */
export interface Held {
  readonly value: string;
  readonly order: AxisOrder;
  /** In the layers' order, the batch first: -1. */
  readonly shape: readonly number[];
}

export interface OnnxConversionResult {
  readonly bytes: Uint8Array;
  readonly layers: number;
}

/** Throws InputError where the network holds what does not convert, or does not run. */
export async function layersToOnnx(file: TfjsLayersFile): Promise<OnnxConversionResult> {
  const result = new LayersConversion(file, readLayerGraph(file.topology, file.path)).convert();
  // Weights of sizes that do not fit each other show here.
  await traceGraph(file.path, result.bytes, decodeModel(result.bytes).graph.input);
  return result;
}

/** A conversion under way, as layer classes see it. */
export class LayersConversion {
  readonly graph = new OnnxGraphBuilder("network");
  readonly #file: TfjsLayersFile;
  readonly #layers: LayerGraph;
  readonly #held = new Map<string, Held>();

  constructor(file: TfjsLayersFile, layers: LayerGraph) {
    this.#file = file;
    this.#layers = layers;
  }

  convert(): OnnxConversionResult {
    // Inputs keep the network's order, whatever is computed first.
    for (const name of this.#layers.inputs) this.value(name);
    for (const name of this.#layers.outputs) {
      const { shape } = this.value(name);
      const order = shape.length === 4 ? channelsFirst : identityOrder(shape.length);
      const sizes = order.slice(1).map((axis) => shape[axis]);
      this.graph.output(this.inOrder(name, order), [null, ...sizes]);
    }
    return { bytes: this.graph.build(), layers: this.#held.size };
  }

  /** The output of a layer; converts what it depends on. */
  value(name: string): Held {
    const known = this.#held.get(name);
    if (known !== undefined) return known;
    const layer = this.#layers.layers.get(name)!;
    const { className } = layer;
    if (!Object.hasOwn(layerClasses, className)) {
      throw this.refused(
        layer,
        `is no layer that converts to ONNX; those that do: ${Object.keys(layerClasses).join(", ")}`,
      );
    }
    const held = layerClasses[className](layer, this);
    this.#held.set(name, held);
    return held;
  }

  /** The value of a layer with its axes in this order. */
  inOrder(name: string, wanted: AxisOrder): string {
    const { value, order } = this.value(name);
    if (sameOrder(order, wanted)) return value;
    const perm = permutation(order, wanted);
    return this.graph.node("Transpose", [value], { perm: { ints: perm } });
  }

  /** A node named by the layer. */
  node(
    layer: LayerNode,
    opType: string,
    inputs: readonly string[],
    attributes: Readonly<Record<string, AttributeValue>> = {},
  ): string {
    return this.graph.node(opType, inputs, attributes, layer.name);
  }

  integers(name: string, values: readonly number[]): string {
    return this.graph.initializer(name, [values.length], BigInt64Array.from(values, BigInt));
  }

  /** A weight of the layer with `rank` axes; enclosing scopes may stand before its name. */
  weight(layer: LayerNode, part: string, rank: number): FloatTensor {
    const name = `${layer.name}/${part}`;
    const { tensors } = this.#file;
    const tensor =
      tensors.find((t) => t.name === name) ?? tensors.find((t) => t.name.endsWith(`/${name}`));
    if (!(tensor?.values instanceof Float32Array)) {
      throw this.refused(layer, `has no floating-point weight "${name}" in the file`);
    }
    const { shape, values } = tensor;
    if (shape.length !== rank) {
      throw this.refused(
        layer,
        `must have a weight "${name}" of ${rank} axes, got [${shape.join(", ")}]`,
      );
    }
    return { shape, values };
  }

  /** A weight of so many numbers, as the tensor `${layer}.${name}` of the graph. */
  vector(layer: LayerNode, part: string, size: number, name: string): string {
    const { values } = this.weight(layer, part, 1);
    if (values.length !== size) {
      throw this.refused(
        layer,
        `must have ${size} numbers in its weight "${layer.name}/${part}", got ${values.length}`,
      );
    }
    return this.graph.initializer(`${layer.name}.${name}`, [size], values);
  }

  refused({ name, className }: LayerNode, rule: string): InputError {
    return new InputError(`${this.#file.path}: layer "${name}" (${className}) ${rule}`);
  }
}
