import { describe, expect, test } from "vitest";
import { reramStorage } from "../../channels/reram-storage.js";
import { CmoDevice, WanDevice } from "../../src/devices/reram.js";
import { loadScenario } from "../../src/scenario/load.js";
import {
  allLevels,
  assertMoments,
  assertStated,
  clippedGaussian,
  day,
  expectation,
  hour,
  level,
  statedWnrDb,
  store,
  type Theory,
  wnrDb,
  year,
} from "./storing.js";

const levels = [0.02, 0.1, 0.25, 0.5, 1];

/** σ(x) [µS] as published, at g_max = 40 µS. */
const after1S = (x: number) =>
  0.348 + 16.03 * x - 43.853 * x ** 2 + 45.393 * x ** 3 - 16.815 * x ** 4;
const after1Day = (x: number) =>
  0.701 + 22.086 * x - 50.773 * x ** 2 + 47.095 * x ** 3 - 16.458 * x ** 4;
const after2Days = (x: number) =>
  0.782 + 20.274 * x - 43.507 * x ** 2 + 37.062 * x ** 3 - 11.934 * x ** 4;

/** On a straight line over ln t between two of them. */
function between(x: number, t: number): number {
  if (t <= 1) return after1S(x);
  if (t >= 2 * day) return after2Days(x);
  const [t1, t2, before, after] =
    t < day ? [1, day, after1S, after1Day] : [day, 2 * day, after1Day, after2Days];
  const late = (Math.log(t) - Math.log(t1)) / (Math.log(t2) - Math.log(t1));
  return (1 - late) * before(x) + late * after(x);
}

/** Of (g⁺ − g⁻)/g_max with g = max(0, target + σ ξ). */
function wanPair(x: number, t: number): Theory {
  const moment = (target: number, power: number) =>
    expectation((z) => Math.max(0, target + (between(target, t) / 40) * z) ** power, 4000);
  const mean = moment(x, 1) - moment(0, 1);
  const variance = moment(x, 2) - moment(x, 1) ** 2 + moment(0, 2) - moment(0, 1) ** 2;
  return { mean, variance };
}

describe.each([0, 1, 20, hour, day, 1.5 * day, 2 * day, year])(
  "wan-2022 after %d s",
  (readAfterS) => {
    test.each(levels)("x = %d: mean and standard deviation", (x) => {
      const { y } = store(reramStorage, { readAfterS }, level(x, 100_000));
      assertMoments(y, wanPair(x, readAfterS));
    });
  },
);

/** The whole model, with what the reader subtracts, in units of half the range about its middle. */
function cmo(
  u: number,
  t: number,
  { acceptance = 0.2, compensated = true, gMax = 88.2 } = {},
): Theory {
  const half = (gMax - 9) / 2;
  const middle = (gMax + 9) / 2;
  const target = middle + u * half;
  const programming =
    acceptance === 2 ? 0.01129027 * target + 0.01121854 : 0.00106879 * target + 0.00081107;
  const relaxation = 0.04201137 * Math.log(t) + 0.41183342;
  const shift = -0.08900206 * Math.log(t);
  const read = 0.0277316 * Math.sqrt(Math.log((t + 1e-6) / 2e-6));
  const moment = (power: number) =>
    expectation((z1) => {
      const programmed = target + programming * z1;
      return expectation((z2) => {
        const g = programmed + shift + relaxation * z2;
        return expectation((z3) => {
          const seen = Math.min(gMax, Math.max(9, g + read * Math.log10(Math.max(1, g)) * z3));
          return ((seen - (compensated ? shift : 0) - middle) / half) ** power;
        }, 80);
      }, 80);
    }, 80);
  const mean = moment(1);
  return { mean, variance: moment(2) - mean ** 2 };
}

describe.each([1, 20, hour, day, year])("cmo after %d s", (readAfterS) => {
  test.each([-1, -0.4, 0.1, 0.5, 1])("u = %d: mean and standard deviation", (u) => {
    const { y } = store(reramStorage, { preset: "cmo", readAfterS }, level(u, 50_000));
    assertMoments(y, cmo(u, readAfterS));
  });
});

test.each([
  [{ acceptancePercent: 2 }, { acceptance: 2 }],
  [{ driftCompensation: false }, { compensated: false }],
  [{ gMaxMicroS: 40 }, { gMax: 40 }],
])("cmo, %o", (params, model) => {
  for (const u of [-0.7, 0.7]) {
    const all = { preset: "cmo", readAfterS: hour, ...params };
    assertMoments(store(reramStorage, all, level(u, 50_000)).y, cmo(u, hour, model));
  }
});

test.each([1, hour, year])("cmo after %d s: what the receiver is told of a conductance", (t) => {
  for (const acceptance of [0.2, 2] as const) {
    const device = new CmoDevice(88.2, acceptance, t);
    for (const u of [-1, -0.5, 0.2, 0.9]) {
      const { mean, variance } = device.moments(48.6 + 39.6 * u);
      const theory = cmo(u, t, { acceptance, compensated: false });
      expect(Math.abs((mean - 48.6) / 39.6 - theory.mean)).toBeLessThan(1e-5);
      expect(Math.abs(variance / 39.6 ** 2 / theory.variance - 1)).toBeLessThan(2e-3);
    }
  }
});

test("cmo: the fits begin at 1 s, and earlier reads are taken as then", () => {
  const x = level(0.3, 1000);
  const early = store(reramStorage, { preset: "cmo", readAfterS: 0 }, x).y;
  const first = store(reramStorage, { preset: "cmo", readAfterS: 1 }, x).y;
  for (let k = 0; k < x.length; k++) expect(early[k]).toBe(first[k]);
});

test("wan-2022: noise in µS goes with g_max / 40 µS, so that what is read does not depend on it", () => {
  const full = new WanDevice(40, day).moments(30);
  const part = new WanDevice(25, day).moments((30 * 25) / 40);
  // Far from zero nothing is cut off.
  expect(Math.sqrt(full.variance)).toBeCloseTo(after1Day(0.75), 4);
  expect(Math.sqrt(part.variance)).toBeCloseTo((after1Day(0.75) * 25) / 40, 4);
  const x = level(0.3, 1000);
  const { y } = store(reramStorage, { readAfterS: hour }, x);
  const other = store(reramStorage, { readAfterS: hour, gMaxMicroS: 25 }, x).y;
  for (let k = 0; k < x.length; k++) expect(Math.abs(y[k] - other[k])).toBeLessThan(1e-6);
});

test("n devices per weight: the variance falls by n, the mean stays", () => {
  const { mean, variance } = wanPair(0.4, day);
  const { y } = store(reramStorage, { readAfterS: day, devicesPerWeight: 3 }, level(-0.4, 50_000));
  assertMoments(y, { mean: -mean, variance: variance / 3 });
  const single = cmo(0.4, day);
  const several = { preset: "cmo", readAfterS: day, devicesPerWeight: 3 };
  assertMoments(store(reramStorage, several, level(0.4, 50_000)).y, {
    mean: single.mean,
    variance: single.variance / 3,
  });
});

test.each([
  { readAfterS: 1 },
  { readAfterS: day },
  { preset: "cmo", readAfterS: day },
  { preset: "cmo", readAfterS: day, acceptancePercent: 2, driftCompensation: false },
])("%o: the stated variance is the mean square error, at every level", (params) => {
  const x = allLevels(300_000);
  assertStated(x, store(reramStorage, params, x), 0.05);
  const gaussian = clippedGaussian(300_000);
  const { y, variances } = store(reramStorage, params, gaussian);
  expect(Math.abs(statedWnrDb(gaussian, variances) - wnrDb(gaussian, y))).toBeLessThan(0.06);
});

test.each([
  ["readAfterS=-1", "channel.readAfterS must be >= 0, got -1"],
  ["gMaxMicroS=-40", "channel.gMaxMicroS must be > 0, got -40"],
  ["gMaxMicroS=.inf", "channel.gMaxMicroS must be a finite number [uS], got Infinity"],
  ["devicesPerWeight=0", "channel.devicesPerWeight must be >= 1, got 0"],
  ["acceptancePercent=2", "channel.acceptancePercent goes with preset cmo only, got 2"],
  [
    "={name: reram-storage, readAfterS: 1, preset: cmo, acceptancePercent: 1}",
    "channel.acceptancePercent must be one of 0.2, 2, got 1",
  ],
  [
    "={name: reram-storage, readAfterS: 1, preset: cmo, gMaxMicroS: 9}",
    "channel.gMaxMicroS must be above 9 and at most 88.2 µS with preset cmo, got 9",
  ],
])("%s is refused: %s", async (setting, message) => {
  const scenario = new URL("../../scenarios/reram-storage.yaml", import.meta.url).pathname;
  const assignment = setting.startsWith("=") ? `channel${setting}` : `channel.${setting}`;
  const overrides = ["sweep={}", "channel.preset=wan-2022", "channel.readAfterS=1", assignment];
  await expect(loadScenario(scenario, { overrides })).rejects.toThrow(message);
});
