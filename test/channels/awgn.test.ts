import { expect, test } from "vitest";
import { awgn } from "../../channels/awgn.js";
import { assertWithin } from "../within.js";
import { contextOf, receptionInto } from "./sending.js";

const components = 400_000;

function noiseOf(params: object, signal: { meanSquare: number; variance: number }, seed = 1) {
  const context = contextOf({ components, signal, complex: true, seed });
  const link = awgn.open(awgn.params.parse(params), context);
  const x = new Float32Array(components).fill(1.5);
  const reception = receptionInto(new Float32Array(components));
  link.transmit(x, 0, reception, 0);
  return reception.y.map((v) => v - 1.5);
}

function meanSquare(values: Float32Array): number {
  let sum = 0;
  for (const v of values) sum += v * v;
  return sum / values.length;
}

test.each([
  [{ snrDb: 7 }, 4 / 10 ** 0.7],
  [{ wnrDb: 7 }, 3 / 10 ** 0.7],
  [{ snrDb: -5 }, 4 * 10 ** 0.5],
])(
  "%o: the noise variance per component is the signal's power over the ratio",
  (params, theory) => {
    const noise = noiseOf(params, { meanSquare: 4, variance: 3 });
    assertWithin(meanSquare(noise), theory, theory * Math.sqrt(2 / components));
  },
);

test("I and Q have independent noise of equal variance: N0/2 each", () => {
  const noise = noiseOf({ snrDb: 3 }, { meanSquare: 2, variance: 2 });
  const theory = 2 / 10 ** 0.3;
  const i = noise.filter((_, k) => k % 2 === 0);
  const q = noise.filter((_, k) => k % 2 === 1);
  const se = theory * Math.sqrt(2 / i.length);
  assertWithin(meanSquare(i), theory, se);
  assertWithin(meanSquare(q), theory, se);
  let product = 0;
  for (let k = 0; k < i.length; k++) product += i[k] * q[k];
  assertWithin(product / i.length, 0, theory / Math.sqrt(i.length));
});

test("other trials have other noise", () => {
  const signal = { meanSquare: 1, variance: 1 };
  expect(noiseOf({ snrDb: 3 }, signal, 1)).not.toEqual(noiseOf({ snrDb: 3 }, signal, 2));
});
