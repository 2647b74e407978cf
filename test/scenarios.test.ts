/**
 * Every scenario against its stored result, `scenarios/NAME.expected.json`: the first trial at each point.
 * Counts may differ by a few images where another processor rounds differently; what is computed from
 * weights alone is compared to six digits.
 */
import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { loadScenario } from "../src/scenario/load.js";
import type { TrialResult } from "../src/study/results.js";
import { Schedule } from "../src/study/schedule.js";
import { closeStudy, prepareStudy, runStudy } from "../src/study/study.js";
import { sharedPath } from "./shared.js";

const folder = fileURLToPath(new URL("../scenarios/", import.meta.url));
type Expected = Pick<
  TrialResult,
  "parameters" | "estimator" | "correct" | "total" | "mse" | "setting"
>;

async function firstTrials(file: string, overrides: string[]): Promise<TrialResult[]> {
  const plan = await loadScenario(`${folder}${file}`, { overrides: [...overrides, "trials=1"] });
  const prepared = await prepareStudy(plan);
  const results: TrialResult[] = [];
  await runStudy(prepared, new Schedule(plan.points.length, plan.study.trials), {
    onTrial: (outcome) => void results.push(...outcome.results),
  });
  await closeStudy(prepared);
  return results;
}

function compare(results: readonly TrialResult[], name: string): void {
  const path = `${folder}${name}.expected.json`;
  const all = JSON.parse(readFileSync(path, "utf8")) as Expected[];
  for (const result of results) {
    const expected = all.find(
      (e) =>
        e.estimator === result.estimator &&
        JSON.stringify(e.parameters) === JSON.stringify(result.parameters),
    )!;
    const where = `${name}, ${JSON.stringify(expected.parameters)}, ${expected.estimator}`;
    expect(result.total, where).toBe(expected.total);
    // Another processor may tip a validation image, and so the choice of a setting.
    if (JSON.stringify(result.setting) === JSON.stringify(expected.setting)) {
      expect(Math.abs(result.mse / expected.mse - 1), where).toBeLessThan(1e-6);
      expect(Math.abs(result.correct - expected.correct), where).toBeLessThanOrEqual(
        0.002 * expected.total,
      );
    } else {
      expect(Object.keys(result.setting), where).toEqual(Object.keys(expected.setting));
      expect(Math.abs(result.correct - expected.correct), where).toBeLessThanOrEqual(
        0.1 * expected.total,
      );
    }
  }
}

/** Scenarios on what ships with the project. */
const embedded = [
  "block-fading.yaml",
  "codings.yaml",
  "converter-bits.yaml",
  "doppler.yaml",
  "erasure.yaml",
  "link-budget.yaml",
  "multipath-ofdm.yaml",
  "pcm-storage.yaml",
  "quickstart.yaml",
  "recalibration.yaml",
  "reram-storage.yaml",
  "selective-repeat.yaml",
  "stored-then-sent.yaml",
  "which-layers.ts",
];

describe.each(embedded)("%s", (file) => {
  test("gives its stored result at every point", { timeout: 300_000 }, async () => {
    const name = file.replace(/\.\w+$/, "");
    const results = await firstTrials(file, []);
    const stored = JSON.parse(readFileSync(`${folder}${name}.expected.json`, "utf8")) as Expected[];
    expect(results).toHaveLength(stored.length);
    compare(results, name);
  });
});

const model = sharedPath("models", "resnet20-cifar10.onnx");
const data = sharedPath("data");
test.skipIf(model === undefined || data === undefined)(
  "resnet20-cifar10.yaml gives its stored result at 8 dB",
  { timeout: 600_000 },
  async () => {
    const results = await firstTrials("resnet20-cifar10.yaml", [
      `model.path=${model}`,
      `dataset.path=${data}`,
      "sweep.channel.snrDb=[8]",
    ]);
    expect(results.map((r) => r.estimator)).toEqual(["ml", "mmse-pb"]);
    compare(results, "resnet20-cifar10");
  },
);

/** Scenarios on a model and data of one's own, which are too long for a test but for a point or a validation. */
const studies = [
  "receivers-resnet18.yaml",
  "receivers-resnet20.yaml",
  "reference-resnet20.yaml",
  "resnet20-cifar10.yaml",
];

test("every scenario is tested here or in study/reference.test.ts", () => {
  const names = readdirSync(folder).filter((name) => /\.(yaml|ts)$/.test(name));
  expect(names.sort()).toEqual([...embedded, ...studies].sort());
});

const own = readdirSync(`${folder}resnet20`).map((name) => `resnet20/${name}`);
test.skipIf(model === undefined || data === undefined).each(["receivers-resnet20.yaml", ...own])(
  "%s is a valid scenario of ResNet20",
  async (file) => {
    const overrides = [`model.path=${model}`, `dataset.path=${data}`];
    expect((await loadScenario(`${folder}${file}`, { overrides })).points.length).toBeGreaterThan(
      1,
    );
  },
);
