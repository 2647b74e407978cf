import { describe, expect, test } from "vitest";
import { ncair } from "../../../src/federated/uplinks/ncair.js";
import { meanOf } from "../../fading/laws.js";
import { assertWithin } from "../../within.js";
import {
  gaussianUpdates,
  meanSquareOf,
  openUplink,
  received,
  roundOf,
  sendOnce,
  sessionOf,
} from "./sending.js";

const size = 200_000;
/** One size for each device, so that Σ g is the same in all components with the same sign. */
const sizes = [0.4, 1.1, 0.2];
const updates = sizes.map((v) => new Float32Array(size).fill(v));
const total = 1.7;

/** The components in which the round's mask lets positive values through: those that nobody owes afterwards. */
function sentOf(memory: ReadonlyMap<string, Float32Array>): boolean[] {
  return Array.from(memory.get("error of device 0")!, (v) => v === 0);
}

describe.each([-3, 12])("deviceSnrDb %s", (deviceSnrDb) => {
  const link = openUplink(ncair, { deviceSnrDb }, sessionOf(size, 3));
  const aggregate = link.send(updates, roundOf(1, 3));
  const r = received(aggregate);
  const sent = sentOf(link.memory!);
  const count = sent.filter(Boolean).length;
  // mean(g) of the largest device is its size times the share that is sent.
  const noise = (2 * ((1.1 * count) / size)) / 10 ** (deviceSnrDb / 10); // N0/ρ

  test("half of the components are sent", () => {
    assertWithin(count / size, 0.5, 0.5 / Math.sqrt(size));
  });

  test("energy detection is unbiased: E r = Σ g where sent, 0 elsewhere", () => {
    const where = meanOf(r.filter((_, i) => sent[i]));
    const elsewhere = meanOf(r.filter((_, i) => !sent[i]));
    assertWithin(where.value, total, where.se);
    assertWithin(elsewhere.value, 0, elsewhere.se);
  });

  test("Var[r] = (Σ g + N0/ρ)², and the stated variance is its mean", () => {
    // |y|² is exponential: the variance of its sample variance is 8σ⁴/n.
    const se = (variance: number, n: number) => variance * Math.sqrt(8 / n);
    const where = meanSquareOf(r.filter((_, i) => sent[i]).map((v) => v - total));
    const elsewhere = meanSquareOf(r.filter((_, i) => !sent[i]));
    assertWithin(where, (total + noise) ** 2, se((total + noise) ** 2, count));
    assertWithin(elsewhere, noise ** 2, se(noise ** 2, size - count));
    const mean = (count / size) * (total + noise) ** 2 + (1 - count / size) * noise ** 2;
    // Var[|y|⁴] = 20λ⁴, of which a quarter after the halving.
    const fourth = (count / size) * (total + noise) ** 4 + (1 - count / size) * noise ** 4;
    const stated = aggregate.observation?.noiseVariance as number;
    assertWithin(stated, mean, Math.sqrt((5 * fourth) / size));
  });

  test("the largest device spends P per component, the others in proportion; d symbols", () => {
    aggregate.energy.forEach((spent, k) => {
      expect(spent / ((size * sizes[k]) / 1.1)).toBeCloseTo(1, 5);
    });
    expect(aggregate.symbols).toBe(size);
  });
});

test("negative components travel with the other sign", () => {
  const negative = updates.map((update) => update.map((v) => -v));
  const link = openUplink(ncair, { deviceSnrDb: 12 }, sessionOf(size, 3));
  const r = received(link.send(negative, roundOf(1, 3)));
  const sent = sentOf(link.memory!);
  const where = meanOf(r.filter((_, i) => sent[i]));
  assertWithin(where.value, -total, where.se);
});

describe("error memory", () => {
  const gaussian = gaussianUpdates(2, 5000);

  test("a device owes what it did not send, and sends it in a later round", () => {
    const link = openUplink(ncair, { deviceSnrDb: 10 }, sessionOf(5000, 2));
    link.send(gaussian, roundOf(1, 2, 0));
    const owed = link.memory!.get("error of device 1")!;
    const first = owed.slice();
    const kept = first.filter((v, i) => v === gaussian[1][i]).length;
    expect(first.every((v, i) => v === 0 || v === gaussian[1][i])).toBe(true);
    assertWithin(kept / 5000, 0.5, 0.5 / Math.sqrt(5000));
    // Without new updates each round sends half of what is left.
    const zeros = gaussian.map(() => new Float32Array(5000));
    for (let round = 1; round <= 4; round++) link.send(zeros, roundOf(1, 2, round));
    const left = owed.filter((v) => v !== 0).length;
    assertWithin(left / 5000, 1 / 32, Math.sqrt(1 / 32 / 5000));
  });

  test("a device that is not active keeps what it owes", () => {
    const link = openUplink(ncair, { deviceSnrDb: 10 }, sessionOf(5000, 2));
    link.send(gaussian, roundOf(1, 2, 0));
    const before = link.memory!.get("error of device 1")!.slice();
    link.send([gaussian[0]], { ...roundOf(1, 1, 1), active: [0] });
    expect(link.memory!.get("error of device 1")!.every((v, i) => v === before[i])).toBe(true);
  });
});

test("few gains: unbiased in the mean over rounds", () => {
  const length = 64;
  const few = sizes.map((v) => new Float32Array(length).fill(v));
  const means: number[] = [];
  for (let seed = 0; seed < 1000; seed++) {
    const link = openUplink(ncair, { deviceSnrDb: 10, subcarriers: 4 }, sessionOf(length, 3));
    const r = received(link.send(few, roundOf(seed, 3)));
    const sent = sentOf(link.memory!);
    means.push(meanOf(r.filter((_, i) => sent[i])).value);
  }
  const { value, se } = meanOf(means);
  assertWithin(value, total, se);
});

test("with one gain for all, all components of a device arrive with it", () => {
  const one = [new Float32Array(5000).fill(0.4)];
  const link = openUplink(ncair, { deviceSnrDb: 200, subcarriers: 1 }, sessionOf(5000, 1));
  const r = received(link.send(one, roundOf(3, 1)));
  const sent = sentOf(link.memory!);
  const gains = r.filter((_, i) => sent[i]).map((v) => v / 0.4);
  expect(Math.max(...gains) / Math.min(...gains)).toBeCloseTo(1, 5);
  expect(gains[0]).not.toBeCloseTo(1, 2);
});

test("updates that are all 0 arrive as 0", () => {
  const aggregate = sendOnce(ncair, { deviceSnrDb: 3 }, [new Float32Array(9)]);
  expect(received(aggregate).every((v) => v === 0)).toBe(true);
  expect(aggregate.energy).toEqual([0]);
});
