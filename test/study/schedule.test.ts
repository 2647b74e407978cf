import { describe, expect, test } from "vitest";
import { RandomSource } from "../../src/kernel/index.js";
import { meanInterval95 } from "../../src/math/statistics.js";
import { type Accuracies, nextRound, Schedule } from "../../src/study/schedule.js";
import type { Job } from "../../src/study/trial.js";

const points = 6;

/** Accuracies that spread ever less from point to point; the second receiver half as much. */
function accuraciesOf({ point, trial }: Job): Accuracies {
  const random = new RandomSource(7).child(`${point}`).stream(`${trial}`);
  const spread = 0.1 / 2.4 ** point;
  return new Map([
    ["ml", 0.5 + spread * random.normal()],
    ["mmse", 0.6 + 0.5 * spread * random.normal()],
  ]);
}

/** Runs a schedule to its end with `inFlight` trials at once that finish in a random order. */
function runToEnd(schedule: Schedule, inFlight: number, order: string): Job[] {
  const random = new RandomSource(order).stream("order");
  const active: Job[] = [];
  const finished: Job[] = [];
  for (;;) {
    while (active.length < inFlight) {
      const job = schedule.next();
      if (job === undefined) break;
      active.push(job);
    }
    if (active.length === 0) return finished;
    const [job] = active.splice(random.integer(active.length), 1);
    schedule.finish(job, accuraciesOf(job));
    finished.push(job);
  }
}

const keys = (jobs: readonly Job[]) => jobs.map((j) => `${j.point}/${j.trial}`).sort();

test("a fixed number: every trial of every point once, points first to last", () => {
  const schedule = new Schedule(2, { min: 3, max: 3 });
  const jobs = Array.from({ length: 7 }, () => schedule.next());
  expect(jobs.map((j) => j && `${j.point}/${j.trial}`)).toEqual([
    "0/0",
    "0/1",
    "0/2",
    "1/0",
    "1/1",
    "1/2",
    undefined,
  ]);
});

describe("a stopping rule", () => {
  const rule = { min: 4, max: 60, halfWidth: 0.01 };

  test("ends each point at the first round whose every interval is narrow, or at max", () => {
    const finished = runToEnd(new Schedule(points, rule), 1, "a");
    const counts: number[] = [];
    for (let point = 0; point < points; point++) {
      const n = finished.filter((j) => j.point === point).length;
      counts.push(n);
      const widest = (trials: number) =>
        Math.max(
          ...["ml", "mmse"].map((receiver) => {
            const values = Array.from({ length: trials }, (_, trial) =>
              accuraciesOf({ point, trial }).get(receiver),
            ) as number[];
            const [low, high] = meanInterval95(values)!;
            return (high - low) / 2;
          }),
        );
      if (n < rule.max) expect(widest(n)).toBeLessThanOrEqual(rule.halfWidth);
      for (let round = rule.min; round < n; round = nextRound(round, rule)) {
        expect(widest(round)).toBeGreaterThan(rule.halfWidth);
      }
    }
    // σ from 0.1 to 0.001: the first cannot get there, the last is there at once, some in between.
    expect(counts[0]).toBe(60);
    expect(counts.at(-1)).toBe(4);
    expect(new Set(counts).size).toBeGreaterThan(3);
  });

  test.each([1, 2, 3, 8, 40])("asks for the same trials with %d at once", (inFlight) => {
    const alone = runToEnd(new Schedule(points, rule), 1, "a");
    for (const order of ["b", "c", "d"]) {
      const together = runToEnd(new Schedule(points, rule), inFlight, order);
      expect(keys(together)).toEqual(keys(alone));
    }
  });

  test("goes on from any part of the trials to the same whole", () => {
    const whole = runToEnd(new Schedule(points, rule), 4, "e");
    for (const kept of [0, 1, 5, 17, 40, whole.length]) {
      const resumed = new Schedule(points, rule);
      // In another order than they were finished in.
      const before = whole.slice(0, kept).reverse();
      for (const job of before) resumed.finish(job, accuraciesOf(job));
      expect(resumed.counts.done).toBe(kept);
      const after = runToEnd(resumed, 2, "f");
      expect(keys([...before, ...after])).toEqual(keys(whole));
    }
  });

  test("a receiver without a result at a point does not hold it up, one with a single result does", () => {
    const schedule = new Schedule(1, { min: 2, max: 9, halfWidth: 0.5 });
    schedule.finish({ point: 0, trial: 0 }, new Map());
    schedule.finish({ point: 0, trial: 1 }, new Map());
    expect(schedule.at(0)).toEqual({ done: 2, wanted: 2 });
    const other = new Schedule(1, { min: 2, max: 9, halfWidth: 0.5 });
    other.finish({ point: 0, trial: 0 }, new Map([["ml", 0.3]]));
    other.finish({ point: 0, trial: 1 }, new Map());
    expect(other.at(0)).toEqual({ done: 2, wanted: 3 });
  });
});

test("rounds: a quarter more, at least one, at most max", () => {
  const rule = { min: 2, max: 30, halfWidth: 0.1 };
  const rounds = [2];
  while (rounds.at(-1)! < 30) rounds.push(nextRound(rounds.at(-1)!, rule));
  expect(rounds).toEqual([2, 3, 4, 5, 7, 9, 12, 15, 19, 24, 30]);
});
