/**
 * Who runs the trials: this thread alone, or a pool of worker threads.
 */
import { fileURLToPath } from "node:url";
import { Piscina } from "piscina";
import type { Job } from "./trial.js";

export interface Executor<Outcome> {
  /** Jobs to give it at once: enough that no worker waits for the next. */
  readonly inFlight: number;
  run(job: Job): Promise<Outcome>;
  /** Ends all work in progress. */
  close(): Promise<void>;
}

export interface PoolOptions {
  readonly workers: number;
  /** Structured data that every worker starts with. */
  readonly data: unknown;
  /** Module whose default export runs a job. */
  readonly module?: string;
  /** A worker ended in the middle of a job, which runs again. */
  readonly onDeath?: (text: string) => void | Promise<void>;
  /** Most of the JavaScript heap of one worker [MiB]; Node's own limit where absent. */
  readonly heapMiB?: number;
}

/** A job that ends this many workers is not given to another. */
const mostDeaths = 3;

const ownModule = fileURLToPath(new URL("worker.mjs", import.meta.url));

/**
 * Starts `workers` threads. A job whose worker ends before it (killed, out of memory) is given to another
 * worker; one that ends three workers is an error.
 */
export function openPool<Outcome>(options: PoolOptions): Executor<Outcome> {
  const { workers, data, module = ownModule, onDeath, heapMiB } = options;
  const pool = new Piscina({
    filename: module,
    workerData: data,
    minThreads: workers,
    maxThreads: workers,
    // A job blocks its thread from end to end, so one each.
    concurrentTasksPerWorker: 1,
    atomics: "disabled",
    ...(heapMiB !== undefined && { resourceLimits: { maxOldGenerationSizeMb: heapMiB } }),
  });
  // The jobs themselves report what happens to their workers.
  pool.on("error", () => {});

  async function run(job: Job): Promise<Outcome> {
    for (let deaths = 1; ; deaths++) {
      try {
        return (await pool.run(job)) as Outcome;
      } catch (error) {
        const cause = causeOfDeath(error as Error);
        if (cause === undefined) throw error;
        const where = `trial ${job.trial} of point ${job.point}`;
        if (deaths === mostDeaths) {
          throw new Error(
            `${where} has ended ${deaths} workers (${cause}); try fewer --workers, so that each has more memory`,
          );
        }
        await onDeath?.(`a worker ended during ${where} (${cause}); the trial runs again`);
      }
    }
  }
  return { inFlight: 2 * workers, run, close: () => pool.destroy() };
}

/** How the worker ended; undefined where it lives on and the job itself threw. */
function causeOfDeath(error: Error & { code?: string }): string | undefined {
  if (error.code === "ERR_WORKER_OUT_OF_MEMORY") return "out of memory";
  if (/^worker exited with code/i.test(error.message)) return error.message;
  // ONNX Runtime and typed arrays allocate outside of the JavaScript heap.
  if (/bad_alloc|Array buffer allocation failed|Failed to allocate memory/i.test(error.message)) {
    return "out of memory";
  }
  return undefined;
}
