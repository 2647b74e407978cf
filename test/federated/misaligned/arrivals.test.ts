/** Delays, phases and gains that devices arrive with. */
import { describe, expect, test } from "vitest";
import { arrivalsOf, type Misalignment } from "../../../src/federated/misaligned/arrivals.js";
import { RandomSource } from "../../../src/kernel/index.js";
import { mean, standardDeviation } from "../../../src/math/statistics.js";
import { assertWithin } from "../../within.js";

const none: Misalignment = {
  maxDelay: 0,
  maxPhaseRad: 0,
  gainDeviationDb: 0,
  delays: undefined,
  phasesRad: undefined,
  gains: undefined,
};

describe("drawn", () => {
  const drawn = { ...none, maxDelay: 0.7, maxPhaseRad: 1.2, gainDeviationDb: 2 };
  const rounds = Array.from({ length: 2000 }, (_, round) =>
    arrivalsOf([3, 1, 8, 5], drawn, new RandomSource(2, `round ${round}`)),
  );
  const all = rounds.flat();

  test("the first device has delay 0, the last maxDelay, the others are uniform between", () => {
    for (const round of rounds) {
      expect(round[0].delay).toBe(0);
      expect(round[3].delay).toBeCloseTo(0.7, 12);
    }
    const between = rounds.flatMap((round) => [round[1].delay / 0.7, round[2].delay / 0.7]);
    assertWithin(mean(between), 1 / 2, Math.sqrt(1 / 12 / between.length));
    // Var of a uniform's square: 1/5 − 1/9.
    const squares = mean(between.map((v) => v * v));
    assertWithin(squares, 1 / 3, Math.sqrt((1 / 5 - 1 / 9) / between.length));
  });

  test("phases are uniform, gains log-normal", () => {
    const phases = all.map(({ re, im }) => Math.atan2(im, re) / 1.2);
    expect(Math.min(...phases)).toBeGreaterThanOrEqual(0);
    assertWithin(mean(phases), 1 / 2, Math.sqrt(1 / 12 / phases.length));
    assertWithin(mean(phases.map((v) => v * v)), 1 / 3, Math.sqrt((1 / 5 - 1 / 9) / phases.length));
    const decibels = all.map(({ re, im }) => 10 * Math.log10(re * re + im * im));
    assertWithin(mean(decibels), 0, 2 / Math.sqrt(decibels.length));
    assertWithin(standardDeviation(decibels), 2, 2 / Math.sqrt(2 * decibels.length));
  });

  test("any device may be first, and each appears once", () => {
    const firsts = [0, 0, 0, 0];
    for (const round of rounds) {
      firsts[round[0].devices[0]]++;
      expect(round.flatMap(({ devices }) => devices).sort()).toEqual([0, 1, 2, 3]);
    }
    for (const count of firsts) assertWithin(count, 500, Math.sqrt(2000 * (1 / 4) * (3 / 4)));
  });

  test("a device's phase and gain are those of its number", () => {
    const random = new RandomSource(4);
    const [a] = arrivalsOf([6], drawn, random);
    const b = arrivalsOf([2, 6], drawn, random).find(({ devices }) => devices[0] === 1)!;
    expect([b.re, b.im]).toEqual([a.re, a.im]);
  });
});

describe("given", () => {
  test("the clock starts with the first of the active devices", () => {
    const given = { ...none, delays: [0, 0.75, 0.25, 0.5], phasesRad: [0, 1, 2, 3] };
    const arrivals = arrivalsOf([1, 3, 2], given, new RandomSource(1));
    expect(arrivals.map(({ delay }) => delay)).toEqual([0, 0.25, 0.5]);
    expect(arrivals.map(({ devices }) => devices)).toEqual([[2], [1], [0]]);
    expect(arrivals[0].re).toBeCloseTo(Math.cos(2), 15);
  });

  test("devices of one delay and one gain are one arrival", () => {
    const given = { ...none, delays: [0.5, 0, 0.5, 0.5], gains: [2, 1, 3, 2] };
    const arrivals = arrivalsOf([0, 1, 2, 3], given, new RandomSource(1));
    expect(arrivals.map(({ devices }) => devices)).toEqual([[1], [0, 3], [2]]);
    expect(arrivalsOf([4, 7, 9], none, new RandomSource(1))).toHaveLength(1);
  });
});
