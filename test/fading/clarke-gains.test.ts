import { describe, expect, test } from "vitest";
import { type ClarkeLaw, clarkeGains } from "../../src/fading/clarke-gains.js";
import { RandomSource } from "../../src/kernel/index.js";
import { assertWithin } from "../within.js";
import { assertDistribution, meanOf, ricianEnvelopeCdf } from "./laws.js";

const dopplerHz = 130;

/** J0 by its power series, which is exact to 1e-12 up to the 8.6 needed here. */
function besselSeries(x: number): number {
  let sum = 0;
  let term = 1;
  for (let m = 1; m < 60; m++) {
    sum += term;
    term *= -((x / 2 / m) ** 2);
  }
  return sum;
}

/** Realisation after realisation of one stream. */
function realisations(seed: number, law: Partial<ClarkeLaw> = {}) {
  const random = new RandomSource(seed).stream("gains");
  return () => clarkeGains({ dopplerHz, ...law }, random);
}

const power = (h: Float32Array, k: number) => h[2 * k] ** 2 + h[2 * k + 1] ** 2;

describe("over independent realisations", () => {
  /** h at times 0.3, 0.3 + lag, … of each realisation. */
  function sample(
    seed: number,
    law: Partial<ClarkeLaw>,
    lagS: number,
    points: number,
    count = 20_000,
  ) {
    const next = realisations(seed, law);
    const h = new Float32Array(2 * points);
    return Array.from({ length: count }, () => {
      next().fill(0.3, lagS, h);
      return h.slice();
    });
  }

  test("Rayleigh: the envelope's distribution is 1 − exp(−r²)", () => {
    const h = sample(1, {}, 0, 1);
    const envelopes = Float64Array.from(h, (at) => Math.sqrt(power(at, 0)));
    assertDistribution(envelopes, (r) => 1 - Math.exp(-r * r));
  });

  test("Rician: the envelope's distribution is the integral of the Rician density", () => {
    const h = sample(2, { kFactorDb: 4.5 }, 0, 1);
    const envelopes = Float64Array.from(h, (at) => Math.sqrt(power(at, 0)));
    assertDistribution(envelopes, ricianEnvelopeCdf(10 ** 0.45));
  });

  test.each([
    { law: {}, k: 0, ratio: 1 },
    { law: { kFactorDb: 3, losDopplerRatio: 0.7 }, k: 10 ** 0.3, ratio: 0.7 },
    { law: { kFactorDb: -2 }, k: 10 ** -0.2, ratio: 1 },
  ])("$law: the autocorrelation is J0(2π fD τ) beside the line of sight", ({ law, k, ratio }) => {
    const lagS = 0.17 / dopplerHz;
    const points = 9;
    const h = sample(3, law, lagS, points, 8000);
    const gains = realisations(3, law)();
    for (let lag = 0; lag < points; lag++) {
      const phase = 2 * Math.PI * 0.17 * lag;
      const theory = [
        (k * Math.cos(ratio * phase) + besselSeries(phase)) / (k + 1),
        (k * Math.sin(ratio * phase)) / (k + 1),
      ];
      const product = (at: Float32Array, a: number) =>
        a === 0
          ? at[2 * lag] * at[0] + at[2 * lag + 1] * at[1]
          : at[2 * lag + 1] * at[0] - at[2 * lag] * at[1];
      for (const part of [0, 1]) {
        const measured = meanOf(Float64Array.from(h, (at) => product(at, part)));
        assertWithin(measured.value, theory[part], measured.se + 1e-7 /* float32 */);
        const stated = gains.correlation(0.4 + lag * lagS, 0.4)[part];
        expect(Math.abs(stated - theory[part])).toBeLessThan(1e-11);
      }
    }
  });

  test("the mean is the line of sight", () => {
    const law = { kFactorDb: 3, losDopplerRatio: -0.4 };
    const h = sample(4, law, 0, 1, 8000);
    const phase = 2 * Math.PI * dopplerHz * -0.4 * 0.3;
    const amplitude = Math.sqrt(10 ** 0.3 / (10 ** 0.3 + 1));
    const mean = [amplitude * Math.cos(phase), amplitude * Math.sin(phase)];
    const stated = realisations(4, law)().mean(0.3);
    for (const part of [0, 1]) {
      const measured = meanOf(Float64Array.from(h, (at) => at[part]));
      assertWithin(measured.value, mean[part], measured.se);
      expect(stated[part]).toBeCloseTo(mean[part], 10);
    }
  });
});

describe("over time", () => {
  const perPeriod = 100;
  const periods = 150;
  /** For each realisation: crossings per second down through rho, mean time below it [s], share of time below. */
  function crossings(rho: number, count: number) {
    const next = realisations(5);
    const h = new Float32Array(2 * perPeriod * periods);
    const rates = new Float64Array(count);
    const below = new Float64Array(count);
    for (let i = 0; i < count; i++) {
      next().fill(0, 1 / (perPeriod * dopplerHz), h);
      let before = power(h, 0) < rho * rho;
      for (let k = 0; k < perPeriod * periods; k++) {
        const now = power(h, k) < rho * rho;
        if (now) below[i] += 1 / (perPeriod * periods);
        if (now && !before) rates[i] += dopplerHz / periods;
        before = now;
      }
    }
    return { rate: meanOf(rates), below: meanOf(below) };
  }

  test.each([0.3, 0.7, 1.4])("level %s: crossing rate and average fade duration", (rho) => {
    const { rate, below } = crossings(rho, 150);
    const theory = Math.sqrt(2 * Math.PI) * dopplerHz * rho * Math.exp(-rho * rho);
    // Of fades shorter than the step 1/(100 fD), some are missed: up to 0.1 % at the lowest level.
    assertWithin(rate.value, theory, rate.se + 2e-4 * theory);
    const duration = (Math.exp(rho * rho) - 1) / (rho * dopplerHz * Math.sqrt(2 * Math.PI));
    const relative = Math.hypot(rate.se / rate.value, below.se / below.value);
    assertWithin(below.value / rate.value, duration, duration * (relative + 2e-4));
  });

  test("the mean power over a long time is 1 in every realisation", () => {
    const next = realisations(6, { kFactorDb: 2, losDopplerRatio: 0.3 });
    for (let i = 0; i < 5; i++) {
      const h = new Float32Array(2 * 20_000);
      next().fill(0, 0.9 / dopplerHz, h);
      let sum = 0;
      for (let k = 0; k < 20_000; k++) sum += power(h, k);
      // Beats of 65 sinusoids: each of 2080 pairs averages to 1/(π f T) of its amplitude 1/64 or so.
      expect(Math.abs(sum / 20_000 - 1)).toBeLessThan(0.02);
    }
  });
});

test("between nodes the sum of sinusoids is met to 3.9e-6 of an amplitude", () => {
  const sinusoids = 64;
  const random = new RandomSource(7).stream("gains");
  const angles = Float64Array.from(
    { length: 2 * sinusoids },
    () => (2 * random.uniform() - 1) * Math.PI,
  );
  const h = new Float32Array(2 * 20_000);
  const stepS = 0.0137 / dopplerHz;
  clarkeGains({ dopplerHz }, new RandomSource(7).stream("gains")).fill(5, stepS, h);
  let squares = 0;
  for (let k = 0; k < 20_000; k++) {
    const turn = 2 * Math.PI * dopplerHz * (5 + k * stepS);
    let re = 0;
    let im = 0;
    for (let n = 0; n < sinusoids; n++) {
      const alpha = (2 * Math.PI * n + angles[2 * n]) / sinusoids;
      re += Math.cos(turn * Math.cos(alpha) + angles[2 * n + 1]) / 8;
      im += Math.sin(turn * Math.cos(alpha) + angles[2 * n + 1]) / 8;
    }
    squares += (h[2 * k] - re) ** 2 + (h[2 * k + 1] - im) ** 2;
  }
  expect(Math.sqrt(squares / 20_000)).toBeLessThan(3.9e-6);
});

test("packets, gaps and repetitions meet the gain of their time", () => {
  const whole = new Float32Array(2 * 5000);
  const gains = realisations(8, { kFactorDb: 1 })();
  gains.fill(0, 1e-5, whole);
  for (const [from, to] of [
    [4000, 4700],
    [0, 300],
    [300, 301],
  ]) {
    const part = new Float32Array(2 * (to - from));
    gains.fill(from * 1e-5, 1e-5, part);
    part.forEach((v, k) => {
      expect(Math.abs(v - whole[2 * from + k])).toBeLessThan(1e-6);
    });
  }
});

test("dopplerHz 0: the gain of a realisation stays what it is", () => {
  const next = realisations(9, { dopplerHz: 0 });
  const powers = Float64Array.from({ length: 5000 }, () => {
    const h = new Float32Array(6);
    next().fill(3, 10.7, h);
    expect(h[4]).toBe(h[0]);
    expect(h[5]).toBe(h[1]);
    return power(h, 0);
  });
  assertDistribution(powers, (u) => 1 - Math.exp(-u));
});

test.each([
  [{ dopplerHz: -1 }, /dopplerHz must be finite and >= 0, got -1/],
  [{ dopplerHz: Number.NaN }, /dopplerHz must be finite/],
  [{ dopplerHz: 1, losDopplerRatio: 1.1 }, /losDopplerRatio must be in -1 .. 1, got 1.1/],
  [{ dopplerHz: 1, kFactorDb: Infinity }, /kFactorDb must be a finite number/],
])("%o is refused", (law, message) => {
  expect(() => clarkeGains(law, new RandomSource(1).stream("gains"))).toThrow(message);
});
