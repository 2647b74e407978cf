import { describe, expect, test } from "vitest";
import { cotaf } from "../../../src/federated/uplinks/cotaf.js";
import { oac } from "../../../src/federated/uplinks/oac.js";
import { assertWithin } from "../../within.js";
import { errorOf, gaussianUpdates, meanSquareOf, received, sendOnce, sumOf } from "./sending.js";

const size = 100_001; // odd: the last symbol has no quadrature
const updates = gaussianUpdates(5, size);
const powers = updates.map(meanSquareOf);

describe("snrDb", () => {
  test.each([7, -4])("%s dB: Var[n] is the mean square of the sum over the SNR", (snrDb) => {
    const sum = sumOf(updates);
    const aggregate = sendOnce(oac, { snrDb }, updates);
    const theory = meanSquareOf(sum) / 10 ** (snrDb / 10);
    const error = errorOf(received(aggregate), sum);
    assertWithin(meanSquareOf(error), theory, theory * Math.sqrt(2 / size));
    expect(aggregate.observation?.noiseVariance).toBeCloseTo(theory, 5);
    expect(aggregate.noiseVariance).toBeCloseTo(theory, 5);
  });

  test("updates go on the air as they are, two components in a symbol", () => {
    const aggregate = sendOnce(oac, { snrDb: 7 }, updates);
    aggregate.energy.forEach((spent, k) => {
      expect(spent / (size * powers[k])).toBeCloseTo(1, 6);
    });
    expect(aggregate.symbols).toBe(50_001);
    expect(aggregate.divisor).toBe(5);
  });
});

describe("deviceSnrDb", () => {
  test("Var[n] is the largest device's mean square over the SNR", () => {
    const aggregate = sendOnce(oac, { deviceSnrDb: 6 }, updates);
    const theory = Math.max(...powers) / 10 ** 0.6;
    const error = errorOf(received(aggregate), sumOf(updates));
    assertWithin(meanSquareOf(error), theory, theory * Math.sqrt(2 / size));
    expect(aggregate.observation?.noiseVariance).toBeCloseTo(theory, 6);
    expect(aggregate.noiseVariance).toBeCloseTo(10 ** -0.6, 6);
  });

  test("the largest device spends d, the others in proportion to their updates", () => {
    const { energy } = sendOnce(oac, { deviceSnrDb: 6 }, updates);
    const largest = Math.max(...powers);
    energy.forEach((spent, k) => {
      expect(spent / ((size * powers[k]) / largest)).toBeCloseTo(1, 6);
    });
  });

  test("it is COTAF with the norms of the round", () => {
    const a = received(sendOnce(oac, { deviceSnrDb: 6 }, updates));
    const b = received(sendOnce(cotaf, { deviceSnrDb: 6 }, updates));
    expect(a.every((v, i) => v === b[i])).toBe(true);
  });
});

test("updates that are all 0 arrive as 0", () => {
  const zeros = [new Float32Array(10), new Float32Array(10)];
  for (const level of [{ snrDb: 3 }, { deviceSnrDb: 3 }]) {
    const aggregate = sendOnce(oac, level, zeros);
    expect(received(aggregate).every((v) => v === 0)).toBe(true);
    expect(aggregate.energy).toEqual([0, 0]);
  }
});
