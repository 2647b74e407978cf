import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { multipathOfdm } from "../../channels/multipath-ofdm.js";
import { RandomSource } from "../../src/kernel/index.js";
import { meanOf } from "../analog/decomposition.js";
import { contextOf } from "../channels/sending.js";
import { npyBytes } from "../files/npy-bytes.js";
import { folderWith } from "../files/temporary-folder.js";
import { assertWithin } from "../within.js";
import { gaussian, meanOver, meanSquare, send, symbolS } from "./ofdm-link.js";

/** A record of complex gains, row by row, for as long as the test runs. */
function recordFile(values: Float64Array, taps: number): string {
  const shape = [values.length / 2 / taps, taps];
  const bytes = npyBytes("<c16", shape, [...new Uint8Array(values.slice().buffer)]);
  return join(folderWith({ "taps.npy": bytes }), "taps.npy");
}

const ofdm = { subcarrierSpacingHz: 30e3, fftSize: 128, cyclicPrefix: 40 };

function open(gains: object, params: object = {}, trial = 0, components = 256) {
  return multipathOfdm.open(
    multipathOfdm.params.parse({ snrDb: 300, ...ofdm, gains, ...params }),
    contextOf({
      components,
      signal: { meanSquare, variance: meanSquare },
      complex: true,
      trial,
      seed: 3,
    }),
  );
}

function ones(symbols: number): Float32Array {
  return Float32Array.from({ length: 256 * symbols }, (_, k) => (k % 2 === 0 ? 1 : 0));
}

// Three taps, two samples apart, that stay what they are: powers 5, 0.25 and 2, of 7.25 together.
const row = [1, 2, 0, 0.5, -1, 1];
const still = Float64Array.of(...row, ...row);
const record = { intervalS: 1, tapSpacingS: 2 / 3.84e6, stepS: 0 };

test.each([true, false])("H is the transform of the record's row (normalize: %s)", (normalize) => {
  const link = open({ path: recordFile(still, 3), ...record, normalize }, { knowledge: "none" });
  const { y } = send(link, ones(1));
  const scale = normalize ? 1 / Math.sqrt(7.25) : 1;
  for (const place of [0, 17, 64, 101]) {
    let re = 0;
    let im = 0;
    for (let tap = 0; tap < 3; tap++) {
      const angle = (-2 * Math.PI * (place - 64) * 2 * tap) / 128;
      const [a, b] = [row[2 * tap]!, row[2 * tap + 1]!];
      re += scale * (a * Math.cos(angle) - b * Math.sin(angle));
      im += scale * (a * Math.sin(angle) + b * Math.cos(angle));
    }
    expect(y[2 * place]).toBeCloseTo(re, 5);
    expect(y[2 * place + 1]).toBeCloseTo(im, 5);
  }
});

test("OFDM symbols meet the record at their time, and trials begin stepS apart", () => {
  // One tap that grows by 1 each second.
  const path = recordFile(Float64Array.of(1, 0, 2, 0, 3, 0, 4, 0), 1);
  const gains = { path, ...record, stepS: 0.5, normalize: false };
  const x = new Float32Array(256);
  x[40] = 1; // one subcarrier alone, as others would leak into it
  const at = (trial: number, timeS: number) =>
    send(open(gains, { knowledge: "none" }, trial), x, timeS).y[40];
  const middle = (40 + 127 / 2) / 3.84e6; // of the FFT window
  expect(at(0, 0.7)).toBeCloseTo(1.7 + middle, 6);
  expect(at(3, 0.7)).toBeCloseTo(1 + 1.5 + 0.7 + middle, 6);
});

test("a record of uncorrelated taps: the mean of error²/stated variance is 1", () => {
  const rows = 400;
  const values = new Float32Array(2 * 5 * rows);
  new RandomSource(6).stream("record").fillNormal(values);
  const path = recordFile(Float64Array.from(values), 5);
  // A row per OFDM symbol, taps of 12 samples: up to 48, more than the prefix.
  const gains = { path, intervalS: symbolS, tapSpacingS: 12 / 3.84e6, stepS: 0 };
  const ratio = (params: object) => {
    const { x, y, variances } = send(open(gains, params), gaussian(256 * (rows - 1), 4));
    // Each OFDM symbol counts once.
    const perSymbol = Float64Array.from({ length: rows - 1 }, (_, symbol) =>
      meanOver(256, (k) => {
        const at = 256 * symbol + k;
        return (y[at]! - x[at]!) ** 2 / variances[at]!;
      }),
    );
    return meanOf(perSymbol);
  };
  for (const snrDb of [10, 60]) {
    const measured = ratio({ snrDb });
    assertWithin(measured.value, 1, measured.se);
  }
});

describe("what is refused", () => {
  test("a record that is shorter than the transmission, or than the trials", () => {
    const path = recordFile(still, 3);
    const short = { path, ...record, intervalS: 1e-4, stepS: 4e-5 };
    expect(() => open(short, {}, 0, 2560)).toThrow(
      /^taps\.npy: the record spans 0\.0001 s, and trial 0, which begins at 0 s, lasts at least 0\.0004375 s; run fewer trials/,
    );
    expect(() => open(short, {}, 2)).toThrow(/trial 2, which begins at 0\.00008 s/);
    expect(() => open({ ...short, wrap: true }, {}, 2, 2560)).not.toThrow();
  });

  test.each([
    [{ profile: "eva" }, ": takes profile or gains, not both"],
    [{ gains: undefined }, ": needs profile or gains"],
    [
      { speedMps: 3 },
      "speedMps: goes with profile only: recorded gains move as they were recorded",
    ],
    [{ delaySpreadS: 1e-7 }, "delaySpreadS: goes with profile only"],
    [
      { gains: undefined, profile: "eva", carrierHz: 1e9 },
      "speedMps: is missing: profile needs it",
    ],
  ])("%o", (params, message) => {
    const gains = { path: "taps.npy", ...record };
    const { error } = multipathOfdm.params.safeParse({ snrDb: 9, ...ofdm, gains, ...params });
    expect(`${error?.issues[0]?.path.join(".")}: ${error?.issues[0]?.message}`).toBe(message);
  });
});
