/** Analog compressed sums with error memory. */
import { describe, expect, test } from "vitest";
import { aDsgd } from "../../../src/federated/uplinks/a-dsgd.js";
import { RandomSource } from "../../../src/kernel/index.js";
import { mean, standardDeviation } from "../../../src/math/statistics.js";
import { assertWithin } from "../../within.js";
import {
  errorOf,
  meanSquareOf,
  openUplink,
  received,
  roundOf,
  sendOnce,
  sessionOf,
} from "./sending.js";

const size = 1500; // two blocks of 750, filled up to 1024 with projection hadamard
const gaussian = { deviceSnrDb: 20, keep: 0.1, blockValues: 800 };
const hadamard = { ...gaussian, projection: "hadamard" };

/** Updates of which a tenth is far larger than the rest. */
function updatesOf(devices: number, seed: number): Float32Array[] {
  return Array.from({ length: devices }, (_, k) => {
    const stream = new RandomSource(seed).stream(`device ${k}`);
    return Float32Array.from({ length: size }, () => {
      return (stream.uniform() < 0.1 ? 1 : 0.01) * stream.normal() * (1 + k);
    });
  });
}

/** The share of the values with the largest magnitudes; 0 elsewhere. */
function largest(update: Float32Array, keep = 0.1): Float64Array {
  const least = [...update].map(Math.abs).sort((a, b) => b - a)[
    Math.round(keep * update.length) - 1
  ];
  return Float64Array.from(update, (v) => (Math.abs(v) >= least ? v : 0));
}

describe.each([
  ["gaussian", 60],
  ["hadamard", 60],
])("projection %s, without noise", (projection, iterations) => {
  const params = { ...hadamard, deviceSnrDb: 140, projection, iterations };

  test("what was received and what devices still owe add up to the updates", () => {
    const link = openUplink(aDsgd, params, sessionOf(size, 1));
    const total = new Float64Array(size);
    const arrived = new Float64Array(size);
    for (let round = 0; round < 3; round++) {
      const [update] = updatesOf(1, round);
      const { observation, divisor } = link.send([update], roundOf(3, 1, round));
      expect(divisor).toBe(1);
      for (let i = 0; i < size; i++) {
        total[i] += update[i];
        arrived[i] += observation!.r[i];
      }
    }
    const owed = link.memory!.get("error of device 0")!;
    const missing = total.map((v, i) => v - arrived[i] - owed[i]);
    expect(meanSquareOf(missing) / meanSquareOf(total)).toBeLessThan(1e-6);
    // The share that is owed is what the case is about.
    expect(meanSquareOf(owed) / meanSquareOf(total)).toBeGreaterThan(1e-5);
  });

  test("the mean is weighted by the devices' amplitudes √α", () => {
    const updates = updatesOf(2, 8);
    // With A an isometry of these vectors to some percent, and norms well above c = 1, √α is as 1/norm.
    const sent = updates.map((update) => largest(update, 0.04));
    const weights = sent.map((g) => 1 / Math.sqrt(size * meanSquareOf(g) + 1));
    const all = weights[0] + weights[1];
    const theory = sent[0].map((v, i) => (weights[0] * v + weights[1] * sent[1][i]) / all);
    const error = errorOf(received(sendOnce(aDsgd, { ...params, keep: 0.04 }, updates)), theory);
    expect(meanSquareOf(error) / meanSquareOf(theory)).toBeLessThan(0.01);
    const plain = sent[0].map((v, i) => (v + sent[1][i]) / 2);
    expect(meanSquareOf(errorOf(plain, theory)) / meanSquareOf(theory)).toBeGreaterThan(0.05);
  });
});

test("every device spends exactly P per component of its update, with and without the mean apart", () => {
  const updates = updatesOf(3, 2);
  updates[2].fill(0); // which sends its scale alone
  for (const meanRemovalRounds of [0, 1]) {
    const params = { ...gaussian, meanRemovalRounds, scaleValue: 3, iterations: 1 };
    const { energy, symbols } = sendOnce(aDsgd, params, updates);
    for (const spent of energy) expect(spent / size).toBeCloseTo(1, 12);
    // s = d/2, the scale, and the mean: 751 or 752 components.
    expect(symbols).toBe(376);
  }
});

describe("the mean that travels apart", () => {
  test("changes nothing without noise", () => {
    const updates = [updatesOf(1, 5)[0].map(Math.abs)]; // whose mean is not 0
    const quiet = { ...gaussian, deviceSnrDb: 140, iterations: 60 };
    const apart = received(sendOnce(aDsgd, { ...quiet, meanRemovalRounds: 1 }, updates)).slice();
    const together = received(sendOnce(aDsgd, { ...quiet, meanRemovalRounds: 0 }, updates));
    expect(meanSquareOf(errorOf(apart, together)) / meanSquareOf(together)).toBeLessThan(1e-6);
  });

  test("doubles the noise", () => {
    const update = updatesOf(1, 3)[0].subarray(0, 400);
    const rounds = 150;
    const noise = (meanRemovalRounds: number) => {
      const params = { ...gaussian, deviceSnrDb: 10, output: "unbiased", meanRemovalRounds };
      const sent = largest(update);
      const errors = Array.from({ length: rounds }, (_, seed) =>
        meanSquareOf(errorOf(received(sendOnce(aDsgd, params, [update], seed)), sent)),
      );
      return mean(errors);
    };
    // One draw for all values of a round: a chi square with one degree of freedom, of standard deviation √2.
    assertWithin(noise(1) / noise(0), 2, Math.sqrt(2 / rounds));
  });
});

test.each([
  ["hadamard", "estimate"],
  ["hadamard", "unbiased"],
  ["gaussian", "estimate"],
  ["gaussian", "unbiased"],
])("projection %s, output %s: the stated variance is that of the error", (projection, output) => {
  const params = { ...hadamard, deviceSnrDb: 0, projection, output };
  const excess = Array.from({ length: 30 }, (_, seed) => {
    const [update] = updatesOf(1, seed);
    const { observation } = sendOnce(aDsgd, params, [update], seed);
    const error = meanSquareOf(errorOf(observation!.r, largest(update)));
    return (observation!.noiseVariance as number) / error - 1;
  });
  // Message passing is exact for infinite blocks only: 2 %.
  assertWithin(mean(excess), 0, 0.02 / 5 + standardDeviation(excess) / Math.sqrt(30));
});

test("a scale that noise turned negative loses the round", () => {
  const updates = updatesOf(1, 4);
  const rounds = Array.from({ length: 40 }, (_, seed) =>
    sendOnce(aDsgd, { ...hadamard, deviceSnrDb: -60 }, updates, seed),
  );
  const lost = rounds.filter(({ observation }) => observation === undefined);
  expect(lost.length).toBeGreaterThan(8);
  expect(lost.length).toBeLessThan(32);
  for (const { heard, energy } of lost) {
    expect(heard).toEqual([]);
    expect(energy).toHaveLength(1);
  }
});

describe("parameters that do not fit", () => {
  test("keep at or above bandwidthShare", () => {
    const { error } = aDsgd.params.safeParse({ deviceSnrDb: 3, keep: 0.5 });
    expect(error?.issues[0]).toMatchObject({
      path: ["keep"],
      message: "must be below bandwidthShare = 0.5",
    });
  });

  test("a mean apart with a projection that has it as a value", () => {
    const params = { ...hadamard, meanRemovalRounds: 3 };
    expect(aDsgd.params.safeParse(params).error?.issues[0]).toMatchObject({
      path: ["meanRemovalRounds"],
      message: "must be 0 with projection hadamard, for which a mean is one value",
    });
  });

  test("a block without a value on the air", () => {
    const params = { ...hadamard, bandwidthShare: 0.02, keep: 0.01, blockValues: 16 };
    expect(() => openUplink(aDsgd, params, sessionOf(100, 1))).toThrow(
      "a-dsgd: bandwidthShare 0.02 of blocks of 15 values leaves 0 on the air; it must be at least 1 and below 15",
    );
  });

  test("a Gaussian matrix beyond memory", () => {
    const params = { deviceSnrDb: 3, blockValues: 100_000 };
    expect(() => openUplink(aDsgd, params, sessionOf(100_000, 1))).toThrow(
      "a-dsgd: projection gaussian with blocks of 100000 values needs a matrix of 5000000000 numbers",
    );
  });

  test("memory of another update", () => {
    const memory = new Map([["error of device 4", new Float32Array(7)]]);
    expect(() => openUplink(aDsgd, hadamard, sessionOf(size, 1), memory)).toThrow(
      'a-dsgd: "error of device 4" of the checkpoint has 7 values, an update has 1500',
    );
  });
});
