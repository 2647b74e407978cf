import * as ort from "onnxruntime-node";
import { expect, test } from "vitest";
import { RandomSource } from "../../../src/kernel/index.js";
import type { Architecture, Task } from "../../../src/models/zoo/architecture.js";
import { architectures } from "../../../src/models/zoo/index.js";
import { decodeModel } from "../../../src/weights/onnx-proto.js";
import { assertWithin } from "../../within.js";
import { countParameters, multiplyAdds, parameterShapes, parameters } from "./graph.js";

const cifar: Task = { example: [3, 32, 32], classes: 10 };
const digits: Task = { example: [1, 28, 28], classes: 10 };
const texts: Task = { example: [16], classes: 4 };

function build(name: string, params: object, task: Task, seed = 5): Uint8Array {
  const architecture = architectures.find((a) => a.name === name) as unknown as Architecture;
  return architecture.build(architecture.params.parse(params), task, new RandomSource(seed));
}

/** Every architecture, its variants, and the parameters and multiply-adds of docs/zoo.md. */
const table: readonly [string, object, Task, number, number][] = [
  ["mlp", {}, digits, 784 * 128 + 128 + 128 * 10 + 10, 784 * 128 + 128 * 10],
  ["mlp", { hidden: [40, 30], dropout: 0.5 }, digits, 32_940, 784 * 40 + 40 * 30 + 300],
  ["mlp", { hidden: [] }, digits, 7850, 7840],
  ["lenet5", {}, digits, 61_706, 416_520],
  ["lenet5", { classic: true }, digits, 61_706, 416_520],
  ["lenet5", {}, cifar, 62_006, 651_720],
  ["resnet8", {}, digits, 77_754, 2_552_000],
  ["resnet8", {}, { example: [3, 9, 11], classes: 10 }, 78_042, 510_240],
  ["resnet20", {}, cifar, 269_722, 40_551_040],
  ["resnet20", { shortcut: "B" }, cifar, 272_474, 40_813_184],
  ["resnet32", {}, cifar, 464_154, 68_862_592],
  ["resnet56", {}, cifar, 853_018, 125_485_696],
  ["resnet18", {}, cifar, 11_173_962, 555_422_720],
  ["resnet34", {}, cifar, 21_282_122, 1_159_402_496],
  ["shufflenet-v2", {}, cifar, 1_263_854, 45_002_112],
  ["transformer-text", { vocabulary: 100 }, texts, 74_756, 1_115_392],
  ["transformer-text", { vocabulary: 100, pooling: "first" }, texts, 74_756, 1_114_368],
];

test.each(table)("%s %o: parameters and multiply-adds", async (name, params, task, size, work) => {
  const file = build(name, params, task);
  expect(countParameters(file)).toBe(size);
  expect(await multiplyAdds(file, task.example)).toBe(work);
});

test("every architecture is in the table", () => {
  expect(new Set(table.map(([name]) => name))).toEqual(new Set(architectures.map((a) => a.name)));
});

test.each(table)(
  "%s %o: a batch of any size gives a row of scores each",
  async (name, params, task) => {
    const file = build(name, params, task);
    const session = await ort.InferenceSession.create(file);
    expect(session.outputNames).toEqual(["logits"]);
    for (const batch of [1, 3]) {
      const dims = [batch, ...task.example];
      const size = dims.reduce((a, b) => a * b, 1);
      const feeds: Record<string, ort.Tensor> = {};
      for (const input of session.inputNames) {
        feeds[input] =
          input === "input"
            ? new ort.Tensor("float32", new Float32Array(size).fill(0.3), dims)
            : new ort.Tensor("int64", new BigInt64Array(size).fill(1n), dims);
      }
      const { logits } = await session.run(feeds);
      expect(logits.dims).toEqual([batch, task.classes]);
      expect((logits.data as Float32Array).every(Number.isFinite)).toBe(true);
    }
    await session.release();
  },
);

const small = table.filter(([, , , size]) => size < 5e6);

test.each(small)("%s %o: the seed makes the file, and no other thing", (name, params, task) => {
  const [a, again, other] = [5, 5, 6].map((seed) => Buffer.from(build(name, params, task, seed)));
  expect(a.equals(again)).toBe(true);
  expect(a.equals(other)).toBe(false);
});

test("a tensor starts with the same values whatever stands beside it", () => {
  const [short, long] = ["resnet20", "resnet56"].map((n) => parameters(build(n, {}, cifar)));
  expect(Buffer.from(short.get("layer1.2.conv2.weight")!.buffer)).toEqual(
    Buffer.from(long.get("layer1.2.conv2.weight")!.buffer),
  );
});

/** Laws of initial weights: the variance, and E x⁴ / (E x²)². */
const normal = { kurtosis: 3 };
const uniform = { kurtosis: 9 / 5 };

test.each([
  ["resnet18", {}, cifar, "layer4.1.conv2.weight", 2 / (512 * 9), normal],
  ["resnet18", {}, cifar, "layer2.0.conv1.weight", 2 / (128 * 9), normal], // 64 in, 128 out
  ["resnet18", {}, cifar, "layer3.0.shortcut.0.weight", 2 / 256, normal],
  ["resnet20", {}, cifar, "layer3.2.conv1.weight", 2 / (64 * 9), normal],
  ["shufflenet-v2", {}, cifar, "layer3.1.conv2.weight", 2 / (232 * 9), normal], // depthwise
  ["resnet18", {}, cifar, "linear.weight", 1 / (3 * 512), uniform],
  ["mlp", {}, digits, "fc1.weight", 1 / (3 * 784), uniform],
  ["lenet5", {}, digits, "conv2.weight", 1 / (3 * 6 * 25), uniform],
  ["lenet5", {}, digits, "fc1.bias", 1 / (3 * 400), uniform],
  ["transformer-text", { vocabulary: 500 }, texts, "token_embedding.weight", 1, normal],
  [
    "transformer-text",
    { vocabulary: 9, width: 64 },
    texts,
    "encoder.layers.0.self_attn.in_proj_weight",
    2 / (64 + 3 * 64),
    uniform,
  ],
] as const)("%s %o: initial values for %o of %s", (name, params, task, tensor, variance, law) => {
  const values = parameters(build(name, params, task)).get(tensor)!;
  const n = values.length;
  const moment = (power: number) => values.reduce((sum, v) => sum + v ** power, 0) / n;
  assertWithin(moment(1), 0, Math.sqrt(variance / n));
  assertWithin(moment(2), variance, variance * Math.sqrt((law.kurtosis - 1) / n));
  if (law === uniform) {
    expect(values.every((v) => Math.abs(v) <= Math.fround(Math.sqrt(3 * variance)))).toBe(true);
  }
});

test("normalizations start at 1, 0, 0, 1", () => {
  const values = parameters(build("resnet18", {}, cifar));
  const starts = { weight: 1, bias: 0, running_mean: 0, running_var: 1 };
  for (const [part, start] of Object.entries(starts)) {
    for (const layer of ["bn1", "layer3.0.bn2", "layer3.0.shortcut.1"]) {
      expect(values.get(`${layer}.${part}`)!.every((v) => v === start)).toBe(true);
    }
  }
});

test("names are those of PyTorch modules", () => {
  const block = parameterShapes(build("shufflenet-v2", {}, cifar));
  expect(block.filter((line) => /^layer2\.[01]\.(conv|bn\d\.weight)/.test(line))).toEqual([
    "layer2.0.conv1.weight [116, 1, 3, 3]",
    "layer2.0.bn1.weight [116]",
    "layer2.0.conv2.weight [116, 116, 1, 1]",
    "layer2.0.bn2.weight [116]",
    "layer2.0.conv3.weight [116, 116, 1, 1]",
    "layer2.0.bn3.weight [116]",
    "layer2.0.conv4.weight [116, 1, 3, 3]",
    "layer2.0.bn4.weight [116]",
    "layer2.0.conv5.weight [116, 116, 1, 1]",
    "layer2.0.bn5.weight [116]",
    "layer2.1.conv1.weight [116, 116, 1, 1]",
    "layer2.1.bn1.weight [116]",
    "layer2.1.conv2.weight [116, 1, 3, 3]",
    "layer2.1.bn2.weight [116]",
    "layer2.1.conv3.weight [116, 116, 1, 1]",
    "layer2.1.bn3.weight [116]",
  ]);
  const lenet = parameterShapes(build("lenet5", {}, digits));
  expect(lenet).toEqual([
    "conv1.weight [6, 1, 5, 5]",
    "conv1.bias [6]",
    "conv2.weight [16, 6, 5, 5]",
    "conv2.bias [16]",
    "fc1.weight [120, 400]",
    "fc1.bias [120]",
    "fc2.weight [84, 120]",
    "fc2.bias [84]",
    "fc3.weight [10, 84]",
    "fc3.bias [10]",
  ]);
});

test("dropout stands where it is asked for, with its share", () => {
  const ratios = (file: Uint8Array) => {
    const { graph } = decodeModel(file);
    const values = parameters(file);
    return graph.node
      .filter((node) => node.op_type === "Dropout")
      .map((node) => [node.name, values.get(node.input[1])![0]]);
  };
  expect(ratios(build("mlp", { hidden: [8, 4], dropout: 0.25 }, digits))).toEqual([
    ["dropout1", 0.25],
    ["dropout2", 0.25],
  ]);
  expect(ratios(build("mlp", {}, digits))).toEqual([]);
  const names = ["self_attn.dropout", "dropout1", "dropout", "dropout2"];
  const encoder = build("transformer-text", { vocabulary: 9, layers: 1, dropout: 0.5 }, texts);
  expect(ratios(encoder)).toEqual(names.map((name) => [`encoder.layers.0.${name}`, 0.5]));
});

test.each([
  [
    "resnet20",
    {},
    { example: [784], classes: 10 },
    'architecture "resnet20": takes images of shape [channels, rows, columns], got examples of shape [784]',
  ],
  [
    "resnet18",
    {},
    { example: [3, 32, 7], classes: 10 },
    'architecture "resnet18": images must have at least 8 rows and columns, got 32 x 7',
  ],
  [
    "lenet5",
    {},
    { example: [1, 11, 11], classes: 10 },
    'architecture "lenet5": images must have at least 12 rows and columns, got 11 x 11',
  ],
  [
    "shufflenet-v2",
    {},
    { example: [3, 4, 4], classes: 10 },
    'architecture "shufflenet-v2": images must have at least 8 rows and columns, got 4 x 4',
  ],
  [
    "transformer-text",
    { vocabulary: 10 },
    cifar,
    'architecture "transformer-text": takes texts of shape [tokens], got examples of shape [3, 32, 32]',
  ],
  [
    "transformer-text",
    { vocabulary: 10, width: 30 },
    texts,
    'architecture "transformer-text": heads must divide width, got 4 heads and width 30',
  ],
])("%s refuses what does not fit", (name, params, task, message) => {
  expect(() => build(name, params, task)).toThrow(message);
});
