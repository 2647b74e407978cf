import { describe, expect, test } from "vitest";
import { z } from "zod";
import { profileParams, scaledProfile, type Tap, tapsOf } from "../../src/fading/tap-profiles.js";

const schema = z.strictObject(profileParams).superRefine(scaledProfile);
const taps = (params: object): Tap[] => tapsOf(schema.parse(params));
const sum = (values: readonly number[]) => values.reduce((a, b) => a + b, 0);

function rmsDelayS(profile: readonly Tap[]): number {
  const mean = sum(profile.map(({ power, delayS }) => power * delayS));
  return Math.sqrt(sum(profile.map(({ power, delayS }) => power * (delayS - mean) ** 2)));
}

const normalized = ["tdl-a", "tdl-b", "tdl-c", "tdl-d", "tdl-e"];
const fixed = ["epa", "eva", "etu"];

test.each([...normalized, ...fixed])("%s: the powers sum to 1", (profile) => {
  const delaySpreadS = normalized.includes(profile) ? 3e-7 : undefined;
  const powers = taps({ profile, delaySpreadS }).map(({ power }) => power);
  expect(sum(powers)).toBeCloseTo(1, 12);
});

// TR 38.901 scales its tables to an rms delay spread of 1, up to the rounding of their numbers.
test.each([
  ["tdl-a", 0.001],
  ["tdl-b", 0.001],
  ["tdl-c", 0.001],
  ["tdl-d", 0.007],
  ["tdl-e", 0.001],
])("%s: the rms delay spread is delaySpreadS", (profile, tolerance) => {
  const spread = rmsDelayS(taps({ profile, delaySpreadS: "300 ns" })) / 3e-7;
  expect(Math.abs(spread - 1)).toBeLessThan(tolerance);
});

// Evaluated outside this project from the tables as other simulators carry them: number of taps, Σ delay,
// Σ n delay (which an exchange of two taps changes), Σ power [dB], power-weighted mean delay.
test.each([
  ["tdl-a", 23, 58.1474, 1015.0561, -282.9, 0.88774],
  ["tdl-b", 23, 34.1999, 620.5628, -153.8, 0.76942],
  ["tdl-c", 24, 62.0402, 1180.7662, -229.8, 0.72886],
  ["tdl-d", 13, 53.226, 609.538 - 53.226, -292.8, 0.16947],
  ["tdl-e", 14, 53.1368, 689.3387 - 53.1368, -310.13, 0.1829],
])("%s is that of TR 38.901", (profile, count, delays, ordered, decibels, mean) => {
  const profileTaps = taps({ profile, delaySpreadS: 1e-3 });
  expect(profileTaps).toHaveLength(count);
  expect(1e3 * sum(profileTaps.map(({ delayS }) => delayS))).toBeCloseTo(delays, 8);
  expect(1e3 * sum(profileTaps.map(({ delayS }, n) => (n + 1) * delayS))).toBeCloseTo(ordered, 7);
  expect(1e3 * sum(profileTaps.map(({ delayS, power }) => delayS * power))).toBeCloseTo(mean, 4);
  // The Rayleigh part of the first tap is what is listed; powers are relative to their sum, so compare spreads.
  const { kFactorDb } = profileTaps[0]!;
  const rayleigh = kFactorDb === undefined ? 1 : 1 / (1 + 10 ** (kFactorDb / 10));
  const listed = profileTaps.map(
    ({ power }, n) => 10 * Math.log10(n === 0 ? power * rayleigh : power),
  );
  const total = {
    "tdl-a": 3.467660485,
    "tdl-b": 7.093031551,
    "tdl-c": 5.874504876,
    "tdl-d": 1.075644799,
    "tdl-e": 1.110586205,
  }[profile]!;
  expect(sum(listed) + count * 10 * Math.log10(total)).toBeCloseTo(decibels, 5);
});

// TS 36.101, Table B.2.1-1, states 410, 2510 and 5000 ns and rms delay spreads of 45, 357 and 991 ns; 43 ns is
// what the taps of EPA have.
test.each([
  ["epa", 7, 410, 43.13],
  ["eva", 9, 2510, 356.65],
  ["etu", 9, 5000, 990.94],
])("%s is that of TS 36.104", (profile, count, longestNs, rmsNs) => {
  const profileTaps = taps({ profile });
  expect(profileTaps).toHaveLength(count);
  expect(1e9 * Math.max(...profileTaps.map(({ delayS }) => delayS))).toBeCloseTo(longestNs, 6);
  expect(1e9 * rmsDelayS(profileTaps)).toBeCloseTo(rmsNs, 2);
});

test.each([
  ["tdl-d", 13.3, -0.2],
  ["tdl-e", 22, -0.03],
])("%s: a first tap with K = %f dB, the others Rayleigh", (profile, kDb, losDb) => {
  const [first, second, ...others] = taps({ profile, delaySpreadS: 1e-7 });
  expect(first!.kFactorDb).toBeCloseTo(kDb, 9);
  for (const tap of [second!, ...others]) expect(tap.kFactorDb).toBeUndefined();
  const los = first!.power / (1 + 10 ** (-kDb / 10));
  const total = profile === "tdl-d" ? 1.075644799 : 1.110586205;
  expect(10 * Math.log10(los * total)).toBeCloseTo(losDb, 6);
});

test("own taps: units, powers scaled to sum 1, K of the first tap", () => {
  const own = taps({ profile: { delaysS: [0, "120 ns"], powersDb: [3, -2], kFactorDb: 7 } });
  const total = 10 ** 0.3 + 10 ** -0.2;
  expect(own[0]).toEqual({ delayS: 0, power: expect.closeTo(10 ** 0.3 / total, 12), kFactorDb: 7 });
  expect(own[1]).toEqual({ delayS: expect.closeTo(1.2e-7, 15), power: 10 ** -0.2 / total });
});

describe("parameters that are refused", () => {
  const problem = (params: object) => {
    const issue = schema.safeParse(params).error?.issues[0];
    return `${issue?.path.join(".")}: ${issue?.message} ${JSON.stringify(issue)}`;
  };
  test.each([
    [{ profile: "tdl-c" }, /^delaySpreadS: is missing: tdl-c needs it \[s\]/],
    [{ profile: "eva", delaySpreadS: 1e-7 }, /^delaySpreadS: goes with tdl-a to tdl-e only; eva/],
    [{ profile: "tdl-c", delaySpreadS: -1e-7 }, /^delaySpreadS: .*>=0/],
    [{ profile: "tdl-c", delaySpreadS: 300 }, /^delaySpreadS: .*<=/],
    [{ profile: "tdl-x" }, /^profile: must be one of tdl-a, .* or a map with delaysS and powersDb/],
    [
      { profile: { delaysS: [0, 1e-7], powersDb: [0] } },
      /^profile\.powersDb: needs as many powers as delays, got 1 and 2/,
    ],
    [{ profile: { delaysS: [0, -1e-7], powersDb: [0, 0] } }, /delaysS.*>=0/],
    [{ profile: { delaysS: [0, Number.NaN], powersDb: [0, 0] } }, /delaysS/],
    [{ profile: { delaysS: [0, 30], powersDb: [0, 0] } }, /delaysS.*<=0\.1/],
    [{ profile: { delaysS: [0, 1e-7], powersDb: [0, Infinity] } }, /powersDb/],
    [{ profile: { delaysS: [], powersDb: [] } }, /delaysS/],
    [{ profile: { delaysS: [0], powersDb: [0], k: 3 } }, /"k"/],
  ])("%o", (params, message) => {
    expect(problem(params)).toMatch(message);
  });
});
