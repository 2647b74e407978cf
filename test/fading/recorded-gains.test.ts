import { join } from "node:path";
import { describe, expect, test } from "vitest";
import {
  type RecordedGainsOptions,
  recordedGains,
  recordedTaps,
} from "../../src/fading/recorded-gains.js";
import { RandomSource } from "../../src/kernel/index.js";
import { npyBytes } from "../files/npy-bytes.js";
import { folderWith } from "../files/temporary-folder.js";
import { assertWithin } from "../within.js";

let files = 0;

/** A record of these numbers (re, im, …) under a name of its own, for as long as the test runs. */
function recordFile(values: Float64Array, shape = [values.length / 2]): string {
  const name = `gains-${files++}.npy`;
  const bytes = npyBytes("<c16", shape, [...new Uint8Array(values.slice().buffer)]);
  return join(folderWith({ [name]: bytes }), name);
}

function gainsOf(
  path: string,
  options: RecordedGainsOptions,
  timeS: number,
  stepS: number,
  n: number,
) {
  const out = new Float32Array(2 * n);
  recordedGains(path, options).fill(timeS, stepS, out);
  return [...out];
}

const raw = { intervalS: 0.5, normalize: false };
const three = Float64Array.of(1, 2, 3, -4, 0, 6);

describe("values", () => {
  test("at its times a gain is that of the record, between them on the line", () => {
    const path = recordFile(three);
    expect(gainsOf(path, raw, 0, 0.5, 3)).toEqual([1, 2, 3, -4, 0, 6]);
    // 0.2 s and 0.7 s: 40 % of the way from the first to the second, from the second to the third.
    const [a, b, c, d] = gainsOf(path, raw, 0.2, 0.5, 2);
    expect(a).toBeCloseTo(1 + 0.4 * 2, 6);
    expect(b).toBeCloseTo(2 - 0.4 * 6, 6);
    expect(c).toBeCloseTo(3 - 0.4 * 3, 6);
    expect(d).toBeCloseTo(-4 + 0.4 * 10, 6);
    expect(gainsOf(path, { ...raw, startS: 0.5 }, 0, 0.5, 2)).toEqual([3, -4, 0, 6]);
  });

  test("packets in sequence meet what one long packet meets", () => {
    const path = recordFile(three);
    const whole = gainsOf(path, raw, 0, 0.0625, 17);
    const parts = [
      ...gainsOf(path, raw, 0, 0.0625, 5),
      ...gainsOf(path, raw, 5 * 0.0625, 0.0625, 12),
    ];
    expect(parts).toEqual(whole);
  });

  test("wrapped, the first gain follows the last", () => {
    const path = recordFile(three);
    const wrapped = gainsOf(path, { ...raw, wrap: true }, 1, 0.25, 4);
    expect(wrapped).toEqual([0, 6, 0.5, 4, 1, 2, 2, -1]);
  });

  test("normalized to a mean of 1: one column by itself, taps together", () => {
    // Two taps over three times, of mean powers 14.67 and 5.
    const values = Float64Array.of(1, 2, 1, 2, 3, -1, 2, 1, 5, 2, -1, 2);
    const path = recordFile(values, [3, 2]);
    const column = gainsOf(path, { ...raw, normalize: true, column: 1 } as never, 0, 0.5, 3);
    expect(column[0]).toBeCloseTo(1 / Math.sqrt(5), 6);
    expect(column[5]).toBeCloseTo(2 / Math.sqrt(5), 6);
    const scale = 1 / Math.sqrt((5 + 10 + 29) / 3 + 5);
    const taps = recordedTaps(path, { intervalS: 0.5 });
    const out = new Float32Array(6);
    taps[0].fill(0, 0.5, out);
    expect(out[2]).toBeCloseTo(3 * scale, 6);
    expect(out[5]).toBeCloseTo(2 * scale, 6);
    taps[1].fill(0, 0.5, out);
    expect(out[4]).toBeCloseTo(-1 * scale, 6);
    const power = taps.reduce((sum, tap) => sum + tap.correlation(3, 3)[0], 0);
    expect(power).toBeCloseTo(1, 12);
  });
});

/** h_i = a h_(i−1) e^jφ + √(1 − a²) w_i, w ~ CN(0, 3): E[h_(i+k) h_i*] = 3 a^k e^jφk. */
function autoregressive(times: number, a: number, phase: number): Float64Array {
  const random = new RandomSource(11).stream("process");
  const values = new Float64Array(2 * times);
  const draw = () => Math.sqrt(1.5) * random.normal();
  let re = draw();
  let im = draw();
  for (let i = 0; i < times; i++) {
    values[2 * i] = re;
    values[2 * i + 1] = im;
    const turned = a * (re * Math.cos(phase) - im * Math.sin(phase));
    im = a * (re * Math.sin(phase) + im * Math.cos(phase)) + Math.sqrt(1 - a * a) * draw();
    re = turned + Math.sqrt(1 - a * a) * draw();
  }
  return values;
}

describe("what the record tells", () => {
  const times = 100_000;
  const [a, phase] = [0.8, 0.3];
  const path = () => recordFile(autoregressive(times, a, phase));
  // Samples are correlated: about (1 − a²)/(1 + a²) of them are independent (Bartlett).
  const se = Math.sqrt((1 + a * a) / (1 - a * a) / times);

  test.each([1, 2, 5])("the correlation at lag %i is a^k e^jφk, and R(−τ) = R(τ)*", (lag) => {
    const gains = recordedGains(path(), { intervalS: 0.01 });
    const [re, im] = gains.correlation(4 + 0.01 * lag, 4);
    assertWithin(re, a ** lag * Math.cos(phase * lag), 1.5 * se);
    assertWithin(im, a ** lag * Math.sin(phase * lag), 1.5 * se);
    const back = gains.correlation(4, 4 + 0.01 * lag);
    expect(back[0]).toBeCloseTo(re, 12);
    expect(back[1]).toBeCloseTo(-im, 12);
    expect(gains.correlation(4, 4)[0]).toBeCloseTo(1, 12);
  });

  test("between whole lags the correlation is on the line", () => {
    const gains = recordedGains(path(), { intervalS: 0.01 });
    const [at1] = gains.correlation(0.01, 0);
    const [at2] = gains.correlation(0.02, 0);
    expect(gains.correlation(0.0125, 0)[0]).toBeCloseTo(0.75 * at1 + 0.25 * at2, 9);
  });

  test("lines lose (1 − Re R[1]/R[0])/3 of the power", () => {
    const file = path();
    const gains = recordedGains(file, { intervalS: 1 });
    const n = 400_000;
    const out = new Float32Array(2 * n);
    gains.fill(0, (times - 1.001) / n, out);
    let power = 0;
    for (const v of out) power += v * v;
    const theory = 1 - (1 - a * Math.cos(phase)) / 3;
    assertWithin(power / n, theory, 1.5 * se);
    assertWithin(1 - gains.interpolationLoss, theory, se);
  });

  test("mean, and mean of 1/|h|² above a threshold", () => {
    const gains = recordedGains(recordFile(Float64Array.of(2, 0, 0, 4, 1, 1)), {
      intervalS: 1,
    });
    const power = (4 + 16 + 2) / 3;
    const [re, im] = gains.mean(0);
    expect(re).toBeCloseTo(1 / Math.sqrt(power), 12);
    expect(im).toBeCloseTo(5 / 3 / Math.sqrt(power), 12);
    expect(gains.meanInverse(0.3)).toBeCloseTo((power / 4 + power / 16) / 3, 12);
    expect(gains.meanInverse(0)).toBeCloseTo((power / 4 + power / 16 + power / 2) / 3, 12);
  });
});

describe("bad input", () => {
  test("the record ends before the transmission does: what is needed is named", () => {
    const path = recordFile(three);
    expect(() => gainsOf(path, { ...raw, startS: 0.25 }, 0.5, 0.1, 4)).toThrow(
      /gains-\d+\.npy: the record ends 1 s after its first gain, and the transmission, which begins at 0\.25 s, needs gains up to 1\.05 s; .*channel\.gains\.wrap: true/,
    );
    expect(gainsOf(path, raw, 0.5, 0.25, 3)).toHaveLength(6);
  });

  test.each<[string, Float64Array, number[], RegExp]>([
    [
      "a cube",
      new Float64Array(16).fill(1),
      [2, 2, 2],
      /shape \(times\) or \(times, taps\).*got \(2, 2, 2\)/,
    ],
    ["one gain", Float64Array.of(1, 0), [1], /two times or more, got \(1\) of <c16/],
    ["not a number", Float64Array.of(1, 0, Number.NaN, 0), [2], /must be finite/],
    ["zeros", new Float64Array(4), [2], /all gains are 0/],
    [
      "two columns",
      new Float64Array(8).fill(1),
      [2, 2],
      /holds 2 gains at each time; .*channel\.gains\.column.*multipath-ofdm/,
    ],
  ])("%s", (_, values, shape, message) => {
    expect(() => recordedGains(recordFile(values, shape), raw)).toThrow(message);
  });

  test("a column that is not there; real numbers", () => {
    const path = recordFile(new Float64Array(8).fill(1), [2, 2]);
    expect(() => recordedGains(path, { ...raw, column: 2 })).toThrow(
      /there is no column 2: the record holds 2, counted from 0/,
    );
    const folder = folderWith({ "real.npy": npyBytes("<f4", [1], [0, 0, 0, 0]) });
    expect(() => recordedGains(join(folder, "real.npy"), raw)).toThrow(/must hold complex numbers/);
  });
});
