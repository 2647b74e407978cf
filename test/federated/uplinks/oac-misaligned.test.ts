/** The over-the-air sum of misaligned updates. Its estimators are tested in test/federated/misaligned. */
import { describe, expect, test } from "vitest";
import { oacMisaligned } from "../../../src/federated/uplinks/oac-misaligned.js";
import { mean } from "../../../src/math/statistics.js";
import { assertWithin } from "../../within.js";
import {
  errorOf,
  gaussianUpdates,
  meanSquareOf,
  openUplink,
  received,
  roundOf,
  sendOnce,
  sessionOf,
  sumOf,
} from "./sending.js";

const size = 4001; // odd; 2001 symbols in 5 packets of 401, with 4 symbols of zeros at the end
const devices = 4;
const updates = gaussianUpdates(devices, size);
const sum = sumOf(updates);
const turned = { snrDb: 10, maxDelay: 0.8, maxPhaseRad: 1, gainDeviationDb: 1, packetSymbols: 450 };

test("without misalignment it is the aligned sum at the SNR that is given", () => {
  for (const estimator of ["aligned-sample", "ml", "sp-ml"]) {
    const { observation, symbols, noiseVariance } = sendOnce(
      oacMisaligned,
      { snrDb: 7, estimator },
      updates,
    );
    const theory = meanSquareOf(sum) / 10 ** 0.7;
    expect(noiseVariance / theory).toBeCloseTo(1, 5);
    const error = meanSquareOf(errorOf(observation!.r, sum));
    assertWithin(error, theory, theory * Math.sqrt(2 / size));
    expect((observation!.noiseVariance as Float32Array)[7] / theory).toBeCloseTo(1, 5);
    expect(symbols).toBe(Math.ceil(size / 2 / 1000) * 667); // three packets without a guard symbol
  }
});

test("at given device power: noise of the largest update's power over SNR, behind a filter of 1 − τ_M", () => {
  const params = { deviceSnrDb: 6, estimator: "aligned-sample", delays: [0.7, 0, 0.2, 0.4] };
  const { observation, energy, symbols, noiseVariance } = sendOnce(oacMisaligned, params, updates);
  const powers = updates.map(meanSquareOf);
  const theory = Math.max(...powers) / 10 ** 0.6 / 0.3;
  assertWithin(meanSquareOf(errorOf(observation!.r, sum)), theory, theory * Math.sqrt(2 / size));
  expect(noiseVariance).toBeCloseTo(10 ** -0.6, 12);
  energy.forEach((spent, k) => {
    expect(spent / size).toBeCloseTo(powers[k] / powers[3], 6);
  });
  expect(symbols).toBe(3 * 668); // each with a guard symbol
});

test.each(["aligned-sample", "ml", "sp-ml", "lmmse"])(
  "%s: the error has the variance that is stated, of every component",
  (estimator) => {
    let relative: number[] = [];
    for (let seed = 0; seed < 12; seed++) {
      const params = { ...turned, estimator };
      const { observation } = sendOnce(oacMisaligned, params, updates, seed);
      const stated = observation!.noiseVariance as Float32Array;
      const error = errorOf(observation!.r, sum);
      relative = relative.concat([...error].map((e, i) => e ** 2 / stated[i]));
    }
    // ml's errors are a walk along a packet: 5 packets of 2 components, 12 rounds, of about 2 steps each.
    const independent = estimator === "ml" || estimator === "sp-ml" ? 2 * 120 : 12 * size;
    // Without correlation between devices and with equal phases for all symbols the aligned sample's law is one of
    // means: its spread over symbols is small, but products of updates do not vanish in 4001 components.
    const slack = estimator === "aligned-sample" || estimator === "lmmse" ? 0.005 : 0;
    assertWithin(mean(relative), 1, Math.sqrt(2 / independent) + slack);
  },
);

test("sp-ml is ml, and lmmse has a smaller error than both where phases differ", () => {
  const of = (estimator: string) =>
    received(sendOnce(oacMisaligned, { ...turned, estimator }, updates)).slice();
  const [ml, sp, lmmse] = [of("ml"), of("sp-ml"), of("lmmse")];
  expect(meanSquareOf(errorOf(sp, ml)) / meanSquareOf(ml)).toBeLessThan(1e-12);
  expect(meanSquareOf(errorOf(lmmse, sum))).toBeLessThan(0.5 * meanSquareOf(errorOf(ml, sum)));
});

test("a device's delay, phase and gain are those of its number, whoever else is active", () => {
  const given = { delays: [0.1, 0.3, 0.6], phasesRad: [0, 1, 2], gains: [1, 1, 2] };
  const params = { snrDb: 200, estimator: "aligned-sample", ...given };
  const link = openUplink(oacMisaligned, params, sessionOf(size, 3));
  const { observation } = link.send(updates.slice(0, 2), { ...roundOf(1, 2), active: [2, 0] });
  // Component 0 is Re of the first symbol: 2 e^{2j} (a + jb) + c.
  const [a, b] = updates[0];
  expect(observation!.r[0]).toBeCloseTo(2 * (Math.cos(2) * a - Math.sin(2) * b) + updates[1][0], 5);
});

test("updates that are all 0 arrive as 0", () => {
  const zeros = [new Float32Array(9), new Float32Array(9)];
  for (const estimator of ["ml", "lmmse"]) {
    for (const level of [{ snrDb: 3 }, { deviceSnrDb: 3 }]) {
      const params = { ...level, estimator, maxDelay: 0.5 };
      const { observation } = sendOnce(oacMisaligned, params, zeros);
      expect(observation!.r.every((v) => v === 0)).toBe(true);
      expect(observation!.noiseVariance).toBe(0);
    }
  }
});

test("lmmse: devices that arrive together, and one that has nothing to say", () => {
  const params = { snrDb: 180, estimator: "lmmse", phasesRad: [0, 2, 0], delays: [0, 0, 0.5] };
  const three = [updates[0], updates[1], new Float32Array(size)];
  const { observation } = sendOnce(oacMisaligned, params, three);
  const stated = observation!.noiseVariance as Float32Array;
  const error = errorOf(observation!.r, sumOf(three));
  // What e^{2j} − 1 does to the sum is not known, and is stated.
  assertWithin(mean([...error].map((e, i) => e ** 2 / stated[i])), 1, Math.sqrt(2 / size) + 0.01);
});

describe("parameters that do not fit", () => {
  const open = (params: object) => openUplink(oacMisaligned, params, sessionOf(size, 3));

  test("both drawn and given", () => {
    const params = { snrDb: 3, maxDelay: 0.5, delays: [0, 0.1, 0.2] };
    expect(oacMisaligned.params.safeParse(params).error?.issues[0]).toMatchObject({
      path: ["delays"],
      message: "takes one of maxDelay and delays, not both",
    });
  });

  test("a list for other devices", () => {
    expect(() => open({ snrDb: 3, gains: [1, 2] })).toThrow(
      "oac-misaligned: gains must have one number for each of the 3 devices, got 2",
    );
  });

  test("devices that ml cannot tell apart", () => {
    const message =
      "oac-misaligned: estimator ml cannot tell devices 0 and 2 apart, which have the same delay, 0.2, and different " +
      "phases; use lmmse or aligned-sample, or give them delays (maxDelay)";
    expect(() => open({ snrDb: 3, delays: [0.2, 0, 0.2], maxPhaseRad: 1 })).toThrow(message);
    expect(() => open({ snrDb: 3, maxPhaseRad: 1, estimator: "sp-ml" })).toThrow(
      "estimator sp-ml cannot tell devices 0 and 1 apart, which have the same delay, 0,",
    );
    // One delay and one gain: one arrival. Others may use them as they are.
    open({ snrDb: 3, delays: [0.2, 0, 0.2], phasesRad: [1, 0, 1] });
    open({ snrDb: 3, maxPhaseRad: 1, estimator: "lmmse" });
  });
});
