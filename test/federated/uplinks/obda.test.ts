import { describe, expect, test } from "vitest";
import { exponentialIntegral } from "../../../src/fading/inverse-gain.js";
import { obda } from "../../../src/federated/uplinks/obda.js";
import { RandomSource } from "../../../src/kernel/index.js";
import { normalCdf } from "../../../src/math/error-function.js";
import { assertWithin } from "../../within.js";
import { openUplink, received, roundOf, sendOnce, sessionOf, sumOf } from "./sending.js";

const size = 60_000;
const stepSize = 0.01;

/** Updates whose signs are fair and independent; sizes vary, and must not matter. */
function randomSigns(devices: number, length = size) {
  return Array.from({ length: devices }, (_, k) => {
    const update = new Float32Array(length);
    new RandomSource(8).stream(`device ${k}`).fillNormal(update, 1 + k);
    return update;
  });
}

/** Share of components whose sign is not that of the majority. */
function errorRate(r: Float32Array, updates: readonly Float32Array[]): number {
  const votes = sumOf(updates.map((update) => update.map(Math.sign)));
  let wrong = 0;
  for (let i = 0; i < r.length; i++) if (r[i] * votes[i] < 0) wrong++;
  return wrong / r.length;
}

/** Σ_b C(K, b) 2^−K Q(|2b − K| a). */
function voteError(devices: number, a: number): number {
  let sum = 0;
  let choose = 1;
  for (let b = 0; b <= devices; b++) {
    sum += (choose / 2 ** devices) * normalCdf(-Math.abs(2 * b - devices) * a);
    choose = (choose * (devices - b)) / (b + 1);
  }
  return sum;
}

describe.each([1, 3, 7, 15])("%s devices with random signs", (devices) => {
  test.each([-6, 3])("%s dB: wrong votes as the binomial sum says", (deviceSnrDb) => {
    const updates = randomSigns(devices);
    const r = received(sendOnce(obda, { deviceSnrDb, stepSize }, updates));
    const theory = voteError(devices, 10 ** (deviceSnrDb / 20));
    assertWithin(errorRate(r, updates), theory, Math.sqrt((theory * (1 - theory)) / size));
  });
});

test("snrDb is of the sum of the signs: K for K devices with random signs", () => {
  const updates = randomSigns(5);
  const aggregate = sendOnce(obda, { snrDb: 4, stepSize }, updates);
  const theory = 5 / 10 ** 0.4;
  // Var[(Σ signs)²] = 2K² − 2K.
  assertWithin(aggregate.noiseVariance, theory, (Math.sqrt(40 / size) * theory) / 5);
  const error = voteError(5, 1 / Math.sqrt(theory));
  const se = Math.sqrt((error * (1 - error)) / size);
  assertWithin(errorRate(received(aggregate), updates), error, se);
});

test("r is a step of ±stepSize, of divisor 1 and without noise variance", () => {
  const aggregate = sendOnce(obda, { deviceSnrDb: 5, stepSize }, randomSigns(4));
  const step = Math.fround(stepSize);
  expect(received(aggregate).every((v) => Math.abs(v) === step)).toBe(true);
  expect(aggregate.divisor).toBe(1);
  expect(aggregate.observation?.noiseVariance).toBe(0);
  expect(aggregate.symbols).toBe(size / 2);
  for (const spent of aggregate.energy) expect(spent).toBeCloseTo(size, 4);
});

test("components that are 0 send fair random signs", () => {
  const zeros = [new Float32Array(size)];
  const r = received(sendOnce(obda, { deviceSnrDb: 60, stepSize: 1 }, zeros));
  let sum = 0;
  for (const v of r) sum += v;
  assertWithin(sum / size, 0, 1 / Math.sqrt(size));
});

describe("truncated inversion", () => {
  const threshold = 0.35;
  const subcarriers = 50;
  const updates = randomSigns(1, 500);

  test("one device: wrong signs as Q(√(ρ SNR)), no step where it is silent, P in the mean", () => {
    const fading = { threshold, subcarriers };
    const link = openUplink(obda, { deviceSnrDb: 2, stepSize, fading }, sessionOf(500, 1));
    const count = 300;
    let wrong = 0;
    let sent = 0;
    let energy = 0;
    let inconsistent = 0;
    for (let round = 0; round < count; round++) {
      const aggregate = link.send(updates, roundOf(6, 1, round));
      const r = received(aggregate);
      const variances = aggregate.observation?.noiseVariance as Float32Array;
      energy += aggregate.energy[0] / 500 / count;
      for (let i = 0; i < 500; i++) {
        if ((r[i] === 0) !== (variances[i] === Infinity)) inconsistent++;
        if (r[i] === 0) continue;
        sent++;
        if (r[i] * updates[0][i] < 0) wrong++;
      }
    }
    expect(inconsistent).toBe(0);
    const inverse = exponentialIntegral(threshold);
    const share = Math.exp(-threshold);
    const gains = count * subcarriers;
    assertWithin(sent / (500 * count), share, Math.sqrt((share * (1 - share)) / gains));
    const theory = normalCdf(-Math.sqrt(10 ** 0.2 / inverse));
    assertWithin(wrong / sent, theory, Math.sqrt((theory * (1 - theory)) / sent));
    const second = (share / threshold - inverse) / inverse ** 2;
    assertWithin(energy, 1, Math.sqrt((second - 1) / gains));
  });
});
