import { describe, expect, test } from "vitest";
import { awgn } from "../../channels/awgn.js";
import { quantizedAnalog } from "../../channels/quantized-analog.js";
import type { Channel } from "../../src/channel.js";
import { InputError } from "../../src/errors.js";
import { RandomSource } from "../../src/kernel/index.js";
import { budgetParams, linkBudget, thermalNoiseDbm } from "../../src/radio/link-budget.js";
import { transmit } from "../../src/study/transmission.js";
import { transmitterParams, weightStatistics } from "../../src/transmitter/transmitter.js";
import { contextOf } from "../channels/sending.js";
import { assertWithin } from "../within.js";

/** 1500 m of free space at 2.4 GHz: a loss of 103.573833 dB. */
const base = {
  transmitPowerDbm: 20,
  distanceM: 1500,
  carrierHz: 2.4e9,
  pathLoss: "free-space",
  transmitGainDbi: 3,
  receiveGainDbi: -1.5,
  noiseFigureDb: 7,
};

function budgetOf(params: object, symbolRateHz = 20e6, trial = 0) {
  const random = new RandomSource(4, `trial ${trial}`);
  return linkBudget(budgetParams.parse({ ...base, ...params }), { symbolRateHz, random });
}

describe("noise power", () => {
  test("is −173.975 dBm/Hz at 290 K", () => {
    expect(thermalNoiseDbm(290, 1)).toBeCloseTo(-173.975187, 5);
    expect(thermalNoiseDbm(77, 1e6)).toBeCloseTo(-119.73426, 5);
  });

  test("is k T B F, with B the symbol rate or the given bandwidth", () => {
    expect(budgetOf({}).noiseDbm).toBeCloseTo(-93.964887, 5);
    expect(budgetOf({ bandwidthHz: "15 kHz * 2048" }).noiseDbm).toBeCloseTo(
      -173.975187 + 10 * Math.log10(30.72e6) + 7,
      5,
    );
    expect(budgetOf({ temperatureK: 77, noiseFigureDb: 0 }, 1e6).noiseDbm).toBeCloseTo(
      -119.73426,
      5,
    );
  });
});

test("received power and Es/N0, written down line by line", () => {
  const { pathLossDb, receivedDbm, esN0Db, shadowingDb } = budgetOf({});
  expect(pathLossDb).toBeCloseTo(103.573833, 5);
  expect(shadowingDb).toBe(0);
  expect(receivedDbm).toBeCloseTo(20 + 3 - 1.5 - 103.573833, 5);
  expect(esN0Db).toBeCloseTo(20 + 3 - 1.5 - 103.573833 + 93.964887, 5);
});

test.each([
  ["uma-los", 4],
  ["uma-nlos", 6],
  ["umi-nlos", 7.82],
  ["inh-nlos", 8.03],
])("%s: shadowing over trials is normal with the table's deviation", (pathLoss, sigma) => {
  const trials = 4000;
  let sum = 0;
  let squares = 0;
  let beyond = 0;
  for (let trial = 0; trial < trials; trial++) {
    const { shadowingDb, pathLossDb, receivedDbm } = budgetOf(
      { pathLoss, distanceM: 90, shadowing: true },
      1e6,
      trial,
    );
    expect(receivedDbm).toBeCloseTo(21.5 - pathLossDb - shadowingDb, 9);
    sum += shadowingDb;
    squares += shadowingDb ** 2;
    beyond += Math.abs(shadowingDb) > sigma ? 1 : 0;
  }
  assertWithin(sum / trials, 0, sigma / Math.sqrt(trials));
  assertWithin(Math.sqrt(squares / trials), sigma, sigma / Math.sqrt(2 * trials));
  const outside = 0.317311; // beyond one deviation
  assertWithin(beyond / trials, outside, Math.sqrt((outside * (1 - outside)) / trials));
});

/** Mean of w² over the noise that a transmission with this budget adds. */
function measuredSnr(mapping: string, params: object, symbolRateHz: number) {
  const weights = new Float32Array(200_001); // odd: with I and Q the last symbol is half empty
  new RandomSource(9).stream("weights").fillNormal(weights, 0.05, 0.03);
  const r = new Float32Array(weights.length);
  const statistics = weightStatistics(weights);
  const { observation } = transmit(
    {
      weights,
      layout: { entries: [{ offset: 0, size: weights.length }] } as never,
      statistics,
      transmitter: transmitterParams.parse({ mapping, symbolRateHz }),
      channel: awgn as unknown as Channel,
      channelParams: awgn.params.parse({ budget: { ...base, ...params } }) as never,
      trial: 2,
      random: new RandomSource(5),
    },
    r,
  );
  let noise = 0;
  for (let k = 0; k < r.length; k++) noise += (r[k] - weights[k]) ** 2;
  return {
    measured: noise / r.length / statistics.meanSquare,
    stated: (observation.noiseVariance as number) / statistics.meanSquare,
    standardError: Math.sqrt(2 / r.length),
  };
}

test.each([
  // Real symbols meet half of the complex noise: 3.01 dB better.
  ["iq", 1],
  ["real", 2],
])("%s: a transmission reaches the budget's SNR per real component", (mapping, factor) => {
  const { measured, stated, standardError } = measuredSnr(mapping, { distanceM: 700 }, 5e6);
  // 20 + 3 − 1.5 dBm − (32.4478 + 20 lg 0.7 + 20 lg 2400) dB, over −173.9752 + 10 lg 5e6 + 7 dBm.
  const lossDb = 32.4478 + 20 * Math.log10(0.7) + 20 * Math.log10(2400);
  const esN0Db = 21.5 - lossDb - (-173.97519 + 10 * Math.log10(5e6) + 7);
  const theory = 1 / (factor * 10 ** (esN0Db / 10));
  assertWithin(measured, theory, theory * standardError);
  expect(Math.abs(stated / theory - 1)).toBeLessThan(1e-4);
});

test("quantized-analog takes the budget for the power behind its amplifier", () => {
  const components = 4096;
  const budget = { ...base, distanceM: 500 };
  const open = (channel: Channel, params: object) => {
    const link = channel.open(channel.params.parse(params) as never, contextOf({ components }));
    const x = new Float32Array(components).fill(2);
    const reception = {
      y: new Float32Array(components),
      noiseVariance: 0,
      variances: new Float32Array(components),
      erased: 0,
      energy: 0,
    };
    link.transmit(x, 0, reception, 0);
    return reception.noiseVariance;
  };
  expect(open(quantizedAnalog as unknown as Channel, { budget })).toBe(
    open(awgn as unknown as Channel, { budget }),
  );
});

test("a budget beyond what float32 holds is an error", () => {
  const params = awgn.params.parse({
    budget: { ...base, transmitPowerDbm: 300, transmitGainDbi: 200 },
  });
  const open = () => awgn.open(params, contextOf({ components: 8 }));
  expect(open).toThrow(InputError);
  expect(open).toThrow(
    /channel\.budget gives an Es\/N0 of \d+\.\d dB \(received .* noise -107\.0 dBm\); it must be within ±300 dB/,
  );
});

describe("parameters", () => {
  const problem = (params: object) => {
    const issue = budgetParams.safeParse({ ...base, ...params }).error?.issues[0];
    return issue && `${issue.path.join(".")}: ${issue.message}`;
  };
  const uma = { pathLoss: "uma-los", distanceM: 100 };

  test.each([
    [
      { ...uma, distanceM: 9.9 },
      /^distanceM: must be 10 to 5000 m for uma \(3GPP TR 38\.901 Table/,
    ],
    [{ ...uma, distanceM: 5001 }, /^distanceM: must be 10 to 5000 m for uma/],
    [{ pathLoss: "umi-nlos", distanceM: 9 }, /^distanceM: must be 10 to 5000 m for umi/],
    [{ ...uma, carrierHz: 0.4e9 }, /^carrierHz: must be 0\.5 to 100 GHz/],
    [
      { pathLoss: "inh-los", distanceM: 5, carrierHz: 101e9 },
      /^carrierHz: must be 0\.5 to 100 GHz/,
    ],
    [{ ...uma, terminalHeightM: 1.4 }, /^terminalHeightM: must be 1\.5 to 22\.5 m for uma/],
    [{ ...uma, terminalHeightM: 23 }, /^terminalHeightM: must be 1\.5 to 22\.5 m for uma/],
    [{ ...uma, terminalHeightM: 13 }, /^terminalHeightM: must be below 13 m for uma: .*random/],
    [{ ...uma, pathLoss: "umi-los", terminalHeightM: 22.6 }, /^terminalHeightM: .* for umi/],
    [{ ...uma, baseHeightM: 1 }, /^baseHeightM: must be above 1 m for uma/],
    [{ pathLoss: "inh-los", distanceM: 150 }, /1 to 150 m apart .* they are 150\.0 m apart/],
    [{ pathLoss: "inh-nlos", distanceM: 0.5, baseHeightM: 1 }, /they are 0\.5000 m apart/],
    [{ distanceM: 0.1 }, /^distanceM: must be at least a wavelength \(0\.125 m\) in free space/],
    [{ shadowing: true }, /^shadowing: must be false: free-space has no shadowing/],
    [{ baseHeightM: 10 }, /^terminalHeightM: is missing: free-space takes both heights or neither/],
    [{ distanceM: 0 }, /^distanceM: .*>0/],
    [{ noiseFigureDb: -1 }, /^noiseFigureDb: .*>=0/],
    [{ temperatureK: 0 }, /^temperatureK: .*>0/],
    [{ pathLoss: "rma-los" }, /^pathLoss: /],
    [{ transmitPowerDbm: Number.NaN }, /^transmitPowerDbm: must be a finite number \[dBm\]/],
    [{ distance: 5 }, /unrecognized key.*distance/i],
  ])("%o is refused", (params, message) => {
    expect(problem(params)).toMatch(message);
  });

  test.each([
    { ...uma, distanceM: 10, terminalHeightM: 1.5, carrierHz: 0.5e9 },
    { ...uma, distanceM: 5000, terminalHeightM: 12.99, carrierHz: 100e9 },
    { pathLoss: "umi-nlos", distanceM: 60, terminalHeightM: 22.5, shadowing: true },
    { pathLoss: "inh-nlos", distanceM: "149.98 m", transmitPowerDbm: "17 dBm" },
    { distanceM: "36000 km", carrierHz: "12 GHz" },
  ])("%o, at the edge, is accepted", (params) => {
    expect(problem(params)).toBeUndefined();
  });

  test("one noise level, or an error that names the three", () => {
    const message = (params: object) => awgn.params.safeParse(params).error?.issues[0].message;
    expect(message({})).toBe("needs snrDb, wnrDb or budget (or a sweep over one of them)");
    const several = "takes one of snrDb, wnrDb and budget, not several";
    expect(message({ snrDb: 3, budget: base })).toBe(several);
    expect(message({ wnrDb: 3, budget: base })).toBe(several);
    expect(message({ budget: base })).toBeUndefined();
  });
});
