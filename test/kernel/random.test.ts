import { describe, expect, test } from "vitest";
import { EDGES, HEIGHTS, LAYERS, R, V } from "../../src/kernel/normal-table.js";
import { RandomSource, type RandomStream } from "../../src/kernel/random.js";
import { assertWithin } from "../within.js";

const stream = (name: string, seed: number | string = 2024) => new RandomSource(seed).stream(name);
const normals = (n: number, name: string) => {
  const out = new Float32Array(n);
  stream(name).fillNormal(out);
  return out;
};
const draws = (random: RandomStream, n: number) =>
  Array.from({ length: n }, () => random.uniform());

/** P(Z > z) of a standard normal by its continued fraction: Abramowitz & Stegun 26.2.14. */
function upperTail(z: number): number {
  let fraction = 0;
  for (let k = 300; k >= 1; k--) fraction = k / (z + fraction);
  return Math.exp((-z * z) / 2) / Math.sqrt(2 * Math.PI) / (z + fraction);
}

/** Φ(z), by the series A&S 26.2.11 where it is short, by the tail beyond. */
function normalCdf(z: number): number {
  if (z < 0) return 1 - normalCdf(-z);
  if (z > 3) return 1 - upperTail(z);
  let term = z;
  let sum = z;
  for (let k = 3; term > 1e-17; k += 2) {
    term *= (z * z) / k;
    sum += term;
  }
  return 0.5 + (sum * Math.exp((-z * z) / 2)) / Math.sqrt(2 * Math.PI);
}

/**
 * Kolmogorov-Smirnov: sqrt(n) times the largest distance between the empirical and the given
 * distribution. Beyond 2.5 its probability is 2 exp(-2 x 2.5²) = 7.5e-6, as beyond 4.5 sigma.
 */
function kolmogorov(sample: Float32Array | Float64Array, cdf: (x: number) => number): number {
  const sorted = sample.slice().sort();
  const n = sorted.length;
  let distance = 0;
  for (let i = 0; i < n; i++) {
    const p = cdf(sorted[i]!);
    distance = Math.max(distance, p - i / n, (i + 1) / n - p);
  }
  return distance * Math.sqrt(n);
}

/** Asserts that counts are those of equally likely cells: chi-square has mean k - 1, variance 2(k - 1). */
function assertUniform(counts: ArrayLike<number>): void {
  const all = Array.from(counts);
  const expected = all.reduce((sum, count) => sum + count, 0) / all.length;
  const chiSquare = all.reduce((sum, count) => sum + (count - expected) ** 2 / expected, 0);
  assertWithin(chiSquare, all.length - 1, Math.sqrt(2 * (all.length - 1)));
}

describe("names", () => {
  test("the numbers of a seed and a name stay what they are", () => {
    const random = new RandomSource(7).child("trial 3").child("channel").stream("noise");
    expect([random.integer(2 ** 32), random.integer(2 ** 32), random.integer(1000)]).toEqual([
      2437250523, 2253041933, 726,
    ]);
    expect(random.uniform()).toBe(0.8450012652296229);
    expect(random.normal()).toBeCloseTo(0.12025405986169757, 12);
    const out = new Float32Array(3);
    random.fillNormal(out, 2, 1);
    [0.5124402, 0.2854884, 0.9316919].forEach((value, i) => {
      expect(out[i]).toBeCloseTo(value, 6);
    });
  });

  test("a stream begins at its beginning, whatever was drawn from others", () => {
    const source = new RandomSource(7);
    const first = draws(source.stream("a"), 5);
    draws(source.child("b").stream("c"), 3);
    expect(draws(source.stream("a"), 5)).toEqual(first);
    expect(draws(new RandomSource("7").stream("a"), 5)).toEqual(first);
  });

  test("no two paths give the same stream", () => {
    const streams = [
      new RandomSource(1).stream("a/b"),
      new RandomSource(1).child("a").stream("b"),
      new RandomSource(1).stream("a%2Fb"),
      new RandomSource("1/a").stream("b"),
      new RandomSource(1).child("a/b").stream(""),
      new RandomSource(1).child("a").child("b").stream(""),
      new RandomSource(1).child("").stream("a"),
      new RandomSource(1).stream("a"),
      new RandomSource(2).stream("a"),
      // The key of RC4 repeats, so a name and its double need care.
      new RandomSource(1).stream("ab"),
      new RandomSource("1/ab1").stream("ab"),
      // Characters that differ only beyond their low byte.
      new RandomSource(1).stream("\u0041"),
      new RandomSource(1).stream("\u0141"),
      // Names longer than the 256 bytes of the key.
      new RandomSource(1).stream("x".repeat(300)),
      new RandomSource(1).stream("x".repeat(301)),
      new RandomSource(1).stream(`${"x".repeat(299)}y`),
    ];
    expect(new Set(streams.map((random) => random.uniform())).size).toBe(streams.length);
  });

  test("streams whose names differ in one digit are uncorrelated", () => {
    const n = 100_000;
    for (const [left, right] of [
      ["trial 1", "trial 2"],
      ["trial 11", "trial 1"],
      ["noise", "Noise"],
    ] as const) {
      const a = normals(n, left);
      const b = normals(n, right);
      for (const lag of [0, 1, 2]) {
        let sum = 0;
        for (let i = lag; i < n; i++) sum += a[i]! * b[i - lag]!;
        assertWithin(sum / n, 0, 1 / Math.sqrt(n));
      }
    }
  });

  test("the first numbers of many streams are uniform", () => {
    const counts = new Int32Array(100);
    const source = new RandomSource(5);
    for (let i = 0; i < 20_000; i++) {
      const cell = Math.floor(100 * source.stream(`trial ${i}`).uniform());
      counts[cell] = counts[cell]! + 1;
    }
    assertUniform(counts);
  });

  test("a seed that is no number is refused", () => {
    expect(() => new RandomSource(Number.NaN)).toThrow(
      "random: the seed must be a finite number or a string, got NaN",
    );
  });
});

describe("uniform", () => {
  test("is uniform over [0, 1): Kolmogorov-Smirnov at 1e6 samples", () => {
    const random = stream("uniform");
    const sample = Float64Array.from({ length: 1_000_000 }, () => random.uniform());
    expect(kolmogorov(sample, (x) => x)).toBeLessThan(2.5);
    for (const value of sample) if (!(value >= 0 && value < 1)) expect.fail(`${value}`);
  });

  test("has 53 bits: the last bit and the 27th are fair", () => {
    const random = stream("bits");
    const n = 100_000;
    let last = 0;
    let middle = 0;
    for (let i = 0; i < n; i++) {
      const integer = BigInt(random.uniform() * 2 ** 53);
      last += Number(integer & 1n);
      middle += Number((integer >> 26n) & 1n);
    }
    assertWithin(last / n, 0.5, 0.5 / Math.sqrt(n));
    assertWithin(middle / n, 0.5, 0.5 / Math.sqrt(n));
  });
});

describe("the ziggurat's table", () => {
  test("all layers have the area V, the last one up to the top of the bell", () => {
    for (let i = 1; i < LAYERS; i++) {
      const area = EDGES[i]! * (HEIGHTS[i + 1]! - HEIGHTS[i]!);
      expect(Math.abs(area / V - 1)).toBeLessThan(1e-11);
    }
    expect(HEIGHTS[LAYERS]).toBe(1);
  });

  test("the base with its tail has the area V too", () => {
    const tail = Math.sqrt(2 * Math.PI) * upperTail(R);
    expect(R * Math.exp((-R * R) / 2) + tail).toBeCloseTo(V, 14);
  });
});

describe("normal", () => {
  const n = 16_000_000;
  const sample = normals(n, "moments");

  // Var[z^k] = E[z^2k] - E[z^k]²; the even moments are 1, 3, 15, 105, 945, 10395.
  const moments = [
    { k: 1, theory: 0, variance: 1 },
    { k: 2, theory: 1, variance: 3 - 1 },
    { k: 3, theory: 0, variance: 15 },
    { k: 4, theory: 3, variance: 105 - 9 },
    { k: 6, theory: 15, variance: 10395 - 225 },
  ];
  test.each(moments)("moment $k", ({ k, theory, variance }) => {
    let sum = 0;
    for (let i = 0; i < n; i++) sum += sample[i]! ** k;
    assertWithin(sum / n, theory, Math.sqrt(variance / n));
  });

  test.each([0.2, 1, 2, 3, 3.6, 3.7, 4, 4.5])("P(|z| > %d), on either side", (limit) => {
    let above = 0;
    let below = 0;
    for (let i = 0; i < n; i++) {
      if (sample[i]! > limit) above++;
      else if (sample[i]! < -limit) below++;
    }
    const p = 1 - normalCdf(limit);
    const standardError = Math.sqrt((p * (1 - p)) / n);
    assertWithin(above / n, p, standardError);
    assertWithin(below / n, p, standardError);
  });

  test("follows Φ between the edges of the layers, where points can be rejected", () => {
    // Between two edges, the share of the probability that lies below a sample is uniform over
    // [0, 1). Beyond 2 few layers lie on each other, and a wrong wedge shows.
    const cdf = EDGES.map(normalCdf);
    const counts = new Int32Array(32);
    for (let i = 0; i < n; i++) {
      const x = Math.abs(sample[i]!);
      if (!(x > 2 && x < R)) continue;
      let layer = 1;
      while (EDGES[layer + 1]! > x) layer++;
      const from = cdf[layer + 1]!;
      if (EDGES[layer + 1]! < 2) continue; // cut in two by the limit
      const cell = Math.floor((32 * (normalCdf(x) - from)) / (cdf[layer]! - from));
      counts[cell] = counts[cell]! + 1;
    }
    assertUniform(counts);
  });

  test("follows Φ: Kolmogorov-Smirnov at 1e6 samples", () => {
    expect(kolmogorov(sample.subarray(0, 1_000_000), normalCdf)).toBeLessThan(2.5);
  });

  test.each([1, 2, 3, 4, 5])("is uncorrelated at lag %d, as are its squares", (lag) => {
    let sum = 0;
    let squares = 0;
    for (let i = lag; i < n; i++) {
      const a = sample[i]!;
      const b = sample[i - lag]!;
      sum += a * b;
      squares += (a * a - 1) * (b * b - 1);
    }
    assertWithin(sum / n, 0, 1 / Math.sqrt(n));
    assertWithin(squares / n, 0, 2 / Math.sqrt(n)); // Var[z²] = 2, twice
  });

  test("the same numbers come however the array is cut, singly too", () => {
    const whole = normals(100_000, "cut");
    const random = stream("cut");
    const parts = new Float32Array(100_000);
    random.fillNormal(parts.subarray(0, 10));
    random.fillNormal(parts.subarray(10, 30));
    for (let i = 30; i < 20_000; i++) parts[i] = random.normal();
    random.fillNormal(parts.subarray(20_000));
    expect(Buffer.from(parts.buffer).equals(Buffer.from(whole.buffer))).toBe(true);
  });

  test("sigma and mean scale and shift", () => {
    const plain = normals(1000, "scale");
    const out = new Float32Array(1000);
    stream("scale").fillNormal(out, 2.5, -3);
    for (let i = 0; i < 1000; i++) expect(out[i]).toBeCloseTo(2.5 * plain[i]! - 3, 5);
    stream("scale").fillNormal(out, 0, 4);
    expect(out.every((value) => value === 4)).toBe(true);
  });

  test("complex: variance/2 in each component, and the components are uncorrelated", () => {
    const pairs = 500_000;
    const variance = 3;
    const out = new Float32Array(2 * pairs);
    stream("complex").fillComplexNormal(out, variance);
    let re = 0;
    let im = 0;
    let cross = 0;
    for (let i = 0; i < out.length; i += 2) {
      re += out[i]! ** 2;
      im += out[i + 1]! ** 2;
      cross += out[i]! * out[i + 1]!;
    }
    const half = variance / 2;
    assertWithin(re / pairs, half, half * Math.sqrt(2 / pairs));
    assertWithin(im / pairs, half, half * Math.sqrt(2 / pairs));
    assertWithin(cross / pairs, 0, half / Math.sqrt(pairs));
  });

  test("bad parameters are refused", () => {
    const out = new Float32Array(3);
    expect(() => stream("x").fillNormal(out, -1)).toThrow(
      "fillNormal: sigma must be finite and >= 0 and mean finite, got -1 and 0",
    );
    expect(() => stream("x").fillNormal(out, Number.NaN)).toThrow(RangeError);
    expect(() => stream("x").fillNormal(out, 1, Infinity)).toThrow(RangeError);
    expect(() => stream("x").fillComplexNormal(out, 1)).toThrow(
      "fillComplexNormal: needs pairs (re, im), got 3 components",
    );
    expect(() => stream("x").fillComplexNormal(new Float32Array(2), -1)).toThrow(
      "fillComplexNormal: variance must be finite and >= 0, got -1",
    );
  });
});

describe("integers and orders", () => {
  test.each([2, 3, 10, 1000])("integer(%d): all equally likely", (bound) => {
    const random = stream(`integer ${bound}`);
    const counts = new Int32Array(bound);
    for (let i = 0; i < 200_000; i++) {
      const value = random.integer(bound);
      counts[value] = counts[value]! + 1;
    }
    assertUniform(counts);
  });

  test("integer: no remainder is favoured by a bound of 3/4 of the range", () => {
    // Without rejection, the lowest third would come twice as often.
    const bound = 3 * 2 ** 30;
    const random = stream("large bound");
    const counts = new Int32Array(3);
    for (let i = 0; i < 30_000; i++) {
      const third = Math.floor(random.integer(bound) / 2 ** 30);
      counts[third] = counts[third]! + 1;
    }
    assertUniform(counts);
  });

  test("integer: 1 gives 0, 2^32 gives all bits, others are refused", () => {
    expect(stream("one").integer(1)).toBe(0);
    const random = stream("all");
    const n = 10_000;
    let top = 0;
    for (let i = 0; i < n; i++) if (random.integer(2 ** 32) >= 2 ** 31) top++;
    assertWithin(top / n, 0.5, 0.5 / Math.sqrt(n));
    for (const bound of [0, -1, 1.5, Number.NaN, 2 ** 32 + 1]) {
      expect(() => stream("x").integer(bound)).toThrow(
        `integer: bound must be an integer of 1 .. 2^32, got ${bound}`,
      );
    }
  });

  test("shuffle: the 24 orders of 4 are equally likely", () => {
    const random = stream("shuffle");
    const counts = new Map<string, number>();
    for (let i = 0; i < 48_000; i++) {
      const array = Uint8Array.of(0, 1, 2, 3);
      random.shuffle(array);
      const order = array.join("");
      counts.set(order, (counts.get(order) ?? 0) + 1);
    }
    expect(counts.size).toBe(24);
    assertUniform([...counts.values()]);
  });

  test("shuffle: works in place on arrays of anything", () => {
    const words = ["a", "b", "c", "d", "e", "f", "g", "h"];
    stream("words").shuffle(words);
    expect(words.slice().sort().join("")).toBe("abcdefgh");
    expect(words.join("")).not.toBe("abcdefgh");
    stream("nothing").shuffle([]);
  });

  test("sample: 3 distinct of 5, the 60 ordered choices equally likely", () => {
    const random = stream("sample");
    const counts = new Map<string, number>();
    for (let i = 0; i < 60_000; i++) {
      const choice = random.sample(5, 3).join("");
      counts.set(choice, (counts.get(choice) ?? 0) + 1);
    }
    expect(counts.size).toBe(60);
    for (const choice of counts.keys()) expect(new Set(choice).size).toBe(3);
    assertUniform([...counts.values()]);
  });

  test("sample: all, none, and more than there are", () => {
    expect([...stream("all").sample(4, 4)].sort()).toEqual([0, 1, 2, 3]);
    expect(stream("none").sample(4, 0)).toHaveLength(0);
    expect(() => stream("x").sample(4, 5)).toThrow(
      "sample: k must be an integer of 0 .. n = 4, got 5",
    );
    expect(() => stream("x").sample(-1, 0)).toThrow(
      "sample: n must be an integer of 0 .. 2^31 - 1, got -1",
    );
  });
});
