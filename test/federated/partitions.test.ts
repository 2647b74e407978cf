import { describe, expect, test } from "vitest";
import { dirichlet } from "../../src/federated/partitions/dirichlet.js";
import { iid } from "../../src/federated/partitions/iid.js";
import { partitions } from "../../src/federated/partitions/index.js";
import { paper } from "../../src/federated/partitions/paper.js";
import type { Partition } from "../../src/federated/partitions/partition.js";
import { shards } from "../../src/federated/partitions/shards.js";
import { RandomSource } from "../../src/kernel/index.js";
import { assertWithin } from "../within.js";

const classes = 10;
/** Classes in turn, but for a tail of class 3. */
const labels = Int32Array.from({ length: 1037 }, (_, i) => (i < 1000 ? i % classes : 3));
const task = (devices: number, seed = 1) => ({
  labels,
  classes,
  devices,
  random: new RandomSource(seed),
});
const defaults = { dirichlet: { alpha: 0.4 } } as Record<string, object>;

describe.each(partitions.map((p) => [p.name, p as unknown as Partition] as const))(
  "%s",
  (name, partition) => {
    const params = partition.params.parse(defaults[name] ?? {});

    test("every image lies on one device; the seed alone decides which", () => {
      const parts = partition.split(params, task(7));
      expect(parts).toHaveLength(7);
      const seen = new Uint8Array(labels.length);
      for (const part of parts) for (const i of part) seen[i]++;
      expect(seen.every((times) => times === 1)).toBe(true);
      const text = (of: readonly Int32Array[]) => of.map((part) => part.join()).join("\n");
      expect(text(partition.split(params, task(7)))).toBe(text(parts));
      expect(text(partition.split(params, task(7, 2)))).not.toBe(text(parts));
    });
  },
);

const counts = (part: Int32Array) => {
  const count = new Int32Array(classes);
  for (const i of part) count[labels[i]]++;
  return count;
};

test("iid: counts differ by one, and the share of a class is that of all images", () => {
  const parts = iid.split({}, task(8));
  expect(parts.map(({ length }) => length).sort()).toEqual([
    129, 129, 129, 130, 130, 130, 130, 130,
  ]);
  const share = 137 / labels.length; // of class 3
  for (const part of parts) {
    const n = part.length;
    assertWithin(counts(part)[3] / n, share, Math.sqrt((share * (1 - share)) / n));
  }
});

test("dirichlet: a device's share of a class has mean 1/N and variance (N − 1)/(N² (N α + 1))", () => {
  const devices = 5;
  const alpha = 0.7;
  const draws = 400;
  const shares: number[] = [];
  for (let seed = 0; seed < draws; seed++) {
    const parts = dirichlet.split({ alpha }, task(devices, seed));
    // One device and one class of each draw: shares of a class add up to 1 and are not independent.
    for (let c = 0; c < classes; c++)
      shares.push(counts(parts[c % devices])[c] / (c === 3 ? 137 : 100));
  }
  const n = shares.length;
  const mean = shares.reduce((a, b) => a + b, 0) / n;
  const variance = (devices - 1) / (devices ** 2 * (devices * alpha + 1));
  // Counts are whole images: a rounding of 1/100, small beside the spread.
  assertWithin(mean, 1 / devices, Math.sqrt(variance / n));
  const squares = shares.map((s) => (s - 1 / devices) ** 2);
  const found = squares.reduce((a, b) => a + b, 0) / n;
  const spread = Math.sqrt(squares.reduce((a, s) => a + (s - found) ** 2, 0) / n / n);
  assertWithin(found, variance, spread);
});

test("dirichlet: a tiny α puts each class on one device, without numbers that underflow", () => {
  const parts = dirichlet.split({ alpha: 1e-4 }, task(50));
  const holders = Array.from(
    { length: classes },
    (_, c) => parts.filter((p) => counts(p)[c] > 0).length,
  );
  expect(Math.max(...holders)).toBeLessThanOrEqual(2);
  expect(parts.some(({ length }) => length === 0)).toBe(true);
});

test("shards: every device has just so many classes, held by numbers of devices that differ by one", () => {
  const parts = shards.split({ classesPerDevice: 3 }, task(7));
  const held = parts.map((part) => [...counts(part)].filter((n) => n > 0).length);
  expect(held).toEqual(Array(7).fill(3));
  const holders = Array.from(
    { length: classes },
    (_, c) => parts.filter((p) => counts(p)[c] > 0).length,
  );
  expect(Math.max(...holders) - Math.min(...holders)).toBeLessThanOrEqual(1);
  const ofClass0 = parts.map((part) => counts(part)[0]).filter((n) => n > 0);
  expect(Math.max(...ofClass0) - Math.min(...ofClass0)).toBeLessThanOrEqual(1);
});

test("shards: what cannot be is refused", () => {
  expect(() => shards.split({ classesPerDevice: 11 }, task(7))).toThrow(
    "partition.shards: classesPerDevice must be at most the 10 classes of the data set, got 11",
  );
  expect(() => shards.split({ classesPerDevice: 2 }, task(4))).toThrow(
    "partition.shards: classesPerDevice must be at least 3, so that 4 devices have room for 10 classes, got 2",
  );
});

test("paper: four fifths at random, then runs of sorted labels from device 0 on", () => {
  const devices = 5;
  const parts = paper.split({ randomFraction: 0.8 }, task(devices));
  const first = Math.round(0.8 * labels.length);
  const runs = parts.map((part, k) => {
    const mixed = Math.floor(((k + 1) * first) / devices) - Math.floor((k * first) / devices);
    expect(new Set(Array.from(part.subarray(0, mixed), (i) => labels[i])).size).toBe(classes);
    return Array.from(part.subarray(mixed), (i) => labels[i]);
  });
  const sorted = runs.flat();
  expect(sorted).toHaveLength(labels.length - first);
  expect(sorted).toEqual([...sorted].sort((a, b) => a - b));
});
