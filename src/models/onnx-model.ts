/**
 * ONNX models, run by ONNX Runtime on the CPU.
 *
 * Other weights are a new session over the same graph with another buffer of weights: the runtime then
 * folds and packs them as it does for any model, so noisy models are scored at full speed.
 */
import { basename } from "node:path";
import * as ort from "onnxruntime-node";
import type { ExampleInput } from "../datasets/dataset.js";
import { InputError } from "../errors.js";
import {
  type OnnxFile,
  onnxFileOf,
  overwriteTensor,
  readOnnxFile,
  readTensor,
  type SplitModel,
  splitWeights,
} from "../weights/onnx-file.js";
import { DataType, decodeModel, type OnnxValueInfo } from "../weights/onnx-proto.js";
import { readSafetensors } from "../weights/safetensors.js";
import { firstChannel, type Layers } from "./layers.js";
import type { InnerValue, Model, ModelInput, Scorer, ScorerOptions } from "./model.js";
import { findLayers } from "./onnx-layers.js";
import {
  measuringGraph,
  openedGraph,
  probingGraph,
  settableGraph,
  statisticsLocation,
} from "./onnx-statistics.js";

/** What `weightlink doctor` and results call the runtime. */
export const onnxRuntimeDescription = `ONNX Runtime ${ort.env.versions.node ?? ort.env.versions.common} (CPU)`;

/**
 * Opens a model file; `weightsPath` names a safetensors file whose tensors replace those of the same
 * name. Throws InputError when a file is missing, cut short, not what it should be, or does not fit.
 */
export async function openOnnxModel(path: string, weightsPath?: string): Promise<Model> {
  return modelOf(path, () => readModelFile(path, weightsPath));
}

/** Opens a model that lies in memory; messages call it `name`. Throws InputError. */
export function openOnnxBytes(name: string, bytes: Uint8Array): Model {
  return modelOf(name, () => onnxFileOf(name, bytes));
}

function modelOf(path: string, read: () => OnnxFile): Model {
  let file: OnnxFile | undefined = read();
  const take = () => {
    file ??= read();
    return file;
  };
  const { files, tensors } = file;
  const inputs = file.inputs.map((input) => modelInput(path, input));
  const layers = findLayers(decodeModel(file.bytes).graph);

  return {
    format: "onnx",
    files,
    tensors,
    inputs,
    layers,

    readTensor(name) {
      const source = take();
      const place = source.tensors.find((t) => t.name === name)!;
      const values = new Float32Array(place.size);
      readTensor(source, place, values);
      return values;
    },

    readWeights(layout) {
      const weights = new Float32Array(layout.size);
      const source = take();
      const places = new Map(source.tensors.map((t) => [t.name, t]));
      for (const { name, offset, size } of layout.entries) {
        readTensor(source, places.get(name)!, weights.subarray(offset, offset + size));
      }
      return weights;
    },

    openScorer: async (layout, options) => {
      const split = splitWeights(take(), layout);
      // The scorer has what it needs; a large model need not stay in memory for it.
      file = undefined;
      return new OnnxScorer(path, inputs, layers, split, options);
    },
  };
}

class OnnxScorer implements Scorer {
  readonly runtime = onnxRuntimeDescription;
  readonly #options: ort.InferenceSession.SessionOptions;
  #session: ort.InferenceSession | undefined;
  #settable: Uint8Array | undefined;
  #measuring: Uint8Array | undefined;
  #probing: Uint8Array | undefined;

  constructor(
    readonly path: string,
    readonly inputs: readonly ModelInput[],
    readonly layers: Layers,
    readonly split: SplitModel,
    { threads }: ScorerOptions,
  ) {
    this.#options = {
      executionProviders: ["cpu"],
      graphOptimizationLevel: "all",
      intraOpNumThreads: threads,
      interOpNumThreads: 1,
      logSeverityLevel: 3,
    };
  }

  async setWeights(weights: Float32Array, statistics?: Float32Array): Promise<void> {
    if (statistics === undefined) return this.#open(this.split.graph, weights);
    this.#checkLength("setWeights", statistics);
    // Made when asked for, and kept: most receivers do without. They hold what does not travel.
    this.#settable ??= settableGraph(this.split.graph, this.layers);
    await this.#open(this.#settable, weights, statistics);
  }

  async run(examples: readonly ExampleInput[], count: number): Promise<Float32Array> {
    const session = this.#session!;
    const outputs = await session.run(this.#feeds(examples, count));
    return outputs[session.outputNames[0]].data as Float32Array;
  }

  async measureStatistics(
    weights: Float32Array,
    examples: readonly ExampleInput[],
    count: number,
  ): Promise<Float32Array> {
    this.#measuring ??= measuringGraph(this.split.graph);
    await this.#open(this.#measuring, weights);
    const outputs = await this.#runOnce(examples, count);
    const statistics = new Float32Array(this.layers.statisticsSize);
    this.layers.normalization.forEach(({ channels, offset }, i) => {
      statistics.set(outputs[2 * i], offset);
      statistics.set(outputs[2 * i + 1], offset + channels);
    });
    return statistics;
  }

  async measureVariances(
    weights: Float32Array,
    statistics: Float32Array,
    exponents: Float32Array,
    examples: readonly ExampleInput[],
    count: number,
  ): Promise<Float32Array> {
    this.#checkLength("measureVariances", statistics);
    const given = new Float32Array(statistics.length + exponents.length);
    given.set(statistics);
    given.set(exponents, statistics.length);
    this.#probing ??= probingGraph(this.split.graph, this.layers);
    await this.#open(this.#probing, weights, given);
    const outputs = await this.#runOnce(examples, count);
    const variances = new Float32Array(exponents.length);
    this.layers.normalization.forEach((layer, i) => {
      variances.set(outputs[i], firstChannel(layer));
    });
    return variances;
  }

  async innerValues(
    weights: Float32Array,
    names: readonly string[],
    examples: readonly ExampleInput[],
    count: number,
  ): Promise<Map<string, InnerValue>> {
    const feeds = this.#feeds(examples, count);
    const inner = new Map<string, InnerValue>();
    // A graph cannot give an input of its own as an output.
    const wanted = names.filter((name) => !(name in feeds));
    if (wanted.length > 0) {
      await this.#open(openedGraph(this.split.graph, wanted), weights);
      const outputs = await this.#session!.run(feeds);
      for (const name of wanted) {
        const { data, dims } = outputs[name];
        inner.set(name, { data: data as Float32Array, shape: dims });
      }
      await this.close();
    }
    for (const name of names) {
      if (name in feeds) {
        const { data, dims } = feeds[name];
        inner.set(name, { data: data as Float32Array, shape: dims });
      }
    }
    return inner;
  }

  async close(): Promise<void> {
    await this.#session?.release();
    this.#session = undefined;
  }

  async #open(graph: Uint8Array, weights: Float32Array, statistics?: Float32Array): Promise<void> {
    // Released first, so that no two sessions hold the model at once.
    await this.close();
    const { location, content } = this.split;
    const beside = statistics && {
      path: statisticsLocation,
      data: new Uint8Array(statistics.buffer, statistics.byteOffset, statistics.byteLength),
    };
    try {
      this.#session = await ort.InferenceSession.create(graph, {
        ...this.#options,
        externalData: [{ path: location, data: content(weights) }, ...(beside ? [beside] : [])],
      });
    } catch (error) {
      throw new InputError(
        `${this.path}: ONNX Runtime cannot run this model: ${(error as Error).message}`,
      );
    }
  }

  /** All outputs for one batch. Its memory is given back: the network is scored in smaller batches. */
  async #runOnce(examples: readonly ExampleInput[], count: number): Promise<Float32Array[]> {
    const { outputNames } = this.#session!;
    const outputs = await this.#session!.run(this.#feeds(examples, count));
    await this.close();
    return outputNames.map((name) => outputs[name].data as Float32Array);
  }

  #checkLength(caller: string, statistics: Float32Array): void {
    const { statisticsSize } = this.layers;
    if (statistics.length === statisticsSize) return;
    throw new RangeError(`${caller}: needs ${statisticsSize} statistics, got ${statistics.length}`);
  }

  #feeds(examples: readonly ExampleInput[], count: number): Record<string, ort.Tensor> {
    const feeds: Record<string, ort.Tensor> = {};
    this.inputs.forEach(({ name, type }, i) => {
      const { data, shape } = examples[i];
      feeds[name] = new ort.Tensor(type, data as Float32Array, [count, ...shape]);
    });
    return feeds;
  }
}

/** A model file; `weightsPath` names a checkpoint whose tensors take the place of its own. Throws InputError. */
export function readModelFile(path: string, weightsPath?: string): OnnxFile {
  const file = readOnnxFile(path);
  if (weightsPath === undefined) return file;
  replaceWeights(file, weightsPath);
  return { ...file, files: [...file.files, weightsPath] };
}

/** Every floating-point tensor of the graph takes its values from the checkpoint, by name. */
function replaceWeights(file: OnnxFile, weightsPath: string): void {
  const checkpoint = new Map(readSafetensors(weightsPath).map((t) => [t.name, t]));
  for (const place of file.tensors) {
    if (place.role === "integer" || place.role === "scalar") continue;
    const tensor = checkpoint.get(place.name);
    if (tensor?.data === undefined) {
      throw new InputError(
        `${weightsPath}: has no floating-point tensor "${place.name}", which ${basename(file.path)} needs`,
      );
    }
    if (tensor.shape.join() !== place.shape.join()) {
      throw new InputError(
        `${weightsPath}: tensor "${place.name}" has shape [${tensor.shape.join(", ")}], ` +
          `${basename(file.path)} needs [${place.shape.join(", ")}]`,
      );
    }
    overwriteTensor(file, place, tensor.data);
  }
}

const inputTypes: Readonly<Partial<Record<number, ModelInput["type"]>>> = {
  [DataType.FLOAT]: "float32",
  [DataType.INT32]: "int32",
  [DataType.INT64]: "int64",
};

function modelInput(path: string, { name, type }: OnnxValueInfo): ModelInput {
  const tensor = type?.tensor_type;
  const inputType = inputTypes[tensor?.elem_type ?? 0];
  if (inputType === undefined) {
    throw new InputError(
      `${path}: input "${name}" must be a tensor of float32, int32 or int64, got element type ${tensor?.elem_type ?? "none"}`,
    );
  }
  const shape = tensor?.shape?.dim.map((d) => d.dim_value ?? null) ?? [];
  return { name, type: inputType, shape };
}
