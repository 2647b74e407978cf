import { describe, expect, test } from "vitest";
import { pairedDifferences } from "../../src/study/compare.js";
import type { TrialResult } from "../../src/study/results.js";
import { summarize } from "../../src/study/summarize.js";
import { assertWithin } from "../within.js";
import { normals, simulatedTrials, trialResult, trueAccuracy } from "./simulated-trials.js";

/** Counts of 1000 by estimator; NaN where a trial has no result. */
function trialsOf(point: number, counts: Record<string, number[]>): TrialResult[] {
  return Object.entries(counts).flatMap(([estimator, list]) =>
    list.flatMap((correct, trial) =>
      Number.isNaN(correct) ? [] : [trialResult({ point, trial, estimator, ratioDb: 4, correct })],
    ),
  );
}

describe("paired differences", () => {
  test("mean, standard deviation and interval of the differences 30, 50, 40 of 1000 images", () => {
    const trials = trialsOf(3, { ml: [500, 700, 600], pb: [530, 750, 640] });
    const [difference, ...rest] = pairedDifferences(trials, ["ml", "pb"], "ml");
    expect(rest).toEqual([]);
    const { interval95, standardDeviation, ...others } = difference!;
    expect(others).toEqual({
      point: 3,
      parameters: { "channel.wnrDb": 4 },
      estimator: "pb",
      baseline: "ml",
      trials: 3,
      difference: 0.04,
      significant: true,
    });
    expect(standardDeviation).toBeCloseTo(0.01, 12);
    // t(0.975, 2) = 4.303 of the NIST/SEMATECH e-Handbook, 1.3.6.7.2
    expect(interval95![0]).toBeCloseTo(0.04 - (4.303 * 0.01) / Math.sqrt(3), 5);
    expect(interval95![1]).toBeCloseTo(0.04 + (4.303 * 0.01) / Math.sqrt(3), 5);
  });

  test("every pair once; the baseline is always the one subtracted, otherwise the earlier one", () => {
    const trials = trialsOf(0, { a: [100, 101], b: [200, 203], c: [400, 404], d: [800, 801] });
    const pairs = pairedDifferences(trials, ["a", "b", "c", "d"], "c").map((d) => [
      d.estimator,
      d.baseline,
      d.difference,
    ]);
    expect(pairs).toEqual([
      ["a", "c", -0.3015],
      ["b", "c", -0.2005],
      ["b", "a", 0.101],
      ["d", "c", 0.3985],
      ["d", "a", 0.7],
      ["d", "b", 0.599],
    ]);
  });

  test("only trials that both have count, and a pair without one has no row", () => {
    const gap = Number.NaN;
    const trials = [
      ...trialsOf(0, { ml: [500, 510, 520, 530], pb: [gap, 540, gap, 550] }),
      ...trialsOf(1, { ml: [500, gap], pb: [gap, 540] }),
    ];
    const differences = pairedDifferences(trials, ["ml", "pb", "absent"], "ml");
    expect(differences).toHaveLength(1);
    expect(differences[0]).toMatchObject({ point: 0, trials: 2, difference: 0.025 });
  });

  test("equal differences: an interval without width, significant unless it is 0", () => {
    // 0.7 − 0.6 and 0.4 − 0.3 differ in their last digit; 100 images of 1000 do not.
    const trials = trialsOf(0, { ml: [300, 600, 200], pb: [400, 700, 300], same: [300, 600, 200] });
    const [pb, same] = pairedDifferences(trials, ["ml", "pb", "same"], "ml");
    expect(pb).toMatchObject({ standardDeviation: 0, interval95: [0.1, 0.1], significant: true });
    expect(same).toMatchObject({ standardDeviation: 0, interval95: [0, 0], significant: false });
  });

  test("one trial has a difference, and nothing to tell how sure it is", () => {
    const [difference] = pairedDifferences(trialsOf(0, { ml: [1], pb: [9] }), ["ml", "pb"], "ml");
    expect(difference).toMatchObject({
      difference: 0.008,
      standardDeviation: null,
      interval95: null,
      significant: false,
    });
  });

  test("does not depend on the order of the trials", () => {
    const trials = simulatedTrials(normals("order"), {
      middlesDb: { a: 5, b: 4, c: 3 },
      shiftDb: 1,
      correlation: 0.9,
      trials: (point) => 5 + point,
      commonNoise: true,
    });
    const backwards = pairedDifferences([...trials].reverse(), ["a", "b", "c"], "b");
    expect(backwards).toEqual(pairedDifferences(trials, ["a", "b", "c"], "b"));
    expect(backwards).toHaveLength(7 * 3);
  });

  test("the interval covers a true difference in 95 % of studies, where bands over trials overlap", () => {
    const studies = 3000;
    const simulation = {
      middlesDb: { a: 5, b: 4.8, same: 5 },
      shiftDb: 0.5,
      correlation: 0.95,
      trials: () => 8,
      commonNoise: true,
      ratiosDb: [5],
    };
    const truth = trueAccuracy(5, 4.8, 0.5) - trueAccuracy(5, 5, 0.5);
    const normal = normals("paired");
    let covered = 0;
    let found = 0;
    let falseAlarms = 0;
    let overlapping = 0;
    for (let study = 0; study < studies; study++) {
      const trials = simulatedTrials(normal, simulation);
      const [difference, none] = pairedDifferences(trials, ["a", "b", "same"], "a");
      const [low, high] = difference!.interval95!;
      if (low <= truth && truth <= high) covered++;
      if (difference!.significant) found++;
      if (none!.significant) falseAlarms++;
      if (study < 300) {
        const [a, b] = summarize(trials, () => 0);
        if (a!.interval95![1] >= b!.interval95![0]) overlapping++;
      }
    }
    const standardError = Math.sqrt((0.95 * 0.05) / studies);
    assertWithin(covered / studies, 0.95, standardError);
    assertWithin(falseAlarms / studies, 0.05, standardError);
    expect(found / studies).toBeGreaterThan(0.6);
    expect(overlapping / 300).toBeGreaterThan(0.95);
  });
});
