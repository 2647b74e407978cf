/** Every check, with a twentieth of its samples: true theory passes, another one does not. */
import { describe, expect, test } from "vitest";
import { channels } from "../../channels/index.js";
import { type Check, type Measured, runCheck } from "../../src/verify/check.js";
import { checks } from "../../src/verify/checks/index.js";

const effort = 0.05;

describe.each(checks.map((check) => [`${check.channel}: ${check.name}`, check] as const))(
  "%s",
  (_, check) => {
    test("passes; half as much again as the theory fails", () => {
      const measured = new Map<number, Measured>();
      const simulate: Check["simulate"] = (at, ...rest) => {
        const value = measured.get(at) ?? check.simulate(at, ...rest);
        measured.set(at, value);
        return value;
      };
      const result = runCheck({ ...check, simulate }, 2, effort);
      const off = result.points.map((p) => (p.simulated - p.theory) / p.standardError);
      expect(result.passed, `off by ${off.map((v) => v.toFixed(1)).join(", ")}`).toBe(true);
      const theory = (at: number) => 1.5 * check.theory(at);
      const wrong = runCheck({ ...check, simulate, theory }, 2, effort);
      expect(wrong.passed).toBe(false);
    });
  },
);

test("channels without a check are the ones that are files or made of others", () => {
  const checked = new Set(checks.map(({ channel }) => channel));
  const without = channels.map(({ name }) => name).filter((name) => !checked.has(name));
  expect(without.sort()).toEqual(["chain", "recorded"]);
});

describe("verdict", () => {
  const check = (value: number, standardError: number, roundingOf?: () => number): Check => ({
    channel: "none",
    name: "test",
    x: "x",
    y: "y",
    source: "here",
    at: [3],
    theory: () => 2,
    simulate: () => ({ value, standardError }),
    ...(roundingOf && { roundingOf }),
  });
  const passes = (...args: Parameters<typeof check>) => runCheck(check(...args)).passed;

  test("five standard errors, and half of the last digit of a printed number", () => {
    expect(passes(2.49, 0.1)).toBe(true);
    expect(passes(2.51, 0.1)).toBe(false);
    expect(passes(1.49, 0.1)).toBe(false);
    expect(passes(2.51, 0.1, () => 0.02)).toBe(true);
    expect(passes(Number.NaN, 0.1)).toBe(false);
    expect(passes(2, Number.NaN)).toBe(false);
    expect(passes(2.1, 0)).toBe(false);
  });

  test("the interval is that of 95 %", () => {
    const [low, high] = runCheck(check(2.2, 0.1)).points[0].interval95;
    expect(low).toBeCloseTo(2.2 - 0.196, 5);
    expect(high).toBeCloseTo(2.2 + 0.196, 5);
  });

  test("points have seeds of their own, which the command's seed changes", () => {
    const seeds = new Set<string>();
    const simulate = (_: number, seed: string) => {
      seeds.add(seed);
      return { value: 2, standardError: 1 };
    };
    for (const seed of [1, 2]) runCheck({ ...check(2, 1), at: [1, 2, 3], simulate }, seed);
    expect(seeds.size).toBe(6);
  });
});
