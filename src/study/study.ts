/**
 * A study: every point, every trial, every receiver, on one thread or on many.
 */
import { inScenario } from "../errors.js";
import type { Plan } from "../scenario/load.js";
import { type Bench, benchKey, checkKappa, loadedPart, openBench } from "./bench.js";
import { checkGroups } from "./known.js";
import type { Executor } from "./pool.js";
import type { Accuracies, Schedule } from "./schedule.js";
import { openLink } from "./transmission.js";
import { type Job, type TrialOutcome, TrialRunner, transmissionOf } from "./trial.js";
import type { WorkerData } from "./worker.js";
import { chooseWorkers, type Workforce } from "./workforce.js";

export interface PreparedStudy {
  readonly plan: Plan;
  /** Every model and data set of the study; usually one. */
  readonly benches: ReadonlyMap<string, Bench>;
  readonly workforce: Workforce;
}

export interface PrepareOptions {
  /** Worker threads; "auto" chooses by model, machine and number of trials. */
  readonly workers?: number | "auto";
  /** Aborted with the error to throw. */
  readonly signal?: AbortSignal | undefined;
}

/**
 * Opens and checks all that the study needs, so that what is wrong shows before anything is written.
 * Throws InputError.
 */
export async function prepareStudy(
  plan: Plan,
  options: PrepareOptions = {},
): Promise<PreparedStudy> {
  return inScenario(plan.file, () => prepare(plan, options));
}

async function prepare(
  plan: Plan,
  { workers = 1, signal }: PrepareOptions,
): Promise<PreparedStudy> {
  const { study, points } = plan;
  const benches = new Map<string, Bench>();
  for (const point of points) {
    const key = benchKey(point.settings);
    if (!benches.has(key)) {
      const bench = await openBench(point.settings, {
        threads: study.threads,
        batch: study.batch,
        stopped: () => signal?.throwIfAborted(),
        share: workers !== 1,
      });
      benches.set(key, bench);
    }
    checkKappa(point.settings, benches.get(key)!);
    checkGroups(point.settings, benches.get(key)!);
    // The last trial asks most of a recorded trace.
    openLink(transmissionOf(plan, point, benches.get(key)!, study.trials.max - 1));
  }
  const workforce = chooseWorkers(workers, plan, [...benches.values()]);
  return { plan, benches, workforce };
}

/** Ends all sessions. */
export async function closeStudy({ benches }: PreparedStudy): Promise<void> {
  for (const { scorer } of benches.values()) await scorer.close();
}

export interface StudyEvents {
  /** Aborting it ends the study after the inferences in progress; its reason is thrown. */
  readonly signal?: AbortSignal | undefined;
  /** One trial is done, and counts once this has resolved. Trials come in no particular order. */
  readonly onTrial?: (outcome: TrialOutcome) => void | Promise<void>;
  /** The schedule has counted the trial. */
  readonly onFinished?: (outcome: TrialOutcome) => void;
  /** A worker has died and its trial runs again. */
  readonly onDeath?: (text: string) => void | Promise<void>;
}

/** Runs every trial that the schedule still wants: all of the plan, or what an earlier session has left. */
export async function runStudy(
  prepared: PreparedStudy,
  schedule: Schedule,
  events: StudyEvents = {},
): Promise<void> {
  // Whatever ends the study ends it for all workers.
  const end = new AbortController();
  const interrupt = () => end.abort(events.signal?.reason);
  if (events.signal?.aborted) interrupt();
  events.signal?.addEventListener("abort", interrupt);
  const executor = await openExecutor(prepared, end.signal, events.onDeath);

  async function work(job: Job): Promise<void> {
    try {
      const outcome = await executor.run(job);
      await events.onTrial?.(outcome);
      schedule.finish(job, accuraciesOf(outcome));
      events.onFinished?.(outcome);
    } catch (error) {
      end.abort(error);
    }
  }
  const inProgress = new Set<Promise<void>>();
  try {
    for (;;) {
      while (!end.signal.aborted && inProgress.size < executor.inFlight) {
        const job = schedule.next();
        if (job === undefined) break;
        const task = work(job).finally(() => inProgress.delete(task));
        inProgress.add(task);
      }
      if (inProgress.size === 0) break;
      await Promise.race(inProgress);
    }
    end.signal.throwIfAborted();
  } finally {
    events.signal?.removeEventListener("abort", interrupt);
    await executor.close();
  }
}

async function openExecutor(
  prepared: PreparedStudy,
  signal: AbortSignal,
  onDeath: StudyEvents["onDeath"],
): Promise<Executor<TrialOutcome>> {
  const { plan, benches, workforce } = prepared;
  if (workforce.workers === 1) {
    const runners = new Map([...benches].map(([key, b]) => [key, new TrialRunner(plan, b)]));
    return {
      inFlight: 1,
      run: (job) =>
        runners
          .get(benchKey(plan.points[job.point].settings))!
          .run(job, () => signal.throwIfAborted()),
      close: async () => {},
    };
  }
  // Each worker opens its own; this thread only hands out trials from now on.
  await closeStudy(prepared);
  const stop = new Int32Array(new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT));
  signal.addEventListener("abort", () => Atomics.store(stop, 0, 1));
  const data: WorkerData = {
    plan,
    benches: new Map([...benches].map(([key, bench]) => [key, loadedPart(bench)])),
    threads: workforce.threads,
    stop,
  };
  // Loaded when there is a pool.
  const { openPool } = await import("./pool.js");
  return openPool({ workers: workforce.workers, data, ...(onDeath && { onDeath }) });
}

function accuraciesOf({ results }: Pick<TrialOutcome, "results">): Accuracies {
  return new Map(results.map((r) => [r.estimator, r.accuracy]));
}
