import { describe, expect, test } from "vitest";
import { z } from "zod";
import { doppler } from "../../channels/doppler.js";
import type { Channel } from "../../src/channel.js";
import { describeIssues } from "../../src/scenario/issues.js";
import { meanOf } from "../fading/laws.js";
import { assertWithin } from "../within.js";
import { contextOf, receptionInto } from "./sending.js";
import { calibrate } from "./stated-variance.js";

const channel = doppler as unknown as Channel;
const power = 1.7;
/** 400 m/s at 3.5 GHz: fD = 4670 Hz, 214 symbols of 1 µs to a period. */
const moving = { speedMps: 400, carrierHz: 3.5e9 };

function open(params: object, components: number, complex: boolean, seed = 1) {
  return channel.open(
    channel.params.parse(params) as never,
    contextOf({ components, signal: { meanSquare: power, variance: power }, complex, seed }),
  );
}

const mappings = [
  ["real", false],
  ["iq", true],
] as const;

describe.each(mappings)("%s mapping", (_, complex) => {
  const pilots = (more: object) => ({ name: "pilots", spacing: 21, ...more });
  // Packets of 160 symbols, with 8 pilots, and of 400, with 20.
  describe.each([
    ["perfect", { knowledge: "perfect" }, 160],
    ["ls", { knowledge: pilots({ estimator: "ls" }) }, 160],
    ["lmmse", { knowledge: pilots({ estimator: "lmmse" }) }, 160],
    ["lmmse, more pilots than it looks at", { knowledge: pilots({ estimator: "lmmse" }) }, 400],
  ])("knowledge %s", (_name, knowledge, symbols) => {
    test.each(["zf", "mmse"])("%s: the stated variance is that of the errors", (equalizer) => {
      const params = { snrDb: 4, ...moving, equalizer, ...knowledge };
      const components = complex ? 2 * symbols : symbols;
      const options = { components, startS: 0.7, transmissions: symbols === 400 ? 120 : 300 };
      const ratio = meanOf(calibrate(channel, params, complex, options).ratios);
      assertWithin(ratio.value, 1, ratio.se);
      expect(ratio.se).toBeLessThan(0.025);
    });
  });

  test("mmse, static: the mean square error over realisations is the Rayleigh closed form", () => {
    const params = { snrDb: 5, speedMps: 0, carrierHz: 2e9, equalizer: "mmse" };
    const options = { transmissions: 2000, components: 16 };
    const { errors, stated } = calibrate(channel, params, complex, options);
    const error = meanOf(errors);
    assertWithin(error.value, 0.37613 * power, error.se);
    const said = meanOf(stated);
    assertWithin(said.value, 0.37613 * power, said.se);
  });

  test("knowledge none: what a line of sight that turns costs, symbol by symbol", () => {
    const los = { kFactorDb: 5, losDopplerRatio: 0.6 };
    const params = { snrDb: 8, ...moving, ...los, knowledge: "none" };
    const { ratios } = calibrate(channel, params, complex, { components: 400, startS: 0.0123 });
    const ratio = meanOf(ratios);
    assertWithin(ratio.value, 1, ratio.se);

    const link = open(params, 2, complex);
    const reception = receptionInto(new Float32Array(2));
    link.transmit(new Float32Array(2), 0.0123, reception, 0);
    const k = 10 ** 0.5;
    const dopplerHz = (400 * 3.5e9) / 299_792_458;
    const phase = 2 * Math.PI * 0.6 * dopplerHz * 0.0123;
    const mean = Math.sqrt(k / (k + 1)) * Math.cos(phase);
    const miss = complex ? 2 - 2 * mean : (mean - 1) ** 2 + 0.5 / (k + 1);
    const stated = (reception.noiseVariance as Float32Array)[0];
    expect(stated / (power * (miss + 10 ** -0.8))).toBeCloseTo(1, 5);
  });

  test("pilots take time on the air, and packets meet the gains of their time", () => {
    const params = { snrDb: 300, ...moving, knowledge: pilots({ estimator: "ls" }) };
    const symbols = 200;
    const components = complex ? 2 * symbols : symbols;
    const link = open(params, components, complex);
    expect(link.durationS?.(symbols)).toBeCloseTo((symbols + 10) * 1e-6, 15);
    // Without noise the straight line between pilots is what is left of errors: small, but larger where the
    // pilots are farther apart; a receiver whose pilots were of another time would be lost.
    const x = new Float32Array(components).fill(1);
    const reception = receptionInto(new Float32Array(components));
    for (const timeS of [0, 0.5, 0.5011]) {
      link.transmit(x, timeS, reception, 0);
      const errors = reception.y.reduce((sum, v, k) => sum + (v - x[k]) ** 2, 0) / components;
      const stated = meanOf(reception.noiseVariance as Float32Array).value;
      expect(errors).toBeLessThan(20 * stated);
    }
  });
});

test("the Doppler shift is speed x carrier / c: gains at rest do not change, moving ones by J0", () => {
  const lagS = 1e-3;
  const products = (speedMps: number) => {
    const params = { snrDb: 300, speedMps, carrierHz: "2 GHz", knowledge: "none" };
    return Float64Array.from({ length: 1500 }, (_, seed) => {
      const link = open(params, 2, true, seed);
      const reception = receptionInto(new Float32Array(2));
      const h = [0.2, 0.2 + lagS].map((timeS) => {
        link.transmit(Float32Array.of(1, 0), timeS, reception, 0);
        return [...reception.y];
      });
      return h[0][0] * h[1][0] + h[0][1] * h[1][1];
    });
  };
  const atRest = meanOf(products(0));
  assertWithin(atRest.value, 1, atRest.se);
  // 2π fD τ = 2.4048, the first zero of J0, at this speed.
  const speedMps = (2.404825557695773 / (2 * Math.PI * lagS)) * (299_792_458 / 2e9);
  const moved = meanOf(products(speedMps));
  assertWithin(moved.value, 0, moved.se);
  const half = meanOf(products(speedMps / 2));
  assertWithin(half.value, 0.6699, half.se); // J0(1.2024)
});

describe("parameters", () => {
  const schema = z.strictObject({ channel: doppler.params });
  /** As a user reads it. */
  const problem = (params: object) => {
    const root = { channel: { snrDb: 6, ...moving, ...params } };
    const { error } = schema.safeParse(root);
    return error && describeIssues(error, schema, root, "x.yaml");
  };

  test.each([
    [{ speedMps: -3 }, "channel.speedMps must be >= 0, got -3"],
    [{ speedMps: Number.NaN }, "channel.speedMps must be a finite number [m/s], got NaN"],
    [{ carrierHz: 0 }, "channel.carrierHz must be > 0, got 0"],
    [{ carrierHz: Infinity }, "channel.carrierHz must be a finite number [Hz], got Infinity"],
    [{ losDopplerRatio: 1.2 }, "channel.losDopplerRatio must be <= 1, got 1.2"],
    [{ dopplerHz: 100 }, 'channel: unknown key "dopplerHz"; known: '],
    [
      { knowledge: "perfekt" },
      'channel.knowledge must be one of perfect, none, pilots, got "perfekt" (did you mean "perfect"?)',
    ],
    [
      { knowledge: { name: "pilots", spacing: 1 } },
      "channel.knowledge.spacing must be >= 2, got 1",
    ],
    [
      { knowledge: { name: "pilots", spacing: 8, estimator: "dft" } },
      'channel.knowledge.estimator must be one of ls, lmmse, got "dft"',
    ],
    [{ knowledge: "pilots" }, "channel.knowledge.spacing is missing: pilots need it [symbols]"],
    [{ knowledge: 7 }, "channel.knowledge must be a string, got 7"],
    [
      { inversion: { name: "truncated", threshold: 0 } },
      "channel.inversion.threshold must be > 0, got 0",
    ],
    [{ inversion: "truncated" }, "channel.inversion.threshold is missing: truncated needs it"],
    [
      {
        snrDb: undefined,
        budget: { transmitPowerDbm: 20, distanceM: 50, carrierHz: 2e9, pathLoss: "free-space" },
      },
      "channel.budget.carrierHz must be that of the channel, carrierHz 3500000000, got 2000000000",
    ],
    [
      { inversion: "plain", equalizer: "mmse" },
      "channel.inversion plain leaves nothing to equalize: leave out knowledge and equalizer",
    ],
  ])("%o is refused", (params, message) => {
    expect(problem(params)).toContain(`x.yaml: ${message}`);
  });

  test("gains that change within a symbol are refused when the channel is opened", () => {
    expect(() => open({ snrDb: 6, speedMps: 1e5, carrierHz: 3e11 }, 8, true)).toThrow(
      /^doppler: channel\.speedMps x channel\.carrierHz \/ c must be at most .* = 100000 Hz.*, got 100069\d+/,
    );
  });
});
