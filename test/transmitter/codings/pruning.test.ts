import { describe, expect, test } from "vitest";
import { binaryEntropy, pruning } from "../../../src/transmitter/codings/pruning.js";
import { assertWithin } from "../../within.js";
import {
  blockOf,
  encodeWith,
  gaussian,
  issuesOf,
  layout,
  sendCoded,
  threeTensors,
} from "./sending-coded.js";

/** log₂ C(n, k), term by term. */
function log2Binomial(n: number, k: number): number {
  let sum = 0;
  for (let i = 1; i <= k; i++) sum += Math.log2((n - k + i) / i);
  return sum;
}

const countKept = (variances: Float32Array, noise: number, first: number, size: number) =>
  variances
    .subarray(first, first + size)
    .reduce((n, v) => n + (v === Math.fround(noise) ? 1 : 0), 0);

test("global: the largest magnitudes of all arrive, the rest is 0 with its mean square as variance", () => {
  const weights = threeTensors();
  const keep = 0.3;
  const { block, decode } = encodeWith(
    pruning,
    { keep },
    blockOf(layout.entries.map(({ offset, size }) => weights.subarray(offset, offset + size))),
  );
  const count = Math.round(keep * weights.length);
  expect(block.values.length).toBe(count);
  const sorted = Float64Array.from(weights, Math.abs).sort().reverse();
  const noise = 0.01;
  const { r, noiseVariance } = decode({ r: block.values.slice(), noiseVariance: noise });
  const variances = noiseVariance as Float32Array;
  let wrong = 0;
  for (let k = 0; k < weights.length; k++) {
    const kept = Math.abs(weights[k]!) >= sorted[count - 1]!;
    if (r[k] !== (kept ? weights[k] : 0)) wrong++;
    if ((variances[k] === Math.fround(noise)) !== kept) wrong++;
  }
  expect(wrong).toBe(0);
  // tensor1 has the smallest weights: none of them is sent, and it has no span.
  expect(block.spans.map(({ tensor }) => tensor)).toEqual(["tensor0", "tensor2"]);
  expect(block.spans[1]).toEqual({
    tensor: "tensor2",
    first: block.spans[0]!.size,
    size: count - block.spans[0]!.size,
  });
});

test("Gaussian weights: what is pruned has the mean square of a normal within ±t", () => {
  const n = 60_000;
  const deviation = 0.3;
  const { decode, block } = encodeWith(
    pruning,
    { keep: 0.4 },
    blockOf([gaussian("w", n, deviation)]),
  );
  const { noiseVariance } = decode({ r: block.values.slice(), noiseVariance: 0.25 });
  const stated = (noiseVariance as Float32Array).find((v) => v !== 0.25)!;
  // 60 % lie within t = 0.841621 σ; the mean square there is σ² (1 − 2 t φ(t) / 0.6).
  const t = 0.8416212335729143;
  const density = Math.exp((-t * t) / 2) / Math.sqrt(2 * Math.PI);
  const theory = deviation ** 2 * (1 - (2 * t * density) / 0.6);
  // Squares there lie between 0 and t²: their deviation is below t²/2.
  assertWithin(stated, theory, (deviation ** 2 * t * t) / 2 / Math.sqrt(0.6 * n));
});

describe("the mask is paid for", () => {
  const big = blockOf([gaussian("a", 3000, 2), gaussian("b", 500, 0.1), gaussian("c", 1700, 1)]);
  const counts = (spans: readonly { tensor: string; size: number }[]) =>
    big.spans.map(({ tensor }) => spans.find((s) => s.tensor === tensor)?.size ?? 0);

  test.each(["global", "tensor"])("%s: within a few bits of log2 C(n, k) per tensor", (scope) => {
    const { block, sideBits } = encodeWith(pruning, { keep: 0.3, scope }, big);
    const kept = counts(block.spans);
    const perTensor = big.spans.map(({ size }, i) => {
      const numbers = scope === "global" ? Math.ceil(Math.log2(size + 1)) : 0;
      return { least: log2Binomial(size, kept[i]!) + numbers + 32, size };
    });
    const least = perTensor.reduce((sum, { least }) => sum + least, 0);
    expect(sideBits).toBeGreaterThanOrEqual(least);
    // n H₂ is above log₂ C(n, k) by at most log₂(n + 1), and one bit is rounded up.
    const slack = perTensor.reduce((sum, { size }) => sum + Math.log2(size + 1) + 1, 0);
    expect(sideBits).toBeLessThan(least + slack);
  });

  test("and adds to energy and airtime of a transmission", () => {
    const sent = sendCoded([{ name: "pruning", keep: 0.1, scope: "tensor" }], {
      transmitter: { sideBitsPerSymbol: 2 },
    });
    const kept = layout.entries.reduce((sum, { size }) => sum + Math.round(0.1 * size), 0);
    expect(sent.airtimeS).toBeCloseTo((kept + Math.ceil(sent.sideBits / 2)) / 1e6, 9);
    // n H₂(0.1), and a number for each of three tensors.
    expect(sent.sideBits / (0.4689956 * layout.size + 3 * 32)).toBeCloseTo(1, 4);
    expect(sent.energy).toBeCloseTo(kept + Math.ceil(sent.sideBits / 2), -1);
  });

  test("H₂", () => {
    expect(binaryEntropy(0.5)).toBe(1);
    expect(binaryEntropy(0.11)).toBeCloseTo(0.499916, 6);
    expect([binaryEntropy(0), binaryEntropy(1)]).toEqual([0, 0]);
  });
});

test("tensor: the same share of each, at least one", () => {
  const block = blockOf([gaussian("a", 1000, 2), gaussian("b", 500, 0.1), [0.5, -0.25]]);
  const coded = encodeWith(pruning, { keep: 0.2, scope: "tensor" }, block);
  expect(coded.block.spans.map(({ size }) => size)).toEqual([200, 100, 1]);
  expect(coded.block.values[300]).toBe(0.5);
});

test("of equal magnitudes the first are kept, and exactly as many as asked for", () => {
  const { block, decode } = encodeWith(pruning, { keep: 0.5 }, blockOf([[1, -2, 2, 2, -2, 0]]));
  expect(Array.from(block.values)).toEqual([-2, 2, 2]);
  const larger = encodeWith(pruning, { keep: 0.5 }, blockOf([[-2, 2, 3, 1, 0, 2]]));
  expect(Array.from(larger.block.values)).toEqual([-2, 2, 3]);
  const { r, noiseVariance } = decode({
    r: Float32Array.of(-2.5, 3, 1),
    noiseVariance: Float32Array.of(0.5, Infinity, 0.25),
  });
  expect(Array.from(r)).toEqual([0, -2.5, 3, 1, 0, 0]);
  const rest = Math.fround((1 + 4 + 0) / 3);
  expect(Array.from(noiseVariance as Float32Array)).toEqual([
    rest,
    0.5,
    Infinity,
    0.25,
    rest,
    rest,
  ]);
});

test("keeping all costs neither mask nor error", () => {
  const { block, sideBits } = encodeWith(
    pruning,
    { keep: 1, scope: "tensor" },
    blockOf([gaussian("a", 100)]),
  );
  expect(sideBits).toBe(0);
  expect(block.values.length).toBe(100);
  const variances = sendCoded([{ name: "pruning", keep: 1 }], { snrDb: 9 }).observation
    .noiseVariance as Float32Array;
  expect(countKept(variances, variances[0]!, 0, layout.size)).toBe(layout.size);
});

test("a share of nothing, or of more than all, is an error", () => {
  expect(issuesOf(pruning as never, { keep: 0 })).toContain(">0");
  expect(issuesOf(pruning as never, { keep: 1.2 })).toContain("<=1");
});

test("a mask that takes more symbols than the weights kept is said in the results", () => {
  const notes = (keep: number) => sendCoded([{ name: "pruning", keep }]).notes;
  expect(notes(0.5)).toEqual([
    expect.stringMatching(
      /^the side information of transmitter\.code takes more symbols \([\d,]+\) than/,
    ),
  ]);
  expect(notes(0.99)).toEqual([]);
});
