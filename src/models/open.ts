/**
 * Opens whatever a path names: an ONNX file, or a TensorFlow.js layers model.
 */
import { InputError } from "../errors.js";
import { isFolder } from "../files/bytes.js";
import type { Model } from "./model.js";
import { openOnnxModel } from "./onnx-model.js";

/**
 * A `.json` file or a folder is a layers model, anything else ONNX. `weightsPath` names a safetensors
 * file that replaces tensors of an ONNX model by name.
 */
export async function openModelFile(path: string, weightsPath?: string): Promise<Model> {
  if (!path.endsWith(".json") && !isFolder(path)) return openOnnxModel(path, weightsPath);
  if (weightsPath !== undefined) {
    throw new InputError(`model.weightsPath goes with an ONNX model, got ${path}`);
  }
  // Loaded when needed: TensorFlow.js takes a while to start.
  const { openTfjsLayersModel } = await import("./tensorflow-model.js");
  return openTfjsLayersModel(path);
}
