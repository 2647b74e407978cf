import { describe, test } from "vitest";
import { RandomSource } from "../../src/kernel/index.js";
import {
  bitErrors,
  type Modulation,
  modulate,
  qam16,
  qpsk,
  rayleighRate,
} from "../channels/modulation.js";
import { assertWithin } from "../within.js";
import { open, overRealisations, send, settings, speedFor } from "./ofdm-link.js";

/** Mean square of a component; not 1. */
const power = 1.69;

describe("bit error rate over Rayleigh fading on every subcarrier", () => {
  const cases: [string, Modulation, number][] = [
    ...[0, 5, 10, 15].map((db): [string, Modulation, number] => ["QPSK", qpsk, db]),
    ...[3, 8, 13, 18].map((db): [string, Modulation, number] => ["16-QAM", qam16, db]),
  ];
  test.each(cases)("%s at the closed form", (_, modulation, ebN0Db) => {
    const ebN0 = 10 ** (ebN0Db / 10);
    const snrDb = 10 * Math.log10(ebN0 * modulation.bitsPerSymbol);
    const components = 2 * settings.fftSize;
    const packets = 30;
    const rate = overRealisations(20, (seed) => {
      // Packets one second apart at a Doppler shift of 40 Hz: a channel of its own for each.
      const params = { snrDb, profile: "tdl-a", delaySpreadS: 1e-6, speedMps: speedFor(40) };
      const link = open(params, true, seed, power);
      const random = new RandomSource(seed).stream("bits");
      let errors = 0;
      for (let packet = 0; packet < packets; packet++) {
        const { x, sent } = modulate(modulation, components, power, random);
        errors += bitErrors(modulation, send(link, x, packet).y, sent, power);
      }
      return errors / (packets * components * (modulation.bitsPerSymbol / 2));
    });
    assertWithin(rate.value, rayleighRate(modulation, ebN0), rate.se);
  });
});
