import { describe, expect, test } from "vitest";
import { channels } from "../../../channels/index.js";
import { RandomSource } from "../../../src/kernel/index.js";
import { linearCode } from "../../../src/transmitter/codings/linear-code.js";
import { tightFrame } from "../../../src/transmitter/codings/tight-frame.js";
import { assertWithin } from "../../within.js";
import {
  blockOf,
  encodeWith,
  errorOf,
  gaussian,
  issuesOf,
  layout,
  observe,
  sendCoded,
  sizes,
} from "./sending-coded.js";

const tensors = [0, 1, 2];
const stream = (name: string) => new RandomSource(12).stream(name);

/** Noise variances that differ by a factor of 100, some symbols lost. */
function uneven(name: string, size: number, lossRate: number, scale = 1): Float32Array {
  const random = stream(name);
  return Float32Array.from({ length: size }, () =>
    random.uniform() < lossRate ? Infinity : scale * 100 ** (random.uniform() - 1),
  );
}

/** Mean of z² = (r − w)² / variance, which is 1, over what is not lost; and what is lost. */
function standardized(r: Float32Array, stated: Float32Array, values: Float32Array) {
  let [sum, squares, arrived, lost] = [0, 0, 0, 0];
  for (let k = 0; k < values.length; k++) {
    if (stated[k] === Infinity) {
      lost++;
      continue;
    }
    const z = (r[k]! - values[k]!) ** 2 / stated[k]!;
    sum += z;
    squares += z * z;
    arrived++;
  }
  const average = sum / arrived;
  const deviation = Math.sqrt(squares / arrived - average ** 2);
  return { average, deviation, arrived, lost };
}

describe("the frame", () => {
  test.each([
    [32, 16],
    [64, 43],
    [8, 8],
  ])("%d x %d has orthonormal columns, and rows of squared length k/n", (n, k) => {
    const { f } = tightFrame(n, k, stream("frame"));
    let worst = 0;
    for (let a = 0; a < k; a++) {
      for (let b = 0; b < k; b++) {
        let dot = 0;
        for (let j = 0; j < n; j++) dot += f[j * k + a]! * f[j * k + b]!;
        worst = Math.max(worst, Math.abs(dot - (a === b ? 1 : 0)));
      }
    }
    expect(worst).toBeLessThan(1e-12);
    for (let j = 0; j < n; j++) {
      const length = f.subarray(j * k, j * k + k).reduce((sum, v) => sum + v * v, 0);
      expect(length).toBeCloseTo(k / n, 12);
    }
  });

  test("is the same at both ends, and another one for another name", () => {
    const signs = (name: string) => tightFrame(16, 8, stream(name)).f.map(Math.sign).join();
    expect(signs("a")).toBe(signs("a"));
    expect(signs("a")).not.toBe(signs("b"));
  });
});

test.each([
  [1 / 2, 16],
  [2 / 3, 21],
  [1, 32],
])("white noise: rate %d has the error of no code at equal energy", (rate, k) => {
  const snrDb = 7;
  const plain = sendCoded([], { snrDb });
  const coded = sendCoded([{ name: "linear-code", rate }], {
    snrDb: snrDb + 10 * Math.log10(k / 32),
  });
  for (const t of tensors) {
    const { measured, stated } = errorOf(coded, t);
    // The last block holds fewer values than symbols' energy is shared among: below 1e-3 of all.
    expect(stated / errorOf(plain, t).stated).toBeCloseTo(1, 2);
    assertWithin(measured, stated, stated * Math.sqrt(2 / sizes[t]!));
  }
  const symbols = Math.ceil(layout.size / k) * 32;
  expect(coded.airtimeS).toBeCloseTo((symbols + 3 * 32) / 1e6, 9);
  expect(coded.sideBits).toBe(3 * 32);
});

/** Solves A x = b by Gaussian elimination with pivoting: another way than the code's. */
function eliminate(a: number[][], b: number[]): number[] {
  const n = b.length;
  const rows = a.map((row, i) => [...row, b[i]!]);
  for (let c = 0; c < n; c++) {
    const pivot = rows
      .slice(c)
      .reduce((p, row, i) => (Math.abs(row[c]!) > Math.abs(rows[p]![c]!) ? c + i : p), c);
    [rows[c], rows[pivot]] = [rows[pivot]!, rows[c]!];
    for (let i = 0; i < n; i++) {
      if (i === c) continue;
      const factor = rows[i]![c]! / rows[c]![c]!;
      for (let j = c; j <= n; j++) rows[i]![j]! -= factor * rows[c]![j]!;
    }
  }
  return rows.map((row, i) => row[n]! / row[i]!);
}

describe("uneven noise and losses", () => {
  const values = gaussian("values", 24);
  const params = { rate: 3 / 8, block: 16, decoder: "least-squares" }; // 6 of 16, four blocks

  test("least squares: (FᵀV⁻¹F)⁻¹ FᵀV⁻¹ y and the diagonal of (FᵀV⁻¹F)⁻¹, by another solver", () => {
    const { block, decode, sideBits } = encodeWith(linearCode, params, blockOf([values]));
    expect(sideBits).toBe(0);
    // F from the code itself: one unit value at a time.
    const f = Array.from({ length: 6 }, (_, i) => {
      const unit = new Float32Array(24);
      unit[i] = 1;
      const { values: column } = encodeWith(linearCode, params, blockOf([unit])).block;
      return Array.from({ length: 16 }, (_, j) => column[j * 4]!); // symbol j of block 0
    });
    const variances = uneven("ls", 64, 0.3, 0.5);
    const observed = observe(block.values, variances, stream("ls noise"));
    const y = observed.r.slice();
    const { r, noiseVariance } = decode(observed);
    const certainty = Array.from({ length: 16 }, (_, j) => 1 / variances[j * 4]!);
    const a = f.map((x) => f.map((z) => x.reduce((s, xj, j) => s + xj * z[j]! * certainty[j]!, 0)));
    const b = f.map((x) => x.reduce((s, xj, j) => s + xj * y[j * 4]! * certainty[j]!, 0));
    eliminate(a, b).forEach((w, i) => {
      expect(r[i]).toBeCloseTo(w, 4);
    });
    for (let i = 0; i < 6; i++) {
      const unit = b.map((_, l) => (l === i ? 1 : 0));
      expect((noiseVariance as Float32Array)[i]! / eliminate(a, unit)[i]!).toBeCloseTo(1, 5);
    }
  });

  test.each(["least-squares", "mmse"])(
    "%s: the variance stated is that of the error",
    (decoder) => {
      const many = [gaussian("a", 20_000, 2), gaussian("b", 12_345, 0.3)];
      const coding = { rate: 1 / 2, decoder };
      const { block, decode } = encodeWith(linearCode, coding, blockOf(many));
      const variances = uneven("v", block.values.length, 0.2, 0.5);
      const { r, noiseVariance } = decode(observe(block.values, variances, stream("n")));
      const original = blockOf(many).values;
      const { average, deviation, arrived, lost } = standardized(
        r,
        noiseVariance as Float32Array,
        original,
      );
      // Errors within a block are correlated: count blocks of 16, not values.
      assertWithin(average, 1, deviation / Math.sqrt(arrived / 16));
      // 20 % of 32 symbols missing leaves 16 values solvable nearly always.
      expect(lost / original.length).toBeLessThan(0.01);
    },
  );

  test("mmse is unbiased, value by value, and no worse than least squares", () => {
    const value = 1.7;
    const size = 30_000;
    // One value in 16 is the same; the others are random, as the prior has it.
    const data = gaussian("prior", size, 1.3).map((w, k) => (k % 16 === 5 ? value : w));
    const worth = (decoder: string) => {
      const { block, decode } = encodeWith(linearCode, { rate: 1 / 2, decoder }, blockOf([data]));
      const variances = uneven("mmse", block.values.length, 0.4, 2);
      const { r, noiseVariance } = decode(observe(block.values, variances, stream("mmse noise")));
      const stated = noiseVariance as Float32Array;
      let certainty = 0;
      let sum = 0;
      for (let k = 5; k < size; k += 16) {
        certainty += 1 / stated[k]!;
        sum += (r[k]! - value) / stated[k]!;
      }
      return { certainty, bias: sum / certainty };
    };
    const mmse = worth("mmse");
    assertWithin(mmse.bias, 0, Math.sqrt(1 / mmse.certainty));
    expect(mmse.certainty).toBeGreaterThan(worth("least-squares").certainty);
  });

  test("rate 1: the mean error of mmse is the mean of 1 / (1/v + 1/Ω) over symbols, exactly", () => {
    // The trace of (FᵀV⁻¹F + I/Ω)⁻¹ for square F: eigenvalues 1 / v + 1 / Ω.
    const data = gaussian("rotation", 640, 0.8);
    const { block, decode } = encodeWith(linearCode, { rate: 1 }, blockOf([data]));
    const variances = uneven("rotation", 640, 0.25, 3);
    const { noiseVariance } = decode(observe(block.values, variances, stream("rotation")));
    const omega = data.reduce((sum, w) => sum + w * w, 0) / 640;
    const stated = noiseVariance as Float32Array;
    const error = (v: number) => 1 / (1 / v + 1 / omega); // an observation's worth to whom knows Ω
    const got = stated.reduce((sum, v) => sum + error(v), 0);
    const theory = variances.reduce((sum, v) => sum + error(v), 0);
    expect(got / theory).toBeCloseTo(1, 5);
    expect(stated.every(Number.isFinite)).toBe(true); // a fourth is lost, and no value is
  });

  test("least squares: a rotation with a symbol lost cannot be solved, and is lost", () => {
    const coding = { rate: 1, block: 8, decoder: "least-squares" };
    const { block, decode } = encodeWith(linearCode, coding, blockOf([gaussian("w", 16)]));
    const variances = new Float32Array(16).fill(0.1);
    variances[6] = Infinity; // symbol 3 of block 0
    const { r, noiseVariance } = decode(observe(block.values, variances, stream("lost")));
    const stated = noiseVariance as Float32Array;
    expect(Array.from(stated.subarray(0, 8))).toEqual(new Array(8).fill(Infinity));
    expect(stated[8]).toBeCloseTo(0.1, 6);
    expect(r.every(Number.isFinite)).toBe(true);
  });
});

test("losses without noise: exact while as many symbols as values are left", () => {
  const data = gaussian("exact", 3200, 0.4);
  for (const decoder of ["mmse", "least-squares"]) {
    const { block, decode } = encodeWith(linearCode, { rate: 1 / 2, decoder }, blockOf([data]));
    const variances = new Float32Array(block.values.length);
    const random = stream("erasures");
    for (let k = 0; k < variances.length; k++) if (random.uniform() < 0.15) variances[k] = Infinity;
    const { r, noiseVariance } = decode(observe(block.values, variances, stream("none")));
    const stated = noiseVariance as Float32Array;
    const worst = r.reduce((most, w, k) => Math.max(most, Math.abs(w - data[k]!)), 0);
    expect(worst).toBeLessThan(1e-4);
    expect(stated.every((v) => v >= 0 && v < 1e-6)).toBe(true);
  }
});

test("everything lost is lost, and a tensor of zeros has a finite variance", () => {
  for (const decoder of ["mmse", "least-squares"]) {
    const { block, decode } = encodeWith(
      linearCode,
      { rate: 1 / 2, block: 8, decoder },
      blockOf([gaussian("a", 40), new Float32Array(30)]),
    );
    const size = block.values.length;
    const lost = decode(observe(block.values, new Float32Array(size).fill(Infinity), stream("x")));
    expect((lost.noiseVariance as Float32Array).every((v) => v === Infinity)).toBe(true);
    const some = decode(observe(block.values, uneven("zeros", size, 0), stream("y")));
    expect((some.noiseVariance as Float32Array).every((v) => v > 0 && v < Infinity)).toBe(true);
    expect(some.r.every(Number.isFinite)).toBe(true);
  }
});

describe("pruning, power allocation and a linear code, one behind the other", () => {
  const code = [
    { name: "pruning", keep: 0.6, scope: "tensor" },
    { name: "power-allocation", by: "variance" },
    { name: "linear-code", rate: 1 / 2 },
  ];

  test.each([
    ["white noise", { snrDb: 4 }, "awgn"],
    [
      "losses and noise",
      {
        links: [
          { name: "erasure", lossRate: 0.3 },
          { name: "awgn", snrDb: 4 },
        ],
      },
      "chain",
    ],
  ])("%s: in every tensor the variance stated is that of the error", (_, channelParams, name) => {
    const sent = sendCoded(code, {
      channelParams,
      channel: channels.find((channel) => channel.name === name) as never,
      transmitter: { packetSymbols: 512 },
    });
    const stated = sent.observation.noiseVariance as Float32Array;
    for (const t of tensors) {
      const { offset, size } = layout.entries[t]!;
      const [from, to] = [offset, offset + size];
      const { average, deviation, arrived, lost } = standardized(
        sent.r.subarray(from, to),
        stated.subarray(from, to),
        sent.weights.subarray(from, to),
      );
      expect(lost).toBeLessThan(0.02 * size);
      assertWithin(average, 1, deviation / Math.sqrt(arrived / 16));
      const zeros = sent.r.subarray(from, to).reduce((n, w) => n + (w === 0 ? 1 : 0), 0);
      expect(zeros).toBeGreaterThanOrEqual(size - Math.round(0.6 * size));
    }
    const kept = sizes.reduce((sum, size) => sum + Math.round(0.6 * size), 0);
    const mask = sizes.reduce((sum, size) => sum + Math.ceil(0.970951 * size), 0);
    expect(Math.abs(sent.sideBits - (mask + 9 * 32))).toBeLessThan(3);
    expect(sent.airtimeS).toBeCloseTo((Math.ceil(kept / 16) * 32 + sent.sideBits) / 1e6, 9);
  });
});

test("rates and blocks that make no code", () => {
  const issues = (params: object) => issuesOf(linearCode as never, params);
  expect(issues({ rate: 1.5 })).toContain("<=1");
  expect(issues({ rate: 0 })).toContain(">0");
  expect(issues({ rate: 0.5, block: 24 })).toBe("must be a power of two");
  expect(() => encodeWith(linearCode, { rate: 0.02 }, blockOf([[1, 2]]))).toThrow(
    "transmitter.code.linear-code.rate must be at least 0.03125 for blocks of 32 symbols, got 0.02",
  );
});
