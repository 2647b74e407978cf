import { describe, expect, test } from "vitest";
import { digital } from "../../../src/federated/uplinks/digital.js";
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

const size = 4000;

describe("unit gains, at capacity", () => {
  const updates = gaussianUpdates(4, size);

  test("the slots of all devices together take the time of an analog sum", () => {
    const aggregate = sendOnce(digital, { deviceSnrDb: 9 }, updates);
    expect(aggregate.symbols).toBe(2000);
    expect(aggregate.heard).toEqual([0, 1, 2, 3]);
    expect(sendOnce(digital, { deviceSnrDb: 9, airtime: 2.5 }, updates).symbols).toBe(5000);
    // 2000 symbols do not divide by 3: nobody gets the two that are left.
    expect(sendOnce(digital, { deviceSnrDb: 9 }, updates.slice(0, 3)).symbols).toBe(1998);
  });

  test("the stated variance is that of the errors", () => {
    const link = openUplink(digital, { deviceSnrDb: 20, airtime: 2 }, sessionOf(size, 4));
    const sum = sumOf(updates);
    const rounds = 30;
    let ratio = 0;
    for (let round = 0; round < rounds; round++) {
      const { observation } = link.send(updates, roundOf(3, 4, round));
      const error = meanSquareOf(errorOf(observation!.r, sum));
      ratio += error / (observation!.noiseVariance as number) / rounds;
    }
    // Squared errors of a component have at most a few times the variance of a Gaussian's.
    assertWithin(ratio, 1, Math.sqrt(8 / (rounds * size)));
  });

  test("a rate below capacity gets through, one above it is lost with its energy", () => {
    const capacity = Math.log2(1 + 10 ** 0.9);
    const below = sendOnce(digital, { deviceSnrDb: 9, rateBits: capacity - 0.01 }, updates);
    expect(below.heard).toEqual([0, 1, 2, 3]);
    const above = sendOnce(digital, { deviceSnrDb: 9, rateBits: capacity + 0.01 }, updates);
    expect(above.heard).toEqual([]);
    expect(above.observation).toBeUndefined();
    expect(above.energy).toEqual([1000, 1000, 1000, 1000]);
  });

  test("at capacity it does as well as at a fixed rate of just that, better than at half", () => {
    const variance = (params: object) =>
      sendOnce(digital, { deviceSnrDb: 12, airtime: 4, ...params }, updates).observation
        ?.noiseVariance as number;
    const capacity = Math.log2(1 + 10 ** 1.2);
    expect(variance({}) / variance({ rateBits: capacity - 1e-9 })).toBeCloseTo(1, 2);
    expect(variance({})).toBeLessThan(0.5 * variance({ rateBits: capacity / 2 }));
  });

  test("power in the slot: constant spends 1/K of the limit, concentrated all of it", () => {
    const constant = sendOnce(digital, { deviceSnrDb: 9 }, updates);
    const concentrated = sendOnce(digital, { deviceSnrDb: 9, slotPower: "concentrated" }, updates);
    expect(constant.energy).toEqual(updates.map(() => size / 4));
    expect(concentrated.energy).toEqual(updates.map(() => size));
    // Four times the power: the same as 6.02 dB more.
    const stronger = sendOnce(digital, { deviceSnrDb: 9 + 10 * Math.log10(4) }, updates);
    const a = received(concentrated);
    const b = received(stronger);
    expect(a.every((v, i) => v === b[i])).toBe(true);
  });

  test("into a slot too short for one level nothing is sent", () => {
    const aggregate = sendOnce(digital, { deviceSnrDb: 9, airtime: 0.01 }, updates);
    expect(aggregate.observation).toBeUndefined();
    expect(aggregate.energy).toEqual([0, 0, 0, 0]);
    const none = sendOnce(digital, { deviceSnrDb: 9, airtime: 1e-9 }, updates);
    expect(none.observation).toBeUndefined();
    expect(none.symbols).toBe(0);
  });
});

describe("fading", () => {
  const updates = gaussianUpdates(5, 400);
  const rounds = 600;

  test.each([
    [10, 1.5],
    [3, 1.2],
  ])(
    "%s dB, %s bits: outage 1 − exp(−(2^R − 1)/SNR) under Rayleigh fading",
    (deviceSnrDb, rateBits) => {
      const params = { deviceSnrDb, rateBits, airtime: 20, fading: {} };
      const link = openUplink(digital, params, sessionOf(400, 5));
      let heard = 0;
      for (let round = 0; round < rounds; round++) {
        const aggregate = link.send(updates, roundOf(12, 5, round));
        heard += aggregate.heard.length;
        expect(aggregate.divisor).toBe(aggregate.heard.length);
      }
      const theory = 1 - Math.exp(-(2 ** rateBits - 1) / 10 ** (deviceSnrDb / 10));
      const trials = rounds * 5;
      assertWithin(1 - heard / trials, theory, Math.sqrt((theory * (1 - theory)) / trials));
    },
  );

  test("the sum is over the devices that got through", () => {
    const params = { deviceSnrDb: 40, rateBits: 12.5, airtime: 10, fading: { kFactorDb: 2 } };
    const link = openUplink(digital, params, sessionOf(400, 5));
    let incomplete = 0;
    for (let round = 0; round < 20; round++) {
      const { observation, heard } = link.send(updates, roundOf(12, 5, round));
      if (heard.length < 5) incomplete++;
      if (observation === undefined) continue;
      const error = meanSquareOf(errorOf(observation.r, sumOf(updates, heard)));
      expect(error).toBeLessThan(2 * (observation.noiseVariance as number));
      expect(error).toBeLessThan(1e-3);
    }
    expect(incomplete).toBeGreaterThan(5);
  });

  test("a device that knows its gain is lost only where nothing fits", () => {
    const link = openUplink(
      digital,
      { deviceSnrDb: 15, airtime: 5, fading: {} },
      sessionOf(400, 5),
    );
    let heard = 0;
    for (let round = 0; round < 100; round++) {
      heard += link.send(updates, roundOf(12, 5, round)).heard.length;
    }
    expect(heard).toBeGreaterThan(475);
  });
});
