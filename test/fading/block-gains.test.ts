import { describe, expect, test } from "vitest";
import { blockGains } from "../../src/fading/block-gains.js";
import { RandomSource } from "../../src/kernel/index.js";
import { assertWithin } from "../within.js";
import { assertDistribution, meanOf, ricianEnvelopeCdf } from "./laws.js";

const coherenceS = 3e-4;
const blocks = 40_000;
const kDb = 4.5;

function gainsOf(seed: number, kFactorDb?: number) {
  return blockGains({ coherenceS, kFactorDb }, new RandomSource(seed).stream("gains"));
}

/** One gain from the middle of each block. */
function draw(seed: number, kFactorDb?: number): Float32Array {
  const h = new Float32Array(2 * blocks);
  gainsOf(seed, kFactorDb).fill(coherenceS / 2, coherenceS, h);
  return h;
}

function powers(h: Float32Array): Float64Array {
  return Float64Array.from({ length: h.length / 2 }, (_, k) => h[2 * k] ** 2 + h[2 * k + 1] ** 2);
}

test("Rayleigh: the envelope's distribution is 1 − exp(−r²)", () => {
  assertDistribution(powers(draw(1)).map(Math.sqrt), (r) => 1 - Math.exp(-r * r));
});

test("Rician: the envelope's distribution is the integral of the Rician density", () => {
  assertDistribution(powers(draw(2, kDb)).map(Math.sqrt), ricianEnvelopeCdf(10 ** (kDb / 10)));
});

test("Rayleigh: phases are uniform", () => {
  const h = draw(3);
  const phases = Float64Array.from({ length: blocks }, (_, k) =>
    Math.atan2(h[2 * k + 1], h[2 * k]),
  );
  assertDistribution(phases, (phase) => 0.5 + phase / (2 * Math.PI));
});

describe.each([undefined, -3, kDb])("kFactorDb %s", (k) => {
  test("E|h|² = 1", () => {
    const power = meanOf(powers(draw(4, k)));
    assertWithin(power.value, 1, power.se);
  });

  test("mean and correlation between blocks and inside one are the stated ones", () => {
    const h = draw(5, k);
    const gains = gainsOf(5, k);
    const ratio = k === undefined ? 0 : 10 ** (k / 10);
    const re = meanOf(Float64Array.from({ length: blocks }, (_, i) => h[2 * i]));
    assertWithin(re.value, Math.sqrt(ratio / (ratio + 1)), re.se);
    expect(gains.mean(7)[0]).toBeCloseTo(Math.sqrt(ratio / (ratio + 1)), 12);
    // Neighbouring products share a gain: half as much again for the standard error.
    const pairs = (part: (a: number) => number) =>
      meanOf(Float64Array.from({ length: blocks - 1 }, (_, i) => part(2 * i)));
    const real = pairs((a) => h[a] * h[a + 2] + h[a + 1] * h[a + 3]);
    const imaginary = pairs((a) => h[a + 1] * h[a + 2] - h[a] * h[a + 3]);
    assertWithin(real.value, ratio / (ratio + 1), 1.5 * real.se);
    assertWithin(imaginary.value, 0, 1.5 * imaginary.se);
    const [between] = gains.correlation(0.5 * coherenceS, 1.5 * coherenceS);
    expect(between).toBeCloseTo(ratio / (ratio + 1), 12);
    expect(gains.correlation(0.1 * coherenceS, 0.9 * coherenceS)).toEqual([1, 0]);
  });
});

test("a gain lasts for its block, to the symbol", () => {
  // 1 µs symbols: in floating point 30 k 1e-6 / 3e-5 is often just below k.
  const perBlock = 30;
  const symbols = 400 * perBlock;
  const h = new Float32Array(2 * symbols);
  blockGains({ coherenceS: 3e-5 }, new RandomSource(6).stream("gains")).fill(0, 1e-6, h);
  const begins = Array.from({ length: symbols - 1 }, (_, k) => k + 1).filter(
    (k) => h[2 * k] !== h[2 * k - 2],
  );
  expect(begins).toEqual(Array.from({ length: 399 }, (_, block) => (block + 1) * perBlock));
});

test("the gain of a block does not depend on which blocks were asked for", () => {
  const all = new Float32Array(2 * 1000);
  gainsOf(7, kDb).fill(coherenceS / 2, coherenceS, all);
  const some = gainsOf(7, kDb);
  for (const block of [3, 4, 500, 999]) {
    const one = new Float32Array(2);
    some.fill((block + 0.3) * coherenceS, 0, one);
    expect([...one]).toEqual([...all.subarray(2 * block, 2 * block + 2)]);
  }
  expect(() => some.fill(0, 0, new Float32Array(2))).toThrow(/time went back to block 0 from 999/);
});

test.each([0, -1, Number.NaN, Infinity])("coherenceS %s is refused", (bad) => {
  expect(() => blockGains({ coherenceS: bad }, new RandomSource(1).stream("gains"))).toThrow(
    /coherenceS must be finite and > 0/,
  );
});
