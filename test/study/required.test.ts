import { describe, expect, test } from "vitest";
import { standardDeviation } from "../../src/math/statistics.js";
import { lastCrossing, requiredRatios } from "../../src/study/required.js";
import type { RunResult, TargetRatio, TrialResult } from "../../src/study/results.js";
import { assertWithin } from "../within.js";
import {
  normals,
  ratioAxis,
  type Simulation,
  simulatedTrials,
  trialResult,
  trueRequiredDb,
} from "./simulated-trials.js";

const question = {
  axes: [ratioAxis],
  estimators: ["ml", "pb"],
  baseline: "ml",
  gainAt: [0.6],
  commonNoise: true,
};

/** Counts of 1000 by estimator, ratio and trial. */
function trialsOf(curves: Record<string, Record<number, number[]>>): TrialResult[] {
  return Object.entries(curves).flatMap(([estimator, points]) =>
    Object.entries(points).flatMap(([ratio, counts], point) =>
      counts.map((correct, trial) =>
        trialResult({ point, trial, estimator, ratioDb: Number(ratio), correct }),
      ),
    ),
  );
}

describe("the last upward crossing", () => {
  const x = [0, 2, 4, 6];
  test.each([
    ["between two points, linear", [0.1, 0.4, 0.8, 0.9], 0.6, 3],
    ["at a point that is just there", [0.1, 0.4, 0.6, 0.9], 0.6, 4],
    ["a fall below the target counts: stays, not reaches", [0.1, 0.7, 0.5, 0.9], 0.6, 4.5],
    ["at the last point only", [0.1, 0.2, 0.3, 0.6], 0.6, 6],
    ["all above", [0.6, 0.7, 0.8, 0.9], 0.6, Number.NEGATIVE_INFINITY],
    ["all below", [0.1, 0.2, 0.3, 0.4], 0.6, Number.POSITIVE_INFINITY],
    ["above, but not at the end", [0.1, 0.7, 0.8, 0.5], 0.6, Number.POSITIVE_INFINITY],
    ["0.6 less its last digit is 0.6", [0.1, 0.2, 0.6 - 2e-16, 0.9], 0.6, 4],
  ])("%s", (_, y, target, crossing) => {
    expect(lastCrossing(x, y, target)).toBeCloseTo(crossing, 12);
  });
});

describe("required ratio and gain", () => {
  test("of single trials: interpolated in dB, without intervals", () => {
    const trials = trialsOf({
      ml: { 2: [500], 4: [700], 6: [900] },
      pb: { 2: [580], 4: [780], 6: [950] },
    });
    const rows = requiredRatios(trials, { ...question, gainAt: [0.6, 0.8] });
    const common = { parameters: {}, quantity: "wnrDb", reached: "within", baseline: "ml" };
    const none = { interval95: null, gainInterval95: null };
    const expected = [
      { estimator: "ml", target: 0.6, requiredDb: 3, gainDb: null },
      { estimator: "pb", target: 0.6, requiredDb: 2.2, gainDb: 0.8 },
      { estimator: "ml", target: 0.8, requiredDb: 5, gainDb: null },
      { estimator: "pb", target: 0.8, requiredDb: 4 + (2 * 20) / 170, gainDb: 1 - 40 / 170 },
    ];
    expect(rows).toHaveLength(4);
    expected.forEach(({ requiredDb, gainDb, ...rest }, i) => {
      expect(rows[i]).toMatchObject({ ...common, ...none, ...rest });
      expect(rows[i]!.requiredDb).toBeCloseTo(requiredDb, 12);
      if (gainDb === null) expect(rows[i]!.gainDb).toBeNull();
      else expect(rows[i]!.gainDb).toBeCloseTo(gainDb, 12);
    });
  });

  test("below and never: no ratio, no gain", () => {
    const trials = trialsOf({
      ml: { 2: [700], 4: [800] },
      pb: { 2: [100], 4: [500] },
      within: { 2: [500], 4: [700] },
    });
    const rows = requiredRatios(trials, { ...question, estimators: ["ml", "pb", "within"] });
    expect(rows.map((r) => [r.reached, r.requiredDb, r.gainDb])).toEqual([
      ["below", null, null],
      ["never", null, null],
      ["within", 3, null],
    ]);
  });

  // With two trials there are three resamples of a point (00, 01, 11), and the interval is their range.
  test("two trials, common noise: the same trials are drawn at both points", () => {
    // Trial 0 crosses 0.6 at 2 + 2 · 100/200 = 3, trial 1 at 2 + 2 · 200/600, both together at 2.75.
    const trials = trialsOf({ ml: { 2: [500, 400], 4: [700, 1000] } });
    const [row] = requiredRatios(trials, { ...question, estimators: ["ml"] });
    expect(row!.requiredDb).toBeCloseTo(2.75, 12);
    expect(row!.interval95![0]).toBeCloseTo(2 + 2 / 3, 12);
    expect(row!.interval95![1]).toBeCloseTo(3, 12);
  });

  test("two trials, independent noise: any trial of one point meets any of the other", () => {
    const trials = trialsOf({ ml: { 2: [500, 400], 4: [700, 1000] } });
    const [row] = requiredRatios(trials, { ...question, estimators: ["ml"], commonNoise: false });
    expect(row!.requiredDb).toBeCloseTo(2.75, 12);
    expect(row!.interval95![0]).toBeCloseTo(2 + (2 * 100) / 500, 12); // 500 and 1000
    expect(row!.interval95![1]).toBeCloseTo(2 + (2 * 200) / 300, 12); // 400 and 700
  });

  test.each([true, false])(
    "what shifts both estimators alike leaves the gain (common noise: %s)",
    (commonNoise) => {
      // Linear curves of 100 images a dB; a trial shifts all by up to 1 dB, pb is 0.7 dB ahead.
      const shifts = [0, 30, 100, 70, 50, 90];
      const ml = (ratio: number) => shifts.map((s) => 100 * ratio + 200 + s);
      const curve = (ahead: number) =>
        Object.fromEntries([2, 3, 4, 5].map((x) => [x, ml(x + ahead).map(Math.round)]));
      const rows = requiredRatios(trialsOf({ ml: curve(0), pb: curve(0.7) }), {
        ...question,
        commonNoise,
      });
      const [low, high] = rows[0]!.interval95! as [number, number];
      expect(high - low).toBeGreaterThan(0.5);
      if (!commonNoise) return;
      for (const gain of [rows[1]!.gainDb, ...rows[1]!.gainInterval95!]) {
        expect(gain).toBeCloseTo(0.7, 9);
      }
    },
  );

  test("a resample that is above throughout, or ends below, leaves the bound open", () => {
    // Trial 0 alone crosses at 4, trial 1 alone is above from the start.
    const low = trialsOf({ ml: { 2: [400, 600], 4: [600, 800] } });
    expect(requiredRatios(low, { ...question, estimators: ["ml"] })[0]).toMatchObject({
      reached: "within",
      requiredDb: 3,
      interval95: [null, 4],
    });
    const high = trialsOf({ ml: { 2: [300, 500], 4: [560, 800] } });
    const [row] = requiredRatios(high, { ...question, estimators: ["ml"] });
    expect(row!.interval95).toEqual([2 + (2 * 100) / 300, null]);
    const both = trialsOf({ ml: { 2: [300, 620], 4: [560, 800] } });
    expect(requiredRatios(both, { ...question, estimators: ["ml"] })[0]!.interval95).toEqual([
      null,
      null,
    ]);
    const never = trialsOf({ ml: { 2: [300, 350], 4: [400, 420] } });
    expect(requiredRatios(never, { ...question, estimators: ["ml"] })[0]).toMatchObject({
      reached: "never",
      requiredDb: null,
      interval95: null,
    });
  });

  test("a gain where both end below the target can be anything: both bounds are open", () => {
    // In resamples of trial 0 alone neither curve reaches the target; trial 1 alone: 2.8 and 2.4.
    const ml = { 2: [300, 500], 4: [560, 750] };
    const pb = { 2: [310, 550], 4: [570, 800] };
    const [, row] = requiredRatios(trialsOf({ ml, pb }), question);
    expect(row!.gainDb).toBeGreaterThan(0);
    expect(row!.interval95![0]).toBeCloseTo(2.4, 12);
    expect(row!.gainInterval95).toEqual([null, null]);
    // Where only the baseline does, the gain has a lower bound and no upper one.
    const [, better] = requiredRatios(
      trialsOf({ ml, pb: { 2: [310, 550], 4: [650, 800] } }),
      question,
    );
    expect(better!.gainInterval95![0]).toBeCloseTo(0.8 - 0.4, 12);
    expect(better!.gainInterval95![1]).toBeNull();
  });

  test("points may have different numbers of trials, and estimators may lack some", () => {
    const trials = trialsOf({
      ml: { 2: [480, 500, 520], 4: [680, 700, 720, 690, 710], 6: [900, 901] },
      pb: { 2: [580, 600, 620], 4: [780, 800, 820, 790, 810], 6: [950, 951] },
    }).filter((t) => !(t.estimator === "pb" && t.point === 1 && t.trial === 0));
    const [ml, pb] = requiredRatios(trials, { ...question, gainAt: [0.65] });
    expect(ml!.requiredDb).toBeCloseTo(3.5, 12);
    expect(pb!.requiredDb).toBeCloseTo(2 + (2 * 50) / 205, 12);
    expect(pb!.gainInterval95![0]).toBeLessThan(pb!.gainDb!);
    expect(pb!.gainInterval95![1]).toBeGreaterThan(pb!.gainDb!);
  });

  test("does not depend on the order of the trials", () => {
    const trials = simulatedTrials(normals("order"), {
      middlesDb: { ml: 5, pb: 3 },
      shiftDb: 1,
      correlation: 0.9,
      trials: (point) => 4 + (point % 3),
      commonNoise: true,
    });
    for (const commonNoise of [true, false]) {
      const asked = { ...question, gainAt: [0.3, 0.6], commonNoise };
      const rows = requiredRatios(trials, asked);
      expect(rows).toHaveLength(4);
      expect(requiredRatios([...trials].reverse(), asked)).toEqual(rows);
    }
  });
});

describe("which curves there are", () => {
  const at = (parameters: TrialResult["parameters"], point: number, wnrDb: number, correct = 500) =>
    trialResult({ point, trial: 0, estimator: "ml", ratioDb: wnrDb, correct, parameters });
  const one = { ...question, estimators: ["ml"] };
  const axis = (path: string, values: RunResult["axes"][number]["values"]) => ({
    path,
    title: path,
    values,
  });

  test("one for each setting of the other parameters", () => {
    const axes = [axis("channel.snrDb", [2, 4]), axis("receivers.ml.kappa", [10, 90])];
    const trials = [2, 4].flatMap((snr, i) =>
      [10, 90].map((kappa, j) => {
        const parameters = { "channel.snrDb": snr, "receivers.ml.kappa": kappa };
        return at(parameters, 2 * i + j, snr - 0.1, 500 + 200 * i + 50 * j);
      }),
    );
    const rows = requiredRatios(trials, { ...one, axes });
    expect(rows.map((r) => [r.parameters, r.quantity])).toEqual([
      [{ "receivers.ml.kappa": 10 }, "snrDb"],
      [{ "receivers.ml.kappa": 90 }, "snrDb"],
    ]);
    expect(rows[0]!.requiredDb).toBeCloseTo(3, 12);
    expect(rows[1]!.requiredDb).toBeCloseTo(2.5, 12);
  });

  test("a number of the channel that makes the WNR fall: the curve runs along the WNR", () => {
    const axes = [axis("channel.distanceM", [10, 20, 40]), axis("receivers.ml.kappa", [10])];
    const trials = [10, 20, 40].map((distance, i) =>
      at({ "channel.distanceM": distance, "receivers.ml.kappa": 10 }, i, 9 - 3 * i, 900 - 200 * i),
    );
    const [row] = requiredRatios(trials, { ...one, axes });
    expect(row).toMatchObject({ quantity: "wnrDb", parameters: { "receivers.ml.kappa": 10 } });
    expect(row!.requiredDb).toBeCloseTo(4.5, 12);
  });

  test.each([
    ["no ratio is swept", "receivers.ml.kappa", [5, 6, 7]],
    ["the WNR stays", "channel.dopplerHz", [5, 5, 5]],
    ["the WNR rises and falls", "channel.dopplerHz", [5, 7, 6]],
  ])("none where %s", (_, path, wnrs) => {
    const trials = wnrs.map((wnr, i) => at({ [path]: i }, i, wnr, 500 + 100 * i));
    expect(requiredRatios(trials, { ...one, axes: [axis(path, [0, 1, 2])] })).toEqual([]);
  });

  test("none where two numbers vary the WNR, where there is one point, or no target", () => {
    const axes = [axis("channel.distanceM", [1, 2]), axis("transmitter.powerDbm", [1, 2])];
    const trials = [0, 1, 2, 3].map((i) =>
      at(
        { "channel.distanceM": 1 + (i & 1), "transmitter.powerDbm": 1 + (i >> 1) },
        i,
        i + (i >> 1),
      ),
    );
    expect(requiredRatios(trials, { ...one, axes })).toEqual([]);
    expect(requiredRatios(trialsOf({ ml: { 2: [600] } }), one)).toEqual([]);
    expect(requiredRatios(trialsOf({ ml: { 2: [1], 4: [999] } }), { ...one, gainAt: [] })).toEqual(
      [],
    );
  });

  test("a point without noise is on no curve", () => {
    const trials = [
      ...trialsOf({ ml: { 2: [500], 4: [550] } }),
      at({ "channel.wnrDb": Number.POSITIVE_INFINITY }, 2, Number.POSITIVE_INFINITY, 990),
    ];
    expect(requiredRatios(trials, one)[0]).toMatchObject({ reached: "never", requiredDb: null });
    const alone = trials.filter((t) => t.point !== 0);
    expect(requiredRatios(alone, one)).toEqual([]);
  });

  test("a point stands at the ratio of its mean noise", () => {
    // Fading: noise 1 and 1/3 at the first point, ten times less at the second.
    const db = 10 * Math.log10(3);
    const trials = [0, 10].flatMap((base, point) =>
      [base, base + db].map((wnrDb, trial) => ({
        ...at({ "channel.wnrDb": base }, point, wnrDb, 500 + 200 * point),
        trial,
      })),
    );
    expect(requiredRatios(trials, one)[0]!.requiredDb).toBeCloseTo(5 + 10 * Math.log10(1.5), 9);
  });
});

describe("coverage of the true ratio and the true gain", () => {
  const target = 0.6;
  const middlesDb = { ml: 5, pb: 3 };
  const cases: [string, Omit<Simulation, "middlesDb">][] = [
    [
      "20 trials, common noise",
      { shiftDb: 0.8, correlation: 0.9, trials: () => 20, commonNoise: true },
    ],
    [
      "20 trials, independent noise",
      { shiftDb: 0.8, correlation: 0.9, trials: () => 20, commonNoise: false },
    ],
    [
      "15 to 60 trials, common noise",
      {
        shiftDb: 0.8,
        correlation: 0.9,
        trials: (point) => [15, 60, 20, 15, 40][point % 5]!,
        commonNoise: true,
      },
    ],
  ];

  test.each(cases)("%s", (name, simulation) => {
    const studies = 500;
    const normal = normals(name);
    const truth = {
      ml: trueRequiredDb(middlesDb.ml, simulation.shiftDb, target),
      pb: trueRequiredDb(middlesDb.pb, simulation.shiftDb, target),
    };
    const required = new Tally(truth.ml);
    const gain = new Tally(truth.ml - truth.pb);
    for (let study = 0; study < studies; study++) {
      const trials = simulatedTrials(normal, { ...simulation, middlesDb });
      const [ml, pb] = requiredRatios(trials, {
        ...question,
        gainAt: [target],
        commonNoise: simulation.commonNoise,
      });
      required.add(ml!.requiredDb, ml!.interval95);
      gain.add(pb!.gainDb, pb!.gainInterval95);
    }
    for (const tally of [required, gain]) {
      assertWithin(tally.covered / studies, 0.95, Math.sqrt((0.95 * 0.05) / studies));
      // Neither too narrow nor too wide: about t(0.975, 19) = 2.09 standard deviations of what is
      // estimated to either side. That deviation is known to 1/√(2 · 500) = 3 %; 15 % is five of it.
      const halfWidths = tally.halfWidth / studies / standardDeviation(tally.estimates);
      expect(halfWidths / 2.09).toBeGreaterThan(0.85);
      expect(halfWidths / 2.09).toBeLessThan(1.15);
    }
  });

  class Tally {
    readonly estimates: number[] = [];
    covered = 0;
    halfWidth = 0;
    constructor(readonly truth: number) {}

    add(estimate: number | null, interval: TargetRatio["interval95"]): void {
      const [low, high] = interval as [number, number];
      this.estimates.push(estimate!);
      if (low <= this.truth && this.truth <= high) this.covered++;
      this.halfWidth += (high - low) / 2;
    }
  }
});
