import { describe, expect, test } from "vitest";
import { RandomSource } from "../../../src/kernel/index.js";
import type { Coding } from "../../../src/transmitter/coding.js";
import { codings } from "../../../src/transmitter/codings/index.js";
import { blockOf, encodeWith, gaussian, issuesOf } from "./sending-coded.js";

/** Parameters of every code; several where it has several ways. */
const settings: Readonly<Record<string, readonly object[]>> = {
  "power-allocation": [{ by: "equal" }, { by: "variance" }, { by: "sensitivity" }],
  repetition: [
    { copies: 3 },
    { by: "tensors", tensors: ["*1", "tensor3"], copies: 2 },
    { by: "sensitivity", expansion: 1.7 },
  ],
  pruning: [{ keep: 1 }, { keep: 0.4 }, { keep: 0.4, scope: "tensor" }],
  companding: [{ law: "mu", mu: 87.6 }, { law: "optimal" }],
  "linear-code": [
    { rate: 2 / 3 },
    { rate: 1, block: 64 },
    { rate: 1 / 2, decoder: "least-squares" },
  ],
};

const tensors = [gaussian("a", 777, 2), gaussian("b", 100, 0.01), new Float32Array(20), [0.5]];
const sensitivities = new Map([
  ["tensor0", 3],
  ["tensor1", 40],
  ["tensor2", 0],
  ["tensor3", 5],
]);
const cases = (codings as readonly unknown[] as readonly Coding[]).flatMap((coding) =>
  (settings[coding.name] ?? []).map(
    (params) => [`${coding.name} ${JSON.stringify(params)}`, coding, params] as const,
  ),
);

test("every code is tried here", () => {
  expect(codings.map(({ name }) => name).sort()).toEqual(Object.keys(settings).sort());
});

describe.each(cases)("%s", (_, coding, params) => {
  const encoded = () => encodeWith(coding, params, blockOf(tensors), { sensitivities });

  test("leaves the values it is given as they are, and does the same each time", () => {
    const block = blockOf(tensors);
    const first = encodeWith(coding, params, block, { sensitivities });
    const original = blockOf(tensors);
    expect(block.values.every((w, k) => w === original.values[k])).toBe(true);
    const again = encodeWith(coding, params, block, { sensitivities });
    expect(again.sideBits).toBe(first.sideBits);
    expect(again.block.values.every((x, k) => x === first.block.values[k])).toBe(true);
  });

  test("spans follow one another without gaps and hold something", () => {
    const { spans, values } = encoded().block;
    let next = 0;
    for (const { first, size } of spans) {
      expect(first).toBe(next);
      expect(size).toBeGreaterThan(0);
      next += size;
    }
    expect(next).toBe(values.length);
  });

  test("side information is a whole number of bits, 0 or more", () => {
    const { sideBits } = encoded();
    expect(Number.isInteger(sideBits) && sideBits >= 0).toBe(true);
  });

  test("without noise the values that were sent come back, the others as their own mean square says", () => {
    const { block, decode } = encoded();
    const { r, noiseVariance } = decode({ r: block.values.slice(), noiseVariance: 0 });
    const { values } = blockOf(tensors);
    expect(r.length).toBe(values.length);
    let wrong = 0;
    for (let k = 0; k < values.length; k++) {
      const stated = typeof noiseVariance === "number" ? noiseVariance : noiseVariance[k]!;
      const error = Math.abs(r[k]! - values[k]!);
      if (stated === 0 ? error > 1e-5 * Math.abs(values[k]!) + 1e-6 : r[k] !== 0) wrong++;
    }
    expect(wrong).toBe(0);
  });

  test("what never arrived has infinite variance, and everything else is finite", () => {
    const { block, decode } = encoded();
    const size = block.values.length;
    const decoded = decode({
      r: new Float32Array(size).fill(0.1),
      noiseVariance: new Float32Array(size).fill(Infinity),
    });
    const stated = decoded.noiseVariance as Float32Array;
    expect(decoded.r.every(Number.isFinite)).toBe(true);
    const arrived = stated.filter((v) => v !== Infinity).length;
    const { keep } = params as { keep?: number };
    // Pruned weights are known to be small.
    expect(arrived).toBe(
      keep === undefined ? 0 : blockOf(tensors).values.length - block.values.length,
    );

    const random = new RandomSource(1).stream("mixed");
    const mixed = decode({
      r: block.values.slice(),
      noiseVariance: Float32Array.from({ length: size }, () =>
        random.uniform() < 0.3 ? Infinity : random.uniform() < 0.2 ? 0 : 10 * random.uniform(),
      ),
    });
    expect(mixed.r.every(Number.isFinite)).toBe(true);
    expect((mixed.noiseVariance as Float32Array).every((v) => v >= 0)).toBe(true);
  });

  test("a misspelled key is an error", () => {
    expect(issuesOf(coding, { ...params, kepe: 1 })).toContain("kepe");
  });
});
