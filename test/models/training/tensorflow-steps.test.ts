import { expect, test } from "vitest";
import { RandomSource } from "../../../src/kernel/index.js";
import { openTrainer } from "../../../src/models/training/onnx-trainer.js";
import { architectures } from "../../../src/models/zoo/index.js";
import type { lenet5 } from "../../../src/models/zoo/lenet5.js";
import { type Batch, tensorflowSteps } from "./tensorflow-steps.js";

const steps = 10;
const settings = {
  learningRate: (step: number) => 0.01 / (1 + step),
  momentum: 0.9,
  weightDecay: 5e-4,
};

function randomBatches(size: number, example: readonly number[]): Batch[] {
  const random = new RandomSource(3);
  return Array.from({ length: steps }, (_, step) => {
    const data = new Float32Array(example.reduce((a, b) => a * b, size));
    random.stream(`images ${step}`).fillNormal(data);
    const draw = random.stream(`labels ${step}`);
    const labels = Int32Array.from({ length: size }, () => draw.integer(10));
    return { data, shape: [size, ...example], labels };
  });
}

/** ‖a − b‖ / ‖b‖. */
function distance(a: ArrayLike<number>, b: ArrayLike<number>): number {
  let [difference, norm] = [0, 0];
  for (let k = 0; k < b.length; k++) {
    difference += (a[k]! - b[k]!) ** 2;
    norm += b[k]! ** 2;
  }
  return Math.sqrt(difference / norm);
}

// Small images, so that in ten steps no ReLU's input is so near to 0 that rounding decides on its side: one that does
// moves all gradients by more than rounding.
test.each([
  ["lenet5", {}, 4, [1, 28, 28], "cpu"],
  ["resnet20", { shortcut: "B" }, 8, [3, 8, 8], "fastest"],
] as const)("%s: ten steps are TensorFlow.js's", async (name, params, size, example, backend) => {
  const architecture = architectures.find((a) => a.name === name) as unknown as typeof lenet5;
  const task = { example, classes: 10 };
  const bytes = architecture.build(architecture.params.parse(params), task, new RandomSource(1));
  const batches = randomBatches(size, example);
  const { momentum, weightDecay, learningRate } = settings;
  const trainer = await openTrainer(bytes, {
    batch: size,
    loss: { name: "cross-entropy" },
    optimizer: { name: "sgd", momentum, weightDecay },
    threads: 1,
    seed: 1,
  });
  const losses: number[] = [];
  for (const [step, { data, labels }] of batches.entries()) {
    const { loss } = await trainer.step([{ data, shape: example }], labels, learningRate(step));
    losses.push(loss);
  }
  const theirs = await tensorflowSteps(bytes, batches, settings, backend);
  losses.forEach((loss, i) => {
    expect(distance([loss], [theirs.losses[i]!])).toBeLessThan(1e-4);
  });
  const compared = trainer.tensors.filter(({ role }) => role !== "optimizer");
  expect(compared.map((t) => t.name).sort()).toEqual([...theirs.tensors.keys()].sort());
  for (const { name } of compared) {
    const apart = distance(trainer.read(name), theirs.tensors.get(name)!);
    expect.soft(apart, name).toBeLessThan(1e-4);
  }
  await trainer.close();
});
