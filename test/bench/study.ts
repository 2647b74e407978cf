/**
 * What a study adds to the inferences that it asks for, and what a second worker brings.
 *
 * Overhead is wall-clock time less the time inside `InferenceSession.run`: transmissions, estimates, new
 * sessions, counting, the store.
 */
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import * as ort from "onnxruntime-node";
import { loadScenario } from "../../src/scenario/load.js";
import { describeRun, describeSession } from "../../src/study/assemble.js";
import { Schedule } from "../../src/study/schedule.js";
import { RunStore } from "../../src/study/store.js";
import { closeStudy, prepareStudy, runStudy } from "../../src/study/study.js";
import { type BenchLine, printLines } from "./bench-line.js";

const scenario = (name: string) =>
  fileURLToPath(new URL(`../../scenarios/${name}.yaml`, import.meta.url));
const shared = fileURLToPath(new URL("../../../shared/", import.meta.url));

export async function study(): Promise<BenchLine[]> {
  const lines: BenchLine[] = [];
  if (existsSync(shared)) {
    const { wall, inference } = await timed("resnet20-cifar10", 1, [
      `model.path=${shared}models/resnet20-cifar10.onnx`,
      `dataset.path=${shared}data`,
      "sweep.channel.snrDb=[4, 8]",
      "trials=1",
      "threads=1", // as in a pool of one worker for each core
    ]);
    lines.push({
      name: "scenarios/resnet20-cifar10.yaml, all but inference",
      value: (100 * (wall - inference)) / wall,
      unit: "%",
      target: "<= 5",
    });
  }
  // In turn, so that both meet the same state of the machine.
  const ratios: number[] = [];
  for (let i = 0; i < 3; i++) {
    const one = await timed("quickstart", 1, ["threads=1"]);
    const two = await timed("quickstart", 2, ["threads=1"]);
    ratios.push(one.wall / two.wall);
  }
  ratios.sort((a, b) => a - b);
  lines.push({
    name: "scenarios/quickstart.yaml, two workers over one",
    value: ratios[1],
    unit: "x",
    target: ">= 1.8",
  });
  return lines;
}

/** Seconds of a study with its store, and of them inside the runtime on this thread. */
async function timed(name: string, workers: number, overrides: string[]) {
  const folder = mkdtempSync(join(tmpdir(), "weightlink-bench-"));
  const { prototype } = ort.InferenceSession as unknown as { prototype: ort.InferenceSession };
  const { run } = prototype;
  let inference = 0;
  try {
    const plan = await loadScenario(scenario(name), { overrides });
    const prepared = await prepareStudy(plan, { workers });
    const store = await RunStore.create(folder, await describeRun(prepared, name));
    await store.startSession(describeSession(prepared, plan.file, new Date()));
    prototype.run = async function (this: ort.InferenceSession, ...args: unknown[]) {
      const start = performance.now();
      const outputs = await (
        run as (...a: unknown[]) => Promise<ort.InferenceSession.OnnxValueMapType>
      ).apply(this, args);
      inference += (performance.now() - start) / 1000;
      return outputs;
    } as typeof run;
    const start = performance.now();
    await runStudy(prepared, new Schedule(plan.points.length, plan.study.trials), {
      onTrial: (outcome) => store.record(outcome),
    });
    const wall = (performance.now() - start) / 1000;
    store.close();
    await closeStudy(prepared);
    return { wall, inference };
  } finally {
    prototype.run = run;
    rmSync(folder, { recursive: true });
  }
}

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href) {
  printLines(await study());
}
