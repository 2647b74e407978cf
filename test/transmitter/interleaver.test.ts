import { expect, test } from "vitest";
import { RandomSource } from "../../src/kernel/index.js";
import { interleaver } from "../../src/transmitter/interleaver.js";
import { transmitterParams } from "../../src/transmitter/transmitter.js";
import { assertWithin } from "../within.js";

const orderOf = (count: number, params: object) =>
  interleaver(count, transmitterParams.parse(params), new RandomSource(3));

test("off: weights are sent as they lie", () => {
  expect(orderOf(10, {})).toBeUndefined();
});

test("block: columns, a packet long or longer, of a matrix that was written by rows", () => {
  // 0 1 2 / 3 4 5 / 6 7 8 / 9
  const order = orderOf(10, { interleaving: "block", packetSymbols: 3 });
  expect([...order!]).toEqual([0, 3, 6, 9, 1, 4, 7, 2, 5, 8]);
});

test("block: neighbouring weights are never in the same packet", () => {
  const [count, packet] = [10_007, 64];
  const order = orderOf(count, {
    interleaving: "block",
    packetSymbols: packet / 2,
    mapping: "iq",
  })!;
  const packetOf = new Map([...order].map((w, k) => [w, Math.floor(k / packet)]));
  const together = [...order].filter((w) => packetOf.get(w) === packetOf.get(w + 1));
  expect(together).toEqual([]);
});

test.each(["block", "random"])(
  "%s: every component carries one weight, padding included",
  (kind) => {
    const order = orderOf(1001, { interleaving: kind, mapping: "iq", packetSymbols: 17 })!;
    expect(order).toHaveLength(1002);
    expect([...order].sort((a, b) => a - b)).toEqual([...Array(1002).keys()]);
  },
);

test("random: the mean distance of neighbours is that of a random permutation, n / 3", () => {
  const n = 100_000;
  const order = orderOf(n, { interleaving: "random" })!;
  let sum = 0;
  for (let k = 1; k < n; k++) sum += Math.abs(order[k] - order[k - 1]);
  // Of two uniform places the distance has mean n/3 and standard deviation n/√18.
  assertWithin(sum / (n - 1), n / 3, n / Math.sqrt(18) / Math.sqrt(n));
});
