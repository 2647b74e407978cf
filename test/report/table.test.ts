import { describe, expect, test } from "vitest";
import { markdownTable, textTable } from "../../src/report/table.js";
import { fixtureRun, threeEstimators, wnrAxis } from "./fixture.js";

const oracle = threeEstimators.map((e) => ({ ...e, oracle: e.label === "MMSE_pb" }));
const kappa = {
  path: "receiver.kappa",
  title: "labelled images at the receiver",
  values: [10, 90],
};
const model = { path: "model.path", title: "model", values: ["models/a/b/c/d/e/resnet20.onnx"] };

describe("the table on the terminal", () => {
  test("has one line per point and estimator, with the numbers of the summary", () => {
    const run = fixtureRun();
    const lines = textTable(run).split("\n");
    const rows = lines.slice(lines.findIndex((line) => line.startsWith("──")) + 1).slice(0, 30);
    run.summary.forEach((summary, i) => {
      const [low, high] = summary.interval95!;
      const first = i % 3 === 0 ? [String(summary.parameters["channel.wnrDb"])] : [];
      expect(rows[i]!.trim().split(/\s+/)).toEqual([
        ...first,
        summary.estimator,
        (100 * summary.accuracy).toFixed(2),
        "±",
        (50 * (high - low)).toFixed(2),
        "10",
        (10 * Math.log10(summary.nmse)).toFixed(2),
      ]);
    });
    expect(rows[0]!.indexOf("10.00")).toBe(rows[1]!.indexOf("10.03")); // decimal points align
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
  });

  test("claims no interval from one trial", () => {
    const text = textTable(fixtureRun({ trials: 1 }));
    expect(text).not.toContain("±");
    expect(text).toContain("One trial per point: no interval over trials.");
  });

  test("moves parameters above the rows rather than past the width", () => {
    const run = fixtureRun({ axes: [wnrAxis, kappa, model] });
    const wide = textTable(run, 120).split("\n");
    expect(
      wide.some((line) => /^WNR \[dB\]\s+at the receiver\s+model\s+estimator/.test(line)),
    ).toBe(true);
    const narrow = textTable(run, 80).split("\n");
    expect(narrow).toContain("model = models/a/b/…snet20.onnx");
    const table = narrow.slice(
      2,
      narrow.findIndex((line) => line.startsWith("± is")),
    );
    expect(table.length).toBeGreaterThan(60);
    expect(Math.max(...table.map((line) => line.length))).toBeLessThanOrEqual(80);
    expect(narrow.filter((line) => line.includes("MMSE_pb"))).toHaveLength(20);
  });

  test("a perfect link has an error of -∞ dB", () => {
    const run = fixtureRun();
    const summary = [{ ...run.summary[0]!, nmse: 0 }];
    expect(textTable({ ...run, summary })).toContain("-∞");
  });
});

test("Markdown: aligned columns, escaped bars, one row per point and estimator", () => {
  const axes = [{ ...model, values: ["a|b.onnx", "c.onnx"] }];
  const lines = markdownTable(fixtureRun({ axes })).split("\n");
  expect(lines[0]).toBe("| model | estimator | accuracy [%] | trials | NMSE [dB] |");
  expect(lines[1]).toBe("| --- | --- | ---: | ---: | ---: |");
  expect(lines[2]).toMatch(
    /^\| a\\\|b\.onnx \| ML \| \d+\.\d\d ± \d+\.\d\d \| 10 \| -?\d+\.\d\d \|$/,
  );
  expect(lines.filter((line) => line.startsWith("| "))).toHaveLength(2 + 6);
});
