/**
 * Opens whatever a path names: an ONNX file, or a TensorFlow.js layers model.
 */
import { statSync } from "node:fs";
import { join } from "node:path";
import { InputError } from "../errors.js";
import type { Model } from "./model.js";
import { openOnnxModel } from "./onnx-model.js";

/** `weightsPath` names a safetensors file that replaces tensors of an ONNX model by name. */
export async function openModelFile(path: string, weightsPath?: string): Promise<Model> {
  const layers = layersModelFile(path);
  if (layers === undefined) return openOnnxModel(path, weightsPath);
  if (weightsPath !== undefined) {
    throw new InputError(`model.weightsPath goes with an ONNX model, got ${path}`);
  }
  // Loaded when needed: TensorFlow.js takes a while to start.
  const { openTfjsLayersModel } = await import("./tensorflow-model.js");
  return openTfjsLayersModel(layers);
}

/** The model.json that `path` names: the file itself, or the one in that folder. */
function layersModelFile(path: string): string | undefined {
  if (path.endsWith(".json")) return path;
  const isFolder = statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false;
  return isFolder ? join(path, "model.json") : undefined;
}
