import { expect, test } from "vitest";
import { diffText } from "../../src/report/diff-text.js";
import { diffRuns } from "../../src/study/diff.js";
import type { RunResult } from "../../src/study/results.js";
import { fixtureRun, wnrAxis } from "./fixture.js";

const text = (a: RunResult, b: RunResult) =>
  diffText({ name: "runs/a", run: a }, { name: "runs/b", run: b }, diffRuns(a, b));

/** B has another seed, and `gain` more correct images in every trial. */
function better(run: RunResult, gain: number): RunResult {
  const resolved = { ...run.resolved, study: { ...run.resolved.study, seed: 2 } };
  const trials = run.trials.map((t) => {
    const correct = t.correct + gain;
    return { ...t, correct, accuracy: correct / t.total };
  });
  return { ...run, seed: 2, resolved, trials };
}

test("equal runs in one sentence", () => {
  expect(text(fixtureRun(), fixtureRun())).toBe(
    `A  runs/a: 100 trials, ${fixtureRun().title}
B  runs/b: 100 trials, ${fixtureRun().title}

No differences: all 300 rows are equal to the last digit.
`,
  );
});

test("another seed: settings, rows, table, and how the intervals were made", () => {
  const a = fixtureRun({ axes: [{ ...wnrAxis, values: [-2, 4] }], trials: 4 });
  expect(text(a, better(a, 20))).toBe(
    `A  runs/a: 8 trials, ${a.title}
B  runs/b: 8 trials, ${a.title}

Scenario, A → B
  seed: 1 → 2

Results: of 24 rows in both, 24 differ (correct in 24, accuracy in 24).

WNR [dB]  estimator  accuracy A [%]  accuracy B [%]   B − A [points]  adjusted p  trials
────────  ─────────  ──────────────  ──────────────  ───────────────  ──────────  ──────
      -2  ML                  10.36           11.36  +1.00 ±  0.04 *     < 0.001       4
          MMSE                10.57           11.58  +1.00 ±  0.05 *     < 0.001       4
          MMSE_pb             22.09           23.09  +1.00 ±  1.59         0.525       4
       4  ML                  35.75           36.75  +1.00 ±  3.22         0.525       4
          MMSE                44.25           45.25  +1.00 ±  1.91         0.525       4
          MMSE_pb             93.01           94.01  +1.00 ±  0.91         0.145       4

B − A is between independent trials, with Welch's t interval: the seeds differ (1 and 2).
± is the 95 % interval of each difference by itself: 3 of 6 leave out 0, where about 0.3 would by
chance alone.
* marks significant differences: p below 5 % after Holm's adjustment for 6 comparisons.
`,
  );
});

test("long values take a line each, hashes their first letters", () => {
  const a = fixtureRun({ changes: { files: { "net.onnx": "ab".repeat(32) } } });
  const b = fixtureRun({ changes: { files: { "net.onnx": "cd".repeat(32) } } });
  const title = "A study of the accuracy of residual networks, whose title is long";
  const titled = {
    ...b,
    resolved: { ...b.resolved, study: { ...b.resolved.study, title: `${title}!` } },
  };
  const before = { ...a.resolved, study: { ...a.resolved.study, title } };
  const lines = text({ ...a, resolved: before }, titled).split("\n");
  expect(lines).toContain("  title:");
  expect(lines).toContain(`    A  ${title}`);
  expect(lines).toContain(`    B  ${title}!`);
  expect(lines).toContain("  net.onnx: abababababab… → cdcdcdcdcdcd…");
});

test("what only one run has: receivers once, points with their receivers, at most ten by name", () => {
  const values = Array.from({ length: 20 }, (_, i) => i);
  const a = fixtureRun({ axes: [{ ...wnrAxis, values }], trials: 2 });
  const b = {
    ...a,
    complete: false,
    trials: a.trials.filter((t) => t.point < 5 && t.estimator !== "MMSE"),
  };
  const lines = text(a, b).split("\n");
  expect(lines[1]).toBe(`B  runs/b: 10 trials, incomplete, ${a.title}`);
  const only = lines.filter((line) => line.startsWith("  only in A: "));
  expect(only).toHaveLength(11);
  expect(only[0]).toBe("  only in A: MMSE");
  expect(only[1]).toBe("  only in A: ML, MMSE_pb at channel.wnrDb = 5");
  expect(only[10]).toBe("  only in A: 6 more");
});

test("lines stay within 100 characters", () => {
  const many = {
    path: "receivers.a receiver with a long name.lambda",
    title: "λ′ of a receiver with a long name",
    values: [0.95, 1, 1.05],
  };
  const mapping = { path: "transmitter.mapping", title: "mapping", values: ["real", "iq"] };
  const a = fixtureRun({ axes: [wnrAxis, many, mapping], trials: 2 });
  const longest = Math.max(
    ...text(a, better(a, 9))
      .split("\n")
      .map((line) => [...line].length),
  );
  expect(longest).toBeLessThanOrEqual(100);
});
