/**
 * Builds a network in the layers format of TensorFlow.js, layer by layer.
 *
 * Written as TensorFlow.js itself saves a model: `modelTopology` is a "Model" whose layers name the layers that they
 * take, and the weights are named `layer/part`.
 *
 * Source: tfjs-layers 4.22, `engine/container.ts` (getConfig) and `models.ts` (loadLayersModel).
 */
import type { TfjsWeight } from "../../weights/tfjs-write.js";

export interface LayersModel {
  readonly topology: Record<string, unknown>;
  readonly weights: readonly TfjsWeight[];
}

/** A weight of a layer: `kernel`, `bias`, `gamma`, ... */
export interface LayerWeight {
  readonly part: string;
  readonly shape: readonly number[];
  readonly values: Float32Array;
}

export class LayersModelBuilder {
  readonly #layers: Record<string, unknown>[] = [];
  readonly #weights: TfjsWeight[] = [];
  readonly #inputs: string[] = [];
  readonly #names = new Set<string>();

  /** An input of examples of this shape. Returns its name. */
  input(name: string, shape: readonly number[], dtype: "float32" | "int32"): string {
    const batchInputShape = [null, ...shape];
    const config = { batch_input_shape: batchInputShape, dtype, sparse: false };
    const layer = this.layer("InputLayer", name, config, []);
    this.#inputs.push(layer);
    return layer;
  }

  /** A layer over the outputs of others. Returns its name: the wanted one, made valid and unique. */
  layer(
    className: string,
    wanted: string,
    config: Readonly<Record<string, unknown>>,
    inputs: readonly string[],
    weights: readonly LayerWeight[] = [],
  ): string {
    const name = this.#unique(wanted);
    this.#layers.push({
      name,
      class_name: className,
      config: { name, trainable: true, ...config },
      inbound_nodes: inputs.length === 0 ? [] : [inputs.map((input) => [input, 0, 0, {}])],
    });
    for (const { part, shape, values } of weights) {
      this.#weights.push({ name: `${name}/${part}`, shape, values });
    }
    return name;
  }

  get layers(): number {
    return this.#layers.length;
  }

  build(name: string, outputs: readonly string[]): LayersModel {
    const ends = (layers: readonly string[]) => layers.map((layer) => [layer, 0, 0]);
    return {
      topology: {
        class_name: "Model",
        config: {
          name,
          layers: this.#layers,
          input_layers: ends(this.#inputs),
          output_layers: ends(outputs),
        },
        keras_version: "tfjs-layers 4.22.0",
        backend: "tensor_flow.js",
      },
      weights: this.#weights,
    };
  }

  /** TensorFlow.js allows letters, digits and ._/- in names; a slash would look like a scope. */
  #unique(wanted: string): string {
    const valid = wanted.replace(/[^A-Za-z0-9._-]+/g, "_").replace(/^[^A-Za-z0-9]+/, "") || "layer";
    let name = valid;
    for (let i = 2; this.#names.has(name); i++) name = `${valid}_${i}`;
    this.#names.add(name);
    return name;
  }
}

/** Layers of images say which order of axes they mean. */
export function imageLayer(config: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return { ...config, data_format: "channels_last" };
}
