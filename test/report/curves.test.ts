import { describe, expect, test } from "vitest";
import { mean, meanInterval95 } from "../../src/math/statistics.js";
import { distinctionsOf, lookOf } from "../../src/report/curve-series.js";
import {
  type CurveChoice,
  curveAxes,
  curvePoints,
  pairedGain,
  placePoints,
  type Quantity,
  xAxes,
  xScales,
} from "../../src/report/curves.js";
import { curveRun } from "../../src/report/page-data.js";
import { paperLooks } from "../../src/report/paper-figure.js";
import type { ParameterValue } from "../../src/study/results.js";
import { type FixtureOptions, fixtureRun, wnrAxis } from "./fixture.js";

const kappa = { path: "receiver.kappa", title: "κ [images]", values: [10, 100, 1000] };
const channel = { path: "channel.name", title: "Channel", values: ["awgn", "recorded"] };

const curves = (options: FixtureOptions = {}, label = "a") => curveRun(fixtureRun(options), label);

function choose(run: ReturnType<typeof curves>, quantity: Quantity, baseline = "ML"): CurveChoice {
  return { x: xAxes([run])[0]!, quantity, baseline };
}

describe("what can stand on x", () => {
  const keys = (options: FixtureOptions) => xAxes([curves(options)]).map((axis) => axis.key);

  test("numbers first, then text, then what was measured and is not what was set", () => {
    expect(keys({ axes: [channel, kappa] })).toEqual([
      "receiver.kappa",
      "channel.name",
      "snrDb",
      "wnrDb",
    ]);
    // The WNR was set; the SNR of the fixture lies 0.0137 dB above.
    expect(keys({ axes: [wnrAxis] })).toEqual(["channel.wnrDb", "snrDb"]);
  });

  test("estimators, where nothing is swept", () => {
    const [x, ...others] = xAxes([curves({ axes: [] })]);
    expect([x!.key, x!.numeric, others.length]).toEqual(["", false, 0]);
  });

  test("the values that any run has, in order", () => {
    const runs = [
      curves({ axes: [{ ...wnrAxis, values: [6, 0] }] }),
      curves({ axes: [{ ...wnrAxis, values: [3, 6] }] }, "b"),
    ];
    expect(xAxes(runs)[0]!.values).toEqual([0, 3, 6]);
  });

  test("is without a scale where a value is infinite", () => {
    const values = [0, Number.POSITIVE_INFINITY];
    const [x] = xAxes([curves({ axes: [{ ...wnrAxis, values }] })]);
    expect(x!.numeric).toBe(false);
  });

  test("in dB or as a ratio, and on a logarithmic scale where values call for it", () => {
    const scales = (path: string, title: string, values: readonly ParameterValue[]) =>
      xScales(xAxes([curves({ axes: [{ path, title, values }] })])[0]!);
    expect(scales("a", "WNR [dB]", [0, 4])).toEqual(["dB", "linear"]);
    expect(scales("a", "κ [images]", [1, 10, 100, 1000])).toEqual(["log", "linear"]);
    expect(scales("a", "κ [images]", [10, 20, 30])).toEqual(["linear", "log"]);
    expect(scales("a", "offset", [-1, 0, 1])).toEqual(["linear"]);
    expect(scales("a", "Channel", ["a", "b"])).toEqual(["linear"]);
  });
});

describe("points", () => {
  test("are the summary's, in percent, with intervals cut where an accuracy ends", () => {
    const run = curves();
    const points = curvePoints([run], choose(run, "accuracy"));
    expect(points).toHaveLength(run.summary.length);
    for (const point of points) {
      const summary = run.summary.find(
        (s) => s.point === point.point && s.estimator === point.estimator,
      )!;
      expect(point.y).toBe(100 * summary.accuracy);
      expect(point.low).toBe(Math.max(0, 100 * summary.interval95![0]));
      expect(point.high).toBe(Math.min(100, 100 * summary.interval95![1]));
    }
    // An estimator's points follow each other, from left to right.
    expect(points.slice(0, 10).map((p) => p.x)).toEqual(wnrAxis.values);
    expect(new Set(points.slice(0, 10).map((p) => p.estimator))).toEqual(new Set(["ML"]));
  });

  test("of the NMSE have the t interval over trials", () => {
    const full = fixtureRun();
    // The fixture's NMSE is the same in all trials; here it is not.
    const trials = full.trials.map((t) => ({ ...t, nmse: t.nmse * (1 + t.trial / 20) }));
    const nmseOf = (point: number, estimator: string) =>
      trials.filter((t) => t.point === point && t.estimator === estimator).map((t) => t.nmse);
    const summary = full.summary.map((s) => ({ ...s, nmse: mean(nmseOf(s.point, s.estimator)) }));
    const run = curveRun({ ...full, trials, summary }, "a");
    for (const point of curvePoints([run], choose(run, "nmse"))) {
      const values = nmseOf(point.point, point.estimator);
      const [low, high] = meanInterval95(values)!;
      expect([point.y, point.low, point.high]).toEqual([mean(values), low, high]);
    }
  });

  test("of the error rate mirror those of the accuracy", () => {
    const run = curves();
    const accuracy = curvePoints([run], choose(run, "accuracy"));
    curvePoints([run], choose(run, "error-rate")).forEach((point, i) => {
      expect(point.y).toBe(100 - accuracy[i]!.y);
      expect(point.low).toBe(100 - accuracy[i]!.high!);
      expect(point.high).toBe(100 - accuracy[i]!.low!);
    });
  });

  test("of gains are the paired differences, either way round", () => {
    const run = curves();
    const [difference] = run.differences.filter((d) => d.estimator === "MMSE_pb");
    const { point, baseline } = difference!;
    const there = pairedGain(run, { point, estimator: "MMSE_pb" }, baseline)!;
    const back = pairedGain(run, { point, estimator: baseline }, "MMSE_pb")!;
    expect(there.difference).toBe(difference!.difference);
    expect(back.difference).toBe(0 - there.difference);
    expect(back.interval95).toEqual([0 - there.interval95![1], 0 - there.interval95![0]]);
    expect(back.significant).toBe(there.significant);
    expect(curvePoints([run], choose(run, "gain")).map((p) => p.estimator)).not.toContain("ML");
  });

  test("without trials to spread have no interval", () => {
    const run = curves({ trials: 1 });
    for (const quantity of ["accuracy", "nmse", "gain"] as const) {
      const points = curvePoints([run], choose(run, quantity));
      expect(points.length).toBeGreaterThan(0);
      for (const { low, high } of points) expect([low, high]).toEqual([null, null]);
    }
  });

  test("that were not simulated are absent", () => {
    const run = curves({ keep: (p) => p[wnrAxis.path] !== 4 });
    const points = curvePoints([run], choose(run, "accuracy"));
    expect(points).toHaveLength(27);
    expect(points.map((p) => p.x)).not.toContain(4);
  });

  test("of further parameters make curves; parameters in parallel with x do not", () => {
    const run = curves({ axes: [wnrAxis, kappa] });
    const groups = curvePoints([run], choose(run, "accuracy")).map((p) => p.group);
    expect([...new Set(groups)]).toEqual(["κ = 10 images", "κ = 100 images", "κ = 1000 images"]);

    const power = { path: "transmitter.powerW", title: "Power [W]", values: [1, 2, 4] };
    const wnr = { ...wnrAxis, values: [0, 3, 6] };
    const keep = (p: Readonly<Record<string, ParameterValue>>) =>
      wnr.values.indexOf(Number(p[wnr.path])) === power.values.indexOf(Number(p[power.path]));
    const zipped = curves({ axes: [wnr, power], keep });
    expect(curveAxes(zipped, xAxes([zipped])[0]!)).toEqual([]);
  });

  test("along a measured ratio make the same curves as along the one that was set", () => {
    const run = curves({ axes: [kappa, wnrAxis] });
    const x = xAxes([run]).find((axis) => axis.key === "snrDb")!;
    const points = curvePoints([run], { x, quantity: "accuracy", baseline: "ML" });
    expect(new Set(points.map((p) => p.group)).size).toBe(3);
    const first = points.filter((p) => p.estimator === "ML" && p.group === "κ = 10 images");
    expect(first.map((p) => p.x)).toEqual(first.map((p) => p.x).toSorted((a, b) => +a - +b));
    expect(first).toHaveLength(10);
  });

  test("without noise have no place along a measured ratio", () => {
    const run = curves();
    const summary = run.summary.map((s) =>
      s.point === 0 ? { ...s, snrDb: Number.POSITIVE_INFINITY } : s,
    );
    const clear = { ...run, summary };
    const x = xAxes([clear]).find((axis) => axis.key === "snrDb")!;
    expect(curvePoints([clear], { x, quantity: "accuracy", baseline: "ML" })).toHaveLength(27);
  });
});

describe("places", () => {
  const run = curves({ axes: [{ ...wnrAxis, values: [-3, 0, 10] }] });
  const x = xAxes([run])[0]!;

  test("in dB are ten times the logarithm, of y and back of x", () => {
    const points = curvePoints([run], choose(run, "nmse"));
    const { placed } = placePoints(points, x, "linear", "dB");
    expect(placed.slice(0, 3).map((p) => p.atX)).toEqual([10 ** -0.3, 1, 10]);
    for (const p of placed) expect(p.atY).toBeCloseTo(10 * Math.log10(p.y), 12);
  });

  test("on a scale without zero: values of 0 are left out and counted, intervals are cut", () => {
    const points = curvePoints([run], choose(run, "nmse")).slice(0, 3);
    const [a, b, c] = points;
    const { placed, leftOut } = placePoints(
      [
        { ...a!, y: 0, low: 0, high: 0 },
        { ...b!, y: 0.1, low: 0, high: 0.3 },
        { ...c!, y: 0.01, low: 0.005, high: 0.02 },
      ],
      x,
      "dB",
      "dB",
    );
    expect(leftOut).toBe(1);
    expect(placed[0]!.atLow).toBeCloseTo(10 * Math.log10(0.005), 12);
    expect(placed[0]!.atHigh).toBeCloseTo(10 * Math.log10(0.3), 12);
  });
});

test("looks: an estimator's own where it stands alone, else colour is its and dash the condition's", () => {
  const one = curves();
  const points = curvePoints([one], choose(one, "accuracy"));
  const labels = ["ML", "MMSE", "MMSE_pb"];
  const alone = distinctionsOf(points, labels);
  const looks = labels.map((estimator) =>
    lookOf({ run: 0, group: "", estimator }, alone, paperLooks),
  );
  for (const part of ["colour", "dash", "marker"] as const) {
    expect(new Set(looks.map((look) => JSON.stringify(look[part]))).size).toBe(3);
  }
  const both = [one, curves({}, "b")];
  const all = distinctionsOf(curvePoints(both, choose(one, "accuracy")), labels);
  const [a, b] = [0, 1].map((run) => lookOf({ run, group: "", estimator: "ML" }, all, paperLooks));
  expect(a!.colour).toBe(b!.colour);
  expect(a!.dash).not.toEqual(b!.dash);
  expect(a!.marker).not.toBe(b!.marker);
});
