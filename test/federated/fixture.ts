import { fileURLToPath } from "node:url";
import type { StoredCourse } from "../../src/federated/course.js";
import { coursesOf, prepareFederated, runFederated } from "../../src/federated/study.js";
import { loadFederated } from "../../src/scenario/load-federated.js";

export const quick = fileURLToPath(
  new URL("../../scenarios/federated/quick.yaml", import.meta.url),
);

/** A network and data set that a round takes milliseconds with, one receiver, one trial, one point. */
export const tiny = [
  "dataset.trainImages=240",
  "dataset.validationImages=40",
  "dataset.testImages=60",
  "devices.count=6",
  "devices.active=3",
  "model.architecture.hidden=[8]",
  "training.rounds=4",
  "training.batch=10",
  "server.evaluateEvery=1",
  "receivers=[ml]",
  "trials=1",
  "uplink.snrDb=5",
];

export const planOf = (...overrides: string[]) =>
  loadFederated(quick, { overrides: [...tiny, ...overrides] });

/** Runs all trainings, and gives them as they were last stored, in their order. */
export async function runAll(overrides: readonly string[], workers = 1): Promise<StoredCourse[]> {
  const plan = await planOf(...overrides);
  const stored = new Map<string, StoredCourse>();
  await runFederated(await prepareFederated(plan, workers), {
    onRound: async (name, course) => {
      stored.set(JSON.stringify(name), course);
    },
  });
  return coursesOf(plan).map((name) => stored.get(JSON.stringify(name))!);
}

export function largestDifference(a: Float32Array, b: Float32Array): number {
  let largest = Math.abs(a.length - b.length);
  for (let k = 0; k < a.length; k++) largest = Math.max(largest, Math.abs(a[k] - b[k]));
  return largest;
}
