import { describe, expect, test } from "vitest";
import { erasure } from "../../channels/erasure.js";
import { assertWithin } from "../within.js";
import { contextOf, receptionInto } from "./sending.js";

const packets = 200_000;

/** Which of many packets are lost. */
function losses(params: object, seed = 1): boolean[] {
  const link = erasure.open(erasure.params.parse(params), contextOf({ components: packets, seed }));
  const reception = receptionInto(new Float32Array(1));
  const x = Float32Array.of(3);
  return Array.from({ length: packets }, (_, i) => {
    reception.erased = 0;
    link.transmit(x, i, reception, i);
    return reception.erased === 1;
  });
}

const rate = (lost: readonly boolean[]) => lost.filter(Boolean).length / lost.length;

/** Lengths of the runs of lost packets. */
function bursts(lost: readonly boolean[]): number[] {
  return lost
    .map((l) => (l ? "x" : " "))
    .join("")
    .split(" ")
    .filter((run) => run !== "")
    .map((run) => run.length);
}

function mean(values: readonly number[]): number {
  return values.reduce((a, b) => a + b, 0) / values.length;
}

test("independent losses: rate p, and runs of losses are geometric with mean 1 / (1 − p)", () => {
  const p = 0.3;
  const lost = losses({ lossRate: p });
  assertWithin(rate(lost), p, Math.sqrt((p * (1 - p)) / packets));
  const lengths = bursts(lost);
  // A geometric length has variance p / (1 − p)².
  assertWithin(mean(lengths), 1 / (1 - p), Math.sqrt(p) / (1 - p) / Math.sqrt(lengths.length));
});

test("bursts: rate and mean length as given; P(lost | lost k packets before) decays as (1 − a − b)^k", () => {
  const [p, length] = [0.2, 8];
  const lost = losses({ lossRate: p, burstPackets: length });
  const [ends, begins] = [1 / length, p / (1 - p) / length];
  const memory = 1 - ends - begins;
  // Of a two-state chain with autocorrelation memory^k, the mean has (1 + memory) / (1 − memory) times the variance.
  const se = Math.sqrt((((p * (1 - p)) / packets) * (1 + memory)) / (1 - memory));
  assertWithin(rate(lost), p, se);
  const lengths = bursts(lost);
  const spread = Math.sqrt(1 - ends) * length;
  assertWithin(mean(lengths), length, spread / Math.sqrt(lengths.length));
  for (const k of [1, 3, 10]) {
    let both = 0;
    for (let i = k; i < packets; i++) if (lost[i] && lost[i - k]) both++;
    const theory = p * (p + (1 - p) * memory ** k);
    assertWithin(both / (packets - k), theory, 2 * se); // products vary a little more than the states
  }
});

test("Elliott's probabilities: losses within and outside of bursts add up to the rate", () => {
  const lost = losses({ lossRate: 0.2, burstPackets: 8, lossInBurst: 0.7, lossOutside: 0.1 });
  // A sixth of the packets in bursts; the variance of the mean is at most that of all-or-nothing bursts.
  const memory = 1 - 1 / 8 - 1 / 5 / 8;
  assertWithin(rate(lost), 0.2, Math.sqrt(((0.16 / packets) * (1 + memory)) / (1 - memory)));
  expect(bursts(lost).some((length) => length > 5)).toBe(true);
});

test("a lost packet is erased whole, any other arrives exactly", () => {
  const x = Float32Array.of(1, -2, 3);
  const send = (lossRate: number) => {
    const link = erasure.open(erasure.params.parse({ lossRate }), contextOf({ components: 3 }));
    const reception = receptionInto(new Float32Array(3).fill(9));
    link.transmit(x, 0, reception, 0);
    return reception;
  };
  expect(send(0)).toMatchObject({ y: x, noiseVariance: 0, erased: 0 });
  expect(send(1)).toMatchObject({
    y: new Float32Array(3),
    noiseVariance: new Float32Array(3).fill(Infinity),
    erased: 3,
  });
});

test("a larger loss rate loses what a smaller one does, and more", () => {
  const [few, many] = [losses({ lossRate: 0.1 }), losses({ lossRate: 0.15 })];
  expect(few.every((lost, i) => !lost || many[i])).toBe(true);
});

describe("bad input", () => {
  test.each([
    [{ lossRate: 1.2 }, /<=1/],
    [{ lossRate: 0.1, lossInBurst: 0.5 }, /needs burstPackets/],
    [
      { lossRate: 0.8, burstPackets: 3 },
      /must be at least 4.000: with this lossRate, shorter bursts would follow each other at once/,
    ],
    [
      { lossRate: 0.05, burstPackets: 3, lossOutside: 0.1 },
      /must lie from lossOutside \(0.1\) to below lossInBurst \(1\)/,
    ],
    [{ lossRate: 0.1, burstPackets: 0.5 }, />=1/],
  ])("%o", (params, message) => {
    expect(erasure.params.safeParse(params).error!.issues[0]!.message).toMatch(message);
  });
});
