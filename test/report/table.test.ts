import { describe, expect, test } from "vitest";
import { markdownTable, textTable } from "../../src/report/table.js";
import { counted, trialsText } from "../../src/report/wording.js";
import type { RunResult } from "../../src/study/results.js";
import { fixtureRun, threeEstimators, wnrAxis } from "./fixture.js";

const oracle = threeEstimators.map((e) => ({ ...e, oracle: e.label === "MMSE_pb" }));
const kappa = {
  path: "receiver.kappa",
  title: "labelled images at the receiver",
  values: [10, 90],
};
const model = { path: "model.path", title: "model", values: ["models/a/b/c/d/e/resnet20.onnx"] };

/** The rows below the header of the first table that has `title` in it, up to the next blank line. */
function rowsOf(text: string, title: string): string[] {
  const lines = text.split("\n");
  const header = lines.findIndex((line) => line.includes(title));
  const rule = lines.findIndex((line, i) => i > header && line.startsWith("──"));
  const end = lines.findIndex((line, i) => i > rule && line === "");
  return lines.slice(rule + 1, end);
}

describe("the table on the terminal", () => {
  test("has one line per point and estimator, with the numbers of the summary", () => {
    const run = fixtureRun();
    const rows = rowsOf(textTable(run), "accuracy [%]");
    expect(rows).toHaveLength(30);
    const half = (interval: readonly [number, number] | null) =>
      (50 * (interval![1] - interval![0])).toFixed(2);
    run.summary.forEach((summary, i) => {
      const first = i % 3 === 0 ? [String(summary.parameters["channel.wnrDb"])] : [];
      const d = run.differences.find(
        (d) =>
          d.point === summary.point && d.estimator === summary.estimator && d.baseline === "ML",
      );
      const difference = d && [
        `+${(100 * d.difference).toFixed(2)}`,
        "±",
        half(d.interval95),
        ...(d.interval95![0] > 0 ? ["*"] : []),
      ];
      expect(rows[i]!.trim().split(/\s+/)).toEqual([
        ...first,
        summary.estimator,
        (100 * summary.accuracy).toFixed(2),
        "±",
        half(summary.interval95),
        ...(difference ?? []),
        (100 * summary.standardDeviation!).toFixed(2),
        "10",
        (10 * Math.log10(summary.nmse)).toFixed(2),
      ]);
    });
    // Decimal points stand below each other.
    for (const column of [0, 1]) {
      const places = rows.slice(0, 3).map((row) => [...row.matchAll(/\d\.\d\d ±/g)][column]?.index);
      expect(new Set(places.filter((place) => place !== undefined)).size).toBe(1);
    }
  });

  test("marks only the differences whose interval leaves out 0", () => {
    const run = fixtureRun();
    const differences = run.differences.map((d) => ({
      ...d,
      difference: d.estimator === "MMSE" ? -0.00004 : -0.02,
      significant: d.estimator !== "MMSE",
    }));
    const rows = rowsOf(textTable({ ...run, differences }), "difference to ML");
    expect(rows[1]).toMatch(/ 0\.00 ± {2}\d\.\d\d {4}/); // neither −0.00 nor a mark
    expect(rows[2]).toMatch(/ -2\.00 ± {2}\d\.\d\d \* /);
    const text = textTable(run);
    expect(text).toContain("* marks those whose own 95 % interval leaves out 0");
  });

  test("compares with the baseline of the scenario; alone it is compared with nothing", () => {
    const text = textTable(fixtureRun({ baseline: "MMSE" }));
    expect(text).toMatch(/difference to\n.*MMSE \[points\]/);
    expect(rowsOf(text, "gain over")[1]).toMatch(/^ +MMSE +\S+ \[\S+, \S+\]$/);
    const alone = textTable(fixtureRun({ estimators: threeEstimators.slice(0, 1) }));
    expect(alone).not.toContain("difference");
    expect(alone).not.toContain("Difference");
  });

  test("says clean accuracy, chance level and what ± means", () => {
    const text = textTable(fixtureRun());
    expect(text).toContain(
      "Clean accuracy 98.15 % (1963 of 2000); chance level 10 % (10 classes).",
    );
    expect(text).toContain("± is the 95 % Student t interval of the mean over trials.");
    expect(text).not.toContain("oracle");
    expect(text).not.toContain("Incomplete");
  });

  test("marks who looked at the test images", () => {
    const text = textTable(fixtureRun({ estimators: oracle }));
    expect(text).toContain("MMSE_pb (oracle)");
    expect(text).not.toContain("MMSE (oracle)");
    expect(text).toContain("(oracle) chose its setting on the test images: an upper bound");
  });

  test("tells of an interrupted run and of the notes of the study", () => {
    const changes = { complete: false, points: 12, notes: ["ml has no result at point 3."] };
    const text = textTable(fixtureRun({ changes }));
    expect(text).toContain("Incomplete run: 100 of 120 trials finished");
    expect(text).toContain("ml has no result at point 3.");
    const trialsPerPoint = { min: 5, max: 40, halfWidth: 0.01 };
    expect(textTable(fixtureRun({ changes: { ...changes, trialsPerPoint } }))).toContain(
      "Incomplete run: 100 of 60 to 480 trials finished",
    );
  });

  test("tells the stopping rule, and how many points ran out of trials", () => {
    const rule = "A point gets more trials, up to 12, while a ± is above 1.00 %";
    const wide = (run: RunResult) =>
      new Set(
        run.summary
          .filter((s) => s.trials === 12 && s.interval95![1] - s.interval95![0] > 0.02)
          .map((s) => s.point),
      ).size;
    const many = fixtureRun({ trials: 8, trialsAt: { 2: 12, 3: 12, 4: 12, 5: 12, 6: 12 } });
    expect(wide(many)).toBeGreaterThan(1);
    expect(textTable(many)).toContain(`${rule}; ${wide(many)} points of 10 are wider still.`);
    const one = fixtureRun({ trials: 8, trialsAt: { 3: 12 } });
    expect(textTable(one)).toContain(`${rule}; 1 point of 10 is wider still.`);
    expect(textTable(fixtureRun({ trials: 8, trialsAt: { 0: 12 } }))).toContain(`${rule}.`);
    expect(textTable(fixtureRun())).not.toContain("A point gets more trials");
  });

  test("claims no interval from one trial", () => {
    const text = textTable(fixtureRun({ trials: 1 }));
    expect(text).not.toContain("±");
    expect(text).not.toContain("*");
    expect(text).not.toContain("s.d.");
    expect(text).toContain("One trial per point: no interval over trials.");
    expect(rowsOf(text, "required WNR")[1]).toMatch(/^ +MMSE +\d\.\d\d +\d\.\d\d$/);
  });

  test("moves parameters above the rows rather than past the width", () => {
    const run = fixtureRun({ axes: [wnrAxis, kappa, model] });
    const wide = textTable(run, 130).split("\n");
    expect(
      wide.some((line) => /^WNR \[dB\]\s+at the receiver\s+model\s+estimator/.test(line)),
    ).toBe(true);
    const narrow = textTable(run, 90).split("\n");
    expect(narrow).toContain("model = models/a/b/…snet20.onnx");
    expect(narrow).toContain(
      "labelled images at the receiver = 90, model = models/a/b/…snet20.onnx",
    );
    const table = narrow.slice(
      2,
      narrow.findIndex((line) => line.startsWith("± is")),
    );
    expect(table.length).toBeGreaterThan(60);
    expect(Math.max(...table.map((line) => line.length))).toBeLessThanOrEqual(90);
    expect(narrow.filter((line) => /MMSE_pb.*±/.test(line))).toHaveLength(20);
  });

  test("says what was lost and sent again, and what it amounts to", () => {
    const text = textTable(fixtureRun({ lossy: true }), 200);
    expect(text).toMatch(
      /equivalent WNR\n.*\[dB\] {2}outage \[%\] {2}lost \[%\] {2}retransmissions {2}latency \[s\]\n/,
    );
    expect(rowsOf(text, "outage")[0]).toMatch(/-6\.21 +1\.25 +0\.50 +2 +0\.0791$/);
    expect(textTable(fixtureRun(), 200)).not.toMatch(/equivalent|outage|lost|latency/);
  });

  test("leaves out airtime, energy and standard deviation where nothing else helps", () => {
    const run = fixtureRun();
    const summary = run.summary.map((s) => ({
      ...s,
      airtimeS: 0.0765 * (1 + s.point),
      latencyS: 0.0765 * (1 + s.point),
      energy: 76_500 * (1 + s.point),
    }));
    const all = textTable({ ...run, summary }, 110);
    expect(all).toMatch(/s\.d\. \[%\] {2}trials {2}NMSE \[dB\] {2}airtime \[s\] {2}energy\n/);
    expect(rowsOf(all, "airtime")[3]).toMatch(/0\.153 {2}153000$/);
    expect(all).not.toContain("Every transmission");
    expect(textTable({ ...run, summary }, 100)).toMatch(/NMSE \[dB\] {2}airtime \[s\]\n/);
    expect(textTable({ ...run, summary }, 75)).toMatch(/\[points\] {2}trials {2}NMSE \[dB\]\n/);
    expect(textTable(run)).toContain(
      "Every transmission takes 0.076544 s on the air and an energy of 76544.",
    );
  });

  test("says what searches cost", () => {
    const run = fixtureRun();
    expect(textTable(run)).toContain(
      "MMSE_pb spent 13\u00a0200 image inferences per trial on its search.",
    );
    const summary = run.summary.map((s) => ({
      ...s,
      searchImageInferences: s.searchImageInferences && 1000 + 0.6 * s.point,
    }));
    expect(textTable({ ...run, summary })).toContain("MMSE_pb spent 1000 to 1005 image inferences");
  });

  test("a perfect link has an error of -∞ dB", () => {
    const run = fixtureRun();
    const summary = [{ ...run.summary[0]!, nmse: 0 }];
    expect(textTable({ ...run, summary })).toContain("-∞");
  });

  test("is made of a run without a finished point too", () => {
    const changes = { summary: [], differences: [], targets: [], trials: [], complete: false };
    const text = textTable(fixtureRun({ changes }));
    expect(text).toContain("Incomplete run: 0 of 100 trials finished");
    expect(text).not.toMatch(/NaN|undefined|Infinity/);
  });
});

describe("the table of target accuracies", () => {
  test("has the required ratio and the gain with their intervals, as in the run", () => {
    const run = fixtureRun();
    const rows = rowsOf(textTable(run), "required WNR").map((row) => row.trim().split(/ {2,}/));
    const interval = (bounds: readonly (number | null)[]) =>
      `[${bounds.map((bound) => bound!.toFixed(2)).join(", ")}]`;
    expect(rows).toEqual(
      run.targets.map((t) => [
        ...(t.estimator === "ML" ? [String(100 * t.target)] : []),
        t.estimator,
        `${t.requiredDb!.toFixed(2)} ${interval(t.interval95!)}`,
        ...(t.gainDb === null ? [] : [`${t.gainDb.toFixed(2)} ${interval(t.gainInterval95!)}`]),
      ]),
    );
    expect(rows).toHaveLength(6);
  });

  test("takes off the gain what side information costs in energy", () => {
    const run = fixtureRun();
    expect(textTable(run)).not.toContain("at equal energy");
    // A quarter more energy is 0.969 dB.
    const summary = run.summary.map((s) =>
      s.estimator === "MMSE_pb" ? { ...s, energy: 1.25 * s.energy } : s,
    );
    const rows = rowsOf(textTable({ ...run, summary }), "at equal energy").map((row) =>
      Number(row.trim().split(/ {2,}/).at(-1)),
    );
    run.targets.forEach(({ estimator, gainDb }, i) => {
      if (estimator === "MMSE") expect(rows[i]).toBeCloseTo(gainDb!, 2);
      if (estimator === "MMSE_pb") expect(rows[i]).toBeCloseTo(gainDb! - 0.969, 2);
    });
  });

  test("bounds what lies beyond the sweep", () => {
    // ML needs more than 4 dB for 60 %, MMSE_pb about 1 dB, and nobody more than −2 dB for 5 %.
    const axes = [{ ...wnrAxis, values: [-2, 0, 2, 4] }];
    const run = fixtureRun({ axes, gainAt: [0.6, 0.05] });
    const rows = rowsOf(textTable(run), "gain over ML");
    expect(rows[0]).toMatch(/^ +60 {2}ML +above 4\.00$/);
    expect(rows[1]).toMatch(/^ +MMSE +above 4\.00 +unknown$/);
    const needed = run.targets[2]!.requiredDb!;
    expect(rows[2]).toMatch(
      new RegExp(`^ +MMSE_pb +${needed.toFixed(2)} \\[.*\\] +above ${(4 - needed).toFixed(2)}$`),
    );
    expect(rows[3]).toMatch(/^ +5 {2}ML +below -2\.00$/);

    const [ml, , pb] = run.targets;
    const open = [
      { ...ml!, requiredDb: 3, reached: "within", interval95: [2.5, null] },
      { ...pb!, requiredDb: null, reached: "below", interval95: null },
    ] as const;
    const [first, second] = rowsOf(textTable({ ...run, targets: open }), "gain over ML");
    expect(first).toMatch(/ 3\.00 \[2\.50, …\]$/);
    expect(second).toMatch(/below -2\.00 +above 5\.00$/);
  });

  test("says that intervals of fewer than five trials cannot reach 95 %", () => {
    const few = "rest on fewer than five trials cannot reach 95 %";
    expect(textTable(fixtureRun({ trials: 4 }))).toContain(few);
    expect(textTable(fixtureRun({ trials: 5 }))).not.toContain(few);
    expect(textTable(fixtureRun({ trials: 1 }))).not.toContain(few);
    // ML passes 60 % between 4 and 6 dB (point 5 and 6); far from any crossing it does not matter.
    const gainAt = [0.6];
    const estimators = threeEstimators.slice(0, 1);
    const at = (point: number) => fixtureRun({ gainAt, estimators, trialsAt: { [point]: 3 } });
    for (const point of [5, 6]) expect(textTable(at(point))).toContain(few);
    for (const point of [0, 4, 7, 9]) expect(textTable(at(point))).not.toContain(few);
  });

  test("the end of a curve is that curve's own", () => {
    // The fixture's second κ adds 1.5 dB.
    const axes = [{ ...wnrAxis, values: [0, 4, 8] }, kappa];
    const rows = rowsOf(textTable(fixtureRun({ axes, gainAt: [0.97] })), "gain over ML");
    expect(rows[0]).toMatch(/ML +above 8\.00$/);
    expect(rows[3]).toMatch(/ML +above 9\.50$/);
  });

  test("is absent without targets, and says so where there is no ratio to ask for", () => {
    expect(textTable(fixtureRun({ gainAt: [] }))).not.toMatch(/required/i);
    const text = textTable(fixtureRun({ axes: [kappa] }));
    expect(text).not.toContain("gain over");
    expect(text).toContain(
      "There is no curve along SNR or WNR, so the ratio required cannot be told.",
    );
  });

  test("tells curves apart by their other parameters", () => {
    const rows = rowsOf(textTable(fixtureRun({ axes: [wnrAxis, kappa] })), "gain over ML");
    expect(
      rows.filter((_, i) => i % 3 === 0).map((row) => row.trim().split(/\s+/).slice(0, 3)),
    ).toEqual([
      ["60", "10", "ML"],
      ["60", "90", "ML"],
      ["80", "10", "ML"],
      ["80", "90", "ML"],
    ]);
  });
});

test("Markdown: aligned columns, escaped bars, one row per point and estimator, then the targets", () => {
  const axes = [wnrAxis, { ...model, values: ["a|b.onnx", "c.onnx"] }];
  const lines = markdownTable(fixtureRun({ axes, gainAt: [0.6] })).split("\n");
  expect(lines[0]).toBe(
    "| WNR [dB] | model | estimator | accuracy [%] | difference to ML [points] | s.d. [%] | trials | NMSE [dB] |",
  );
  expect(lines[1]).toBe("| ---: | --- | --- | ---: | ---: | ---: | ---: | ---: |");
  expect(lines[4]).toMatch(
    /^\| -6 \| a\\\|b\.onnx \| MMSE\\_pb \| \d+\.\d\d ± \d+\.\d\d \| \+\d\.\d\d ± \d\.\d\d \\\* \| \d\.\d\d \| 10 \| -?\d+\.\d\d \|$/,
  );
  expect(lines.filter((line) => line.startsWith("| "))).toHaveLength(2 + 60 + 2 + 6);
  expect(lines[63]).toBe(
    "| accuracy [%] | model | estimator | required WNR [dB] | gain over ML [dB] |",
  );
  expect(lines[66]).toMatch(
    /^\| 60 \| a\\\|b\.onnx \| MMSE \| \S+ \[\S+, \S+\] \| \S+ \[\S+, \S+\] \|$/,
  );
});

describe("counts", () => {
  test.each([
    [1, "1 point"],
    [0, "0 points"],
    [12_000, "12\u00a0000 points"],
  ])("%i: %s", (count, text) => {
    expect(counted(count, "point")).toBe(text);
  });

  test("trials per point, fixed or by rule", () => {
    expect(trialsText({ min: 1, max: 1 })).toBe("1 trial");
    expect(trialsText({ min: 10, max: 10 })).toBe("10 trials");
    expect(trialsText({ min: 5, max: 40, halfWidth: 0.01 })).toBe("5 to 40 trials");
  });
});
