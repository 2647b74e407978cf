import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { InputError } from "../../src/errors.js";
import type { openTrainer, TrainerOptions } from "../../src/models/training/onnx-trainer.js";
import type { Trainer } from "../../src/models/training/trainer.js";
import { loadTraining } from "../../src/scenario/load-training.js";
import { openTrainingBench } from "../../src/training/bench.js";
import {
  type Checkpoint,
  firstDifference,
  readCheckpoint,
  writeCheckpoint,
} from "../../src/training/checkpoint.js";
import { readState } from "../../src/training/local.js";
import {
  checkpointOf,
  restore,
  TrainingDiverged,
  type TrainingEvents,
  trainEpochs,
} from "../../src/training/train.js";
import { folderWith } from "../files/temporary-folder.js";
import { logisticTrainer } from "./logistic-trainer.js";

const scenario = `
kind: training
model: { architecture: { name: mlp, hidden: [] } }
dataset: { name: glyphs, trainImages: 65, validationImages: 30, testImages: 40 }
training: { epochs: 5, batch: 20, optimizer: { name: sgd, learningRate: 0.05 }, schedule: cosine }
`;

/** The bench of the scenario, trained by the trainer written by hand. */
async function benchOf(
  overrides: string[] = [],
  change: (trainer: Trainer) => Trainer = (trainer) => trainer,
) {
  const file = join(folderWith({ "s.yaml": scenario }), "s.yaml");
  const open: typeof openTrainer = async (_bytes, { batch }: TrainerOptions) =>
    change(logisticTrainer(batch, [1, 28, 28], 10));
  return openTrainingBench(await loadTraining(file, { overrides }), open);
}

/** All that a training hands over. */
function listener() {
  const kept: Checkpoint[] = [];
  const rates: number[] = [];
  const events: TrainingEvents = {
    onStep: (_epoch, { learningRate }) => rates.push(learningRate),
    onCheckpoint: async (checkpoint) => void kept.push(checkpoint),
  };
  return { kept, rates, events };
}

describe("epochs", () => {
  test("have the schedule's rates step by step, and records and checkpoints when they are due", async () => {
    const bench = await benchOf(["training.checkpointEvery=2", "training.evaluateEvery=3"]);
    const { kept, rates, events } = listener();
    const history = await trainEpochs(bench, [], events);
    const cosine = Array.from({ length: 15 }, (_, k) => 0.025 * (1 + Math.cos((Math.PI * k) / 15)));
    expect(rates).toHaveLength(15);
    rates.forEach((rate, k) => void expect(rate).toBeCloseTo(cosine[k], 12));
    expect(history.map(({ epoch, steps }) => [epoch, steps])).toEqual(
      [1, 2, 3, 4, 5].map((epoch) => [epoch, 3 * epoch]),
    );
    expect(history.filter((r) => r.test).map((r) => r.epoch)).toEqual([3, 5]);
    expect(history[4].test!.total).toBe(40);
    expect(history[4].validation!.total).toBe(30);
    expect(kept.map((c) => c.history.length)).toEqual([2, 4, 5]);
    expect(kept[0].steps).toBe(6);
  });

  test("from a checkpoint that went through its file, end in the same bits as without one", async () => {
    const whole = await benchOf();
    const { kept, events } = listener();
    const history = await trainEpochs(whole, [], events);

    const folder = folderWith({});
    await writeCheckpoint(folder, kept[2]);
    const read = readCheckpoint(folder)!;
    const resumed = await benchOf();
    restore(resumed, read);
    expect(resumed.trainer.steps).toBe(9);
    expect(await trainEpochs(resumed, read.history, listener().events)).toEqual(history);
    for (const [name, values] of readState(whole.trainer)) {
      const own = resumed.trainer.read(name);
      expect(Buffer.from(own.buffer).equals(Buffer.from(values.buffer)), name).toBe(true);
    }
  });

  test("end with the signal's reason before the next step", async () => {
    const bench = await benchOf();
    const stop = new AbortController();
    const events: TrainingEvents = {
      signal: stop.signal,
      onStep: (epoch, { steps }) => {
        if (epoch === 1 && steps === 2) stop.abort(new Error("enough"));
      },
      onCheckpoint: async () => {},
    };
    await expect(trainEpochs(bench, [], events)).rejects.toThrow("enough");
    expect(bench.trainer.steps).toBe(5);
  });

  test("end where the loss is not finite, by epoch and step", async () => {
    const bench = await benchOf([], (trainer) => ({
      ...trainer,
      get steps() {
        return trainer.steps;
      },
      step: async (...args) =>
        trainer.steps === 7
          ? { loss: Number.POSITIVE_INFINITY, correct: 0 }
          : trainer.step(...args),
    }));
    const { kept, events } = listener();
    const error = await trainEpochs(bench, [], events).catch((e: unknown) => e);
    expect(error).toBeInstanceOf(TrainingDiverged);
    expect((error as Error).message).toBe(
      "the loss is Infinity in epoch 3 at step 2 of 3; a lower learning rate may help",
    );
    expect(kept).toHaveLength(2);
  });

  test("end where the last step of an epoch leaves a weight that is no number, and keep nothing of it", async () => {
    const bench = await benchOf([], (trainer) => ({
      ...trainer,
      get steps() {
        return trainer.steps;
      },
      step: async (...args) => {
        const result = await trainer.step(...args);
        if (trainer.steps === 6) trainer.read("bias")[3] = Number.NaN;
        return result;
      },
    }));
    const { kept, events } = listener();
    await expect(trainEpochs(bench, [], events)).rejects.toThrow(
      '"bias" is not finite after the last step of epoch 2; a lower learning rate may help',
    );
    expect(kept).toHaveLength(1);
  });
});

describe("a checkpoint", () => {
  const difference = async (...overrides: string[]) =>
    firstDifference((await benchOf()).identity, (await benchOf(overrides)).identity);

  test("belongs to a training: what changes it, and what does not", async () => {
    expect(await difference("title=x", "training.checkpointEvery=2", "threads=2", "batch=7")).toBe(
      undefined,
    );
    expect(await difference("training.epochs=6")).toBe("training.epochs: 5 there, 6 here");
    expect(await difference("seed=2")).toBe("seed: 1 there, 2 here");
    expect(await difference("dataset.trainImages=66")).toBe(
      "dataset.trainImages: 65 there, 66 here",
    );
    expect(await difference("training.schedule=constant")).toMatch(/^training\.schedule\./);
    const { identity } = await benchOf();
    expect(firstDifference(identity, { ...identity, model: "0" })).toMatch(
      /^the model before its first step/,
    );
    expect(firstDifference({ ...identity, files: { "/a": "1" } }, identity)).toBe(
      '/a: "1" there, nothing here',
    );
  });

  test("that lacks a tensor, or has one of another size, is refused", async () => {
    const bench = await benchOf();
    const checkpoint = checkpointOf(bench, []);
    const without = new Map([...checkpoint.state].filter(([name]) => name !== "bias.momentum"));
    expect(() => restore(bench, { ...checkpoint, state: without })).toThrow(
      new InputError('the checkpoint lacks the tensor "bias.momentum"'),
    );
    const longer = new Map(checkpoint.state).set("bias", new Float32Array(11));
    expect(() => restore(bench, { ...checkpoint, state: longer })).toThrow(
      new InputError(`the checkpoint's tensor "bias" has another size`),
    );
  });
});
