/**
 * How many workers run a study, and with how many threads each.
 *
 * Trials are independent, so a worker per core with one thread each wastes nothing; one inference on
 * several threads loses some of every core to waiting. What limits the workers is memory, since each
 * holds the model, and the number of trials. The cores that are left over go to the workers as threads,
 * so that pool and runtime together never run more threads than there are cores.
 */
import { availableParallelism, freemem } from "node:os";
import type { Plan } from "../scenario/load.js";
import type { Bench } from "./bench.js";

export interface Workforce {
  readonly workers: number;
  /** Threads of one inference; 0 lets the runtime choose. */
  readonly threads: number;
  /** Why, in a few words. */
  readonly reason: string;
}

/** Memory that a worker takes at most, over the size of its model (docs/benchmarks.md). */
const peakOverModel = 8;
/** What a worker takes without any model [bytes]. */
const baseBytes = 100e6;

/** Memory that one more worker takes at most [bytes]. */
export function workerBytes(bench: Pick<Bench, "model">): number {
  return baseBytes + peakOverModel * modelBytes(bench);
}

export function chooseWorkers(
  asked: number | "auto",
  plan: Plan,
  benches: readonly Pick<Bench, "model">[],
  machine = { cores: availableParallelism(), freeBytes: freemem() },
): Workforce {
  const { cores } = machine;
  const { threads, trials } = plan.study;
  const threadsOf = (workers: number) =>
    threads > 0 || workers === 1 ? threads : Math.max(1, Math.floor(cores / workers));
  if (asked !== "auto") {
    return { workers: asked, threads: threadsOf(asked), reason: "as asked" };
  }
  // A worker may meet every bench of the study, and keeps each.
  const each = benches.reduce((sum, bench) => sum + workerBytes(bench), 0);
  const room = Math.max(1, Math.floor((0.8 * machine.freeBytes) / each));
  const jobs = plan.points.length * trials.max;
  const perCore = Math.max(1, Math.floor(cores / Math.max(1, threads)));
  const workers = Math.min(perCore, room, jobs);
  const reason =
    workers === room && room < perCore
      ? `memory for ${room}, each up to ${Math.round(each / 1e6)} MB`
      : workers === jobs && jobs < perCore
        ? `${jobs} ${jobs === 1 ? "trial" : "trials"}`
        : "one for each core";
  return { workers, threads: threadsOf(workers), reason };
}

function modelBytes({ model }: Pick<Bench, "model">): number {
  const elements = model.tensors.reduce((sum, { size }) => sum + size, 0);
  return elements * Float32Array.BYTES_PER_ELEMENT;
}
