import { describe, expect, test } from "vitest";
import { meanInverseGain } from "../../../src/fading/inverse-gain.js";
import { inversionLaw } from "../../../src/federated/inversion-law.js";
import type { Aggregate } from "../../../src/federated/uplink.js";
import { oacFading } from "../../../src/federated/uplinks/oac-fading.js";
import { meanOf } from "../../fading/laws.js";
import { assertWithin } from "../../within.js";
import {
  gaussianUpdates,
  meanSquareOf,
  openUplink,
  received,
  roundOf,
  sendOnce,
  sessionOf,
} from "./sending.js";

const subcarriers = 128;
const size = 2 * subcarriers * 4;

/** Aggregates of many rounds, each looked at before the next. */
function rounds(
  count: number,
  params: object,
  updates: readonly Float32Array[],
  look: (aggregate: Aggregate) => void,
): void {
  const link = openUplink(oacFading, params, sessionOf(updates[0].length, updates.length));
  for (let round = 0; round < count; round++)
    look(link.send(updates, roundOf(3, updates.length, round)));
}

function variancesOf({ observation }: Aggregate): Float32Array {
  return observation?.noiseVariance as Float32Array;
}

// 5 digits of E1 at thresholds −ln of the active share; Zhu, Wang & Huang, arXiv 1812.11494.
describe.each([
  [0.9, 1.7758],
  [0.8, 1.134],
  [0.6, 0.5469],
  [0.5, 0.3787],
  [0.4, 0.2529],
])("active share %s under Rayleigh fading", (share, inverse) => {
  const threshold = -Math.log(share);
  const one = [new Float32Array(size).fill(-1.3)];
  const params = { deviceSnrDb: 4, threshold, subcarriers };
  const count = 300;
  const gains = count * subcarriers;

  test("e^−g of the subcarriers are in use", () => {
    let active = 0;
    rounds(count, params, one, (aggregate) => {
      for (const variance of variancesOf(aggregate)) if (variance < Infinity) active++;
    });
    const measured = active / (count * size);
    assertWithin(measured, share, Math.sqrt((share * (1 - share)) / gains));
  });

  test("the mean power is P, since ρ = P/E1(g)", () => {
    let energy = 0;
    rounds(count, params, one, (aggregate) => {
      energy += aggregate.energy[0] / size;
    });
    // E[1/u²; u ≥ g] = e^−g/g − E1(g), for the standard error of the mean of ρ/u.
    const second = (Math.exp(-threshold) / threshold - inverse) / inverse ** 2;
    assertWithin(energy / count, 1, Math.sqrt((second - 1) / gains));
  });

  test("Var[n] is E1(g) times that at unit gain, and errors have it", () => {
    let errors = 0;
    let components = 0;
    let stated = 0;
    const theory = (inverse * 1.3 ** 2) / 10 ** 0.4;
    rounds(count, params, one, (aggregate) => {
      const r = received(aggregate);
      const variances = variancesOf(aggregate);
      for (let i = 0; i < size; i++) {
        if (variances[i] === Infinity) continue;
        stated += variances[i];
        errors += (r[i] + 1.3) ** 2;
        components++;
      }
    });
    expect(Math.abs(stated / components / theory - 1)).toBeLessThan(3e-4); // digits of E1
    assertWithin(errors / components, theory, theory * Math.sqrt(2 / components));
  });
});

test("power control peak: ρ = g, and no device ever exceeds P on a subcarrier", () => {
  const threshold = 0.3;
  const one = [new Float32Array(2).fill(0.6)]; // one symbol, so that the energy is that of one gain
  let largest = 0;
  let sent = 0;
  rounds(4000, { deviceSnrDb: 4, threshold, powerControl: "peak" }, one, (aggregate) => {
    largest = Math.max(largest, aggregate.energy[0] / 2);
    if (aggregate.observation === undefined) return;
    sent++;
    const theory = 0.36 / 10 ** 0.4 / threshold;
    expect(Math.abs((aggregate.observation.noiseVariance as number) / theory - 1)).toBeLessThan(
      1e-6,
    );
  });
  expect(largest).toBeLessThanOrEqual(1);
  expect(largest).toBeGreaterThan(0.99); // 3000 gains come close to the threshold
  assertWithin(sent / 4000, Math.exp(-threshold), Math.sqrt(0.19 / 4000));
});

test("a device with a shorter update spends less, in proportion", () => {
  const updates = gaussianUpdates(3, size);
  let ratio = 0;
  const count = 200;
  rounds(count, { deviceSnrDb: 4, threshold: 0.5, subcarriers }, updates, ({ energy }) => {
    ratio += energy[0] / size / count;
  });
  const theory = meanSquareOf(updates[0]) / meanSquareOf(updates[2]);
  // Σ over symbols of equal gain: as many draws as gains, with some spread of the symbols' energies.
  assertWithin(ratio, theory, (3 * theory) / Math.sqrt(count * subcarriers));
});

describe("several devices", () => {
  const updates = [1, 10, 100].map((v) => new Float32Array(size + 1).fill(v)); // odd length
  const noiseless = { deviceSnrDb: 120, threshold: 0.7, subcarriers };

  test("each subcarrier's r over the divisor is the mean of those who sent there", () => {
    const aggregate = sendOnce(oacFading, noiseless, updates);
    const r = received(aggregate);
    const variances = variancesOf(aggregate);
    const floor = (meanInverseGain(0.7) * 100 ** 2) / 10 ** 12;
    const wrong: number[] = [];
    let incomplete = 0;
    for (let i = 0; i <= size; i++) {
      if (variances[i] === Infinity) {
        if (r[i] !== 0) wrong.push(i);
        continue;
      }
      // The variance tells how many sent; the sum of 1, 10 and 100 who.
      const senders = 3 / Math.sqrt(variances[i] / floor);
      const sum = (r[i] * Math.round(senders)) / aggregate.divisor;
      const ones = String(Math.round(sum)).replaceAll("0", "");
      const fits =
        Math.abs(senders - Math.round(senders)) < 1e-4 &&
        Math.abs(sum - Math.round(sum)) < 0.01 &&
        ones === "1".repeat(Math.round(senders));
      if (!fits) wrong.push(i);
      if (ones.length < 3) incomplete++;
    }
    expect(wrong).toEqual([]);
    expect(incomplete).toBeGreaterThan(size / 4);
  });

  test("symbols are dealt over the subcarriers, I and Q together", () => {
    const r = received(sendOnce(oacFading, noiseless, updates));
    // Far above the noise, components of one subcarrier are alike and neighbours seldom.
    const alike = (i: number, j: number) => Math.abs(r[i] - r[j]) < 0.01;
    let unlike = 0;
    for (let i = 0; i + 2 * subcarriers <= size; i++) {
      if (!alike(i, i + 2 * subcarriers) || (i % 2 === 0 && !alike(i, i + 1))) unlike++;
    }
    expect(unlike).toBe(0);
    let changes = 0;
    for (let i = 0; i < 2 * subcarriers - 2; i += 2) if (!alike(i, i + 2)) changes++;
    expect(changes).toBeGreaterThan(subcarriers / 3);
  });
});

test("a round in which nobody sends is lost, not an error", () => {
  const updates = gaussianUpdates(2, 50);
  let lost = 0;
  rounds(500, { snrDb: 10, threshold: 1.2 }, updates, (aggregate) => {
    if (aggregate.observation !== undefined) return;
    lost++;
    expect(aggregate.heard).toEqual([]);
    expect(aggregate.energy).toEqual([0, 0]);
    expect(aggregate.symbols).toBe(25);
  });
  const theory = (1 - Math.exp(-1.2)) ** 2;
  assertWithin(lost / 500, theory, Math.sqrt((theory * (1 - theory)) / 500));
});

describe.each([
  { channelErrorVariance: 0.2, kFactorDb: undefined },
  { channelErrorVariance: 0.05, kFactorDb: 3 },
  { channelErrorVariance: 0.5, kFactorDb: 8 },
])("imperfect knowledge: %o", ({ channelErrorVariance, kFactorDb }) => {
  const threshold = 0.4;
  const one = [new Float32Array(2 * subcarriers)];
  for (let i = 0; i < one[0].length; i += 2) one[0][i] = 1; // so that a symbol arrives as its gain
  const params = { deviceSnrDb: 150, threshold, subcarriers, channelErrorVariance, kFactorDb };
  const law = inversionLaw(threshold, channelErrorVariance, kFactorDb);

  test("gains h/ĥ have the mean, the mean square error and the share of the law; power is P", () => {
    const re: number[] = [];
    const im: number[] = [];
    const misalignment: number[] = [];
    const energy: number[] = [];
    let silent = 0;
    let stated = 0;
    rounds(400, params, one, (aggregate) => {
      const r = received(aggregate);
      const variances = variancesOf(aggregate);
      energy.push(aggregate.energy[0] / one[0].length);
      for (let i = 0; i < r.length; i += 2) {
        if (variances[i] === Infinity) {
          silent++;
          continue;
        }
        re.push(r[i]);
        im.push(r[i + 1]);
        misalignment.push((r[i] - 1) ** 2 + r[i + 1] ** 2);
        stated += variances[i];
      }
    });
    const within = (values: readonly number[], theory: number) => {
      const { value, se } = meanOf(values);
      assertWithin(value, theory, se);
    };
    if (kFactorDb === undefined) within(re, 1 / (1 + channelErrorVariance));
    within(im, 0);
    within(misalignment, law.misalignment);
    expect(Math.abs(stated / re.length / (law.misalignment / 2) - 1)).toBeLessThan(1e-5);
    within(energy, 1);
    const share = re.length / (re.length + silent);
    const se = Math.sqrt((law.active * (1 - law.active)) / (re.length + silent));
    assertWithin(share, law.active, se);
  });
});

test("the stated variance is that of the errors, with noise and imperfect knowledge", () => {
  const updates = gaussianUpdates(3, 256);
  const ratios: number[] = [];
  const params = { deviceSnrDb: 6, threshold: 0.4, channelErrorVariance: 0.1 };
  rounds(4000, params, updates, (aggregate) => {
    if (aggregate.observation === undefined) return;
    const { r, noiseVariance } = aggregate.observation;
    let errors = 0;
    for (let i = 0; i < r.length; i++) {
      let sum = 0;
      for (const k of aggregate.heard) sum += updates[k][i];
      errors += (r[i] - sum) ** 2;
    }
    ratios.push(errors / r.length / (noiseVariance as number));
  });
  // Beyond their second moment devices share the threshold's bias, 1/(1 + v) − 1 each: cross terms of
  // independent updates average out.
  const { value, se } = meanOf(ratios);
  assertWithin(value, 1, se);
});

test("more subcarriers than symbols are refused, by name", () => {
  const open = () =>
    openUplink(oacFading, { snrDb: 3, threshold: 1, subcarriers: 9 }, sessionOf(15, 2));
  expect(open).toThrow(
    "oac-fading: uplink.subcarriers must be at most the 8 symbols of an update, got 9",
  );
});
