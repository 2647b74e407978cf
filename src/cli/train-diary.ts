/**
 * `sessions.json` of a training: which processes have worked on it, and how fast. Beside the history, since it depends on
 * the clock.
 */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { replaceFiles } from "../files/replace.js";
import { describeProcess } from "../study/assemble.js";
import type { TrainingBench } from "../training/bench.js";
import type { TrainingSession } from "../training/history.js";

export class TrainDiary {
  readonly #path: string;
  readonly #earlier: readonly TrainingSession[];
  readonly #facts: Omit<TrainingSession, "toEpoch" | "examples" | "secondsOfSteps" | "seconds">;
  readonly #start = Date.now();
  readonly #perEpoch: number;
  #epochs = 0;
  #secondsOfSteps = 0;

  constructor(
    readonly folder: string,
    { plan, batches }: TrainingBench,
    fromEpoch: number,
  ) {
    this.#path = join(folder, "sessions.json");
    this.#earlier = existsSync(this.#path)
      ? (JSON.parse(readFileSync(this.#path, "utf8")) as TrainingSession[])
      : [];
    this.#perEpoch = batches.perEpoch * batches.size;
    this.#facts = {
      startedAt: new Date().toISOString(),
      ...describeProcess(plan.file),
      threads: plan.settings.threads,
      fromEpoch,
    };
  }

  /** An epoch is finished. */
  add(secondsOfSteps: number): void {
    this.#epochs++;
    this.#secondsOfSteps += secondsOfSteps;
  }

  /** Of all sessions. */
  get elapsedS(): number {
    return this.#earlier.reduce((sum, { seconds }) => sum + seconds, this.#seconds);
  }

  get #seconds(): number {
    return (Date.now() - this.#start) / 1000;
  }

  async write(toEpoch: number): Promise<void> {
    const session: TrainingSession = {
      ...this.#facts,
      toEpoch,
      examples: this.#epochs * this.#perEpoch,
      secondsOfSteps: this.#secondsOfSteps,
      seconds: this.#seconds,
    };
    const text = `${JSON.stringify([...this.#earlier, session], null, 2)}\n`;
    await replaceFiles(this.folder, { "sessions.json": text });
  }
}
