import { existsSync, openSync, readSync } from "node:fs";
import { hostname } from "node:os";
import { setTimeout as sleep } from "node:timers/promises";
import { InputError } from "../errors.js";
import { journalPath } from "../report/run-folder.js";
import type { TrialResult } from "../study/results.js";
import type { StartEvent, StudyEvent } from "./events.js";
import { duration, type Progress, showProgress } from "./progress.js";

export interface WatchArguments {
  readonly run: string;
  readonly json: boolean;
  /** Time between two looks at the journal [s]. */
  readonly every: number;
}

/**
 * `weightlink watch`: shows a run that another process is doing, until it ends. Reads the journal only, so
 * the run is not disturbed.
 */
export async function watch({ run, json, every }: WatchArguments): Promise<void> {
  const path = journalPath(run);
  if (!existsSync(path)) throw new InputError(`${run}: holds no run (there is no ${path})`);
  const journal = new Journal(path);
  const view = new View(run);
  for (;;) {
    const lines = journal.read();
    if (json) for (const line of lines) process.stdout.write(`${line}\n`);
    const events = lines.map((line) => JSON.parse(line) as StudyEvent);
    for (const event of events) {
      if (json) view.note(event);
      else view.show(event);
    }
    if (!view.running) return;
    const lost = view.lost();
    if (lost !== undefined) {
      view.stop();
      process.stderr.write(`${lost}\n`);
      return;
    }
    await sleep(1000 * every);
  }
}

/** The complete lines that a file has gained since the last look. */
class Journal {
  readonly #file: number;
  readonly #buffer = Buffer.alloc(1 << 20);
  /** The beginning of a line whose end is not written yet. */
  #rest = "";
  readonly #decoder = new TextDecoder();

  constructor(path: string) {
    this.#file = openSync(path, "r");
  }

  read(): string[] {
    let text = this.#rest;
    for (;;) {
      const bytes = readSync(this.#file, this.#buffer, 0, this.#buffer.length, null);
      if (bytes === 0) break;
      text += this.#decoder.decode(this.#buffer.subarray(0, bytes), { stream: true });
    }
    const lines = text.split("\n");
    this.#rest = lines.pop()!;
    // A process that was killed may have left half a line before the next session's first.
    return lines.filter(isWhole);
  }
}

function isWhole(line: string): boolean {
  try {
    JSON.parse(line);
    return true;
  } catch {
    return false;
  }
}

class View {
  #start: StartEvent | undefined;
  #progress: Progress | undefined;
  readonly #earlier: TrialResult[] = [];
  running = true;

  constructor(readonly run: string) {}

  /** Keeps the state without showing anything. */
  note(event: StudyEvent): void {
    if (event.event === "start") {
      this.#start = event;
      this.running = true;
    }
    if (event.event === "end") this.running = false;
  }

  show(event: StudyEvent): void {
    this.note(event);
    switch (event.event) {
      case "start":
        this.stop();
        process.stdout.write(
          `${event.title}: process ${event.pid} on ${event.host}, started ${event.at}\n`,
        );
        this.#progress = showProgress(event, this.#earlier);
        break;
      case "trial":
        this.#earlier.push(...event.results);
        this.#progress?.update(event);
        break;
      case "note":
      case "worker":
        this.#progress?.log(`note: ${event.text}`);
        break;
      case "end":
        this.stop();
        process.stdout.write(
          `${event.complete ? "done" : "stopped"} after ${duration(1000 * event.elapsedS)}; in ${event.folder}\n`,
        );
        break;
    }
  }

  stop(): void {
    this.#progress?.stop();
    this.#progress = undefined;
  }

  /** What to say where the process that was working is gone without a word; undefined while it works. */
  lost(): string | undefined {
    const start = this.#start;
    if (start === undefined || start.host !== hostname() || isAlive(start.pid)) return undefined;
    return `process ${start.pid} has ended without finishing; its trials are kept in ${this.run}, and the same weightlink run goes on`;
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // Another user's process may not be signalled, and lives.
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}
