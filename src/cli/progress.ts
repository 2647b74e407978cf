/**
 * How far a run is: a bar on a terminal, a line now and then elsewhere, and one line for each point that is
 * finished. All goes to stderr, so that stdout holds results only.
 */
import { MultiBar } from "cli-progress";
import { meanInterval95 } from "../math/statistics.js";
import { counted } from "../report/wording.js";
import { describePoint } from "../scenario/load.js";
import type { TrialResult } from "../study/results.js";
import type { StartEvent, TrialEvent } from "./events.js";

export interface Progress {
  /** A trial is finished. */
  update(event: TrialEvent): void;
  /** Says something without spoiling the bar. */
  log(text: string): void;
  stop(): void;
}

export const silent: Progress = { update: () => {}, log: () => {}, stop: () => {} };

/** `earlier` are results of trials that are finished already. */
export function showProgress(start: StartEvent, earlier: readonly TrialResult[] = []): Progress {
  const display = openDisplay(start, "trials");
  const estimates = new Estimates();
  for (const result of earlier) estimates.add(result);
  return {
    update(event) {
      for (const result of event.results) estimates.add(result);
      const { point, atPoint } = event;
      const name = describePoint({ parameters: start.points[point] });
      const where = name === "" ? "" : `${name}, `;
      const found = estimates.at(point);
      display.update(event, `${where}${atPoint.done}/${atPoint.wanted}: ${found}`);
      if (atPoint.done === atPoint.wanted) {
        display.log(`${where}${found}, ${counted(atPoint.done, "trial")}`);
      }
    },
    log: display.log,
    stop: display.stop,
  };
}

/** How much is done, of how much as far as is known. */
export interface Extent {
  readonly done: number;
  readonly wanted: number;
}

export interface Display {
  update(extent: Extent, latest: string): void;
  /** Says something without spoiling the bar. */
  log(text: string): void;
  stop(): void;
}

/** `unit` is what is counted, in the plural. */
export function openDisplay(start: Extent, unit: string): Display {
  return process.stderr.isTTY ? bar(start, unit) : lines(start, unit);
}

/** Mean accuracy of every receiver at every point, so far. */
class Estimates {
  readonly #points = new Map<number, Map<string, number[]>>();

  add({ point, estimator, accuracy }: TrialResult): void {
    const receivers = this.#points.get(point) ?? new Map<string, number[]>();
    this.#points.set(point, receivers);
    const list = receivers.get(estimator);
    if (list === undefined) receivers.set(estimator, [accuracy]);
    else list.push(accuracy);
  }

  /** `ml 43.2 ± 1.3 %, mmse-pb 45.0 ± 1.1 %` */
  at(point: number): string {
    const receivers = [...(this.#points.get(point) ?? [])];
    if (receivers.length === 0) return "no result";
    return receivers.map(([name, accuracies]) => `${name} ${estimate(accuracies)} %`).join(", ");
  }
}

function estimate(accuracies: readonly number[]): string {
  const percent = (value: number) => (100 * value).toFixed(1);
  const interval = meanInterval95(accuracies);
  if (interval === null) return percent(accuracies[0]);
  const half = (interval[1] - interval[0]) / 2;
  return `${percent(interval[0] + half)} ± ${percent(half)}`;
}

function bar(start: Extent, unit: string): Display {
  const multi = new MultiBar({
    format: `{bar} {percentage} % | {value}/{total} ${unit} | {rate} | {left} | {latest}`,
    barCompleteChar: "━",
    barIncompleteChar: "┄",
    barsize: 24,
    hideCursor: true,
    stream: process.stderr,
    // Inference blocks the event loop, so the bar is drawn when told and not by a timer.
    noTTYOutput: false,
    gracefulExit: false,
  });
  const pace = new Pace(start.done, unit);
  const single = multi.create(start.wanted, start.done, { rate: "", left: "", latest: "" });
  return {
    update({ done, wanted }, latest) {
      single.setTotal(wanted);
      single.update(done, { ...pace.at(done, wanted), latest });
      multi.update();
    },
    log(text) {
      multi.log(`${text}\n`);
      multi.update();
    },
    stop: () => multi.stop(),
  };
}

/** At least this long between two lines [ms]. */
const lineEveryMs = 5000;

function lines(start: Extent, unit: string): Display {
  const pace = new Pace(start.done, unit);
  let last = Date.now();
  const log = (text: string) => process.stderr.write(`${text}\n`);
  return {
    update({ done, wanted }, latest) {
      if (Date.now() - last < lineEveryMs && done < wanted) return;
      last = Date.now();
      const { rate, left } = pace.at(done, wanted);
      log(`${done}/${wanted} ${unit}, ${rate}, ${left}, ${latest}`);
    },
    log,
    stop: () => {},
  };
}

/** Speed since the start of this session. */
class Pace {
  readonly #start = Date.now();

  constructor(
    readonly doneBefore: number,
    readonly unit: string,
  ) {}

  at(done: number, wanted: number): { rate: string; left: string } {
    const perMs = (done - this.doneBefore) / Math.max(1, Date.now() - this.#start);
    const perSecond = 1000 * perMs;
    const digits = perSecond >= 10 ? 0 : perSecond >= 0.1 ? 1 : 3;
    return {
      rate: `${perSecond.toFixed(digits)} ${this.unit}/s`,
      left: done > this.doneBefore ? `${duration((wanted - done) / perMs)} left` : "",
    };
  }
}

/** 75,000 ms as "1 min 15 s". */
export function duration(ms: number): string {
  const seconds = Math.round(ms / 1000);
  if (seconds < 60) return `${seconds} s`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min ${seconds % 60} s`;
  return `${Math.floor(seconds / 3600)} h ${Math.floor((seconds % 3600) / 60)} min`;
}
