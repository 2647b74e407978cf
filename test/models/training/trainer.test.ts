import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { OnnxGraphBuilder } from "../../../src/models/onnx-graph.js";
import { openOnnxModel } from "../../../src/models/onnx-model.js";
import { openTrainer, type TrainerOptions } from "../../../src/models/training/onnx-trainer.js";
import type { Trainer } from "../../../src/models/training/trainer.js";
import { defaultTravelRules, layOut } from "../../../src/weights/layout.js";
import { decodeModel, encodeModel } from "../../../src/weights/onnx-proto.js";
import { folderWith } from "../../files/temporary-folder.js";
import { assertWithin } from "../../within.js";
import { forward, smallNetwork } from "../small-network.js";
import { expectClose, normals } from "./gradients/harness.js";

const batch = 6;
const options: TrainerOptions = {
  batch,
  loss: { name: "cross-entropy" },
  optimizer: { name: "sgd" },
  threads: 1,
  seed: 1,
};
const images = (step: number) => ({
  data: normals(1, `images ${step}`, batch * 2 * 36),
  shape: [2, 6, 6],
});
const labels = Int32Array.of(0, 1, 2, 2, 1, 0);

const small = (changes: Partial<TrainerOptions> = {}) =>
  openTrainer(smallNetwork().build(), { ...options, ...changes });

/** Dropout of a parameter [batch, classes] that is added to the input. */
function dropoutNetwork(classes: number, ratio?: number): Uint8Array {
  const g = new OnnxGraphBuilder("dropout");
  const w = g.initializer("w", [batch, classes], new Float32Array(batch * classes));
  const inputs = ratio === undefined ? [] : [g.initializer("ratio", [], Float32Array.of(ratio))];
  const kept = g.node("Dropout", [w, ...inputs], {}, "kept");
  g.output(g.node("Add", [g.input("x", [null, classes]), kept]), [null, classes]);
  return g.build();
}

function contents(trainer: Trainer): Map<string, Float32Array> {
  return new Map(trainer.tensors.map(({ name }) => [name, trainer.read(name).slice()]));
}

function expectSame(
  a: ReadonlyMap<string, Float32Array>,
  b: ReadonlyMap<string, Float32Array>,
): void {
  expect([...a.keys()]).toEqual([...b.keys()]);
  for (const [name, values] of a) {
    expect(Buffer.from(values.buffer).equals(Buffer.from(b.get(name)!.buffer)), name).toBe(true);
  }
}

test("parameters come first in the model's order, then statistics, then the optimizer's memory", async () => {
  const trainer = await small({ optimizer: { name: "sgd", momentum: 0.5 } });
  const parameters = ["c1", "b1", "gamma0", "beta0", "c2", "gamma1", "beta1", "fc", "fcb"];
  const roles = (role: string) =>
    trainer.tensors.filter((t) => t.role === role).map(({ name }) => name);
  expect(roles("parameter").sort()).toEqual(parameters.sort());
  expect(roles("statistic")).toEqual(["mean0", "variance0", "mean1", "variance1"]);
  expect(roles("optimizer").sort()).toEqual(parameters.map((name) => `${name}.momentum`).sort());
  expect(trainer.tensors.map(({ role }) => role).join()).toMatch(
    /^(parameter,?)+(statistic,?)+(optimizer,?)+$/,
  );
  await trainer.close();
});

test("running statistics: 0.9 of the old and 0.1 of the batch's mean and population variance", async () => {
  const trainer = await small();
  const before = contents(trainer);
  const model = await openOnnxModel(fileWith(smallNetwork().build()));
  const layout = layOut(model.tensors, defaultTravelRules);
  await trainer.step([images(0)], labels, 0.1);
  const { statistics } = forward(model.readWeights(layout), images(0).data, batch);
  let at = 0;
  for (const name of ["mean0", "variance0", "mean1", "variance1"]) {
    const old = before.get(name)!;
    const expected = Array.from(old, (v, c) => 0.9 * v + 0.1 * statistics[at + c]!);
    at += old.length;
    expectClose(trainer.read(name), expected, 1e-5);
  }
  await trainer.close();
});

test("a step whose loss is not finite changes nothing", async () => {
  const trainer = await small({ optimizer: { name: "adam" } });
  await trainer.step([images(0)], labels, 0.01);
  const before = contents(trainer);
  const broken = { ...images(1), data: images(1).data.fill(Number.NaN, 5, 6) };
  const { loss } = await trainer.step([broken], labels, 0.01);
  expect(loss).toBeNaN();
  expect(trainer.steps).toBe(1);
  expectSame(contents(trainer), before);
  const next = await trainer.step([images(1)], labels, 0.01);
  expect(Number.isFinite(next.loss)).toBe(true);
  expect(trainer.steps).toBe(2);
  await trainer.close();
});

describe.each([
  ["a network with batch normalization and Adam", smallNetwork().build(), 2 * 36, "adam"],
  ["dropout and momentum", dropoutNetwork(3), 3, "sgd"],
])("%s", (_name, bytes, size, optimizer) => {
  test("resumed from its tensors and its count of steps, it goes on to the same bytes", async () => {
    const wanted = { ...options, optimizer: { name: optimizer } };
    const run = async (trainer: Trainer, from: number, to: number) => {
      for (let step = from; step < to; step++) {
        const data = normals(2, `step ${step}`, batch * size);
        await trainer.step([{ data, shape: [size] }], labels, 0.05);
      }
    };
    const whole = await openTrainer(bytes, wanted);
    await run(whole, 0, 4);
    const first = await openTrainer(bytes, wanted);
    await run(first, 0, 2);
    const second = await openTrainer(bytes, wanted);
    for (const { name } of first.tensors) second.write(name, first.read(name));
    second.setSteps(first.steps);
    await run(second, 2, 4);
    expectSame(contents(second), contents(whole));
    for (const trainer of [whole, first, second]) await trainer.close();
  });
});

test("the model that comes out has the trained values, an open batch, and all else as it was", async () => {
  const trainer = await small();
  expectClose(await scoresOf(trainer.exportModel()), await scoresOf(smallNetwork().build()), 0);
  await trainer.step([images(0)], labels, 0.1);
  const bytes = trainer.exportModel();
  const model = await openOnnxModel(fileWith(bytes));
  for (const { name, role } of trainer.tensors) {
    if (role === "optimizer") continue;
    expect([...model.readTensor!(name)]).toEqual([...trainer.read(name)]);
  }
  const trained = decodeModel(bytes);
  const original = decodeModel(smallNetwork().build());
  expect(trained.graph.node.map((n) => n.op_type)).toEqual(
    original.graph.node.map((n) => n.op_type),
  );
  expect(trained.opset_import[0]!.version).toBe(original.opset_import[0]!.version);
  // Three examples where training took six at a time.
  expect(await scoresOf(bytes, 3)).toHaveLength(9);
  await trainer.close();
});

test("tensors that were stored once because they were equal train apart", async () => {
  const model = decodeModel(smallNetwork().build());
  const norms = model.graph.node.filter((n) => n.op_type === "BatchNormalization");
  model.graph.initializer.push({
    ...model.graph.initializer.find((t) => t.name === "c1")!,
    name: "shared",
    dims: [3],
    raw_data: new Uint8Array(new Float32Array(3).fill(1).buffer),
  });
  model.graph.node.unshift({
    op_type: "Identity",
    input: ["shared"],
    output: ["gammaAgain"],
    attribute: [],
  });
  norms[0]!.input[1] = "shared";
  norms[0]!.input[4] = "gammaAgain";
  const trainer = await openTrainer(encodeModel(model), options);
  await trainer.step([images(0)], labels, 0.1);
  const names = trainer.tensors.map(({ name, role }) => `${name} ${role}`);
  expect(names).toContain("shared parameter");
  expect(names).toContain("gammaAgain statistic");
  const exported = decodeModel(trainer.exportModel()).graph;
  expect(exported.initializer.map((t) => t.name)).toContain("gammaAgain");
  expect(exported.node.some((n) => n.op_type === "Identity")).toBe(false);
  await trainer.close();
});

describe("dropout", () => {
  const classes = 400;

  /** What one step moves: nothing where the mask is 0. */
  async function moved(trainer: Trainer) {
    const before = trainer.read("w").slice();
    await trainer.step([{ data: new Float32Array(batch * classes), shape: [classes] }], labels, 1);
    return trainer.read("w").map((v, k) => v - before[k]!);
  }

  test.each([0.2, undefined])(
    "ratio %s: so many are left out, and the others weigh more",
    async (ratio) => {
      const open = (seed: number) =>
        openTrainer(dropoutNetwork(classes, ratio), { ...options, seed });
      const trainer = await open(1);
      const first = await moved(trainer);
      const share = ratio ?? 0.5; // ONNX's default
      const out = first.filter((v) => v === 0).length / first.length;
      assertWithin(out, share, Math.sqrt((share * (1 - share)) / first.length));
      // Before the first step w is 0 and scores are equal: dL/ds = 1 / (classes · batch) off the labels.
      const off = first.find((v) => v !== 0 && v < 0)!;
      expectClose([off], [-1 / (classes * batch) / (1 - share)], 1e-5);

      const second = await moved(trainer);
      const both = first.filter((v, k) => (v === 0) !== (second[k] === 0)).length / first.length;
      const differ = 2 * share * (1 - share); // independent masks
      assertWithin(both, differ, Math.sqrt((differ * (1 - differ)) / first.length));
      const again = await open(1);
      expect((await moved(again)).every((v, k) => v === first[k])).toBe(true);
      const other = await open(2);
      expect((await moved(other)).every((v, k) => (v === 0) === (first[k] === 0))).toBe(false);
      for (const each of [trainer, again, other]) await each.close();
    },
  );
});

test("reading, writing and resuming with what does not fit", async () => {
  const trainer = await small();
  expect(() => trainer.read("c9")).toThrow('trainer: no tensor "c9"');
  expect(() => trainer.write("b1", new Float32Array(4))).toThrow(
    'trainer: tensor "b1" has 3 values, got 4',
  );
  expect(() => trainer.setSteps(-1)).toThrow("trainer: steps must be an integer >= 0, got -1");
  const step = (data: Float32Array, wanted: Int32Array) =>
    trainer.step([{ data, shape: [2, 6, 6] }], wanted, 0.1);
  await expect(step(images(0).data.subarray(72), labels)).rejects.toThrow(
    'trainer: input "input" takes [6, 2, 6, 6], 432 values, got 360',
  );
  await expect(step(images(0).data, labels.subarray(1))).rejects.toThrow(
    "trainer: a batch has 6 labels, got 5",
  );
  await expect(step(images(0).data, Int32Array.of(0, 1, 2, 3, 0, 0))).rejects.toThrow(
    "training: labels must be classes 0 to 2 of the model, got 3",
  );
  await expect(trainer.step([], labels, 0.1)).rejects.toThrow(
    "trainer: the model takes 1 inputs, got 0",
  );
  expect(trainer.steps).toBe(0);
  await trainer.close();
});

test("examples may lie in memory that threads share", async () => {
  const [trainer, other] = [await small(), await small()];
  const { data, shape } = images(0);
  const shared = new Float32Array(new SharedArrayBuffer(data.byteLength));
  shared.set(data);
  const a = await trainer.step([{ data: shared, shape }], labels, 0.1);
  expect(a).toEqual(await other.step([{ data, shape }], labels, 0.1));
  await trainer.close();
  await other.close();
});

describe("models and options that cannot be trained", () => {
  const refused = (bytes: Uint8Array, changes: Partial<TrainerOptions> = {}) =>
    expect(openTrainer(bytes, { ...options, ...changes })).rejects;
  const network = (build: (g: OnnxGraphBuilder, x: string, w: string) => string) => {
    const g = new OnnxGraphBuilder("network");
    const w = g.initializer("w", [3, 3], normals(1, "w", 9));
    g.output(build(g, g.input("x", [null, 3]), w), [null, 3]);
    return g;
  };

  test("an operator without a rule, named with those that have one", async () => {
    const cosine = network((g, x, w) => g.node("Cos", [g.node("MatMul", [x, w])], {}, "wave"));
    await refused(cosine.build()).toThrow(
      /^training: node "wave": operator Cos cannot be trained through; known: Add, AveragePool, BatchNormalization, Cast, /,
    );
  });

  test("one before all weights needs none", async () => {
    const cosine = network((g, x, w) => g.node("MatMul", [g.node("Cos", [x]), w]));
    await (await openTrainer(cosine.build(), options)).close();
  });

  test("nothing to train", async () => {
    await refused(network((g, x) => g.node("Relu", [x])).build()).toThrow(
      'training: no weight of the model leads to its output "relu_0"',
    );
  });

  test("an old operator set", async () => {
    await refused(network((g, x, w) => g.node("MatMul", [x, w])).build(11)).toThrow(
      "training: the model uses operator set 11; training needs 13 or later",
    );
  });

  test("an output that holds no scores", async () => {
    const flat = network((g, x, w) =>
      g.node("Reshape", [g.node("MatMul", [x, w]), g.initializer("s", [1], BigInt64Array.of(-1n))]),
    );
    await refused(flat.build()).toThrow(
      'training: the model\'s output "reshape_1" must hold scores [batch, classes], with a batch of 6 its shape is [18]',
    );
  });

  test("bytes that are no model", async () => {
    await refused(Uint8Array.of(1, 2, 3)).toThrow("training: not an ONNX model, or cut short");
  });

  test("names and parameters of optimizer and loss", async () => {
    const bytes = network((g, x, w) => g.node("MatMul", [x, w])).build();
    await refused(bytes, { optimizer: { name: "sdg" } }).toThrow(
      'training: unknown optimizer "sdg"; did you mean "sgd"? known: adam, adamw, sgd',
    );
    await refused(bytes, { loss: { name: "entropy" } }).toThrow(
      'training: unknown loss "entropy"; did you mean "cross-entropy"? known: cross-entropy, squared-error',
    );
    await refused(bytes, { optimizer: { name: "sgd", momentum: 1.5 } }).toThrow(
      "training: optimizer.momentum: Too big: expected number to be <1, got 1.5",
    );
    await refused(bytes, { optimizer: { name: "sgd", nesterov: true } }).toThrow(
      "training: optimizer.nesterov: needs a momentum above 0, got true",
    );
    await refused(bytes, { optimizer: { name: "adam", beta: 0.9 } }).toThrow(
      'training: optimizer: unknown key "beta"; did you mean "beta1"? known: beta1, beta2, decayNormalization, epsilon, name, weightDecay',
    );
    await refused(bytes, { batch: 0 }).toThrow("training: batch must be an integer >= 1, got 0");
  });

  test("an input that leaves more open than the batch, unless its shape is given", async () => {
    const g = new OnnxGraphBuilder("open");
    const x = g.input("x", [null, null]);
    g.output(g.node("MatMul", [x, g.initializer("w", [3, 3], normals(1, "w", 9))]), [null, 3]);
    await refused(g.build()).toThrow(
      'training: input "x" leaves dimension 1 open; give the shape of one example',
    );
    await (await openTrainer(g.build(), { ...options, example: [[3]] })).close();
  });

  test("weights of another precision", async () => {
    const model = decodeModel(network((g, x, w) => g.node("MatMul", [x, w])).build());
    const [tensor] = model.graph.initializer;
    model.graph.initializer[0] = { ...tensor!, data_type: 10, raw_data: new Uint8Array(18) };
    await refused(encodeModel(model)).toThrow(
      'training: tensor "w" is of element type 10; weights in training are float32',
    );
  });
});

function fileWith(bytes: Uint8Array): string {
  return join(folderWith({ "m.onnx": bytes }), "m.onnx");
}

async function scoresOf(bytes: Uint8Array, count = batch): Promise<Float32Array> {
  const model = await openOnnxModel(fileWith(bytes));
  const layout = layOut(model.tensors, defaultTravelRules);
  const scorer = await model.openScorer(layout, { threads: 1 });
  await scorer.setWeights(model.readWeights(layout));
  const data = images(0).data.subarray(0, count * 72);
  const scores = await scorer.run([{ data, shape: [2, 6, 6] }], count);
  await scorer.close();
  return scores;
}
