/**
 * Optimizers against PyTorch's definitions, written out in double precision, on a linear classifier with the
 * squared error: s = W x + b, L = Σ (s − t)² / (N K).
 */
import { expect, test } from "vitest";
import { OnnxGraphBuilder } from "../../../src/models/onnx-graph.js";
import { type NamedChoice, openTrainer } from "../../../src/models/training/onnx-trainer.js";
import { expectClose, normals } from "./gradients/harness.js";

const [batch, ins, classes, steps] = [6, 3, 4, 10];
const weight = normals(1, "weight", classes * ins);
const bias = normals(1, "bias", classes);
const labels = Int32Array.from({ length: batch }, (_, n) => n % classes);
const inputs = Array.from({ length: steps }, (_, k) => normals(1, `x${k}`, batch * ins));
const rate = (step: number) => 0.3 / step;

interface Memory {
  m: number;
  v: number;
}

/** One parameter's next value from its gradient, at step t = 1, 2, …; `decay` is 0 for one that is spared. */
type Rule = (w: number, g: number, memory: Memory, t: number, decay: number) => number;

async function trained(optimizer: NamedChoice) {
  const g = new OnnxGraphBuilder("linear");
  const y = g.node(
    "Gemm",
    [
      g.input("x", [null, ins]),
      g.initializer("weight", [classes, ins], weight),
      g.initializer("bias", [classes], bias),
    ],
    { transB: { int: 1 } },
  );
  g.output(y, [null, classes]);
  const loss = { name: "squared-error" };
  const trainer = await openTrainer(g.build(), { batch, loss, optimizer, threads: 1, seed: 1 });
  for (const [k, data] of inputs.entries()) {
    await trainer.step([{ data, shape: [ins] }], labels, rate(k + 1));
  }
  return trainer;
}

function expected(rule: Rule, decay: number, decayBias: number): { w: number[]; b: number[] } {
  const [w, b] = [Array.from(weight), Array.from(bias)];
  const memories = [...w, ...b].map((): Memory => ({ m: 0, v: 0 }));
  inputs.forEach((x, k) => {
    const gradW = w.map(() => 0);
    const gradB = b.map(() => 0);
    for (let n = 0; n < batch; n++) {
      for (let c = 0; c < classes; c++) {
        let score = b[c]!;
        for (let i = 0; i < ins; i++) score += w[c * ins + i]! * x[n * ins + i]!;
        const slope = (2 * (score - (labels[n] === c ? 1 : 0))) / (batch * classes);
        gradB[c]! += slope;
        for (let i = 0; i < ins; i++) gradW[c * ins + i]! += slope * x[n * ins + i]!;
      }
    }
    w.forEach((value, j) => {
      w[j] = rule(value, gradW[j]!, memories[j]!, k + 1, decay);
    });
    b.forEach((value, j) => {
      b[j] = rule(value, gradB[j]!, memories[w.length + j]!, k + 1, decayBias);
    });
  });
  return { w, b };
}

const sgd =
  (momentum: number, nesterov: boolean): Rule =>
  (w, g, memory, t, decay) => {
    const gradient = g + decay * w;
    memory.m = momentum * memory.m + gradient;
    return w - rate(t) * (nesterov ? gradient + momentum * memory.m : memory.m);
  };

const adam =
  (beta1: number, beta2: number, epsilon: number, decoupled: boolean): Rule =>
  (w, g, memory, t, decay) => {
    const start = decoupled ? w - rate(t) * decay * w : w;
    const gradient = decoupled ? g : g + decay * w;
    memory.m = beta1 * memory.m + (1 - beta1) * gradient;
    memory.v = beta2 * memory.v + (1 - beta2) * gradient ** 2;
    const denominator = Math.sqrt(memory.v) / Math.sqrt(1 - beta2 ** t) + epsilon;
    return start - ((rate(t) / (1 - beta1 ** t)) * memory.m) / denominator;
  };

const cases: [string, NamedChoice, Rule, number, number][] = [
  ["SGD", { name: "sgd" }, sgd(0, false), 0, 0],
  ["SGD with weight decay", { name: "sgd", weightDecay: 0.1 }, sgd(0, false), 0.1, 0.1],
  [
    "SGD with momentum and weight decay",
    { name: "sgd", momentum: 0.8, weightDecay: 0.05 },
    sgd(0.8, false),
    0.05,
    0.05,
  ],
  [
    "SGD with Nesterov's momentum, biases spared from decay",
    { name: "sgd", momentum: 0.7, nesterov: true, weightDecay: 0.05, decayNormalization: false },
    sgd(0.7, true),
    0.05,
    0,
  ],
  ["Adam", { name: "adam" }, adam(0.9, 0.999, 1e-8, false), 0, 0],
  [
    "Adam with weight decay",
    { name: "adam", beta1: 0.8, beta2: 0.9, epsilon: 1e-3, weightDecay: 0.1 },
    adam(0.8, 0.9, 1e-3, false),
    0.1,
    0.1,
  ],
  ["AdamW", { name: "adamw" }, adam(0.9, 0.999, 1e-8, true), 0.01, 0.01],
  [
    "AdamW, biases spared from decay",
    { name: "adamw", weightDecay: 0.2, decayNormalization: false },
    adam(0.9, 0.999, 1e-8, true),
    0.2,
    0,
  ],
];

test.each(cases)(
  "%s: ten steps are PyTorch's formulas",
  async (_name, optimizer, rule, decay, decayBias) => {
    const trainer = await trained(optimizer);
    const { w, b } = expected(rule, decay, decayBias);
    // Ten steps of single precision, some of which divide by small roots.
    expectClose(trainer.read("weight"), w, 5e-6);
    expectClose(trainer.read("bias"), b, 5e-6);
    expect(trainer.steps).toBe(steps);
    await trainer.close();
  },
);

test("memories stand behind the parameters, in their shapes, from zeros", async () => {
  const trainer = await trained({ name: "adam" });
  expect(trainer.tensors.map(({ name, role, shape }) => [name, role, ...shape])).toEqual([
    ["weight", "parameter", classes, ins],
    ["bias", "parameter", classes],
    ["weight.mean", "optimizer", classes, ins],
    ["weight.square", "optimizer", classes, ins],
    ["bias.mean", "optimizer", classes],
    ["bias.square", "optimizer", classes],
  ]);
  await trainer.close();
});
