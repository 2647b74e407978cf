import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { RandomSource } from "../../../src/kernel/index.js";
import type { Architecture } from "../../../src/models/zoo/architecture.js";
import { architectures } from "../../../src/models/zoo/index.js";
import { decodeModel } from "../../../src/weights/onnx-proto.js";
import { readTfjsLayers } from "../../../src/weights/tfjs-layers.js";
import { sharedPath } from "../../shared.js";
import { parameterShapes, parameters, randomized } from "../zoo/graph.js";
import {
  layersScores,
  normalValues,
  onnxFile,
  onnxScores,
  relativeDifference,
  toLayers,
  toOnnx,
} from "./both-ways.js";

// Float32 sums in another order: some 1e-7 a layer, and up to a hundred layers.
const rounding = 2e-5;

function built(name: string, params: object, example: readonly number[]): Uint8Array {
  const architecture = architectures.find((a) => a.name === name) as unknown as Architecture;
  const task = { example, classes: 7 };
  return randomized(
    architecture.build(architecture.params.parse(params), task, new RandomSource(2)),
  ).file;
}

// Images are not square, so that a rows-for-columns mistake shows.
test.each([
  ["mlp", { hidden: [20, 10], dropout: 0.2 }, [3, 5, 4]],
  ["mlp", { hidden: [9] }, [13]],
  ["lenet5", {}, [2, 20, 26]],
  ["lenet5", { classic: true }, [1, 34, 32]],
  ["resnet8", {}, [1, 10, 17]],
  ["resnet20", { shortcut: "A" }, [3, 14, 9]],
  ["resnet20", { shortcut: "B" }, [3, 12, 10]],
  ["resnet18", {}, [3, 9, 16]],
  ["shufflenet-v2", {}, [3, 11, 16]],
] as const)(
  "%s %o %o: the same scores as layers, and back as ONNX",
  async (name, params, shape) => {
    const bytes = built(name, params, shape);
    const path = onnxFile(bytes);
    const x = normalValues(name, 3 * shape.reduce<number>((a, b) => a * b, 1));
    const original = await onnxScores(path, shape, x);
    expect(original.shape).toEqual([3, 7]);

    const json = await toLayers(path);
    expect(relativeDifference(await layersScores(json, shape, x), original)).toBeLessThan(rounding);

    const back = await toOnnx(json);
    expect(relativeDifference(await onnxScores(back, shape, x), original)).toBeLessThan(rounding);
    // The same tensors, to the last bit; in the order in which a walk from the output meets them.
    const again = readFileSync(back);
    expect(parameterShapes(again).sort()).toEqual(parameterShapes(bytes).sort());
    const [before, after] = [parameters(bytes), parameters(again)];
    for (const [tensor, values] of before) {
      expect(
        Buffer.compare(Buffer.from(values.buffer), Buffer.from(after.get(tensor)!.buffer)),
        tensor,
      ).toBe(0);
    }
  },
);

test("a round trip of images adds no transposition", async () => {
  for (const [name, params, shape] of [
    ["lenet5", {}, [1, 28, 28]],
    ["resnet20", {}, [3, 32, 32]],
  ] as const) {
    const back = await toOnnx(await toLayers(onnxFile(built(name, params, shape))));
    const types = decodeModel(readFileSync(back)).graph.node.map((node) => node.op_type);
    expect(types).not.toContain("Transpose");
  }
});

test("layers are named by their tensors, and bring them as TensorFlow.js names them", async () => {
  const json = await toLayers(onnxFile(built("lenet5", {}, [1, 28, 28])));
  const { tensors, topology } = readTfjsLayers(json);
  expect(tensors.map(({ name, shape }) => `${name} [${shape.join(", ")}]`)).toEqual([
    "conv1/kernel [5, 5, 1, 6]",
    "conv1/bias [6]",
    "conv2/kernel [5, 5, 6, 16]",
    "conv2/bias [16]",
    "fc1/kernel [400, 120]",
    "fc1/bias [120]",
    "fc2/kernel [120, 84]",
    "fc2/bias [84]",
    "fc3/kernel [84, 7]",
    "fc3/bias [7]",
  ]);
  const { layers } = (topology as { config: { layers: { class_name: string }[] } }).config;
  expect(layers.map((layer) => layer.class_name).join(" ")).toBe(
    "InputLayer Conv2D Activation MaxPooling2D Conv2D Activation MaxPooling2D Permute Flatten " +
      "Dense Activation Dense Activation Dense",
  );
});

test("a transformer is refused at the first node that layers cannot say", async () => {
  const bytes = (
    architectures.find((a) => a.name === "transformer-text") as unknown as Architecture
  ).build(
    { vocabulary: 9, width: 8, heads: 2, layers: 1, feedForward: 8, dropout: 0, pooling: "mean" },
    { example: [4], classes: 3 },
    new RandomSource(1),
  );
  await expect(toLayers(onnxFile(bytes))).rejects.toThrow(
    /network\.onnx: \w+ "[\w.]+" (is no operator that converts|multiplies|must)/,
  );
});

const files = ["resnet20", "resnet18"].map((name) => sharedPath("models", `${name}-cifar10.onnx`));

describe.skipIf(files.includes(undefined))("networks that PyTorch has exported", () => {
  test.each(["resnet20", "resnet18"])("%s", async (name) => {
    const path = onnxFile(readFileSync(sharedPath("models", `${name}-cifar10.onnx`)!));
    const shape = [3, 32, 32];
    const x = normalValues("images", 4 * 3072);
    const original = await onnxScores(path, shape, x);
    const json = await toLayers(path);
    expect(relativeDifference(await layersScores(json, shape, x), original)).toBeLessThan(rounding);
    const back = await onnxScores(await toOnnx(json), shape, x);
    expect(relativeDifference(back, original)).toBeLessThan(rounding);
  });
});
