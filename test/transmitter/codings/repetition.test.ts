import { describe, expect, test } from "vitest";
import { erasure } from "../../../channels/erasure.js";
import { RandomSource } from "../../../src/kernel/index.js";
import { repetition } from "../../../src/transmitter/codings/repetition.js";
import { assertWithin } from "../../within.js";
import {
  blockOf,
  encodeWith,
  errorOf,
  gaussian,
  issuesOf,
  layout,
  sendCoded,
  sizes,
} from "./sending-coded.js";

const tensors = [0, 1, 2];
const weights = layout.size;

test("white noise: c copies at 1/c of the energy each are worth what one is", () => {
  const once = sendCoded([], { snrDb: 7 });
  const twice = sendCoded([{ name: "repetition", copies: 2 }], { snrDb: 7 - 10 * Math.log10(2) });
  for (const t of tensors) {
    const { measured, stated } = errorOf(twice, t);
    expect(stated / errorOf(once, t).stated).toBeCloseTo(1, 5);
    assertWithin(measured, stated, stated * Math.sqrt(2 / sizes[t]!));
  }
  // Energy is counted in units of a symbol's, which is half as much here.
  expect(twice.energy / 2).toBeCloseTo(once.energy, -1);
  expect(twice.airtimeS).toBeCloseTo(2 * once.airtimeS, 9);
  expect(twice.sideBits).toBe(0);
});

test("copies lie apart: of independent packets with loss rate p a share p^c of the weights is lost", () => {
  const lossRate = 0.3;
  const packet = 16;
  for (const copies of [2, 3]) {
    const sent = sendCoded([{ name: "repetition", copies }], {
      channel: erasure as never,
      channelParams: { lossRate },
      transmitter: { packetSymbols: packet },
    });
    const variances = sent.observation.noiseVariance as Float32Array;
    const lost = variances.reduce((count, v) => count + (v === Infinity ? 1 : 0), 0) / weights;
    const theory = lossRate ** copies;
    // Weights of one packet are lost together: at most `packet` of them.
    assertWithin(lost, theory, Math.sqrt((theory * (1 - theory) * packet) / weights));
    const kept = [...variances.keys()].filter((k) => variances[k] !== Infinity);
    const largest = kept.reduce(
      (most, k) => Math.max(most, Math.abs(sent.r[k]! - sent.weights[k]!)),
      0,
    );
    expect(largest).toBeLessThan(1e-6);
  }
});

describe("combining two copies with noise of different variance", () => {
  const { block, decode } = encodeWith(repetition, { copies: 2 }, blockOf([[5, -3, 2, 7]]));

  test("all copies of all values come one after another, under the names of their tensors", () => {
    expect(Array.from(block.values)).toEqual([5, -3, 2, 7, 5, -3, 2, 7]);
    expect(block.spans).toEqual([
      { tensor: "tensor0", first: 0, size: 4 },
      { tensor: "tensor0", first: 4, size: 4 },
    ]);
  });

  test("of several tensors too: the second copies begin where all first ones end", () => {
    const several = encodeWith(
      repetition,
      { by: "tensors", tensors: ["tensor0", "tensor2"], copies: 3 },
      blockOf([[1, 2], [3], [4]]),
    );
    expect(Array.from(several.block.values)).toEqual([1, 2, 3, 4, 1, 2, 4, 1, 2, 4]);
    expect(several.block.spans.map(({ tensor }) => tensor.slice(-1)).join("")).toBe("0120202");
  });

  test("is by inverse variance; exact copies count alone, lost ones not at all", () => {
    const { r, noiseVariance } = decode({
      r: Float32Array.of(4, -1, 2, 99, 7, -3, 5, 98),
      noiseVariance: Float32Array.of(0.5, Infinity, 0, Infinity, 0.25, 0.7, 0.2, Infinity),
    });
    expect(r[0]).toBeCloseTo((4 * 2 + 7 * 4) / 6, 6);
    expect(Array.from(r.subarray(1, 3))).toEqual([-3, 2]);
    const variances = noiseVariance as Float32Array;
    expect(variances[0]).toBeCloseTo(1 / 6, 6);
    expect(variances[1]).toBeCloseTo(0.7, 6);
    expect(variances[2]).toBe(0);
    expect(variances[3]).toBe(Infinity);
    expect(Number.isFinite(r[3])).toBe(true);
  });

  test("the variance stated is that of the error, and the least there is", () => {
    const size = 20_000;
    const coded = encodeWith(repetition, { copies: 3 }, blockOf([gaussian("w", size, 2)]));
    const variances = Float32Array.from({ length: 3 * size }, (_, k) => [0.3, 1.7, 5][k % 3]!);
    const y = gaussian("n", 3 * size).map(
      (n, k) => coded.block.values[k]! + n * variances[k]! ** 0.5,
    );
    const stated = variances.slice();
    const { r, noiseVariance } = coded.decode({ r: y, noiseVariance: stated });
    const error = r.map((v, k) => (v - coded.block.values[k]!) ** 2);
    const measured = error.reduce((a, b) => a + b, 0) / size;
    // size is no multiple of 3, so every value meets each of the three once.
    const theory = 1 / (1 / 0.3 + 1 / 1.7 + 1 / 5);
    assertWithin(measured, theory, theory * Math.sqrt(2 / size));
    expect((noiseVariance as Float32Array)[7]).toBeCloseTo(theory, 5);
  });
});

describe("by tensors", () => {
  const code = (more: object) => [{ name: "repetition", by: "tensors", tensors: ["*1"], ...more }];

  test("those that match get copies, the others one; noise goes down by as much", () => {
    const sent = sendCoded(code({ copies: 4 }), { snrDb: 7 });
    const [one, four, other] = tensors.map((t) => errorOf(sent, t));
    expect(one!.stated / four!.stated).toBeCloseTo(4, 5);
    expect(other!.stated).toBeCloseTo(one!.stated, 9);
    assertWithin(four!.measured, four!.stated, four!.stated * Math.sqrt(2 / sizes[1]!));
    expect(sent.sideBits).toBe(0);
    expect(sent.airtimeS).toBeCloseTo((weights + 3 * sizes[1]!) / 1e6, 9);
  });

  test("as often as the budget allows", () => {
    // 1.25 x 100,001 leaves room for two more of 10,000.
    const sent = sendCoded(code({ expansion: 1.25 }));
    expect(sent.airtimeS).toBeCloseTo((weights + 2 * sizes[1]!) / 1e6, 9);
  });

  test("errors name what was meant, and what is needed", () => {
    expect(() => sendCoded([{ ...code({ copies: 2 })[0], tensors: ["tenser1"] }])).toThrow(
      'transmitter.code.repetition.tensors: no tensor that is sent matches "tenser1"; the nearest is "tensor1"',
    );
    expect(() => sendCoded(code({ expansion: 1.05 }))).toThrow(
      "repetition.expansion must be at least 1.1 so that",
    );
  });
});

describe("by sensitivity", () => {
  const size = 10;
  const worth = [3, 700, -5, 90, 250];
  const sensitivities = new Map(worth.map((s, i) => [`tensor${i}`, s]));
  const block = blockOf(worth.map((_, i) => gaussian(`tensor ${i}`, size)));
  const countsOf = (expansion: number) => {
    const coded = encodeWith(repetition, { by: "sensitivity", expansion }, block, {
      sensitivities,
    });
    expect(coded.sideBits).toBe(8 * worth.length);
    return worth.map(
      (_, i) => coded.block.spans.filter(({ tensor }) => tensor === `tensor${i}`).length,
    );
  };
  const growth = (counts: readonly number[]) =>
    counts.reduce((sum, c, i) => sum + (size * Math.max(0, worth[i]!)) / c, 0);

  test.each([1.2, 1.6, 2.4, 4])(
    "expansion %d: no other shares have less Σ s n / c",
    (expansion) => {
      const counts = countsOf(expansion);
      const most = Math.floor(expansion * worth.length); // tensors' worth of symbols
      expect(counts.reduce((a, b) => a + b, 0)).toBeLessThanOrEqual(most);
      let best = Infinity;
      const search = (chosen: number[], left: number): void => {
        if (chosen.length === worth.length) {
          best = Math.min(best, growth(chosen));
          return;
        }
        const others = worth.length - chosen.length - 1;
        for (let c = 1; c <= left - others; c++) search([...chosen, c], left - c);
      };
      search([], most);
      expect(growth(counts) / best).toBeCloseTo(1, 12);
    },
  );

  test("a budget that no tensor fits into is an error", () => {
    expect(() => countsOf(1.1)).toThrow(
      "repetition.expansion leaves room for 5 more values, and no tensor",
    );
  });
});

test("keys that do not go together", () => {
  const issues = (params: object) => issuesOf(repetition as never, params);
  expect(issues({ copies: 2 })).toBe("");
  expect(issues({ by: "all" })).toBe("takes copies, and no expansion, with by: all");
  expect(issues({ copies: 2, tensors: ["*"] })).toBe("takes tensors with by: tensors");
  expect(issues({ by: "tensors", tensors: ["*"] })).toBe(
    "takes either copies or expansion with by: tensors",
  );
  expect(issues({ by: "sensitivity", copies: 2 })).toBe(
    "takes expansion, and no copies, with by: sensitivity",
  );
  expect(issues({ by: "sensitivity", expansion: 0.8 })).toContain(">1");
  expect(issues({ copies: 1 })).toContain(">=2");
});

test("the same copies whatever the random source says", () => {
  const block = blockOf([gaussian("w", 50)]);
  const a = encodeWith(repetition, { copies: 2 }, block);
  const b = encodeWith(repetition, { copies: 2 }, block, { random: new RandomSource(8) });
  expect(a.block.values.every((v, k) => v === b.block.values[k])).toBe(true);
});
