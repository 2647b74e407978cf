import { describe, test } from "vitest";
import { multipathOfdm } from "../../channels/multipath-ofdm.js";
import { tapsOf } from "../../src/fading/tap-profiles.js";
import { meanOf } from "../analog/decomposition.js";
import { assertWithin } from "../within.js";
import { gainsOf, meanOver, overRealisations, settings, speedFor, symbolS } from "./ofdm-link.js";

describe("the gains", () => {
  test.each([
    ["tdl-a", 300e-9],
    ["tdl-d", 300e-9],
    ["etu", undefined],
  ])(
    "%s: mean |H|² is 1, and E[H(k + Δ) H*(k)] is the transform of the power delay profile",
    (profile, delaySpreadS) => {
      const params = { profile, delaySpreadS };
      const { profile: table, ...rest } = multipathOfdm.params.parse({ ...settings, ...params });
      const taps = tapsOf({ ...rest, profile: table! });
      const realisations = Array.from({ length: 600 }, (_, k) => gainsOf(params, k + 1));
      for (const difference of [0, 1, 4, 11, 40]) {
        const theory = [0, 0];
        for (const { delayS, power } of taps) {
          const angle = (-2 * Math.PI * difference * Math.round(delayS * 3.84e6)) / 128;
          theory[0]! += power * Math.cos(angle);
          theory[1]! += power * Math.sin(angle);
        }
        for (const part of [0, 1]) {
          const product = meanOf(
            Float64Array.from(realisations, (h) =>
              meanOver(128 - difference, (k) => {
                const [aRe, aIm] = [h[2 * (k + difference)]!, h[2 * (k + difference) + 1]!];
                const [bRe, bIm] = [h[2 * k]!, h[2 * k + 1]!];
                return part === 0 ? aRe * bRe + aIm * bIm : aIm * bRe - aRe * bIm;
              }),
            ),
          );
          assertWithin(product.value, theory[part]!, Math.max(product.se, 1e-6));
        }
      }
    },
  );

  test("move with the Doppler shift speed · carrier / c: J0(2.4048) = 0, J0(1.2024) = 0.6699", () => {
    const apart = 20; // OFDM symbols, for the first zero of J0
    const dopplerHz = 2.404826 / (2 * Math.PI * apart * symbolS);
    const params = { speedMps: speedFor(dopplerHz) };
    const realisations = Array.from({ length: 300 }, (_, k) => gainsOf(params, k + 1, apart + 1));
    for (const [lag, theory] of [
      [apart, 0],
      [apart / 2, 0.66992],
    ]) {
      const product = overRealisations(300, (seed) => {
        const h = realisations[seed - 1]!;
        return meanOver(128, (k) => {
          const later = 2 * (k + 128 * lag!);
          return h[2 * k]! * h[later]! + h[2 * k + 1]! * h[later + 1]!;
        });
      });
      assertWithin(product.value, theory!, product.se);
    }
  });

  test("the line of sight of TDL-D turns with 0.7 of the Doppler shift", () => {
    const turns = 0.31; // of 2π from the first OFDM symbol to the one 20 later
    const params = { profile: "tdl-d", speedMps: speedFor(turns / (0.7 * 20 * symbolS)) };
    // K/(K + 1) of the first tap's power, of which the table has −0.2 dB and all others together 1.0756.
    const power = 10 ** -0.02 / 1.075644799;
    const realisations = Array.from({ length: 200 }, (_, k) => gainsOf(params, k + 1, 21));
    for (const [part, theory] of [
      [0, power * Math.cos(2 * Math.PI * turns)],
      [1, power * Math.sin(2 * Math.PI * turns)],
    ]) {
      const product = overRealisations(200, (seed) => {
        const h = realisations[seed - 1]!;
        // The same carrier at both times; H at time 0 in the mean is the line of sight's own gain.
        const [aRe, aIm] = [
          meanOver(128, (k) => h[2 * (k + 2560)]!),
          meanOver(128, (k) => h[2 * (k + 2560) + 1]!),
        ];
        const [bRe, bIm] = [meanOver(128, (k) => h[2 * k]!), meanOver(128, (k) => h[2 * k + 1]!)];
        return part === 0 ? aRe * bRe + aIm * bIm : aIm * bRe - aRe * bIm;
      });
      // The scattered part of the first tap is 13.3 dB weaker; it adds its own correlation to the real part.
      const scattered = part === 0 ? power / 10 ** 1.33 : 0;
      assertWithin(product.value, theory!, product.se + scattered / 5);
    }
  });
});
