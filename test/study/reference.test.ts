/**
 * Fifteen cases of noisy ResNet20 weights that an independent PyTorch implementation scored, through the
 * product's own path: scenario, transmitter, recorded channel, mmse-pb, ONNX Runtime.
 */
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { loadScenario } from "../../src/scenario/load.js";
import type { TrialResult } from "../../src/study/results.js";
import { Schedule } from "../../src/study/schedule.js";
import { closeStudy, prepareStudy, runStudy } from "../../src/study/study.js";
import { sharedPath } from "../shared.js";

interface Reference {
  count: number;
  clean_correct: number;
  variance: number;
  power: number;
  cases: {
    snr_db: number;
    lambda: number;
    beta: number;
    correct: number;
    of: number;
    mse: number;
  }[];
}

const model = sharedPath("models", "resnet20-cifar10.onnx");
const checkpoint = sharedPath("models", "resnet20-cifar10.safetensors");
const data = sharedPath("data");
const noise = sharedPath("reference", "noise-resnet20.f32");
const reference = sharedPath("reference", "resnet20.json");
const absent = [model, checkpoint, data, noise, reference].includes(undefined);
const scenario = fileURLToPath(new URL("../../scenarios/reference-resnet20.yaml", import.meta.url));

describe.skipIf(absent)("ResNet20 on CIFAR-10 against PyTorch", () => {
  test("counts within 2 of 10,000 and mean square errors to 1e-5, in all 15 cases", async () => {
    const expected = JSON.parse(readFileSync(reference!, "utf8")) as Reference;
    const plan = await loadScenario(scenario, {
      overrides: [
        `model.path=${model}`,
        // The same weights from the checkpoint, by name.
        `model.weightsPath=${checkpoint}`,
        `dataset.path=${data}`,
        `channel.path=${noise}`,
      ],
    });
    const prepared = await prepareStudy(plan);
    const [bench] = prepared.benches.values();
    expect(bench.layout.size).toBe(expected.count);
    expect(bench.statistics.variance / expected.variance).toBeCloseTo(1, 9);
    expect(bench.statistics.meanSquare / expected.power).toBeCloseTo(1, 9);
    expect(bench.cleanCorrect).toBe(expected.clean_correct);

    const results: TrialResult[] = [];
    await runStudy(prepared, new Schedule(plan.points.length, plan.study.trials), {
      onTrial: (outcome) => void results.push(...outcome.results),
    });
    await closeStudy(prepared);

    expect(results).toHaveLength(expected.cases.length);
    for (const wanted of expected.cases) {
      const row = results.find(
        (r) =>
          r.parameters["channel.snrDb"] === wanted.snr_db &&
          r.setting.lambda === wanted.lambda &&
          r.setting.beta === wanted.beta,
      )!;
      expect(row.total).toBe(wanted.of);
      expect(Math.abs(row.correct - wanted.correct)).toBeLessThanOrEqual(2);
      expect(Math.abs(row.mse / wanted.mse - 1)).toBeLessThan(1e-5);
      expect(row.snrDb).toBeCloseTo(wanted.snr_db, 9);
    }
  }, 600_000);
});
