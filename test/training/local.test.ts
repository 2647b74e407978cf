import { describe, expect, test } from "vitest";
import { RandomSource } from "../../src/kernel/index.js";
import { BatchSource } from "../../src/training/batches.js";
import {
  LossNotFinite,
  readState,
  trainLocally,
  trainSteps,
  writeState,
} from "../../src/training/local.js";
import { logisticTrainer, points } from "./logistic-trainer.js";

const source = (count = 100, batch = 16) =>
  new BatchSource(points(count), batch, new RandomSource(1).child("training"));
const trainer = () => logisticTrainer(16, [1, 1, 3], 2);

test("trainSteps: mean loss and counts over the steps, rates by the trainer's own count of steps", async () => {
  const network = trainer();
  network.setSteps(30);
  const rates: number[] = [];
  const heard: number[] = [];
  const result = await trainSteps(network, source().epoch(0), {
    rate: (step) => {
      rates.push(step);
      return 0.1;
    },
    onStep: ({ steps }) => heard.push(steps),
  });
  expect(rates).toEqual([30, 31, 32, 33, 34, 35]);
  expect(heard).toEqual([1, 2, 3, 4, 5, 6]);
  expect(result).toMatchObject({ steps: 6, examples: 96, learningRate: 0.1 });

  const again = trainer();
  const losses: number[] = [];
  let correct = 0;
  for (const { inputs, labels } of source().epoch(0)) {
    const step = await again.step(inputs, labels, 0.1);
    losses.push(step.loss);
    correct += step.correct;
  }
  expect(result.loss).toBeCloseTo(losses.reduce((a, b) => a + b, 0) / 6, 12);
  expect(result.correct).toBe(correct);
});

test("trainSteps ends before a step when told to stop, and where the loss is not finite", async () => {
  let asked = 0;
  const network = trainer();
  const stopped = () => {
    if (++asked === 4) throw new Error("enough");
  };
  await expect(
    trainSteps(network, source().epoch(0), { rate: () => 0.1, stopped }),
  ).rejects.toThrow("enough");
  expect(network.steps).toBe(3);

  const bad = points(100);
  bad.inputs[0].data.fill(Number.NaN);
  const error = await trainSteps(network, new BatchSource(bad, 16, new RandomSource(1)).epoch(0), {
    rate: () => 0.1,
  }).catch((e: unknown) => e);
  expect(error).toBeInstanceOf(LossNotFinite);
  expect(error).toMatchObject({ step: 3, message: "the loss of step 4 is NaN" });
});

describe("trainLocally", () => {
  const rate = () => 0.2;

  test("goes from the given weights, without a memory, whatever the trainer held before", async () => {
    const network = trainer();
    const start = readState(network, ["parameter", "statistic"]);
    const task = { batches: source(), epoch: 0, steps: 9, rate };
    const first = await trainLocally(network, start, task);
    await trainLocally(network, first.state, { ...task, epoch: 5 });
    const again = await trainLocally(network, start, task);
    expect([...again.state.keys()]).toEqual(["weight", "bias", "mean"]);
    for (const [name, values] of first.state) {
      expect([...again.state.get(name)!], name).toEqual([...values]);
      expect(
        values.some((v) => v !== 0),
        name,
      ).toBe(true);
    }
  });

  test("takes its steps over as many epochs as they need, and says where to go on", async () => {
    const batches = source();
    const seen: string[] = [];
    const network = trainer();
    const watching: typeof network = {
      ...network,
      get steps() {
        return network.steps;
      },
      step: (...args: Parameters<typeof network.step>) => {
        seen.push(args[1].join());
        return network.step(...args);
      },
    };
    const start = readState(network);
    // 6 batches in an epoch: all of epoch 3 and 2 of epoch 4.
    network.setSteps(50);
    const counted: number[] = [];
    const { nextEpoch, steps } = await trainLocally(watching, start, {
      batches,
      epoch: 3,
      steps: 8,
      rate: (step) => {
        counted.push(step);
        return 0.2;
      },
    });
    expect(counted).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
    const labels = (epoch: number) => Array.from(batches.epoch(epoch), (b) => b.labels.join());
    expect(seen).toEqual([...labels(3), ...labels(4).slice(0, 2)]);
    expect([steps, nextEpoch]).toEqual([8, 5]);
  });

  test("learns: the loss falls and most points are told apart", async () => {
    const network = trainer();
    const task = { batches: source(), epoch: 0, steps: 6, rate };
    const first = await trainLocally(network, readState(network), task);
    const later = await trainLocally(network, first.state, { ...task, steps: 120 });
    expect(later.loss).toBeLessThan(first.loss);
    expect(later.correct / later.examples).toBeGreaterThan(0.75);
  });
});

test("writeState wants every parameter and statistic", () => {
  const network = trainer();
  const state = readState(network);
  state.delete("bias");
  expect(() => writeState(network, state)).toThrow('writeState: the state lacks "bias"');
});
