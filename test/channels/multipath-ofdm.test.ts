import { describe, expect, test } from "vitest";
import { multipathOfdm } from "../../channels/multipath-ofdm.js";
import type { Link } from "../../src/channel.js";
import {
  gainsOf,
  gaussian,
  meanOver,
  meanSquare,
  open,
  overRealisations,
  send,
  settings,
  speedFor,
  symbolS,
} from "../ofdm/ofdm-link.js";
import { assertWithin } from "../within.js";

describe.each([
  ["IQ", true],
  ["real", false],
])("%s", (_, complex) => {
  test("static, within the prefix: subcarriers do not touch each other", () => {
    for (const params of [{}, { occupiedSubcarriers: 97 }, { equalizer: "mmse" }]) {
      const { x, y } = send(open({ ...params, snrDb: 200 }, complex, 3), gaussian(3000, 2));
      const error = meanOver(x.length, (k) => (y[k]! - x[k]!) ** 2);
      expect(Math.sqrt(error / meanSquare)).toBeLessThan(1e-5);
    }
  });

  const pilots = { name: "pilots", spacing: 6, boostDb: 3 };
  const late = { profile: "tdl-a", delaySpreadS: 2e-6, cyclicPrefix: 20, snrDb: 25 };
  const fast = { speedMps: speedFor(0.03 / symbolS), snrDb: 40 };
  test.each([
    ["perfect", {}],
    ["perfect, mmse", { equalizer: "mmse" }],
    ["perfect, by WNR", { snrDb: undefined, wnrDb: 9 }],
    ["perfect, taps later than the prefix", late],
    ["perfect, no prefix, mmse", { ...late, cyclicPrefix: 0, equalizer: "mmse" }],
    ["perfect, high Doppler", fast],
    [
      "perfect, high Doppler and late taps in a narrow band",
      { ...fast, ...late, occupiedSubcarriers: 61 },
    ],
    ["none", { knowledge: "none" }],
    [
      "none, line of sight that turns",
      { knowledge: "none", profile: "tdl-d", speedMps: speedFor(2000) },
    ],
    ["ls", { knowledge: pilots }],
    ["ls, mmse", { knowledge: pilots, equalizer: "mmse" }],
    ["lmmse", { knowledge: { ...pilots, estimator: "lmmse" } }],
    ["lmmse, mmse", { knowledge: { ...pilots, estimator: "lmmse" }, equalizer: "mmse" }],
    ["ls, all at once", { ...late, ...fast, knowledge: pilots, occupiedSubcarriers: 101 }],
    [
      "lmmse, all at once",
      { ...late, ...fast, knowledge: { ...pilots, estimator: "lmmse" }, occupiedSubcarriers: 101 },
    ],
  ])("%s: the mean of error²/stated variance is 1", (_, params) => {
    const measured = overRealisations(60, (seed) => {
      const link = open(params, complex, seed);
      // A whole number of OFDM symbols: in a last one that is partly empty less interferes than is stated.
      const symbols = 4 * dataSubcarriers(link);
      const { x, y, variances } = send(link, gaussian(complex ? 2 * symbols : symbols, seed));
      return meanOver(x.length, (k) => (y[k]! - x[k]!) ** 2 / variances[k]!);
    });
    // With real symbols, half of the interference falls on the real part in the mean only (see the docs).
    const model = complex ? 0 : 0.006;
    assertWithin(measured.value, 1, Math.hypot(measured.se, model));
  });
});

/** Data symbols in an OFDM symbol: the most that take the time of one. */
function dataSubcarriers(link: Link): number {
  const one = link.durationS!(1);
  let count = 1;
  while (link.durationS!(count + 1) === one) count++;
  return count;
}

test("mmse shrinks symbols by 1 − a e^a E₁(a), a = N0/Es, in the mean over Rayleigh fading", () => {
  const slope = overRealisations(100, (seed) => {
    const { x, y } = send(open({ equalizer: "mmse", snrDb: 5 }, true, seed), gaussian(1024, seed));
    return meanOver(x.length, (k) => (x[k]! * y[k]!) / meanSquare);
  });
  // E[|h|²/(|h|² + a)] = 1 − a e^a E₁(a); with a = N0/Es = 10^−0.5 that is 1 − 0.37613.
  assertWithin(slope.value, 1 - 0.37613, slope.se);
});

describe("high Doppler", () => {
  test("the interference that is stated is that of Li and Cimini, (2πfD T)²/24", () => {
    const turns = 0.02; // of the window, fD N/(N fS)
    const dopplerHz = turns * 30e3;
    // Without noise the variances of mmse are those of the interference: I Es/2 over |H|² + I, I far below |H|².
    const measured = overRealisations(150, (seed) => {
      const link = open({ snrDb: 200, speedMps: speedFor(dopplerHz) }, true, seed);
      const h = gainsOf({ speedMps: speedFor(dopplerHz) }, seed);
      const { variances } = send(link, gaussian(256, seed));
      return meanOver(128, (k) => variances[2 * k]! * (h[2 * k]! ** 2 + h[2 * k + 1]! ** 2));
    });
    const theory = (meanSquare * (2 * Math.PI * turns) ** 2) / 24;
    // J0 beyond its second term: (2πfD T)²/16 = 0.4 % with the prefix; H of ones holds interference itself.
    assertWithin(measured.value, theory, Math.hypot(measured.se, 0.005 * theory));
  });
});

describe("time and energy", () => {
  test("an OFDM symbol lasts (fftSize + cyclicPrefix)/(fftSize · spacing), pilots included", () => {
    const full = open({}, true, 1);
    expect(full.durationS!(1)).toBeCloseTo(symbolS, 15);
    expect(full.durationS!(128)).toBeCloseTo(symbolS, 15);
    expect(full.durationS!(129)).toBeCloseTo(2 * symbolS, 15);
    const knowledge = { name: "pilots", spacing: 10 };
    // Pilots at 0, 10, …, 60 of 61 subcarriers: 54 are left.
    const partly = open({ occupiedSubcarriers: 61, knowledge }, true, 1);
    expect(partly.durationS!(54)).toBeCloseTo(symbolS, 15);
    expect(partly.durationS!(55)).toBeCloseTo(2 * symbolS, 15);
  });

  test("energy: data and boosted pilots exactly, the prefix as its share of the samples", () => {
    const x = gaussian(2 * 128 * 40, 5);
    const energy = x.reduce((sum, v) => sum + v * v, 0);
    expect(send(open({ cyclicPrefix: 0 }, true, 1), x).energy / energy).toBeCloseTo(1, 9);
    const knowledge = { name: "pilots", spacing: 10, boostDb: 2 };
    const link = open({ cyclicPrefix: 0, occupiedSubcarriers: 61, knowledge }, true, 1);
    const symbols = Math.ceil(x.length / 2 / 54);
    const pilots = symbols * 7 * 2 * meanSquare * 10 ** 0.2;
    expect(send(link, x).energy / (energy + pilots)).toBeCloseTo(1, 9);
    const prefixed = send(open({}, true, 1), x).energy / energy;
    // 1,600 complex samples of the prefix, of exponential energy.
    assertWithin(prefixed, 1 + 40 / 128, (40 / 128) * Math.sqrt(1 / 1600));
  });

  test("nothing of a packet is left for the next one", () => {
    const params = {
      profile: { delaysS: [2e-6, 9e-6], powersDb: [0, 0] },
      delaySpreadS: undefined,
      cyclicPrefix: 4,
      snrDb: 300,
    };
    const alone = send(open(params, true, 4), gaussian(512, 2)).y;
    const link = open(params, true, 4);
    send(link, gaussian(700, 3));
    const second = send(link, gaussian(512, 2), 1).y;
    let difference = 0;
    for (let k = 0; k < 512; k++)
      difference = Math.max(difference, Math.abs(second[k]! - alone[k]!));
    expect(difference).toBeLessThan(1e-6);
  });

  test("all-zero weights arrive as zeros", () => {
    for (const knowledge of ["perfect", { name: "pilots", spacing: 8, estimator: "lmmse" }]) {
      const link = open({ knowledge }, true, 1, 0);
      const { y, erased } = send(link, new Float32Array(300));
      expect(erased).toBe(0);
      expect(y.some((v) => Math.abs(v) > 1e-12)).toBe(false);
    }
  });
});

test("a prefix that is shorter than the channel is noted, with both lengths", () => {
  const params = { profile: { delaysS: [0, 5e-6], powersDb: [0, -3] } };
  expect(open({ ...params, delaySpreadS: undefined, cyclicPrefix: 19 }, true, 1).notes).toEqual([]);
  expect(open({ ...params, delaySpreadS: undefined, cyclicPrefix: 18 }, true, 1).notes![0]).toMatch(
    /^the cyclic prefix \(18 samples\) is shorter than the longest delay of the channel \(19 samples\)/,
  );
});

describe("parameters that are refused", () => {
  const problem = (params: object) => {
    const issue = multipathOfdm.params.safeParse({ ...settings, ...params }).error?.issues[0];
    return `${issue?.path.join(".")}: ${issue?.message}`;
  };
  test.each([
    [{ fftSize: 100 }, "fftSize: must be a power of two"],
    [{ fftSize: 32, cyclicPrefix: 4 }, /^fftSize: .*>=64/],
    [{ fftSize: 16384 }, /^fftSize: .*<=8192/],
    [{ cyclicPrefix: 128 }, "cyclicPrefix: must be below fftSize, 128"],
    [{ cyclicPrefix: -1 }, /^cyclicPrefix: .*>=0/],
    [{ cyclicPrefix: 2.5 }, /^cyclicPrefix: .*int/],
    [{ occupiedSubcarriers: 129 }, "occupiedSubcarriers: must be at most fftSize, 128"],
    [
      { knowledge: { name: "pilots", spacing: 200 } },
      "knowledge.spacing: must be below the number of subcarriers in use, 128",
    ],
    [
      { knowledge: { name: "pilots", spacing: 50 }, occupiedSubcarriers: 50 },
      "knowledge.spacing: must be below the number of subcarriers in use, 50",
    ],
    [{ knowledge: "pilots" }, /^knowledge\.spacing: is missing/],
    [{ knowledge: "none", equalizer: "mmse" }, /^equalizer: mmse needs a gain/],
    [{ delaySpreadS: undefined }, "delaySpreadS: is missing: tdl-c needs it [s]"],
    [{ subcarrierSpacingHz: 0 }, /^subcarrierSpacingHz: /],
    [{ speedMps: -1 }, /^speedMps: /],
  ])("%o", (params, message) => {
    if (typeof message === "string") expect(problem(params)).toBe(message);
    else expect(problem(params)).toMatch(message);
  });

  test("gains that change too much within an OFDM symbol", () => {
    expect(() => open({ speedMps: 500 }, true, 1)).toThrow(
      /^multipath-ofdm: channel\.speedMps x channel\.carrierHz \/ c must be at most 0\.1 of an OFDM symbol's rate, 2285\..* Hz, got 5837\./,
    );
  });

  test("delays in another unit than seconds", () => {
    const params = { profile: { delaysS: [0, 0.02], powersDb: [0, 0] }, delaySpreadS: undefined };
    expect(() => open(params, true, 1)).toThrow(
      "multipath-ofdm: the delays of the channel must end within 16 FFTs, 2048 samples, got 76800 samples",
    );
  });

  test("pilots that lmmse would take too long to solve for", () => {
    const params = {
      fftSize: 8192,
      cyclicPrefix: 500,
      knowledge: { name: "pilots", spacing: 4, estimator: "lmmse" },
    };
    expect(() => open(params, true, 1)).toThrow(/takes too long to solve.*use fewer pilots, or ls/);
  });
});
