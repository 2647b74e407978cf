import { existsSync, statSync } from "node:fs";
import { mkdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { InputError } from "../errors.js";
import { isFolder } from "../files/bytes.js";
import { replaceFile } from "../files/replace.js";
import { layersToOnnx } from "../models/convert/layers-to-onnx.js";
import { onnxToLayers } from "../models/convert/onnx-to-layers.js";
import { counted } from "../report/wording.js";
import { readOnnxFile } from "../weights/onnx-file.js";
import { readTfjsLayers } from "../weights/tfjs-layers.js";
import { weightsFileOf, writeTfjsLayers } from "../weights/tfjs-write.js";
import { checkTarget, writingTo } from "./target.js";

export interface ConvertArguments {
  readonly from: string;
  readonly to: string;
  readonly force: boolean;
}

/** `weightlink convert`: an ONNX file to a layers model of TensorFlow.js, or back. Writes when all is converted. */
export async function convert({ from, to, force }: ConvertArguments): Promise<void> {
  const layers = from.endsWith(".json") || isFolder(from);
  const written = layers ? await toOnnx(from, to, force) : await toLayers(from, to, force);
  process.stdout.write(`${written}\n`);
}

async function toOnnx(from: string, to: string, force: boolean): Promise<string> {
  if (!to.endsWith(".onnx")) {
    throw new InputError(`a layers model converts to a file that ends in .onnx, got "${to}"`);
  }
  checkTarget(to, force);
  const { bytes, layers } = await layersToOnnx(readTfjsLayers(from));
  await writingTo(to, () => replaceFile(to, (temporary) => writeFile(temporary, bytes)));
  return `${to}: ${counted(layers, "layer")} as ONNX`;
}

async function toLayers(from: string, to: string, force: boolean): Promise<string> {
  if (to.endsWith(".onnx")) {
    throw new InputError(
      `an ONNX file converts to a model.json or a folder for it, got "${to}"; a layers model is read from one`,
    );
  }
  const path = to.endsWith(".json") ? to : join(to, "model.json");
  const newFolder = !to.endsWith(".json") && !existsSync(to);
  if (newFolder) checkTarget(to, force);
  else {
    if (!to.endsWith(".json") && !statSync(to).isDirectory()) {
      throw new InputError(`${to}: is a file, not a folder`);
    }
    for (const file of [path, weightsFileOf(path)]) checkTarget(file, force);
  }
  const { topology, weights, layers } = await onnxToLayers(readOnnxFile(from));
  await writingTo(path, async () => {
    if (newFolder) await mkdir(dirname(path));
    await writeTfjsLayers(path, topology, weights);
  });
  return `${path}, ${weightsFileOf(path)}: ${counted(layers, "layer")} of TensorFlow.js`;
}
