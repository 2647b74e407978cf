/**
 * A worker thread: runs trials with its own copy of the model, on images in shared memory.
 */
import { workerData } from "piscina";
import type { Plan } from "../scenario/load.js";
import { benchKey, type LoadedBench, reopenBench } from "./bench.js";
import { type Job, type TrialOutcome, TrialRunner } from "./trial.js";

/** What every worker of a pool is started with. */
export interface WorkerData {
  readonly plan: Plan;
  readonly benches: ReadonlyMap<string, LoadedBench>;
  readonly threads: number;
  /** Its one number becomes 1 when the study is to end. */
  readonly stop: Int32Array;
}

const { plan, benches, threads, stop } = workerData as WorkerData;
const runners = new Map<string, Promise<TrialRunner>>();

/** Runs one trial; the first of a bench opens it. */
export async function runJob(job: Job): Promise<TrialOutcome> {
  const { settings } = plan.points[job.point];
  const key = benchKey(settings);
  let runner = runners.get(key);
  if (runner === undefined) {
    runner = reopenBench(settings, benches.get(key)!, threads).then(
      (bench) => new TrialRunner(plan, bench),
    );
    runners.set(key, runner);
  }
  return (await runner).run(job, throwIfStopped);
}

function throwIfStopped(): void {
  if (Atomics.load(stop, 0) !== 0) throw new Error("stopped");
}
