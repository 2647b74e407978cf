import { expect, test } from "vitest";
import { Bussgang, decomposeLink } from "../../src/analog/bussgang.js";
import { assertWithin } from "../within.js";
import { erf, gaussian } from "./decomposition.js";

const count = 400_000;

test("y = 0.7 x + d with d independent: α and the variance of d", () => {
  const x = gaussian(count, 1.5);
  const d = gaussian(count, 0.4, 2);
  const bussgang = new Bussgang();
  const half = count / 2;
  for (const from of [0, half]) {
    const part = x.subarray(from, from + half);
    bussgang.add(
      part,
      part.map((v, k) => 0.7 * v + d[from + k]),
    );
  }
  const { gain, distortion } = bussgang.result();
  assertWithin(gain, 0.7, 0.4 / 1.5 / Math.sqrt(count));
  assertWithin(distortion, 0.16, 0.16 * Math.sqrt(2 / count));
});

test("what changes nothing has gain 1 and no distortion, exactly", () => {
  const x = gaussian(1000);
  const bussgang = new Bussgang();
  bussgang.add(x, x);
  expect(bussgang.result()).toEqual({ gain: 1, distortion: 0 });
});

test("without a converter the noise keeps its variance, exactly", () => {
  const x = gaussian(1000);
  expect(decomposeLink(x, x, 0.25, {})).toEqual({ gain: 1, distortion: 0.25 });
});

/** x Gaussian of variance P behind noise of variance σ² and a one-bit converter of levels ±L/2. */
test.each([0, 0.6, 3])("one-bit converter, σ = %d: the arcsine law's gain", (sigma) => {
  const x = gaussian(count, 1.5);
  const power = 1.5 ** 2;
  const level = 0.8;
  const { gain, distortion } = decomposeLink(x, x, sigma ** 2, { bits: 1, fullScale: 2 * level });
  // E[x sign(x + n)] = √(2/π) P / √(P + σ²)
  const alpha = (level * Math.sqrt(2 / Math.PI)) / Math.sqrt(power + sigma * sigma);
  const seOfGain = level / 1.5 / Math.sqrt(count);
  assertWithin(gain, alpha, seOfGain);
  const variance = level * level - alpha * alpha * power;
  assertWithin(distortion, variance, 2 * alpha * power * seOfGain);
});

test("clipping by an ideal converter of finite full scale counts signal and noise together", () => {
  const x = gaussian(count, 1.5);
  const sigma = 0.8;
  const total = Math.sqrt(1.5 ** 2 + sigma ** 2);
  const { gain } = decomposeLink(x, x, sigma ** 2, { fullScale: 1.2 * total });
  // The mean slope, which is the chance of not being clipped.
  assertWithin(gain, erf(1.2 / Math.SQRT2), 0.5 / Math.sqrt(count));
});
