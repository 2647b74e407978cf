import { readFileSync } from "node:fs";
import * as ort from "onnxruntime-node";
import { describe, expect, test } from "vitest";
import { cifar10 } from "../../../src/datasets/cifar10.js";
import { RandomSource } from "../../../src/kernel/index.js";
import { embeddedModels } from "../../../src/models/embedded/index.js";
import { resnet8, resnet18, resnet20 } from "../../../src/models/zoo/resnet.js";
import { decodeModel, encodeModel } from "../../../src/weights/onnx-proto.js";
import { readSafetensors } from "../../../src/weights/safetensors.js";
import { sharedPath } from "../../shared.js";
import { largestDifference, parameterShapes, parameters } from "./graph.js";

const cifar = { example: [3, 32, 32], classes: 10 };
const random = new RandomSource(3);
const images = 64;

/** Scores of the first test images, normalized as the checkpoint's training did. */
async function score(model: Uint8Array, mean: number[], std: number[]): Promise<Float32Array> {
  const dataset = cifar10.open(
    cifar10.params.parse({ path: sharedPath("data", "cifar10"), mean, std }),
  );
  const [{ data }] = dataset.load("test").inputs;
  const session = await ort.InferenceSession.create(model);
  const pixels = (data as Float32Array).slice(0, images * 3072);
  const { logits } = await session.run({
    input: new ort.Tensor("float32", pixels, [images, 3, 32, 32]),
  });
  await session.release();
  return logits.data as Float32Array;
}

/** Puts values into the initializers of the same names; every float tensor must get some. */
function fill(built: Uint8Array, values: ReadonlyMap<string, Float32Array>): Uint8Array {
  const model = decodeModel(built);
  for (const tensor of model.graph.initializer) {
    if (tensor.data_type !== 1) continue;
    const given = values.get(tensor.name!)!;
    expect(given.byteLength, tensor.name).toBe(tensor.raw_data!.length);
    tensor.raw_data = new Uint8Array(given.buffer, given.byteOffset, given.byteLength);
  }
  return encodeModel(model);
}

test("resnet8: the embedded model is one, tensor by tensor and score by score", async () => {
  const embedded = readFileSync(embeddedModels[0].path);
  const built = resnet8.build({}, { example: [1, 28, 28], classes: 10 }, random);
  expect(parameterShapes(built)).toEqual(parameterShapes(embedded));
  const x = new Float32Array(8 * 784);
  random.stream("pixels").fillNormal(x);
  const scores = async (model: Uint8Array) => {
    const session = await ort.InferenceSession.create(model);
    const { logits } = await session.run({ input: new ort.Tensor("float32", x, [8, 1, 28, 28]) });
    await session.release();
    return logits.data as Float32Array;
  };
  const ours = await scores(fill(built, parameters(embedded)));
  expect(largestDifference(ours, await scores(embedded))).toBeLessThan(1e-4);
});

const files = {
  resnet20: sharedPath("models", "resnet20-cifar10.onnx"),
  resnet20Weights: sharedPath("models", "resnet20-cifar10.safetensors"),
  resnet18: sharedPath("models", "resnet18-cifar10.onnx"),
  images: sharedPath("data", "cifar10"),
};
const absent = Object.values(files).includes(undefined);

describe.skipIf(absent)("checkpoints of other programs", () => {
  test("resnet20: names, shapes and their order are the checkpoint's", () => {
    const built = parameterShapes(resnet20.build({ shortcut: "A" }, cifar, random));
    expect(built).toEqual(parameterShapes(readFileSync(files.resnet20!)));
    const saved = readSafetensors(files.resnet20Weights!).filter((t) => t.data !== undefined);
    expect(built).toEqual(saved.map((t) => `${t.name} [${t.shape.join(", ")}]`));
  });

  test("resnet20: the checkpoint in the built graph scores as PyTorch's export of it", async () => {
    const saved = readSafetensors(files.resnet20Weights!).map((t) => [t.name, t.data!] as const);
    const built = fill(resnet20.build({ shortcut: "A" }, cifar, random), new Map(saved));
    const [mean, std] = [
      [0.485, 0.456, 0.406],
      [0.229, 0.224, 0.225],
    ];
    const ours = await score(built, mean, std);
    const theirs = await score(readFileSync(files.resnet20!), mean, std);
    expect(largestDifference(ours, theirs)).toBeLessThan(1e-4); // scores reach 20
  });

  test("resnet18: the export's weights by name, scored as the export", async () => {
    const exported = readFileSync(files.resnet18!);
    const built = resnet18.build({}, cifar, random);
    // A block's two normalizations end with the same bias, which the exporter keeps once.
    const weights = parameters(exported);
    const merged = decodeModel(exported).graph.node.filter((node) => node.op_type === "Identity");
    expect(merged.map((node) => node.output[0])).toEqual(
      [4, 3, 2].map((stage) => `layer${stage}.0.shortcut.1.bias`),
    );
    for (const { input, output } of merged) weights.set(output[0], weights.get(input[0])!);
    const absent = new Set(merged.map(({ output }) => output[0]));
    expect(parameterShapes(built).filter((line) => !absent.has(line.split(" ")[0]))).toEqual(
      parameterShapes(exported),
    );
    const [mean, std] = [
      [0.4914, 0.4822, 0.4465],
      [0.2023, 0.1994, 0.201],
    ];
    const ours = await score(fill(built, weights), mean, std);
    expect(largestDifference(ours, await score(exported, mean, std))).toBeLessThan(1e-4);
  });
});
