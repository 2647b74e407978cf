import { expect, test } from "vitest";
import { clipper } from "../../src/analog/clipper.js";
import { assertWithin } from "../within.js";
import { decomposition, density, erf, gaussian } from "./decomposition.js";

/** A Gaussian of variance 1 clipped at ±c: α = P(|x| < c), and E[y²] by parts. */
function theory(c: number) {
  const inside = erf(c / Math.SQRT2);
  const power = inside - 2 * c * density(c) + c * c * (1 - inside);
  return { gain: inside, power, distortion: power - inside ** 2 };
}

test.each([0.5, 1, 1.5, 2.5])("clipping at %d σ: gain, power and distortion of a Gaussian", (c) => {
  const sigma = 1.7; // not 1, so that a forgotten σ shows
  const x = gaussian(1_000_000, sigma);
  const y = x.slice();
  clipper(c * sigma)(y);
  const { gain, power, distortion } = decomposition(x, y);
  const expected = theory(c);
  assertWithin(gain.value, expected.gain, gain.se);
  assertWithin(power.value, expected.power * sigma ** 2, power.se);
  assertWithin(distortion.value, expected.distortion * sigma ** 2, distortion.se);
});

test("what lies inside is left as it is", () => {
  const block = Float32Array.of(-3, -1.25, 0, 0.7, 1.25, 3);
  clipper(1.25)(block);
  expect([...block]).toEqual([...Float32Array.of(-1.25, -1.25, 0, 0.7, 1.25, 1.25)]);
});
