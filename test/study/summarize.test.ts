import { describe, expect, test } from "vitest";
import type { TrialResult } from "../../src/study/results.js";
import { ratioOfMeanNoiseDb, summarize } from "../../src/study/summarize.js";
import { assertWithin } from "../within.js";
import { normals, simulatedTrials, trialResult, trueAccuracy } from "./simulated-trials.js";

const simulation = {
  middlesDb: { ml: 5, pb: 3 },
  shiftDb: 1,
  correlation: 0.9,
  trials: (point: number) => 4 + point,
  commonNoise: true,
};

describe("a point's summary", () => {
  test("means over trials of everything that varies", () => {
    const search = {
      chosenBy: "validation",
      method: "race",
      images: 100,
      correct: 90,
      settings: 20,
      leftOut: 0,
    } as const;
    const common = { point: 2, estimator: "pb", ratioDb: 0 };
    const trials = [
      { trial: 1, correct: 800, nmse: 0.3, airtimeS: 0.5, latencyS: 0.9, energy: 10, cost: 700 },
      { trial: 0, correct: 700, nmse: 0.1, airtimeS: 0.7, latencyS: 0.7, energy: 30, cost: 400 },
    ].map(({ cost, ...t }, i) =>
      trialResult({
        ...common,
        ...t,
        equivalentWnrDb: [0, 10 * Math.log10(3)][i]!,
        outageRate: [0.5, 0][i]!,
        retransmissions: [6, 0][i]!,
        search: { ...search, imageInferences: cost },
      }),
    );
    const [summary, ...rest] = summarize(trials, (point) => 10 * point);
    expect(rest).toEqual([]);
    const { standardDeviation, interval95, bootstrap95, ...others } = summary!;
    expect(others).toEqual({
      point: 2,
      estimator: "pb",
      parameters: { "channel.wnrDb": 0 },
      model: 20,
      trials: 2,
      accuracy: 0.75,
      snrDb: 0.1,
      wnrDb: 0,
      // Errors of 1/2 and of 1/4 (3:1) have the mean 3/8, which is 5:3.
      equivalentWnrDb: expect.closeTo(10 * Math.log10(5 / 3), 9),
      nmse: 0.2,
      outageRate: 0.25,
      erasureRate: 0.0625,
      airtimeS: 0.6,
      latencyS: 0.8,
      energy: 20,
      retransmissions: 3,
      sideBits: 64,
      searchImageInferences: 550,
    });
    expect(standardDeviation).toBeCloseTo(0.1 / Math.SQRT2, 12);
    // t(0.975, 1) = 12.706 and s / √2 = 0.05
    expect(interval95![1] - 0.75).toBeCloseTo(12.706 * 0.05, 4);
    // All resamples of two trials lie between the two.
    expect(bootstrap95).toEqual([0.7, 0.8]);
  });

  test("one trial has no spread and no interval", () => {
    const trial = trialResult({ point: 0, trial: 4, estimator: "ml", ratioDb: 2, correct: 123 });
    expect(summarize([trial], () => 0)[0]).toMatchObject({
      trials: 1,
      accuracy: 0.123,
      standardDeviation: null,
      interval95: null,
      bootstrap95: null,
      searchImageInferences: 0,
    });
  });

  test("equal trials have exactly their value", () => {
    const trials = Array.from({ length: 10 }, (_, trial) =>
      trialResult({ point: 0, trial, estimator: "ml", ratioDb: 0.1, correct: 100, airtimeS: 0.1 }),
    );
    expect(summarize(trials, () => 0)[0]).toMatchObject({
      accuracy: 0.1,
      standardDeviation: 0,
      interval95: [0.1, 0.1],
      bootstrap95: [0.1, 0.1],
      wnrDb: 0.1,
      airtimeS: 0.1,
    });
  });

  test("does not depend on the order of the trials, to the last bit, nor on other points", () => {
    const trials = simulatedTrials(normals("summary"), simulation).map(
      (t, i): TrialResult => ({ ...t, nmse: Math.abs(Math.sin(i)), wnrDb: t.wnrDb + Math.cos(i) }),
    );
    const rows = summarize(trials, () => 0);
    expect(rows.map((r) => [r.point, r.estimator, r.trials])).toEqual(
      [0, 1, 2, 3, 4, 5, 6].flatMap((p) => [
        [p, "ml", 4 + p],
        [p, "pb", 4 + p],
      ]),
    );
    const shuffled = trials.map((t, i) => [(i * 7919) % 1009, t] as const);
    shuffled.sort(([a], [b]) => a - b);
    // Results of a trial come together, receivers in order; nothing else about the order is promised.
    const byReceiver = ["ml", "pb"].flatMap((e) =>
      shuffled.map(([, t]) => t).filter((t) => t.estimator === e),
    );
    expect(summarize(byReceiver, () => 0)).toEqual(rows);
    const alone = trials.filter((t) => t.point === 3);
    expect(summarize(alone, () => 0)).toEqual(rows.filter((r) => r.point === 3));
  });

  test("the bootstrap interval of ten trials covers the true mean in 95 % of studies", () => {
    const studies = 2000;
    const normal = normals("bootstrap coverage");
    const one = { ...simulation, middlesDb: { ml: 5 }, trials: () => 10, ratiosDb: [4] };
    const truth = trueAccuracy(4, 5, 1);
    let covered = 0;
    for (let study = 0; study < studies; study++) {
      const [low, high] = summarize(simulatedTrials(normal, one), () => 0)[0]!.bootstrap95!;
      if (low <= truth && truth <= high) covered++;
    }
    // With tails of 0.025 it is about 90 %: beyond the tolerance.
    assertWithin(covered / studies, 0.95, Math.sqrt((0.95 * 0.05) / studies));
  });
});

describe("ratio of the mean noise", () => {
  test("is a mean of noise variances, not of decibels", () => {
    // Noise of 1 and 1/3 for a signal of 1: on average 2/3.
    expect(ratioOfMeanNoiseDb([0, 10 * Math.log10(3)])).toBeCloseTo(10 * Math.log10(1.5), 12);
  });

  test("a trial without noise halves it; no noise at all is infinite", () => {
    const infinite = Number.POSITIVE_INFINITY;
    expect(ratioOfMeanNoiseDb([7, infinite])).toBeCloseTo(7 + 10 * Math.log10(2), 12);
    expect(ratioOfMeanNoiseDb([infinite, infinite])).toBe(infinite);
  });
});
