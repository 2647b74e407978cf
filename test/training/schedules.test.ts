import { describe, expect, test } from "vitest";
import { constant } from "../../src/training/schedules/constant.js";
import { cosine } from "../../src/training/schedules/cosine.js";
import { schedules } from "../../src/training/schedules/index.js";
import { oneCycle } from "../../src/training/schedules/one-cycle.js";
import type { Course, Schedule } from "../../src/training/schedules/schedule.js";
import { step } from "../../src/training/schedules/step.js";

/** 300 epochs of 7 steps: no number is the half of another. */
const course: Course = { learningRate: 0.37, steps: 2100, stepsPerEpoch: 7 };
const rates = (schedule: Schedule, params: object = {}, over = course) => {
  const checked = schedule.params.parse(params);
  return (at: number) => schedule.rate(checked, at, over);
};

test("constant: learningRate at every step", () => {
  const rate = rates(constant);
  expect([rate(0), rate(1000), rate(2099)]).toEqual([0.37, 0.37, 0.37]);
});

test("step: learningRate times factor once for each epoch passed, from that epoch's first step on", () => {
  const rate = rates(step, { at: [100, 150], factor: 0.2 });
  expect(rate(7 * 100 - 1)).toBe(0.37);
  expect(rate(7 * 100)).toBeCloseTo(0.37 * 0.2, 12);
  expect(rate(7 * 150 - 1)).toBeCloseTo(0.37 * 0.2, 12);
  expect(rate(7 * 150)).toBeCloseTo(0.37 * 0.2 * 0.2, 12);
  expect(rate(2099)).toBeCloseTo(0.37 * 0.2 * 0.2, 12);
});

test("cosine: f + (1 − f) cos²(π k / 2 steps) of the learning rate", () => {
  const rate = rates(cosine, { finalFraction: 0.05 });
  for (const k of [0, 1, 525, 1050, 1400, 2099]) {
    const part = Math.cos((Math.PI * k) / (2 * 2100)) ** 2;
    expect(rate(k)).toBeCloseTo(0.37 * (0.05 + 0.95 * part), 12);
  }
  expect(rates(cosine)(2100)).toBeCloseTo(0, 12);
});

test("one-cycle: PyTorch's OneCycleLR", () => {
  const rate = rates(oneCycle);
  // warmup * steps − 1 = 629; the middle of the fall is (629 + 2099) / 2 = 1364.
  expect(rate(0)).toBeCloseTo(0.37 / 25, 12);
  expect(rate(629)).toBeCloseTo(0.37, 12);
  expect(rate(1364)).toBeCloseTo((0.37 + 0.37 / 25 / 1e4) / 2, 12);
  expect(rate(2099)).toBeCloseTo(0.37 / 25 / 1e4, 12);
  // A quarter of the rise: 1 − cos(π/4) of its half.
  const quarter = rates(oneCycle, {}, { ...course, steps: 10 + 10 / 3 });
  expect(quarter(0.75)).toBeCloseTo(
    0.37 / 25 + ((0.37 - 0.37 / 25) * (1 - Math.cos(Math.PI / 4))) / 2,
    12,
  );
});

describe.each(schedules.map((s) => [s.name, s as Schedule] as const))("%s", (name, schedule) => {
  const params = name === "step" ? { at: [1] } : {};

  test("rates are finite, positive and never above the learning rate, in trainings of 1 to 12 steps too", () => {
    for (let steps = 1; steps <= 12; steps++) {
      const rate = rates(schedule, params, { learningRate: 0.37, steps, stepsPerEpoch: 1 });
      for (let k = 0; k < steps; k++) {
        expect(rate(k), `step ${k} of ${steps}`).toBeGreaterThan(0);
        expect(rate(k), `step ${k} of ${steps}`).toBeLessThanOrEqual(0.37);
      }
    }
  });

  test("a misspelled parameter is refused", () => {
    expect(() => schedule.params.parse({ ...params, warmpu: 1 })).toThrow(/warmpu/);
  });
});
