/**
 * Which trials are still to run.
 *
 * A point begins with `min` trials. Once all of them are there, each receiver's 95 % interval is looked
 * at: while one is wider than `halfWidth` to a side, the point gets another round, up to a quarter more
 * trials. Looking only at whole rounds makes the number of trials a function of the results alone: it
 * does not matter how many workers ran them, in which order, or whether the run was interrupted.
 *
 * Looking often and stopping at the first narrow interval makes intervals too narrow (docs/statistics.md);
 * rounds that grow keep that small.
 */
import { meanInterval95 } from "../math/statistics.js";
import type { TrialRule } from "../scenario/schema.js";
import type { Job } from "./trial.js";

/** What the rule looks at: the accuracies of one trial by receiver. */
export type Accuracies = ReadonlyMap<string, number>;

interface PointState {
  /** Trials up to here are wanted. */
  target: number;
  /** Trials up to here were handed out or found done. */
  given: number;
  /** Every trial below is done. */
  unbroken: number;
  readonly done: Map<number, Accuracies>;
}

export class Schedule {
  readonly #points: readonly PointState[];

  constructor(
    points: number,
    readonly rule: TrialRule,
  ) {
    this.#points = Array.from({ length: points }, () => ({
      target: rule.min,
      given: 0,
      unbroken: 0,
      done: new Map(),
    }));
  }

  /** A trial that is wanted and not handed out yet, points first to last; undefined where none is, for now. */
  next(): Job | undefined {
    for (let point = 0; point < this.#points.length; point++) {
      const state = this.#points[point];
      while (state.given < state.target) {
        const trial = state.given++;
        if (!state.done.has(trial)) return { point, trial };
      }
    }
    return undefined;
  }

  /** A trial is finished, now or in an earlier session. */
  finish({ point, trial }: Job, accuracies: Accuracies): void {
    const state = this.#points[point];
    state.done.set(trial, accuracies);
    while (state.done.has(state.unbroken)) state.unbroken++;
    while (state.unbroken >= state.target && this.#needsMore(state)) {
      state.target = nextRound(state.target, this.rule);
    }
  }

  /** Trials that the points have, and will have as far as is known now. */
  get counts(): { done: number; wanted: number } {
    let done = 0;
    let wanted = 0;
    for (const state of this.#points) {
      done += state.done.size;
      wanted += state.target;
    }
    return { done, wanted };
  }

  /** Trials done and wanted at a point. */
  at(point: number): { done: number; wanted: number } {
    const { done, target } = this.#points[point];
    return { done: done.size, wanted: target };
  }

  #needsMore({ target, done }: PointState): boolean {
    const { max, halfWidth } = this.rule;
    if (halfWidth === undefined || target >= max) return false;
    const byReceiver = new Map<string, number[]>();
    // In the order of trials, so that sums round alike whatever finished first.
    for (let trial = 0; trial < target; trial++) {
      for (const [receiver, accuracy] of done.get(trial)!) {
        const list = byReceiver.get(receiver);
        if (list === undefined) byReceiver.set(receiver, [accuracy]);
        else list.push(accuracy);
      }
    }
    return [...byReceiver.values()].some((accuracies) => {
      const interval = meanInterval95(accuracies);
      // A receiver with a single result yet has no interval.
      return interval === null || (interval[1] - interval[0]) / 2 > halfWidth;
    });
  }
}

/** Trials after the next round: a quarter more. */
export function nextRound(trials: number, { max }: TrialRule): number {
  return Math.min(max, Math.ceil(1.25 * trials));
}
