import { describe, expect, test } from "vitest";
import { pairedDifference, welchDifference } from "../../src/math/mean-difference.js";
import { diffRuns, hasEqualResults, isEqual } from "../../src/study/diff.js";
import type { RunResult, TrialResult } from "../../src/study/results.js";
import { fixtureRun, wnrAxis } from "../report/fixture.js";

type Study = RunResult["resolved"]["study"];
type Point = RunResult["resolved"]["point"];

/** The run with other settings; its trials stay. */
function withSettings(
  run: RunResult,
  { study = {}, point = {} }: { study?: Partial<Study>; point?: Partial<Point> },
): RunResult {
  const resolved = {
    ...run.resolved,
    study: { ...run.resolved.study, ...study },
    point: { ...run.resolved.point, ...point },
  };
  return { ...run, resolved, seed: resolved.study.seed };
}

const withTrials = (run: RunResult, change: (t: TrialResult) => TrialResult): RunResult => ({
  ...run,
  trials: run.trials.map(change),
});

/** Another count of correct images, in each trial. */
const shifted = (run: RunResult, shift: (t: TrialResult) => number) =>
  withTrials(run, (t) => {
    const correct = t.correct + shift(t);
    return { ...t, correct, accuracy: correct / t.total };
  });

const session = fixtureRun().sessions[0]!;
const at = (point: number, estimator: string) => (t: TrialResult) =>
  t.point === point && t.estimator === estimator;

describe("equal runs", () => {
  test("the same run twice; when and in which process does not matter", () => {
    const a = fixtureRun();
    const later = { ...session, startedAt: "2027-01-01T00:00:00.000Z", pid: 1 };
    const diff = diffRuns(a, { ...fixtureRun(), sessions: [later], elapsedS: 3 });
    expect(isEqual(diff)).toBe(true);
    expect(diff.rows).toEqual({ inBoth: 300, onlyInA: 0, onlyInB: 0, differing: 0, columns: {} });
  });

  test("another machine with equal results", () => {
    const sessions = [{ ...session, workers: 8, cores: 8 }];
    const diff = diffRuns(fixtureRun(), fixtureRun({ changes: { sessions } }));
    expect(diff.machine).toEqual([
      { key: "cores", a: 2, b: 8 },
      { key: "workers", a: 2, b: 8 },
    ]);
    expect(isEqual(diff)).toBe(false);
    expect(hasEqualResults(diff)).toBe(true);
  });

  test("one last digit", () => {
    const a = fixtureRun();
    const b = withTrials(a, (t) =>
      at(3, "MMSE")(t) && t.trial === 7 ? { ...t, mse: t.mse * (1 + 2 ** -52) } : t,
    );
    expect(diffRuns(a, b).rows).toMatchObject({ differing: 1, columns: { mse: 1 } });
  });
});

describe("what was asked, with what", () => {
  test("settings by their path, receivers by label, a list as one value", () => {
    const a = fixtureRun();
    const [ml, mmse, pb] = a.resolved.point.receivers;
    const b = withSettings(a, {
      study: { trials: { min: 5, max: 10 } },
      point: { receivers: [{ ...pb, kappa: 20, lambda: [1, 1.1] }, ml!] },
    });
    const receivers = "receivers.mmse";
    expect(diffRuns(a, b).scenario).toEqual([
      { key: "trials.min", a: 10, b: 5 },
      { key: receivers, a: mmse },
      { key: "receivers.mmse-pb.lambda", a: [1], b: [1, 1.1] },
      { key: "receivers.mmse-pb.kappa", a: 100, b: 20 },
    ]);
  });

  test("a key that is swept in one run and fixed in the other", () => {
    const a = fixtureRun();
    const b = withSettings(fixtureRun({ axes: [] }), {
      point: { channel: { name: "awgn", wnrDb: 4 } },
    });
    const diff = diffRuns(a, b);
    expect(diff.scenario).toEqual([{ key: "channel.wnrDb", a: { sweep: wnrAxis.values }, b: 4 }]);
    // The point is found all the same.
    expect(diff.comparisons.map((c) => c.parameters)).toEqual(
      Array(3).fill({ "channel.wnrDb": 4 }),
    );
    expect(diff.comparisons.map((c) => c.estimator)).toEqual(["ML", "MMSE", "MMSE_pb"]);
    expect(diff.onlyInA).toHaveLength(27);
    expect(diff.onlyInB).toEqual([]);
  });

  test("files by their content: one that only lies elsewhere is the same", () => {
    const files = { "a/net.onnx": "11", "images.bin": "22" };
    const diff = diffRuns(
      fixtureRun({ changes: { files } }),
      fixtureRun({ changes: { files: { "b/net.onnx": "11", "images.bin": "33" } } }),
    );
    expect(diff.files).toEqual([{ key: "images.bin", a: "22", b: "33" }]);
  });

  test("models, conventions, versions and commits of all sessions", () => {
    const a = fixtureRun();
    const b = fixtureRun({
      changes: {
        models: [{ ...a.models[0]!, variance: 4e-4 }],
        conventions: { ...a.conventions, nmse: "another" },
        sessions: [session, { ...session, versions: { ...session.versions, node: "v22.1.0" } }],
      },
    });
    const diff = diffRuns(a, b);
    expect(diff.models).toEqual([{ key: "model.variance", a: 3.09e-4, b: 4e-4 }]);
    expect(diff.conventions.map((d) => d.key)).toEqual(["nmse"]);
    expect(diff.versions).toEqual([{ key: "node", a: "v20.19.0", b: ["v20.19.0", "v22.1.0"] }]);
  });
});

describe("pairing follows the names of the random streams", () => {
  const a = fixtureRun();
  const pairing = (x: RunResult, y: RunResult) => diffRuns(x, y).pairing;
  const alone = (run: RunResult) => withSettings(run, { study: { commonNoise: false } });

  test("the same seed", () => {
    expect(pairing(a, a)).toEqual([
      { paired: true, because: "both runs draw trial k from the same random streams" },
    ]);
  });

  test("another seed", () => {
    expect(pairing(a, withSettings(a, { study: { seed: 2 } }))).toEqual([
      { paired: false, because: "the seeds differ (1 and 2)" },
    ]);
  });

  test("commonNoise in one of them", () => {
    expect(pairing(a, alone(a))[0]!.paired).toBe(false);
  });

  test("commonNoise in neither: a stream's name holds all swept parameters", () => {
    expect(pairing(alone(a), alone(a))[0]!.paired).toBe(true);
    const mapping = { path: "transmitter.mapping", title: "mapping", values: ["real"] };
    const more = fixtureRun({ axes: [wnrAxis, mapping] });
    expect(diffRuns(alone(a), alone(more)).comparisons).toHaveLength(30);
    expect(pairing(alone(a), alone(more))[0]!.paired).toBe(false);
    expect(pairing(a, more)[0]!.paired).toBe(true);
  });

  test("noise from the same file, whatever the seed", () => {
    const recorded = (path: string, seed: number) =>
      withSettings(a, {
        study: { seed },
        point: { channel: { name: "recorded", path, wnrDb: 0 } },
      });
    expect(pairing(recorded("n.npy", 1), recorded("n.npy", 2))[0]!.paired).toBe(true);
    expect(pairing(recorded("n.npy", 1), recorded("m.npy", 2))[0]!.paired).toBe(false);
  });
});

describe("differences of accuracy", () => {
  const a = fixtureRun();
  /** B gains 20 images at all points, and 3 more or less by the trial. */
  const b = shifted(a, (t) => 20 + 3 * ((t.trial * 7) % 5) - 6);
  const accuracies = (run: RunResult, point: number, estimator: string) =>
    run.trials.filter(at(point, estimator)).map((t) => t.accuracy);

  test.each([1, 2])("seed %i in B: as the paired or Welch's interval of the accuracies", (seed) => {
    const { comparisons } = diffRuns(a, withSettings(b, { study: { seed } }));
    expect(comparisons).toHaveLength(30);
    for (const [i, c] of comparisons.entries()) {
      const [x, y] = [a, b].map((run) => accuracies(run, Math.floor(i / 3), c.estimator));
      const expected =
        seed === 1 ? pairedDifference(y!.map((v, k) => v - x![k]!)) : welchDifference(x!, y!);
      expect(c.difference).toBeCloseTo(expected!.difference, 12);
      expect(c.interval95![0]).toBeCloseTo(expected!.interval95[0], 12);
      expect(c.interval95![1]).toBeCloseTo(expected!.interval95[1], 12);
      expect(c.degreesOfFreedom).toBeCloseTo(expected!.degreesOfFreedom, 9);
      expect(c.b.accuracy - c.a.accuracy).toBeCloseTo(c.difference, 12);
      expect(c.a.trials).toBe(10);
    }
  });

  test("pairs show a gain that independent trials hide", () => {
    const significant = (seed: number) =>
      diffRuns(a, withSettings(b, { study: { seed } })).comparisons.filter((c) => c.significant);
    expect(significant(1)).toHaveLength(30);
    expect(significant(2).length).toBeLessThan(30);
  });

  test("runs that score different numbers of images", () => {
    // The same accuracies over 1000 images.
    const half = withTrials(a, (t) => ({ ...t, correct: t.correct / 2, total: 1000 }));
    for (const c of diffRuns(a, half).comparisons) {
      expect(c).toMatchObject({ difference: 0, interval95: [0, 0], significant: false });
    }
  });

  test("where B was interrupted only common trials are compared, and the rest is counted", () => {
    const part = {
      ...b,
      trials: b.trials.filter((t) => t.point < 2 || (t.point === 2 && t.trial < 4)),
    };
    const diff = diffRuns(a, part);
    expect(diff.comparisons.map((c) => [c.a.trials, c.b.trials])).toEqual([
      ...Array(6).fill([10, 10]),
      ...Array(3).fill([4, 4]),
    ]);
    expect(diff.rows).toMatchObject({ inBoth: 72, onlyInA: 228, onlyInB: 0 });
    expect(diff.onlyInA).toHaveLength(21);
    const first4 = accuracies(a, 2, "ML").slice(0, 4);
    expect(diff.comparisons[6]!.a.accuracy).toBeCloseTo(first4.reduce((sum, v) => sum + v) / 4, 12);
  });

  test("no common trial: no comparison", () => {
    const only = (trial: number) => ({ ...a, trials: a.trials.filter((t) => t.trial === trial) });
    const diff = diffRuns(only(0), only(1));
    expect(diff.comparisons).toEqual([]);
    expect(diff.rows).toMatchObject({ inBoth: 0, onlyInA: 30, onlyInB: 30 });
  });

  test("one trial has no interval and is never significant", () => {
    const one = fixtureRun({ trials: 1 });
    for (const c of diffRuns(
      one,
      shifted(one, () => 500),
    ).comparisons) {
      expect(c).toMatchObject({
        interval95: null,
        pValue: null,
        adjustedPValue: null,
        significant: false,
      });
    }
  });

  test("a small p among many comparisons is not significant, and alone it is", () => {
    // SciPy's ttest_1samp: p = 0.00256 at one of 30 places.
    const gains = [1, 2, 1, 2, 1, 2, 1, 2, 1, -1];
    const mild = shifted(a, (t) => (at(4, "ML")(t) ? gains[t.trial]! : 0));
    const found = diffRuns(a, mild).comparisons.find((c) => c.pValue! < 1)!;
    expect(found.pValue).toBeCloseTo(0.0025614603121131667, 9);
    expect(found.adjustedPValue).toBeCloseTo(30 * found.pValue!, 12);
    expect(found.interval95![0]).toBeGreaterThan(0);
    expect(found.significant).toBe(false);
    const alone = (run: RunResult) => ({ ...run, trials: run.trials.filter(at(4, "ML")) });
    expect(diffRuns(alone(a), alone(mild)).comparisons).toMatchObject([
      { adjustedPValue: found.pValue, significant: true },
    ]);
  });
});
