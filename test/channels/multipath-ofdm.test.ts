import { describe, expect, test } from "vitest";
import { multipathOfdm } from "../../channels/multipath-ofdm.js";
import type { Link } from "../../src/channel.js";
import { tapsOf } from "../../src/fading/tap-profiles.js";
import { RandomSource } from "../../src/kernel/index.js";
import { meanOf } from "../analog/decomposition.js";
import { type Modulation, qam16, qpsk } from "../ofdm/modulation.js";
import { assertWithin } from "../within.js";
import { contextOf, receptionInto } from "./sending.js";

const carrierHz = 3.5e9;
const speedFor = (dopplerHz: number) => (dopplerHz * 299_792_458) / carrierHz;

/** 3.84 MHz: the longest delay of TDL-A at 1 µs is 37 samples, of TDL-C at 300 ns 10. */
const settings = {
  snrDb: 17,
  profile: "tdl-c",
  delaySpreadS: "300 ns",
  speedMps: 0,
  carrierHz,
  subcarrierSpacingHz: "30 kHz",
  fftSize: 128,
  cyclicPrefix: 40,
};
const symbolS = 168 / 3.84e6;
const meanSquare = 1.7;

function open(params: object, complex: boolean, seed: number, power = meanSquare): Link {
  return multipathOfdm.open(
    multipathOfdm.params.parse({ ...settings, ...params }),
    contextOf({
      components: 1e6,
      signal: { meanSquare: power, variance: 0.9 * power },
      complex,
      seed,
    }),
  );
}

interface Sent {
  readonly x: Float32Array;
  readonly y: Float32Array;
  readonly variances: Float32Array;
  readonly energy: number;
  readonly erased: number;
}

function send(link: Link, x: Float32Array, timeS = 0): Sent {
  const reception = receptionInto(new Float32Array(x.length));
  link.transmit(x, timeS, reception, 0);
  const { y, energy, erased } = reception;
  return { x, y, variances: reception.noiseVariance as Float32Array, energy, erased };
}

function gaussian(components: number, seed: number): Float32Array {
  const x = new Float32Array(components);
  new RandomSource(seed).stream("x").fillNormal(x, Math.sqrt(meanSquare));
  return x;
}

/** The mean over realisations, each of which counts once, as symbols of one are not independent. */
function overRealisations(count: number, value: (seed: number) => number) {
  return meanOf(Float64Array.from({ length: count }, (_, k) => value(k + 1)));
}

const meanOver = (length: number, term: (k: number) => number) => {
  let sum = 0;
  for (let k = 0; k < length; k++) sum += term(k);
  return sum / length;
};

/** H on every subcarrier of the first OFDM symbols: what arrives of ones, without noise. */
function gainsOf(params: object, seed: number, symbols = 1, timeS = 0): Float32Array {
  const x = new Float32Array(2 * settings.fftSize * symbols);
  for (let k = 0; k < x.length; k += 2) x[k] = 1;
  const noiseless = { ...params, snrDb: 300, knowledge: "none" };
  return send(open(noiseless, true, seed), x, timeS).y;
}

describe.each([
  ["IQ", true],
  ["real", false],
])("%s", (_, complex) => {
  test("static, within the prefix: subcarriers do not touch each other", () => {
    for (const params of [{}, { occupiedSubcarriers: 97 }, { equalizer: "mmse" }]) {
      const { x, y } = send(open({ ...params, snrDb: 200 }, complex, 3), gaussian(3000, 2));
      const error = meanOver(x.length, (k) => (y[k]! - x[k]!) ** 2);
      expect(Math.sqrt(error / meanSquare)).toBeLessThan(1e-5);
    }
  });

  const pilots = { name: "pilots", spacing: 6, boostDb: 3 };
  const late = { profile: "tdl-a", delaySpreadS: "2 us", cyclicPrefix: 20, snrDb: 25 };
  const fast = { speedMps: speedFor(0.03 / symbolS), snrDb: 40 };
  test.each([
    ["perfect", {}],
    ["perfect, mmse", { equalizer: "mmse" }],
    ["perfect, by WNR", { snrDb: undefined, wnrDb: 9 }],
    ["perfect, taps later than the prefix", late],
    ["perfect, no prefix, mmse", { ...late, cyclicPrefix: 0, equalizer: "mmse" }],
    ["perfect, high Doppler", fast],
    [
      "perfect, high Doppler and late taps in a narrow band",
      { ...fast, ...late, occupiedSubcarriers: 61 },
    ],
    ["none", { knowledge: "none" }],
    [
      "none, line of sight that turns",
      { knowledge: "none", profile: "tdl-d", speedMps: speedFor(2000) },
    ],
    ["ls", { knowledge: pilots }],
    ["ls, mmse", { knowledge: pilots, equalizer: "mmse" }],
    ["lmmse", { knowledge: { ...pilots, estimator: "lmmse" } }],
    ["lmmse, mmse", { knowledge: { ...pilots, estimator: "lmmse" }, equalizer: "mmse" }],
    ["ls, all at once", { ...late, ...fast, knowledge: pilots, occupiedSubcarriers: 101 }],
    [
      "lmmse, all at once",
      { ...late, ...fast, knowledge: { ...pilots, estimator: "lmmse" }, occupiedSubcarriers: 101 },
    ],
  ])("%s: the mean of error²/stated variance is 1", (_, params) => {
    const measured = overRealisations(150, (seed) => {
      const link = open(params, complex, seed);
      // A whole number of OFDM symbols: in a last one that is partly empty less interferes than is stated.
      const symbols = 4 * dataSubcarriers(link);
      const { x, y, variances } = send(link, gaussian(complex ? 2 * symbols : symbols, seed));
      return meanOver(x.length, (k) => (y[k]! - x[k]!) ** 2 / variances[k]!);
    });
    // With real symbols, half of the interference falls on the real part in the mean only (see the docs).
    const model = complex ? 0 : 0.006;
    assertWithin(measured.value, 1, Math.hypot(measured.se, model));
  });
});

/** Data symbols in an OFDM symbol: the most that take the time of one. */
function dataSubcarriers(link: Link): number {
  const one = link.durationS!(1);
  let count = 1;
  while (link.durationS!(count + 1) === one) count++;
  return count;
}

test("an equalizer that divides by the channel is unbiased, mmse shrinks", () => {
  const slope = (params: object) =>
    overRealisations(100, (seed) => {
      const { x, y } = send(open({ ...params, snrDb: 5 }, true, seed), gaussian(1024, seed));
      return meanOver(x.length, (k) => (x[k]! * y[k]!) / meanSquare);
    });
  // E[|h|²/(|h|² + N0/Es)] = 1 − a e^a E₁(a) with a = N0/Es = 10^−0.5: E₁(0.3162) = 0.8654 (Abramowitz & Stegun 5.1).
  const a = 10 ** -0.5;
  const mmse = slope({ equalizer: "mmse" });
  assertWithin(mmse.value, 1 - a * Math.exp(a) * exponentialIntegral(a), mmse.se);
});

/** E₁(a), by its series. */
function exponentialIntegral(a: number): number {
  let sum = -0.5772156649015329 - Math.log(a);
  let term = 1;
  for (let n = 1; n < 30; n++) {
    term *= -a / n;
    sum -= term / n;
  }
  return sum;
}

describe("bit error rate over Rayleigh fading on every subcarrier", () => {
  const cases: [string, Modulation, number][] = [
    ...[0, 5, 10, 15].map((db): [string, Modulation, number] => ["QPSK", qpsk, db]),
    ...[3, 8, 13, 18].map((db): [string, Modulation, number] => ["16-QAM", qam16, db]),
  ];
  test.each(cases)("%s at the closed form", (_, modulation, ebN0Db) => {
    const ebN0 = 10 ** (ebN0Db / 10);
    const snrDb = 10 * Math.log10(ebN0 * modulation.bitsPerSymbol);
    const components = 2 * settings.fftSize;
    const packets = 50;
    const rate = overRealisations(20, (seed) => {
      // Packets one second apart at a Doppler shift of 40 Hz: a channel of its own for each.
      const params = { snrDb, profile: "tdl-a", delaySpreadS: "1 us", speedMps: speedFor(40) };
      const link = open(params, true, seed, modulation.meanSquare);
      const random = new RandomSource(seed).stream("bits");
      const x = new Float32Array(components);
      let errors = 0;
      for (let packet = 0; packet < packets; packet++) {
        modulation.fill(x, random);
        errors += modulation.errors(x, send(link, x, packet).y);
      }
      return errors / (packets * components * (modulation.bitsPerSymbol / 2));
    });
    assertWithin(rate.value, modulation.rayleighErrorRate(ebN0), rate.se);
  });
});

describe("the gains", () => {
  test.each([
    ["tdl-a", "300 ns"],
    ["tdl-d", "300 ns"],
    ["etu", undefined],
  ])(
    "%s: mean |H|² is 1, and E[H(k + Δ) H*(k)] is the transform of the power delay profile",
    (profile, delaySpreadS) => {
      const params = { profile, delaySpreadS };
      const taps = tapsOf(multipathOfdm.params.parse({ ...settings, ...params }));
      const realisations = Array.from({ length: 1500 }, (_, k) => gainsOf(params, k + 1));
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
    for (const [lag, theory] of [
      [apart, 0],
      [apart / 2, 0.66992],
    ]) {
      const product = overRealisations(600, (seed) => {
        const h = gainsOf(params, seed, apart + 1);
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
    for (const [part, theory] of [
      [0, power * Math.cos(2 * Math.PI * turns)],
      [1, power * Math.sin(2 * Math.PI * turns)],
    ]) {
      const product = overRealisations(300, (seed) => {
        const h = gainsOf(params, seed, 21);
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

describe("high Doppler", () => {
  test("the interference that is stated is that of Li and Cimini, (2πfD T)²/24", () => {
    const turns = 0.02; // of the window, fD N/(N fS)
    const dopplerHz = turns * 30e3;
    // Without noise the variances of mmse are those of the interference: I Es/2 over |H|² + I, I far below |H|².
    const measured = overRealisations(400, (seed) => {
      const link = open({ snrDb: 200, speedMps: speedFor(dopplerHz) }, true, seed);
      const h = gainsOf({ speedMps: speedFor(dopplerHz) }, seed);
      const { variances } = send(link, gaussian(256, seed));
      return meanOver(128, (k) => variances[2 * k]! * (h[2 * k]! ** 2 + h[2 * k + 1]! ** 2));
    });
    const theory = (meanSquare * (2 * Math.PI * turns) ** 2) / 24;
    // J0 beyond its second term: (2πfD T)²/16 = 0.4 % with the prefix; H of ones holds interference itself.
    assertWithin(measured.value, theory, Math.hypot(measured.se, 0.005 * theory));
  });
});

describe("time and energy", () => {
  test("an OFDM symbol lasts (fftSize + cyclicPrefix)/(fftSize · spacing), pilots included", () => {
    const full = open({}, true, 1);
    expect(full.durationS!(1)).toBeCloseTo(symbolS, 15);
    expect(full.durationS!(128)).toBeCloseTo(symbolS, 15);
    expect(full.durationS!(129)).toBeCloseTo(2 * symbolS, 15);
    const knowledge = { name: "pilots", spacing: 10 };
    // Pilots at 0, 10, …, 60 of 61 subcarriers: 54 are left.
    const partly = open({ occupiedSubcarriers: 61, knowledge }, true, 1);
    expect(partly.durationS!(54)).toBeCloseTo(symbolS, 15);
    expect(partly.durationS!(55)).toBeCloseTo(2 * symbolS, 15);
  });

  test("energy: data and boosted pilots exactly, the prefix as its share of the samples", () => {
    const x = gaussian(2 * 128 * 40, 5);
    const energy = x.reduce((sum, v) => sum + v * v, 0);
    expect(send(open({ cyclicPrefix: 0 }, true, 1), x).energy / energy).toBeCloseTo(1, 9);
    const knowledge = { name: "pilots", spacing: 10, boostDb: 2 };
    const link = open({ cyclicPrefix: 0, occupiedSubcarriers: 61, knowledge }, true, 1);
    const symbols = Math.ceil(x.length / 2 / 54);
    const pilots = symbols * 7 * 2 * meanSquare * 10 ** 0.2;
    expect(send(link, x).energy / (energy + pilots)).toBeCloseTo(1, 9);
    const prefixed = send(open({}, true, 1), x).energy / energy;
    // 1,600 complex samples of the prefix, of exponential energy.
    assertWithin(prefixed, 1 + 40 / 128, (40 / 128) * Math.sqrt(1 / 1600));
  });

  test("nothing of a packet is left for the next one", () => {
    const params = {
      profile: { delaysS: ["2 us", "9 us"], powersDb: [0, 0] },
      cyclicPrefix: 4,
      snrDb: 300,
    };
    const alone = send(open(params, true, 4), gaussian(512, 2)).y;
    const link = open(params, true, 4);
    send(link, gaussian(700, 3));
    const second = send(link, gaussian(512, 2), 1).y;
    let difference = 0;
    for (let k = 0; k < 512; k++)
      difference = Math.max(difference, Math.abs(second[k]! - alone[k]!));
    expect(difference).toBeLessThan(1e-6);
  });

  test("all-zero weights arrive as zeros", () => {
    for (const knowledge of ["perfect", { name: "pilots", spacing: 8, estimator: "lmmse" }]) {
      const link = open({ knowledge }, true, 1, 0);
      const { y, erased } = send(link, new Float32Array(300));
      expect(erased).toBe(0);
      expect(y.every((v) => v === 0)).toBe(true);
    }
  });
});

test("a prefix that is shorter than the channel is noted, with both lengths", () => {
  const params = { profile: { delaysS: [0, "5 us"], powersDb: [0, -3] } };
  expect(open({ ...params, delaySpreadS: undefined, cyclicPrefix: 19 }, true, 1).notes).toEqual([]);
  expect(open({ ...params, delaySpreadS: undefined, cyclicPrefix: 18 }, true, 1).notes![0]).toMatch(
    /^the cyclic prefix \(18 samples\) is shorter than the longest delay of the channel \(19 samples\)/,
  );
});

describe("parameters that are refused", () => {
  const problem = (params: object) => {
    const issue = multipathOfdm.params.safeParse({ ...settings, ...params }).error?.issues[0];
    return `${issue?.path.join(".")}: ${issue?.message}`;
  };
  test.each([
    [{ fftSize: 100 }, "fftSize: must be a power of two"],
    [{ fftSize: 32, cyclicPrefix: 4 }, /^fftSize: .*>=64/],
    [{ fftSize: 16384 }, /^fftSize: .*<=8192/],
    [{ cyclicPrefix: 128 }, "cyclicPrefix: must be below fftSize, 128"],
    [{ cyclicPrefix: -1 }, /^cyclicPrefix: .*>=0/],
    [{ cyclicPrefix: 2.5 }, /^cyclicPrefix: .*int/],
    [{ occupiedSubcarriers: 129 }, "occupiedSubcarriers: must be at most fftSize, 128"],
    [
      { knowledge: { name: "pilots", spacing: 200 } },
      "knowledge.spacing: must be below the number of subcarriers in use, 128",
    ],
    [
      { knowledge: { name: "pilots", spacing: 50 }, occupiedSubcarriers: 50 },
      "knowledge.spacing: must be below the number of subcarriers in use, 50",
    ],
    [{ knowledge: "pilots" }, /^knowledge\.spacing: is missing/],
    [{ knowledge: "none", equalizer: "mmse" }, /^equalizer: mmse needs a gain/],
    [{ delaySpreadS: undefined }, "delaySpreadS: is missing: tdl-c needs it [s]"],
    [{ subcarrierSpacingHz: 0 }, /^subcarrierSpacingHz: /],
    [{ speedMps: -1 }, /^speedMps: /],
  ])("%o", (params, message) => {
    if (typeof message === "string") expect(problem(params)).toBe(message);
    else expect(problem(params)).toMatch(message);
  });

  test("gains that change too much within an OFDM symbol", () => {
    expect(() => open({ speedMps: 500 }, true, 1)).toThrow(
      /^multipath-ofdm: channel\.speedMps x channel\.carrierHz \/ c must be at most 0\.1 of an OFDM symbol's rate, 2285\..* Hz, got 5837\./,
    );
  });

  test("delays in another unit than seconds", () => {
    const params = { profile: { delaysS: [0, 0.02], powersDb: [0, 0] }, delaySpreadS: undefined };
    expect(() => open(params, true, 1)).toThrow(
      "multipath-ofdm: the delays of channel.profile must end within 16 FFTs, 2048 samples, got 76800 samples",
    );
  });

  test("pilots that lmmse would take too long to solve for", () => {
    const params = {
      fftSize: 8192,
      cyclicPrefix: 500,
      knowledge: { name: "pilots", spacing: 4, estimator: "lmmse" },
    };
    expect(() => open(params, true, 1)).toThrow(/takes too long to solve.*use fewer pilots, or ls/);
  });
});
