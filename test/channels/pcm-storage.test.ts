import { describe, expect, test } from "vitest";
import { pcmStorage } from "../../channels/pcm-storage.js";
import { PcmDevice, type PcmPreset, pcmFits } from "../../src/devices/pcm.js";
import { RandomSource } from "../../src/kernel/index.js";
import { loadScenario } from "../../src/scenario/load.js";
import { assertWithin } from "../within.js";
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

/** The model, written once more, in units of g_max. */
interface Published {
  gMax: number;
  t0: number;
  tRead: number;
  programming: (x: number) => number;
  mu: (x: number) => number;
  sigma: (x: number) => number;
  q: (x: number) => number;
}

const clip = (v: number, low: number, high: number) => Math.max(low, Math.min(high, v));
const hermesMu = (x: number) =>
  x < 0.0945
    ? clip(-0.0387 * Math.log(x) - 0.0182, 0.072, 0.13)
    : 0.0736 - 0.0126 * x - 0.0436 * x ** 2;
const published: Record<string, Published> = {
  "nandakumar-2019": {
    gMax: 25,
    t0: 20,
    tRead: 250e-9,
    programming: (x) => 0.26348 + 1.965 * x - 1.1731 * x ** 2,
    mu: (x) => clip(-0.0155 * Math.log(x) + 0.0244, 0.049, 0.1),
    sigma: (x) => clip(-0.0125 * Math.log(x) - 0.0059, 0.008, 0.045),
    q: (x) => Math.min(0.2, 0.0088 / x ** 0.65),
  },
  "hermes-pair": {
    gMax: 20.7,
    t0: 300,
    tRead: 512e-9,
    programming: (x) => 0.16603222 + 4.71806468 * x - 8.48101252 * x ** 2 + 4.68961419 * x ** 3,
    mu: hermesMu,
    sigma: (x) =>
      x < 0.3055
        ? clip(-0.0117 * Math.log(x) - 0.0057, 0.0091, 0.04)
        : 0.0073 + 0.0093 * x - 0.0118 * x ** 2,
    q: (x) =>
      x < 0.16
        ? clip(-0.0117 * Math.log(x) - 0.0069, 0.015, 0.04)
        : 0.0123 + 0.0211 * x - 0.028 * x ** 2 + 0.0069 * x ** 3,
  },
  "hermes-single": {
    gMax: 10.35,
    t0: 200,
    tRead: 512e-9,
    programming: (x) => 0.15781817 + 2.32443916 * x - 2.16310839 * x ** 2 + 0.68841818 * x ** 3,
    mu: hermesMu,
    sigma: (x) =>
      x < 0.3039
        ? clip(-0.012 * Math.log(x) - 0.0023, 0.0124, 0.04)
        : 0.0104 + 0.0116 * x - 0.0165 * x ** 2,
    q: (x) =>
      x < 0.1591
        ? clip(-0.0078 * Math.log(x) + 0.0038, 0.0179, 0.04)
        : 0.0088 + 0.0768 * x - 0.1352 * x ** 2 + 0.0664 * x ** 3,
  },
};

/** Mean and variance of one conductance over g_max, by integration over all three random numbers. */
function conductance(model: Published, x: number, afterS: number): Theory {
  const t = afterS + model.t0;
  const growth = Math.sqrt(Math.log((t + model.tRead) / (2 * model.tRead)));
  const mu = model.mu(x);
  const sigma = model.sigma(x);
  const moment = (power: number) => {
    const drift = expectation((z) => (t / model.t0) ** (-power * Math.abs(mu + sigma * z)), 2000);
    const rest = expectation((z) => {
      const programmed = Math.max(0, x + (model.programming(x) / model.gMax) * z);
      if (programmed === 0) return 0;
      const noise = model.q(programmed) * growth;
      return programmed ** power * expectation((r) => Math.max(0, 1 + noise * r) ** power, 200);
    }, 800);
    return drift * rest;
  };
  const mean = moment(1);
  return { mean, variance: moment(2) - mean ** 2 };
}

/** Of (g⁺ − g⁻)/g_max, where one of the two is programmed to zero. */
function pair(model: Published, x: number, afterS: number): Theory {
  const used = conductance(model, x, afterS);
  const unused = conductance(model, 0, afterS);
  return { mean: used.mean - unused.mean, variance: used.variance + unused.variance };
}

describe.each([0, hour, day, year])("read %d s after programming ended", (readAfterS) => {
  test.each([0.02, 0.1, 0.25, 0.5, 1])("x = %d: mean and standard deviation", (x) => {
    const { y } = store(pcmStorage, { readAfterS, driftCompensation: false }, level(x, 100_000));
    assertMoments(y, pair(published["nandakumar-2019"], x, readAfterS));
  });
});

test.each(["hermes-pair", "hermes-single"])("%s: mean and standard deviation", (preset) => {
  for (const x of [0.05, 0.12, 0.25, 0.7]) {
    const params = { preset, readAfterS: day, driftCompensation: false };
    assertMoments(store(pcmStorage, params, level(x, 100_000)).y, pair(published[preset], x, day));
  }
});

test.each(Object.keys(published))("%s: what the receiver is told of a conductance", (preset) => {
  const fit = pcmFits[preset as PcmPreset];
  for (const readAfterS of [0, hour, year]) {
    const device = new PcmDevice(fit, {
      gMaxMicroS: fit.gMaxMicroS,
      readAfterS,
      readNoise: true,
    });
    for (const x of [0, 0.03, 0.2, 0.6, 1]) {
      const told = device.moments(x * fit.gMaxMicroS);
      const theory = conductance(published[preset], x, readAfterS);
      // The integrations of test and code meet the kinks of the fits at other points.
      expect(Math.abs(told.mean / fit.gMaxMicroS / theory.mean - 1)).toBeLessThan(2e-4);
      expect(Math.abs(told.variance / fit.gMaxMicroS ** 2 / theory.variance - 1)).toBeLessThan(
        1e-3,
      );
    }
  }
});

test("published table of one conductance, after 1 s and 1 day", () => {
  for (const [x, readAfterS, mean, sd] of [
    [0.1, 1, 0.0997, 0.0242],
    [0.5, 1, 0.4988, 0.0477],
    [1, 1, 0.9975, 0.056],
    [0.1, day, 0.0615, 0.0205],
    [0.5, day, 0.3325, 0.0411],
    [1, day, 0.6649, 0.0606],
  ]) {
    const reading = { gMaxMicroS: 25, readAfterS, readNoise: true };
    const moments = new PcmDevice(pcmFits["nandakumar-2019"], reading).moments(25 * x);
    // The table has four digits, of 10⁶ samples each.
    assertWithin(moments.mean / 25, mean, sd / 1000 + 0.00005 / 5);
    assertWithin(Math.sqrt(moments.variance) / 25, sd, sd / Math.sqrt(2e6) + 0.00005 / 5);
  }
  const params = { readAfterS: 0, readNoise: false, driftCompensation: false };
  const { y } = store(pcmStorage, params, level(0.5, 100_000));
  const unused = (0.26348 / 25) ** 2 * (0.5 - 1 / (2 * Math.PI)); // max(0, σ ξ)
  const offset = 0.26348 / 25 / Math.sqrt(2 * Math.PI);
  assertMoments(y, { mean: 0.5 - offset, variance: 0.0381 ** 2 + unused });
});

describe("Gaussian weights clipped at 3 σ, one scale", () => {
  const x = clippedGaussian(1_000_000);

  // Published from 10⁶ samples of the model; how a device at x = 0 drifts is not said there, which makes up
  // to 0.1 dB.
  test.each([
    [{ readAfterS: 0, readNoise: false, driftCompensation: false }, 21.26],
    [{ readAfterS: day, driftCompensation: true }, 16.72],
    [{ readAfterS: day, driftCompensation: false }, 8.97],
  ])("%o: equivalent WNR %d dB", (params, published) => {
    const { y, variances } = store(pcmStorage, params, x);
    const measured = wnrDb(x, y);
    expect(Math.abs(measured - published)).toBeLessThan(0.1);
    expect(Math.abs(statedWnrDb(x, variances) - measured)).toBeLessThan(0.03);
  });

  test("without compensation the mean square error is what the moments say", () => {
    const { y } = store(pcmStorage, { readAfterS: day, driftCompensation: false }, x);
    const grid = Array.from({ length: 101 }, (_, i) => {
      const { mean, variance } = pair(published["nandakumar-2019"], i / 100, day);
      return variance + (mean - i / 100) ** 2;
    });
    const at = (u: number) => {
      const i = Math.min(99, Math.floor(100 * u));
      return grid[i] + (100 * u - i) * (grid[i + 1] - grid[i]);
    };
    const theory = expectation((z) => at(Math.min(1, Math.abs(z) / 3)), 4000);
    const squares = Float64Array.from(y, (v, k) => (v - x[k]) ** 2);
    const mean = squares.reduce((a, b) => a + b) / squares.length;
    const spread = squares.reduce((a, b) => a + (b - mean) ** 2, 0) / squares.length;
    assertWithin(mean, theory, Math.sqrt(spread / squares.length));
  });
});

test("global drift compensation gives every tensor its summed magnitude back", () => {
  const count = 50_000;
  const x = new Float32Array(2 * count);
  new RandomSource(6).stream("w").fillNormal(x, 0.3);
  for (let k = 0; k < x.length; k++) x[k] = clip(x[k], -1, 1) * (k < count ? 1 : 0.25);
  x[0] = 1;
  x[count] = 1; // an outlier, so that most weights of the second tensor are small
  const stretches = [0, count].map((first) => ({ first, components: count, peak: 1 }));
  const sums = (v: Float32Array) =>
    [v.subarray(0, count), v.subarray(count)].map((t) => t.reduce((a, b) => a + Math.abs(b), 0));
  const ratios = (params: object) => {
    const read = sums(store(pcmStorage, params, x, stretches).y);
    return sums(x).map((sum, i) => read[i] / sum);
  };
  // Small conductances drift faster: the two tensors need different factors.
  const [first, second] = ratios({ readAfterS: day, driftCompensation: false });
  expect(first).toBeLessThan(0.67);
  expect(second).toBeLessThan(0.95 * first);
  for (const ratio of ratios({ readAfterS: day })) expect(Math.abs(ratio - 1)).toBeLessThan(0.005);
});

test.each([
  { readAfterS: 0 },
  { readAfterS: day },
  { readAfterS: day, driftCompensation: false },
  { readAfterS: year, driftCompensation: false },
  { readAfterS: day, preset: "hermes-single" },
  { readAfterS: day, devicesPerWeight: 4 },
])("%o: the stated variance is the mean square error, at every level", (params) => {
  const x = allLevels(300_000);
  const read = store(pcmStorage, params, x);
  assertStated(x, read, 0.03);
  expect(Math.abs(statedWnrDb(x, read.variances) - wnrDb(x, read.y))).toBeLessThan(0.1);
});

test("n devices per weight: the variance falls by n, the mean stays", () => {
  const theory = pair(published["nandakumar-2019"], 0.4, day);
  const params = { readAfterS: day, devicesPerWeight: 5, driftCompensation: false };
  const { y } = store(pcmStorage, params, level(-0.4, 50_000));
  assertMoments(y, { mean: -theory.mean, variance: theory.variance / 5 });
});

test("each tensor is scaled by its own peak, and zeros take no device", () => {
  const n = 1500;
  const u = new Float32Array(n);
  new RandomSource(7).stream("w").fillNormal(u, 0.2);
  const x = new Float32Array(3 * n + 1); // a tensor, zeros, eight times the tensor, padding
  x.set(u);
  x.set(
    u.map((v) => 8 * v),
    2 * n,
  );
  const stretches = [1, 0, 8].map((peak, i) => ({ first: i * n, components: n, peak }));
  const { y, variances } = store(pcmStorage, { readAfterS: day }, x, stretches);
  const alone = store(pcmStorage, { readAfterS: day }, u);
  const both = store(pcmStorage, { readAfterS: day }, Float32Array.from([...u, ...u]), [
    stretches[0],
    { first: n, components: n, peak: 1 },
  ]);
  const zeros = new Float32Array(n);
  expect([...y.subarray(0, n)]).toEqual([...alone.y]);
  expect([...y.subarray(n, 2 * n)]).toEqual([...zeros]);
  expect([...variances.subarray(n, 2 * n)]).toEqual([...zeros]);
  expect([...y.subarray(2 * n, 3 * n)]).toEqual([...both.y.subarray(n).map((v) => 8 * v)]);
  expect([...variances.subarray(2 * n, 3 * n)]).toEqual([
    ...both.variances.subarray(n).map((v) => 64 * v),
  ]);
  expect([y[3 * n], variances[3 * n]]).toEqual([0, 0]);
});

test("noise in µS goes with g_max, so that what is read does not depend on it", () => {
  const reading = { readAfterS: hour, readNoise: true };
  const fit = pcmFits["nandakumar-2019"];
  const full = new PcmDevice(fit, { ...reading, gMaxMicroS: 25 }).moments(5);
  const half = new PcmDevice(fit, { ...reading, gMaxMicroS: 12.5 }).moments(2.5);
  expect(half.mean).toBeCloseTo(full.mean / 2, 10);
  expect(half.variance).toBeCloseTo(full.variance / 4, 10);
  const x = level(0.3, 1000);
  const { y } = store(pcmStorage, { readAfterS: hour }, x);
  const other = store(pcmStorage, { readAfterS: hour, gMaxMicroS: 7 }, x).y;
  for (let k = 0; k < x.length; k++) expect(Math.abs(y[k] - other[k])).toBeLessThan(1e-6);
});

test("at several times the same devices are read", () => {
  const params = { readNoise: false, driftCompensation: false };
  const x = level(0.5, 20_000);
  const now = store(pcmStorage, { ...params, readAfterS: 0 }, x).y;
  const later = store(pcmStorage, { ...params, readAfterS: hour }, x).y;
  const soon = store(pcmStorage, { ...params, readAfterS: "1 ms" }, x).y;
  let sum = 0;
  for (let k = 0; k < x.length; k++) {
    expect(Math.abs(soon[k] - now[k])).toBeLessThan(1e-4);
    sum += (later[k] / now[k] - 181 ** -0.049) ** 2;
  }
  // Only ν differs between devices; σ_ν = 0.008, and ln(t/t₀) = ln 181. The unused device adds to it.
  expect(Math.sqrt(sum / x.length)).toBeLessThan(1.3 * 0.008 * Math.log(181));
});

test.each([
  ["readAfterS=-1", "channel.readAfterS must be >= 0, got -1"],
  ["readAfterS=.inf", "channel.readAfterS must be a finite number [s], got Infinity"],
  ["readAfterS=1 Hz", 'channel.readAfterS must be a finite number [s], got "1 Hz"'],
  ["gMaxMicroS=0", "channel.gMaxMicroS must be > 0, got 0"],
  ["gMaxMicroS=.nan", "channel.gMaxMicroS must be a finite number [uS], got NaN"],
  ["devicesPerWeight=0", "channel.devicesPerWeight must be >= 1, got 0"],
  ["devicesPerWeight=1.5", "channel.devicesPerWeight must be a whole number, got 1.5"],
  ["preset=hermes", "channel.preset must be one of nandakumar-2019, hermes-pair, hermes-single"],
])("%s is refused: %s", async (setting, message) => {
  const scenario = new URL("../../scenarios/pcm-storage.yaml", import.meta.url).pathname;
  const overrides = ["sweep={}", "channel.readAfterS=1", `channel.${setting}`];
  await expect(loadScenario(scenario, { overrides })).rejects.toThrow(message);
});
