/** Networks converted between ONNX and TensorFlow.js in a temporary folder, and scored by both runtimes. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import type { LayersModel, Tensor } from "@tensorflow/tfjs";
import * as ort from "onnxruntime-node";
import { RandomSource } from "../../../src/kernel/index.js";
import { layersToOnnx } from "../../../src/models/convert/layers-to-onnx.js";
import { onnxToLayers } from "../../../src/models/convert/onnx-to-layers.js";
import { openTensorFlow } from "../../../src/models/tensorflow-backend.js";
import { readOnnxFile } from "../../../src/weights/onnx-file.js";
import { readTfjsLayers } from "../../../src/weights/tfjs-layers.js";
import { writeTfjsLayers } from "../../../src/weights/tfjs-write.js";
import { folderWith } from "../../files/temporary-folder.js";

export const { tf } = await openTensorFlow();

export function onnxFile(bytes: Uint8Array): string {
  return join(folderWith({ "network.onnx": bytes }), "network.onnx");
}

/** The ONNX file at `path` as a layers model beside it. Returns the path of its `model.json`. */
export async function toLayers(path: string): Promise<string> {
  const { topology, weights } = await onnxToLayers(readOnnxFile(path));
  const json = path.replace(/\.onnx$/, ".json");
  await writeTfjsLayers(json, topology, weights);
  return json;
}

/** The layers model as an ONNX file beside it. */
export async function toOnnx(json: string): Promise<string> {
  const path = json.replace(/\.json$/, ".back.onnx");
  writeFileSync(path, (await layersToOnnx(readTfjsLayers(json))).bytes);
  return path;
}

/** A network of TensorFlow.js as it saves it itself. */
export async function savedLayers(network: LayersModel): Promise<string> {
  const json = join(folderWith({}), "model.json");
  await network.save(
    tf.io.withSaveHandler(async ({ modelTopology, weightSpecs, weightData }) => {
      const names = weightSpecs!.map(({ name }) => name);
      const tensors = tf.io.decodeWeights(weightData as ArrayBuffer, weightSpecs!);
      const weights = names.map((name) => ({
        name,
        shape: tensors[name].shape,
        values: tensors[name].dataSync() as Float32Array,
      }));
      await writeTfjsLayers(json, modelTopology as Record<string, unknown>, weights);
      return { modelArtifactsInfo: { dateSaved: new Date(), modelTopologyType: "JSON" } };
    }),
  );
  return json;
}

export function normalValues(name: string, size: number): Float32Array {
  const values = new Float32Array(size);
  new RandomSource(21).stream(name).fillNormal(values);
  return values;
}

/** Scores of `count` examples of ONNX's shape by ONNX Runtime. */
export async function onnxScores(path: string, shape: readonly number[], x: Float32Array) {
  const session = await ort.InferenceSession.create(path);
  const dims = [x.length / shape.reduce((a, b) => a * b, 1), ...shape];
  const outputs = await session.run({
    [session.inputNames[0]]: new ort.Tensor("float32", x, dims),
  });
  await session.release();
  const { data, dims: out } = outputs[session.outputNames[0]];
  return { data: data as Float32Array, shape: out };
}

/** Scores by TensorFlow.js of the same examples, images moved to channels-last; images back to channels-first. */
export async function layersScores(json: string, shape: readonly number[], x: Float32Array) {
  const file = readTfjsLayers(json);
  const network = await tf.loadLayersModel(
    tf.io.fromMemory({
      modelTopology: file.topology,
      weightSpecs: [...file.weightSpecs] as never,
      weightData: [...file.weightData],
    }),
  );
  const scores = tf.tidy(() => {
    const tensor = tf.tensor(x, [x.length / shape.reduce((a, b) => a * b, 1), ...shape]);
    const y = network.predict(
      shape.length === 3 ? tensor.transpose([0, 2, 3, 1]) : tensor,
    ) as Tensor;
    return y.rank === 4 ? y.transpose([0, 3, 1, 2]) : y;
  });
  const result = { data: (await scores.data()) as Float32Array, shape: scores.shape };
  scores.dispose();
  network.dispose();
  return result;
}

/** Largest difference of two results, as a share of the largest value. Throws where shapes differ. */
export function relativeDifference(
  a: { data: Float32Array; shape: readonly number[] },
  b: { data: Float32Array; shape: readonly number[] },
): number {
  if (a.shape.join() !== b.shape.join()) throw new Error(`shapes [${a.shape}] and [${b.shape}]`);
  let [difference, size] = [0, 0];
  a.data.forEach((v, i) => {
    difference = Math.max(difference, Math.abs(v - b.data[i]));
    size = Math.max(size, Math.abs(v));
  });
  if (!(size > 0)) throw new Error("all values are 0");
  return difference / size;
}
