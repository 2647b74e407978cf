import { describe, expect, test } from "vitest";
import { InputError } from "../../src/errors.js";
import { RandomSource } from "../../src/kernel/index.js";
import { BatchSource } from "../../src/training/batches.js";

/** Example i has the label i, the values i, i + 0.5 and the token i. */
const examples = (count: number) => ({
  count,
  inputs: [
    { data: Float32Array.from({ length: 2 * count }, (_, k) => k / 2), shape: [2] },
    { data: BigInt64Array.from({ length: count }, (_, i) => BigInt(i)), shape: [1] },
  ],
  labels: Int32Array.from({ length: count }, (_, i) => i),
});
const source = (count: number, batch: number, seed = 1) =>
  new BatchSource(examples(count), batch, new RandomSource(seed).child("training"));
const labelsOf = (batches: BatchSource, epoch: number) =>
  Array.from(batches.epoch(epoch), ({ labels }) => [...labels]).flat();

describe("an epoch", () => {
  test("takes every example once when batches divide them", () => {
    const labels = labelsOf(source(60, 12), 0);
    expect(labels.toSorted((a, b) => a - b)).toEqual([...examples(60).labels]);
    expect(labels).not.toEqual([...examples(60).labels]);
  });

  test("leaves out what is no whole batch, and other examples in other epochs", () => {
    const batches = source(65, 12);
    expect([batches.perEpoch, batches.leftOut]).toEqual([5, 5]);
    const missing = [0, 1, 2].map((epoch) => {
      const taken = new Set(labelsOf(batches, epoch));
      expect(taken.size).toBe(60);
      return [...examples(65).labels].filter((i) => !taken.has(i)).join();
    });
    expect(new Set(missing).size).toBe(3);
  });

  test("brings each example's inputs with its label, whatever their type", () => {
    for (const { inputs, labels } of source(65, 12).epoch(4)) {
      labels.forEach((label, i) => {
        expect((inputs[0].data as Float32Array)[2 * i]).toBe(label);
        expect((inputs[0].data as Float32Array)[2 * i + 1]).toBe(label + 0.5);
        expect((inputs[1].data as BigInt64Array)[i]).toBe(BigInt(label));
      });
    }
  });

  test("depends on seed and number alone, not on epochs before it", () => {
    const batches = source(65, 12);
    labelsOf(batches, 0);
    labelsOf(batches, 1);
    expect(labelsOf(batches, 7)).toEqual(labelsOf(source(65, 12), 7));
    expect(labelsOf(batches, 7)).not.toEqual(labelsOf(batches, 8));
    expect(labelsOf(batches, 7)).not.toEqual(labelsOf(source(65, 12, 2), 7));
  });
});

test("the first example of an epoch is any of them as often: 20 of 1,000 epochs each, of 50", () => {
  const batches = source(50, 10);
  const counts = new Int32Array(50);
  for (let epoch = 0; epoch < 1000; epoch++) {
    const { value } = batches.epoch(epoch).next();
    counts[value!.labels[0]]++;
  }
  const chiSquare = counts.reduce((sum, n) => sum + (n - 20) ** 2 / 20, 0);
  expect(chiSquare).toBeLessThan(49 + 5 * Math.sqrt(2 * 49));
});

test("augmentations change the batch and leave the examples alone, each with streams of its own", () => {
  const own = examples(40);
  const names: string[] = [];
  const batches = new BatchSource(own, 10, new RandomSource(1), [
    {
      name: "first",
      augment: (images, random) => {
        names.push(`first ${random.integer(1e9)}`);
        images.fill(-1);
      },
    },
    { name: "second", augment: (_images, random) => names.push(`second ${random.integer(1e9)}`) },
  ]);
  for (const { inputs } of batches.epoch(0)) {
    expect((inputs[0].data as Float32Array).every((v) => v === -1)).toBe(true);
  }
  expect(Math.min(...(own.inputs[0].data as Float32Array))).toBe(0);
  expect(names.map((name) => name.split(" ")[0])).toEqual(
    Array.from({ length: 4 }, () => ["first", "second"]).flat(),
  );
  expect(new Set(names.map((name) => name.split(" ")[1])).size).toBe(8);
});

test("a batch larger than all examples is refused", () => {
  expect(() => source(60, 61)).toThrow(InputError);
  expect(() => source(60, 61)).toThrow(
    "training.batch must be at most the 60 training examples, got 61",
  );
  expect(source(60, 60).perEpoch).toBe(1);
});
