import { describe, expect, test } from "vitest";
import { cotaf } from "../../../src/federated/uplinks/cotaf.js";
import { oacFading } from "../../../src/federated/uplinks/oac-fading.js";
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

const size = 30_000;

/** Updates that shrink by half from round to round. */
const shrinking = [0, 1, 2, 3].map((round) => gaussianUpdates(4, size, 0.8 / 2 ** round, 9));

/** Error power of each round. */
function errorPowers(params: object): number[] {
  const link = openUplink(cotaf, params, sessionOf(size, 4));
  return shrinking.map((updates, round) => {
    const r = received(link.send(updates, roundOf(2, 4, round)));
    return meanSquareOf(errorOf(r, sumOf(updates)));
  });
}

test("the noise decays with the updates: Var[n] = max mean(Δ²) / SNR in every round", () => {
  errorPowers({ deviceSnrDb: 5 }).forEach((measured, round) => {
    const largest = Math.max(...shrinking[round].map(meanSquareOf));
    const theory = largest / 10 ** 0.5;
    assertWithin(measured, theory, theory * Math.sqrt(2 / size));
  });
});

describe("norm: previous", () => {
  test("the noise is that of the round before, of this one in the first", () => {
    errorPowers({ deviceSnrDb: 5, norm: "previous" }).forEach((measured, round) => {
      const largest = Math.max(...shrinking[Math.max(0, round - 1)].map(meanSquareOf));
      const theory = largest / 10 ** 0.5;
      assertWithin(measured, theory, theory * Math.sqrt(2 / size));
    });
  });

  test("shrinking updates spend less than P by the ratio of the norms", () => {
    const link = openUplink(cotaf, { deviceSnrDb: 5, norm: "previous" }, sessionOf(size, 4));
    const spent = shrinking.map((updates, round) =>
      Math.max(...link.send(updates, roundOf(2, 4, round)).energy),
    );
    spent.forEach((energy, round) => {
      expect(energy / (size * (round === 0 ? 1 : 1 / 4))).toBeCloseTo(1, 5);
    });
  });

  test("a checkpoint carries the norm", () => {
    const params = { deviceSnrDb: 5, norm: "previous" };
    const link = openUplink(cotaf, params, sessionOf(size, 4));
    link.send(shrinking[0], roundOf(2, 4, 0));
    const saved = new Map([...link.memory!].map(([name, values]) => [name, values.slice()]));
    const resumed = openUplink(cotaf, params, sessionOf(size, 4), saved);
    const a = received(link.send(shrinking[1], roundOf(2, 4, 1)));
    const b = received(resumed.send(shrinking[1], roundOf(2, 4, 1)));
    expect(a.every((v, i) => v === b[i])).toBe(true);
  });

  test("after updates that were all 0 the norm is that of the round", () => {
    const link = openUplink(cotaf, { deviceSnrDb: 5, norm: "previous" }, sessionOf(size, 4));
    const zeros = shrinking[0].map(() => new Float32Array(size));
    expect(received(link.send(zeros, roundOf(2, 4, 0))).every((v) => v === 0)).toBe(true);
    const { energy } = link.send(shrinking[0], roundOf(2, 4, 1));
    expect(Math.max(...energy) / size).toBeCloseTo(1, 5);
  });
});

describe("fading", () => {
  const updates = gaussianUpdates(3, 2000);
  const minGain = 0.6;

  test("devices below minGain are silent; the sum is over the others", () => {
    const link = openUplink(cotaf, { deviceSnrDb: 100, fading: { minGain } }, sessionOf(2000, 3));
    let heard = 0;
    for (let round = 0; round < 400; round++) {
      const aggregate = link.send(updates, roundOf(4, 3, round));
      heard += aggregate.heard.length;
      expect(aggregate.divisor).toBe(aggregate.heard.length);
      if (aggregate.observation === undefined) continue;
      const error = errorOf(aggregate.observation.r, sumOf(updates, aggregate.heard));
      expect(meanSquareOf(error)).toBeLessThan(1e-8);
    }
    const share = Math.exp(-(minGain ** 2));
    assertWithin(heard / 1200, share, Math.sqrt((share * (1 - share)) / 1200));
  });

  test("Var[n] = max mean(Δ²) / (SNR h_min²), and nobody spends more than P", () => {
    const link = openUplink(cotaf, { deviceSnrDb: 8, fading: { minGain } }, sessionOf(2000, 3));
    const theory = Math.max(...updates.map(meanSquareOf)) / 10 ** 0.8 / minGain ** 2;
    let errors = 0;
    let sent = 0;
    for (let round = 0; round < 100; round++) {
      const { observation, heard, energy } = link.send(updates, roundOf(4, 3, round));
      expect(Math.max(...energy) / 2000).toBeLessThanOrEqual(1 + 1e-6);
      if (observation === undefined) continue;
      errors += meanSquareOf(errorOf(observation.r, sumOf(updates, heard)));
      sent++;
    }
    assertWithin(errors / sent, theory, theory * Math.sqrt(2 / (2000 * sent)));
  });

  test("it is truncated inversion with the peak power limited and g = h_min²", () => {
    const a = received(
      sendOnce(cotaf, { deviceSnrDb: 8, fading: { minGain, kFactorDb: 2 } }, updates),
    );
    const inversion = { threshold: minGain ** 2, powerControl: "peak", kFactorDb: 2 };
    const b = received(sendOnce(oacFading, { deviceSnrDb: 8, ...inversion }, updates));
    expect(a.every((v, i) => v === b[i])).toBe(true);
  });
});
