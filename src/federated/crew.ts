/**
 * Who trains the devices of a round: this thread, or a pool of worker threads. Model vectors lie in shared memory.
 */
import { fileURLToPath } from "node:url";
import type { Job } from "../study/trial.js";
import {
  type DeviceOutcome,
  type DeviceTask,
  DeviceTrainer,
  type TrainingPart,
} from "./device-trainer.js";

/** One device in one round of one trial at one point. */
export interface DeviceJob extends Job, DeviceTask {
  /** Key of the bench. */
  readonly bench: string;
}

export interface Crew {
  train(job: DeviceJob): Promise<DeviceOutcome>;
  close(): Promise<void>;
}

/** What every worker is started with. */
export interface CrewData {
  readonly parts: ReadonlyMap<string, TrainingPart>;
  /** Its one number becomes 1 when the study is to end. */
  readonly stop: Int32Array;
}

export interface CrewOptions {
  readonly workers: number;
  readonly signal: AbortSignal;
  /** A worker has died and its device trains again. */
  readonly onDeath?: (text: string) => void;
}

export async function openCrew(
  parts: ReadonlyMap<string, TrainingPart>,
  { workers, signal, onDeath }: CrewOptions,
): Promise<Crew> {
  if (workers === 1) {
    const trainers = new Trainers(parts);
    return {
      train: (job) => trainers.train(job, () => signal.throwIfAborted()),
      close: () => trainers.close(),
    };
  }
  const stop = new Int32Array(new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT));
  const halt = () => Atomics.store(stop, 0, 1);
  if (signal.aborted) halt();
  signal.addEventListener("abort", halt);
  const data: CrewData = { parts, stop };
  // Loaded when there is a pool.
  const { openPool } = await import("../study/pool.js");
  const pool = openPool<DeviceOutcome>({
    workers,
    data,
    module: fileURLToPath(new URL("worker.mjs", import.meta.url)),
    ...(onDeath && { onDeath }),
  });
  return {
    async train(job) {
      try {
        return await pool.run(job);
      } catch (error) {
        signal.throwIfAborted();
        throw error;
      }
    },
    async close() {
      signal.removeEventListener("abort", halt);
      await pool.close();
    },
  };
}

/** One training graph for each bench, opened when first asked for. A thread trains one device at a time. */
export class Trainers {
  readonly #open = new Map<string, Promise<DeviceTrainer>>();
  #last: Promise<unknown> = Promise.resolve();

  constructor(readonly parts: ReadonlyMap<string, TrainingPart>) {}

  train(job: DeviceJob, stopped: () => void): Promise<DeviceOutcome> {
    const run = async () => (await this.#of(job.bench)).train(job, stopped);
    const result = this.#last.then(run, run);
    this.#last = result;
    return result;
  }

  #of(bench: string): Promise<DeviceTrainer> {
    const trainer = this.#open.get(bench) ?? DeviceTrainer.open(this.parts.get(bench)!);
    this.#open.set(bench, trainer);
    return trainer;
  }

  async close(): Promise<void> {
    await this.#last.catch(() => {});
    for (const trainer of this.#open.values()) await (await trainer).close();
  }
}
