import { existsSync, openSync, readSync } from "node:fs";
import { hostname } from "node:os";
import { setTimeout as sleep } from "node:timers/promises";
import { InputError } from "../errors.js";
import { journalPath } from "../report/run-folder.js";
import type { TrialResult } from "../study/results.js";
import { refuseFederatedRun, storePath } from "../study/store.js";
import type { EndEvent, StartEvent, StudyEvent, TrialEvent } from "./events.js";
import { duration, type Progress, showProgress, silent } from "./progress.js";

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
  if (!existsSync(path)) {
    refuseFederatedRun(run);
    throw new InputError(
      existsSync(storePath(run))
        ? `${run}: has no journal (${path}) to watch; weightlink report and weightlink query read its store`
        : `${run}: holds no run (there is no ${path})`,
    );
  }
  let hasReader = true;
  process.stdout.once("error", () => {
    hasReader = false;
  });
  const journal = new Journal(path);
  const view = new View(run, !json);
  for (let first = true; hasReader; first = false) {
    for (const { line, event } of journal.read()) {
      if (json) process.stdout.write(`${line}\n`);
      view.take(event, first);
    }
    if (first) view.catchUp();
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

  read(): { line: string; event: StudyEvent }[] {
    let text = this.#rest;
    for (;;) {
      const bytes = readSync(this.#file, this.#buffer, 0, this.#buffer.length, null);
      if (bytes === 0) break;
      text += this.#decoder.decode(this.#buffer.subarray(0, bytes), { stream: true });
    }
    const lines = text.split("\n");
    this.#rest = lines.pop()!;
    // A process that was killed may have left half a line before the next session's first.
    return lines.flatMap((line) => {
      try {
        return [{ line, event: JSON.parse(line) as StudyEvent }];
      } catch {
        return [];
      }
    });
  }
}

class View {
  #start: StartEvent | undefined;
  #end: EndEvent | undefined;
  #latest: TrialEvent | undefined;
  #progress: Progress = silent;
  readonly #results: TrialResult[] = [];

  constructor(
    readonly run: string,
    readonly isText: boolean,
  ) {}

  get running(): boolean {
    return this.#end === undefined;
  }

  /** Takes in an event; one of the past is not shown by itself. */
  take(event: StudyEvent, isPast: boolean): void {
    switch (event.event) {
      case "start":
        this.#start = event;
        this.#end = undefined;
        if (!isPast) this.catchUp();
        break;
      case "trial":
        this.#latest = event;
        this.#results.push(...event.results);
        this.#progress.update(event);
        break;
      case "note":
      case "worker":
        this.#progress.log(`note: ${event.text}`);
        break;
      case "end":
        this.#end = event;
        this.stop();
        if (!isPast) this.#sayEnd(event);
        break;
    }
  }

  /** Shows where the run stands. */
  catchUp(): void {
    const start = this.#start;
    if (start === undefined || !this.isText) return;
    this.stop();
    process.stdout.write(
      `${start.title}: process ${start.pid} on ${start.host}, started ${start.at}\n`,
    );
    if (this.#end !== undefined) {
      this.#sayEnd(this.#end);
    } else {
      const { done, wanted } = this.#latest ?? start;
      this.#progress = showProgress({ ...start, done, wanted }, this.#results);
    }
  }

  #sayEnd({ complete, elapsedS }: EndEvent): void {
    if (!this.isText) return;
    process.stdout.write(
      `${complete ? "done" : "stopped"} after ${duration(1000 * elapsedS)}; in ${this.run}\n`,
    );
  }

  stop(): void {
    this.#progress.stop();
    this.#progress = silent;
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
