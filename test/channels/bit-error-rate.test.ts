/** The power of noise and gains as a modem sees it: bit error rates against closed forms. */
import { describe, expect, test } from "vitest";
import { awgn } from "../../channels/awgn.js";
import { blockFading } from "../../channels/block-fading.js";
import type { Channel } from "../../src/channel.js";
import { RandomSource } from "../../src/kernel/index.js";
import { assertWithin } from "../within.js";
import {
  awgnRate,
  bitErrors,
  type Modulation,
  modulate,
  qam16,
  qpsk,
  rayleighRate,
} from "./modulation.js";
import { contextOf, receptionInto } from "./sending.js";

const power = 1.7; // mean square of a component
const symbols = 200_000;

function measure(channel: Channel, params: object, modulation: Modulation, ebN0Db: number) {
  const components = 2 * symbols;
  const random = new RandomSource(3).stream(`${modulation.name} ${ebN0Db}`);
  const { x, sent } = modulate(modulation, components, power, random);
  const snrDb = ebN0Db + 10 * Math.log10(modulation.bitsPerSymbol); // Es/N0
  const link = channel.open(
    channel.params.parse({ ...params, snrDb }) as never,
    contextOf({
      components,
      signal: { meanSquare: power, variance: power },
      complex: true,
      seed: 10 + ebN0Db,
    }),
  );
  const reception = receptionInto(new Float32Array(components));
  link.transmit(x, 0, reception, 0);
  return bitErrors(modulation, reception.y, sent, power) / (symbols * modulation.bitsPerSymbol);
}

/** Bits of a symbol share a gain, so that only symbols count as independent. */
const standardError = (rate: number) => Math.sqrt((rate * (1 - rate)) / symbols);

test("the closed forms give the published values at 5 dB", () => {
  const ebN0 = 10 ** 0.5;
  expect(awgnRate(qpsk, ebN0)).toBeCloseTo(5.9539e-3, 7);
  expect(awgnRate(qam16, ebN0)).toBeCloseTo(4.1893e-2, 6);
  expect(rayleighRate(qpsk, ebN0)).toBeCloseTo(6.4183e-2, 6);
  expect(rayleighRate(qam16, ebN0)).toBeCloseTo(1.0313e-1, 5);
});

describe.each([qpsk, qam16])("$name", (modulation) => {
  test.each([-2, 1, 4, 7])("awgn at Eb/N0 = %s dB", (ebN0Db) => {
    const rate = awgnRate(modulation, 10 ** (ebN0Db / 10));
    const measured = measure(awgn as unknown as Channel, {}, modulation, ebN0Db);
    assertWithin(measured, rate, standardError(rate));
  });

  // A block per symbol, so that all gains are independent.
  test.each([-3, 2, 7, 12, 17])("Rayleigh block fading at a mean Eb/N0 of %s dB", (ebN0Db) => {
    const rate = rayleighRate(modulation, 10 ** (ebN0Db / 10));
    const channel = blockFading as unknown as Channel;
    const measured = measure(channel, { coherenceS: 1e-6 }, modulation, ebN0Db);
    assertWithin(measured, rate, standardError(rate));
  });
});
