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
  overwriteTensor,
  readOnnxFile,
  readTensor,
  type SplitModel,
  splitWeights,
} from "../weights/onnx-file.js";
import { DataType, type OnnxValueInfo } from "../weights/onnx-proto.js";
import { readSafetensors } from "../weights/safetensors.js";
import type { Model, ModelInput, Scorer, ScorerOptions } from "./model.js";

/** What `weightlink doctor` and results call the runtime. */
export const onnxRuntimeDescription = `ONNX Runtime ${ort.env.versions.node ?? ort.env.versions.common} (CPU)`;

/**
 * Opens a model file; `weightsPath` names a safetensors file whose tensors replace those of the same
 * name. Throws InputError when a file is missing, cut short, not what it should be, or does not fit.
 */
export async function openOnnxModel(path: string, weightsPath?: string): Promise<Model> {
  let file: OnnxFile | undefined = readModelFile(path, weightsPath);
  const take = () => {
    file ??= readModelFile(path, weightsPath);
    return file;
  };
  const { files, tensors } = file;
  const inputs = file.inputs.map((input) => modelInput(path, input));

  return {
    format: "onnx",
    files: weightsPath === undefined ? files : [...files, weightsPath],
    tensors,
    inputs,

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
      return new OnnxScorer(path, inputs, split, options);
    },
  };
}

class OnnxScorer implements Scorer {
  readonly runtime = onnxRuntimeDescription;
  readonly #options: ort.InferenceSession.SessionOptions;
  #session: ort.InferenceSession | undefined;

  constructor(
    readonly path: string,
    readonly inputs: readonly ModelInput[],
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

  async setWeights(weights: Float32Array): Promise<void> {
    // Released first, so that no two sessions hold the model at once.
    await this.close();
    const { graph, location, content } = this.split;
    try {
      this.#session = await ort.InferenceSession.create(graph, {
        ...this.#options,
        externalData: [{ path: location, data: content(weights) }],
      });
    } catch (error) {
      throw new InputError(
        `${this.path}: ONNX Runtime cannot run this model: ${(error as Error).message}`,
      );
    }
  }

  async run(examples: readonly ExampleInput[], count: number): Promise<Float32Array> {
    const feeds: Record<string, ort.Tensor> = {};
    this.inputs.forEach(({ name, type }, i) => {
      const { data, shape } = examples[i];
      feeds[name] = new ort.Tensor(type, data as Float32Array, [count, ...shape]);
    });
    const session = this.#session!;
    const outputs = await session.run(feeds);
    return outputs[session.outputNames[0]].data as Float32Array;
  }

  async close(): Promise<void> {
    await this.#session?.release();
    this.#session = undefined;
  }
}

function readModelFile(path: string, weightsPath: string | undefined): OnnxFile {
  const file = readOnnxFile(path);
  if (weightsPath !== undefined) replaceWeights(file, weightsPath);
  return file;
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
