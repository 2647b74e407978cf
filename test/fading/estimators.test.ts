/** What pilots tell of the gains, on gains and pilots of these tests' own making. */
import { add, type Complex, complex, dot, inv, multiply } from "mathjs";
import { describe, expect, test } from "vitest";
import { blockEstimator } from "../../src/fading/block-estimator.js";
import { clarkeGains } from "../../src/fading/clarke-gains.js";
import type { GainEstimate } from "../../src/fading/equalizer.js";
import { pilotCount, splitAir } from "../../src/fading/pilot-pattern.js";
import { trackingEstimator } from "../../src/fading/tracking-estimator.js";
import { RandomSource } from "../../src/kernel/index.js";
import { assertWithin } from "../within.js";
import { meanOf } from "./laws.js";

const symbolS = 1e-6;
const spacing = 5;
const noise = 0.3; // variance of a pilot's gain

function room(symbols: number): GainEstimate {
  const c = new Float32Array(2 * symbols);
  return { h: new Float32Array(2 * symbols), c, s: new Float32Array(symbols) };
}

test("pilots: the first symbol and every fifth, none behind the last", () => {
  for (const [symbols, pilots] of [
    [1, 1],
    [4, 1],
    [5, 2],
    [8, 2],
    [9, 3],
  ]) {
    expect(pilotCount(symbols, 5)).toBe(pilots);
    const air = Float32Array.from({ length: 2 * (symbols + pilots) }, (_, k) => k);
    const p = new Float32Array(2 * pilots);
    const d = new Float32Array(2 * symbols);
    splitAir(air, 5, p, d);
    expect([...p].filter((_, k) => k % 2 === 0)).toEqual([0, 10, 20].slice(0, pilots));
    const places = [...d].filter((_, k) => k % 2 === 0).map((v) => v / 2);
    expect(places).toEqual([1, 2, 3, 4, 6, 7, 8, 9, 11].slice(0, symbols));
    expect([...d].filter((_, k) => k % 2 === 1)).toEqual(places.map((v) => 2 * v + 1));
  }
});

describe("block fading", () => {
  // Blocks of 13 symbols on the air: pilots at 0 5 10 | 15 20 25 | 30 35 | 40 …
  const block = (timeS: number) => Math.floor(timeS / (13 * symbolS) + 1e-6);
  const symbols = 4 * 12; // 60 symbols on the air
  const pilots = 12;
  const inBlock = [3, 3, 2, 3, 1]; // pilots of each block, 60 being the end of the fifth

  test.each([
    ["ls", (n: number) => noise / n],
    ["lmmse", (n: number) => noise / n / (1 + noise / n)],
  ] as const)("%s: the error's variance, given the pilots in the block", (method, law) => {
    const estimator = blockEstimator({ spacing, method, noise, symbolS }, block);
    const random = new RandomSource(1).stream(method);
    const errors = inBlock.map(() => [] as number[]);
    const residues = inBlock.map(() => [] as number[]);
    const out = room(symbols);
    const h = new Float32Array(10);
    const p = new Float32Array(2 * pilots);
    const v = new Float32Array(2 * pilots);
    for (let trial = 0; trial < 5000; trial++) {
      random.fillComplexNormal(h, 1);
      random.fillComplexNormal(v, noise);
      for (let k = 0; k < p.length; k++)
        p[k] = h[2 * block((k >> 1) * 5 * symbolS) + (k % 2)] + v[k];
      estimator.estimate(p, 0, out);
      for (let b = 0; b < 5; b++) {
        // A data symbol of the block: on the air at 13 b + 1 … , one of two neighbours is no pilot.
        const at = (13 * b + 1) % 5 === 0 ? 13 * b + 2 : 13 * b + 1;
        const d = at - 1 - Math.floor(at / 5);
        const [re, im] = [out.h[2 * d], out.h[2 * d + 1]];
        errors[b].push((re - h[2 * b]) ** 2 + (im - h[2 * b + 1]) ** 2);
        const c = out.c[2 * d];
        residues[b].push(((c * re - h[2 * b]) ** 2 + (c * im - h[2 * b + 1]) ** 2) / out.s[d]);
      }
    }
    inBlock.forEach((n, b) => {
      const error = meanOf(errors[b]);
      assertWithin(error.value, law(n), error.se);
      const residue = meanOf(residues[b]);
      assertWithin(residue.value, 1, residue.se);
    });
  });

  test("blocks without a pilot are not known", () => {
    const estimator = blockEstimator({ spacing: 30, method: "ls", noise, symbolS }, (timeS) =>
      Math.floor(timeS / (13 * symbolS) + 1e-6),
    );
    const out = room(58); // pilots at 0 and 30: blocks 0 and 2 of 0 .. 4
    estimator.estimate(Float32Array.of(1, 2, 3, 4), 0, out);
    const known = [...out.s].map((s) => s < Infinity);
    // On the air: 12 of block 0, 13 of block 1, 12 of block 2, then 13 and 8.
    expect(known).toEqual(Array.from({ length: 58 }, (_, d) => d < 12 || (d >= 25 && d < 37)));
    expect(out.h[2 * 5]).toBe(1);
    expect(out.h[2 * 30 + 1]).toBe(4);
  });
});

describe("gains that change gradually", () => {
  const dopplerHz = 15_000; // J0 = 0.95 between pilots
  const symbols = 11; // three pilots, at 0, 5 and 10, of 14 on the air
  const correlation = (symbolsApart: number) => {
    // J0 as the mean over the circle.
    let sum = 0;
    for (let n = 0; n < 360; n++) {
      sum += Math.cos(
        2 * Math.PI * dopplerHz * symbolsApart * symbolS * Math.cos((n * Math.PI) / 180),
      );
    }
    return sum / 360;
  };
  const places = [1, 2, 3, 4, 6, 7, 8, 9, 11, 12, 13];

  /** E|ĥ − h|² at each place for weights on the three pilots. */
  const errorOf = (place: number, w: number[]) => {
    let error = 1;
    w.forEach((a, i) => {
      error -= 2 * a * correlation(place - 5 * i);
      error += a * a * noise;
      w.forEach((b, j) => {
        error += a * b * correlation(5 * (i - j));
      });
    });
    return error;
  };
  const line = (place: number) => {
    if (place > 10) return [0, 0, 1];
    const right = (place % 5) / 5;
    return place < 5 ? [1 - right, right, 0] : [0, 1 - right, right];
  };
  const wiener = (place: number) => {
    const r = [0, 1, 2].map((i) => correlation(place - 5 * i));
    const covariance = [0, 1, 2].map((i) =>
      [0, 1, 2].map((j) => correlation(5 * (i - j)) + (i === j ? noise : 0)),
    );
    return multiply(r, inv(covariance)) as number[];
  };

  test.each([
    ["ls", line],
    ["lmmse", wiener],
  ] as const)("%s: the error's variance at every place", (method, weights) => {
    const random = new RandomSource(2).stream(method);
    const out = room(symbols);
    const air = new Float32Array(2 * 14);
    const p = new Float32Array(6);
    const v = new Float32Array(6);
    const h = new Float32Array(2 * symbols);
    const errors = places.map(() => [] as number[]);
    const residues = places.map(() => [] as number[]);
    for (let trial = 0; trial < 4000; trial++) {
      const gains = clarkeGains({ dopplerHz }, random);
      const estimator = shared ?? trackingEstimator({ spacing, method, noise, symbolS }, gains);
      shared = estimator;
      gains.fill(0.01, symbolS, air);
      splitAir(air, spacing, p, h);
      random.fillComplexNormal(v, noise);
      for (let k = 0; k < 6; k++) p[k] += v[k];
      estimator.estimate(p, 0.01, out);
      places.forEach((_, d) => {
        const [re, im, c] = [out.h[2 * d], out.h[2 * d + 1], out.c[2 * d]];
        errors[d].push((re - h[2 * d]) ** 2 + (im - h[2 * d + 1]) ** 2);
        residues[d].push(((c * re - h[2 * d]) ** 2 + (c * im - h[2 * d + 1]) ** 2) / out.s[d]);
      });
    }
    shared = undefined;
    places.forEach((place, d) => {
      const error = meanOf(errors[d]);
      assertWithin(error.value, errorOf(place, weights(place)), error.se);
      const residue = meanOf(residues[d]);
      assertWithin(residue.value, 1, residue.se);
    });
  });
  let shared: ReturnType<typeof trackingEstimator> | undefined;

  test("lmmse follows the line of sight, whose correlation is complex", () => {
    const law = { dopplerHz, kFactorDb: 7, losDopplerRatio: 0.7 };
    const random = new RandomSource(3).stream("los");
    const r = (symbolsApart: number): Complex => {
      const phase = 2 * Math.PI * dopplerHz * 0.7 * symbolsApart * symbolS;
      const k = 10 ** 0.7;
      return complex(
        (k * Math.cos(phase) + correlation(symbolsApart)) / (k + 1),
        (k * Math.sin(phase)) / (k + 1),
      );
    };
    const covariance = [0, 1, 2].map((i) =>
      [0, 1, 2].map((j) => add(r(5 * (i - j)), i === j ? noise : 0)),
    );
    const inverse = inv(covariance as never);
    const out = room(symbols);
    const air = new Float32Array(2 * 14);
    const [p, h] = [new Float32Array(6), new Float32Array(2 * symbols)];
    const v = new Float32Array(6);
    const errors = places.map(() => [] as number[]);
    let estimator: ReturnType<typeof trackingEstimator> | undefined;
    for (let trial = 0; trial < 4000; trial++) {
      const gains = clarkeGains(law, random);
      estimator ??= trackingEstimator({ spacing, method: "lmmse", noise, symbolS }, gains);
      gains.fill(0.01 * random.uniform(), symbolS, air);
      splitAir(air, spacing, p, h);
      random.fillComplexNormal(v, noise);
      for (let k = 0; k < 6; k++) p[k] += v[k];
      estimator.estimate(p, 0, out);
      places.forEach((_, d) => {
        errors[d].push((out.h[2 * d] - h[2 * d]) ** 2 + (out.h[2 * d + 1] - h[2 * d + 1]) ** 2);
      });
    }
    places.forEach((place, d) => {
      // 1 − r C⁻¹ rᴴ
      const row = [0, 1, 2].map((i) => r(place - 5 * i));
      const weights = multiply(row as never, inverse) as unknown as Complex[];
      // mathjs conjugates the first of the two.
      const explained = (dot(row as never, weights as never) as unknown as Complex).re;
      const error = meanOf(errors[d]);
      assertWithin(error.value, 1 - explained, error.se);
      expect(out.s[d]).toBeCloseTo(1 - explained, 5);
    });
  });

  test("lmmse looks at the nearest 16 pilots", () => {
    // Noise-free pilots of a gain that is 1 at one pilot only: who sees it?
    const gains = clarkeGains({ dopplerHz }, new RandomSource(4).stream("g"));
    const estimator = trackingEstimator({ spacing, method: "lmmse", noise, symbolS }, gains);
    const out = room(4 * 40);
    for (const lit of [0, 20, 39]) {
      const p = new Float32Array(80);
      p[2 * lit] = 1;
      estimator.estimate(p, 0, out);
      const seen = Array.from({ length: 40 }, (_, pilot) => out.h[8 * pilot] !== 0);
      const from = lit === 0 ? 0 : lit === 20 ? 12 : 31; // eight pilots on either side
      const to = lit === 0 ? 8 : lit === 20 ? 28 : 40;
      expect(seen).toEqual(Array.from({ length: 40 }, (_, pilot) => pilot >= from && pilot < to));
    }
  });
});
