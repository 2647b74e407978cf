import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { recorded } from "../../channels/recorded.js";
import { RandomSource } from "../../src/kernel/index.js";
import { npyBytes } from "../files/npy-bytes.js";
import { folderWith } from "../files/temporary-folder.js";
import { assertWithin } from "../within.js";
import { noiseFile } from "./noise-file.js";
import { contextOf, receptionInto } from "./sending.js";

const bytes = (values: Float32Array) => new Uint8Array(values.buffer);

function open(params: object, components: number, trial = 0) {
  const signal = { meanSquare: 2.5, variance: 2 };
  const context = contextOf({ components, signal, trial });
  return recorded.open(recorded.params.parse({ snrDb: 6, ...params }), context);
}

function receive(params: object, x: Float32Array, trial = 0): Float32Array {
  const reception = receptionInto(new Float32Array(x.length));
  open(params, x.length, trial).transmit(x, 0, reception, 0);
  return reception.y;
}

test("y = x + σ z with z from the file; trial t starts where trial t - 1 ended", () => {
  const z = Float32Array.of(1, -1, 0.5, -1.5, 1.2, -0.8);
  const folder = folderWith({ "z.f32": bytes(z) });
  const sigma = Math.sqrt(2.5 / 10 ** 0.6);
  const x = Float32Array.of(3, -4, 5);
  for (const trial of [0, 1]) {
    const y = receive({ path: join(folder, "z.f32") }, x, trial);
    x.forEach((v, k) => {
      expect(y[k]).toBeCloseTo(v + sigma * z[3 * trial + k], 6);
    });
  }
});

test("a .npy trace gives what the same .f32 trace gives", () => {
  const z = Float32Array.of(1, -1, 0.5, -1.5, 1.2, -0.8);
  const folder = folderWith({
    "z.f32": bytes(z),
    "z.npy": npyBytes("<f4", [6], [...bytes(z)]),
  });
  const x = new Float32Array(6);
  expect(receive({ path: join(folder, "z.npy") }, x)).toEqual(
    receive({ path: join(folder, "z.f32") }, x),
  );
});

test("a trace that is too short is refused, or wrapped on request", () => {
  const path = noiseFile(1000);
  expect(() => open({ path }, 600, 1)).toThrow(
    /noise\.f32: the trace holds 1000 values and trial 1 needs values up to 1200 .* channel\.wrap: true/,
  );
  const first = receive({ path, wrap: true }, new Float32Array(600), 0);
  const second = receive({ path, wrap: true }, new Float32Array(600), 1);
  expect(second.subarray(400)).toEqual(first.subarray(0, 200));
});

test("a trace must have unit variance, or is scaled on request", () => {
  const folder = folderWith({});
  const path = join(folder, "loud.f32");
  const z = Float32Array.from({ length: 1000 }, (_, k) => 5 + 3 * (k % 2 ? 1 : -1));
  writeFileSync(path, bytes(z));
  expect(() => open({ path }, 1000)).toThrow(/must have unit variance, got 9\.000/);
  const y = receive({ path, normalize: true }, new Float32Array(1000));
  expect(y[1]).toBeCloseTo(Math.sqrt(2.5 / 10 ** 0.6), 6);
  expect(y[0]).toBeCloseTo(-y[1], 6);
});

test.each([
  ["odd.f32", new Uint8Array(7), /7 bytes is not a whole number of float32/],
  ["nan.f32", bytes(Float32Array.of(1, Number.NaN, -1)), /finite, varying/],
  ["flat.f32", bytes(Float32Array.of(1, 1, 1)), /finite, varying/],
  [
    "square.npy",
    npyBytes("<f4", [2, 2], Array<number>(16).fill(0)),
    /one-dimensional floats, got shape \(2, 2\)/,
  ],
])("%s is refused", (name, content, message) => {
  const folder = folderWith({ [name]: content });
  expect(() => open({ path: join(folder, name) }, 2)).toThrow(message);
});

test("a missing trace: the nearest name is offered", () => {
  const folder = folderWith({ "noise.f32": bytes(Float32Array.of(1, -1)) });
  expect(() => open({ path: join(folder, "nois.f32") }, 2)).toThrow(/nearest .*"noise\.f32"/);
});

/** A record of h_i = a h_(i−1) + √(1 − a²) w_i with E|h|² = 9: correlation a^k, |h|² exponential. */
function gainsFile(times: number, a: number): { path: string; values: Float64Array } {
  const random = new RandomSource(21).stream("gains");
  const values = new Float64Array(2 * times);
  const sigma = 3 * Math.SQRT1_2;
  for (let k = 0; k < values.length; k++) {
    const fresh = sigma * random.normal();
    values[k] = k < 2 ? fresh : a * values[k - 2] + Math.sqrt(1 - a * a) * fresh;
  }
  const body = [...new Uint8Array(values.buffer)];
  const folder = folderWith({ "gains.npy": npyBytes("<c16", [times], body) });
  return { path: join(folder, "gains.npy"), values };
}

const symbolS = 1e-6;

function sendOver(params: object, symbols: number, complex: boolean, trial = 0) {
  const components = complex ? 2 * symbols : symbols;
  const x = new Float32Array(components);
  new RandomSource(5).stream("x").fillNormal(x, Math.sqrt(2.5));
  const signal = { meanSquare: 2.5, variance: 2 };
  const context = contextOf({ components, signal, complex, trial });
  const link = recorded.open(recorded.params.parse({ snrDb: 6, ...params }), context);
  const reception = receptionInto(new Float32Array(components));
  reception.energy = x.reduce((sum, v) => sum + v * v, 0);
  link.transmit(x, 0, reception, 0);
  return { x, link, reception, energy: x.reduce((sum, v) => sum + v * v, 0) };
}

/** Mean of (r − x)² over its stated variance, which is 1 where the statement is true. */
function statedErrors({ x, reception }: ReturnType<typeof sendOver>): number {
  const { y, variances } = reception;
  let sum = 0;
  for (let k = 0; k < x.length; k++) sum += (y[k] - x[k]) ** 2 / variances[k];
  return sum / x.length;
}

describe("recorded gains", () => {
  const symbols = 20_000;

  test.each([true, false])(
    "complex symbols %s: where the record holds 0, nothing arrives",
    (complex) => {
      const times = 20_000;
      const values = Float64Array.from({ length: 2 * times }, (_, k) =>
        k % 2 === 0 && k % 20 !== 0 ? 1 : 0,
      );
      const body = [...new Uint8Array(values.buffer)];
      const folder = folderWith({ "gains.npy": npyBytes("<c16", [times], body) });
      const gains = { path: join(folder, "gains.npy"), intervalS: symbolS };
      for (const equalizer of ["zf", "mmse"]) {
        const { reception, x } = sendOver({ gains, equalizer }, times, complex);
        const { y, variances, erased } = reception;
        const lost = [...variances.keys()].filter((k) => variances[k] === Infinity);
        expect(erased).toBe(lost.length);
        // The mmse equalizer takes 0, whose mean square error is that of the symbols.
        expect(erased).toBe(equalizer === "zf" ? x.length / 10 : 0);
        expect(y.every(Number.isFinite)).toBe(true);
      }
    },
  );

  test.each([true, false])(
    "complex symbols %s: r = x + n/h with the record's gains, E|h|² = 1, and that is stated",
    (complex) => {
      const { path, values } = gainsFile(symbols, 0.9);
      const power = values.reduce((sum, v) => sum + v * v, 0) / symbols;
      const sent = sendOver({ gains: { path, intervalS: symbolS } }, symbols, complex);
      const { variances } = sent.reception;
      for (const k of [0, 7, 1234, symbols - 1]) {
        const gain = (values[2 * k] ** 2 + values[2 * k + 1] ** 2) / power;
        const theory = 2.5 / 10 ** 0.6 / gain;
        expect(Math.abs(variances[complex ? 2 * k : k] / theory - 1)).toBeLessThan(1e-5);
      }
      assertWithin(statedErrors(sent), 1, Math.sqrt(2 / sent.x.length));
      expect(sent.reception.erased).toBe(0);
    },
  );

  test("as recorded without normalize: nine times the power", () => {
    const { path } = gainsFile(symbols, 0.9);
    const of = (normalize: boolean) =>
      sendOver({ gains: { path, intervalS: symbolS, normalize } }, symbols, true).reception
        .variances[4000];
    const { values } = gainsFile(symbols, 0.9);
    const power = values.reduce((sum, v) => sum + v * v, 0) / symbols;
    expect(of(true) / of(false)).toBeCloseTo(power, 4);
  });

  test("trials follow one another, or step through the record as told", () => {
    const { path, values } = gainsFile(3 * symbols, 0.9);
    const firstGain = (gains: object, trial: number) => {
      const { variances } = sendOver(
        { gains: { path, intervalS: symbolS, normalize: false, ...gains } },
        symbols,
        true,
        trial,
      ).reception;
      return 2.5 / 10 ** 0.6 / variances[0];
    };
    const at = (k: number) => values[2 * k] ** 2 + values[2 * k + 1] ** 2;
    expect(firstGain({}, 0)).toBeCloseTo(at(0), 4);
    expect(firstGain({}, 2)).toBeCloseTo(at(2 * symbols), 3);
    expect(firstGain({ stepS: "500 us" }, 2)).toBeCloseTo(at(1000), 3);
    expect(firstGain({ stepS: 0 }, 2)).toBeCloseTo(at(0), 4);
    expect(firstGain({ wrap: true }, 4)).toBeCloseTo(at(symbols), 3);
  });

  test.each([
    ["ls", "zf"],
    ["lmmse", "zf"],
    ["lmmse", "mmse"],
  ])("%s pilots with %s: the stated variance is the error's", (estimator, equalizer) => {
    const a = 0.999;
    const times = 200_000;
    const { path } = gainsFile(times, a);
    const sent = sendOver(
      {
        snrDb: 18,
        gains: { path, intervalS: symbolS },
        knowledge: { name: "pilots", spacing: 5, estimator },
        equalizer,
      },
      times * 0.8,
      true,
    );
    // Errors are correlated over some pilots; 16 of them at most are looked at.
    const independent = sent.x.length / 2 / (5 * 16);
    assertWithin(statedErrors(sent), 1, Math.sqrt(2 / independent));
    // The first pilot of five symbols on the air: a fifth more time, and that much energy.
    expect(sent.link.durationS?.(4000)).toBeCloseTo(5000 * symbolS, 12);
    expect(sent.reception.energy - sent.energy).toBeCloseTo(40_000 * 5, -2);
  });

  test("truncated inversion keeps the mean power over the record, and erases what is below", () => {
    const { path, values } = gainsFile(symbols, 0.9);
    const power = values.reduce((sum, v) => sum + v * v, 0) / symbols;
    const threshold = 0.35;
    const sent = sendOver(
      { gains: { path, intervalS: symbolS }, inversion: { name: "truncated", threshold } },
      symbols,
      true,
    );
    let below = 0;
    let inverse = 0;
    let spent = 0;
    for (let k = 0; k < symbols; k++) {
      const gain = (values[2 * k] ** 2 + values[2 * k + 1] ** 2) / power;
      if (gain < threshold) below++;
      else {
        inverse += 1 / gain;
        spent += (sent.x[2 * k] ** 2 + sent.x[2 * k + 1] ** 2) / gain;
      }
    }
    const rho = symbols / inverse;
    expect(sent.reception.erased).toBe(2 * below);
    expect(Math.abs(sent.reception.energy / (rho * spent) - 1)).toBeLessThan(1e-6);
    const kept = sent.reception.variances.find((v) => v < Infinity)!;
    expect(Math.abs(kept / (2.5 / 10 ** 0.6 / rho) - 1)).toBeLessThan(1e-6);
    // Energy follows |x|²/|h|², whose relative deviation is below 2 for this threshold.
    assertWithin(sent.reception.energy / sent.energy, 1, 2 / Math.sqrt(symbols));
  });

  test("a coarse record says so; one whose gains symbols meet exactly does not", () => {
    const { path } = gainsFile(symbols, 0.9);
    const notes = (intervalS: number) =>
      sendOver({ gains: { path, intervalS } }, 1000, true).link.notes;
    expect(notes(symbolS)).toEqual([]);
    expect(notes(2.5 * symbolS)?.[0]).toMatch(
      /gains\.npy: straight lines .* lose 3\.\d % of their/,
    );
  });

  test("a record that is too short: what is needed is named", () => {
    const { path } = gainsFile(1000, 0.9);
    const open = (gains: object, trial: number) =>
      sendOver({ gains: { path, intervalS: symbolS, ...gains } }, 600, true, trial);
    expect(() => open({}, 1)).toThrow(
      /gains\.npy: the record spans 0\.000999 s, and trial 1, which begins at 0\.0006 s, needs gains up to 0\.001199 s \(600 symbols at 1000000 per second\); .*channel\.gains\.wrap: true/,
    );
    open({ stepS: 399e-6 }, 1);
    // Every fifth symbol on the air is a pilot: 800 symbols need 1000 gains, 804 need 1005.
    const pilots = { name: "pilots", spacing: 5 };
    const withPilots = (symbols: number) =>
      sendOver({ gains: { path, intervalS: symbolS }, knowledge: pilots }, symbols, true);
    withPilots(800);
    expect(() => withPilots(804)).toThrow(/needs gains up to 0\.001004 s \(1005 symbols/);
    open({ wrap: true }, 1);
  });

  test("an impulse response is refused, a column of it is not", () => {
    const values = new Float64Array(12).map((_, k) => k + 1);
    const body = [...new Uint8Array(values.buffer)];
    const path = join(folderWith({ "taps.npy": npyBytes("<c16", [3, 2], body) }), "taps.npy");
    const gains = { path, intervalS: symbolS, normalize: false };
    expect(() => sendOver({ gains }, 3, true)).toThrow(/give the file to multipath-ofdm/);
    const { variances } = sendOver({ gains: { ...gains, column: 1 } }, 3, true).reception;
    expect(variances[2]).toBeCloseTo(2.5 / 10 ** 0.6 / (7 * 7 + 8 * 8), 6);
  });

  test("no gain above the threshold; a gain of 0", () => {
    const values = Float64Array.of(1, 0, 0, 0);
    const body = [...new Uint8Array(values.buffer)];
    const path = join(folderWith({ "zero.npy": npyBytes("<c16", [2], body) }), "zero.npy");
    const gains = { path, intervalS: symbolS };
    expect(() =>
      sendOver({ gains, inversion: { name: "truncated", threshold: 2.5 } }, 2, true),
    ).toThrow(/no gain has \|h\|² of at least channel\.inversion\.threshold = 2\.5/);
    expect(() => sendOver({ gains, inversion: "plain" }, 2, true)).toThrow(/holds a gain of 0/);
  });
});

describe("parameters", () => {
  const gains = { path: "h.npy", intervalS: 1e-3 };
  const problem = (params: object) => {
    const issue = recorded.params.safeParse({ snrDb: 6, ...params }).error?.issues[0];
    return issue && `${issue.path.join(".")}: ${issue.message}`;
  };

  test.each([
    [{}, "needs path (recorded noise) or gains (recorded gains)"],
    [{ path: "z.f32", gains }, "takes path (recorded noise) or gains (recorded gains), not both"],
    [{ gains, wrap: true }, "is for noise; for gains it is channel.gains.wrap"],
    [{ gains, normalize: true }, "is for noise; gains have channel.gains.normalize"],
    [{ gains, knowledge: "none" }, "none is not offered for recorded gains"],
    [{ gains, knowledge: "pilots" }, "spacing: is missing"],
    [{ gains, inversion: "plain", equalizer: "mmse" }, "plain leaves nothing to equalize"],
    [{ path: "z.f32", equalizer: "zf" }, "equalizer: goes with gains; recorded noise has none"],
    [{ path: "z.f32", wnrDb: 3 }, "takes one of snrDb, wnrDb and budget, not several"],
    [{ gains, wnrDb: 3 }, "takes one of snrDb, wnrDb and budget, not several"],
    [{ gains: { path: "h.npy" } }, "gains.intervalS: must be a finite number [s]"],
    [{ gains: { ...gains, column: -1 } }, "gains.column: "],
  ])("%o is refused", (params, message) => {
    expect(problem(params)).toContain(message);
  });

  test("the file that is read counts for provenance", () => {
    const files = (params: object) =>
      recorded.files?.(recorded.params.parse({ snrDb: 6, ...params }));
    expect(files({ gains })).toEqual(["h.npy"]);
    expect(files({ path: "z.f32" })).toEqual(["z.f32"]);
  });
});
