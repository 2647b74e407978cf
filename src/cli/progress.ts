/**
 * How far a run is: a bar on a terminal, a line now and then elsewhere. Both go to stderr, so that stdout
 * holds results only.
 */
import { SingleBar } from "cli-progress";

export interface Progress {
  /** `done` trials of all points are finished; `estimate` says what the latest found. */
  update(done: number, estimate: string): void;
  stop(): void;
}

export const silent: Progress = { update: () => {}, stop: () => {} };

export function showProgress(total: number): Progress {
  return process.stderr.isTTY ? bar(total) : lines(total);
}

function bar(total: number): Progress {
  const single = new SingleBar({
    format: "{bar} {percentage} % | {value}/{total} trials | {left} | {estimate}",
    barCompleteChar: "━",
    barIncompleteChar: "┄",
    barsize: 24,
    hideCursor: true,
    stream: process.stderr,
    // Inference blocks the event loop, so the bar is drawn when told and not by a timer.
    noTTYOutput: false,
    gracefulExit: false,
  });
  const timeLeft = remaining(total);
  single.start(total, 0, { left: "", estimate: "" });
  return {
    update: (done, estimate) => single.update(done, { left: timeLeft(done), estimate }),
    stop: () => single.stop(),
  };
}

/** At least this long between two lines [ms]. */
const lineEveryMs = 5000;

function lines(total: number): Progress {
  const timeLeft = remaining(total);
  let last = Date.now();
  return {
    update(done, estimate) {
      if (Date.now() - last < lineEveryMs && done < total) return;
      last = Date.now();
      process.stderr.write(`${done}/${total} trials, ${timeLeft(done)}, ${estimate}\n`);
    },
    stop: () => {},
  };
}

function remaining(total: number): (done: number) => string {
  const start = Date.now();
  return (done) => {
    if (done === 0) return "";
    return `${duration(((Date.now() - start) / done) * (total - done))} left`;
  };
}

/** 75,000 ms as "1 min 15 s". */
export function duration(ms: number): string {
  const seconds = Math.round(ms / 1000);
  if (seconds < 60) return `${seconds} s`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min ${seconds % 60} s`;
  return `${Math.floor(seconds / 3600)} h ${Math.floor((seconds % 3600) / 60)} min`;
}
