import fc from "fast-check";
import { expect, test } from "vitest";
import { RandomSource } from "../../../../src/kernel/index.js";
import { OnnxGraphBuilder } from "../../../../src/models/onnx-graph.js";
import { differentiate, expectClose, expectGradient, normals } from "./harness.js";
import { type Axis, attributesOf, axisOf, meetingsOf, type Sliding, slidingOf } from "./windows.js";

// The runtime refuses padding as wide as the kernel.
const fits = (axes: readonly Axis[]) =>
  axes.every(({ before, after, kernel }) => before < kernel && after < kernel);
const slidings = (dilation: number) =>
  fc
    .tuple(
      fc.array(axisOf({ dilation, padding: 2 }), { minLength: 1, maxLength: 2 }).filter(fits),
      fc.constantFrom(
        "NOTSET" as const,
        "NOTSET" as const,
        "SAME_UPPER" as const,
        "VALID" as const,
      ),
    )
    .filter(
      ([axes, auto]) =>
        auto === "NOTSET" || axes.every((a) => a.dilation === 1 && a.size >= a.kernel),
    )
    .map(([axes, auto]) => slidingOf(axes, auto));

async function check(
  operator: string,
  sliding: Sliding,
  attributes: Parameters<OnnxGraphBuilder["node"]>[2],
  x: Float32Array,
  pool: (window: number[], taps: number) => number,
  options: { step: number; tolerance: number },
) {
  const [images, channels] = [2, 3];
  const { output, meetings } = meetingsOf(sliding);
  const cells = sliding.input.reduce((a, b) => a * b, 1);
  const evaluate = (x: ArrayLike<number>) =>
    Array.from({ length: images * channels }, (_, plane) =>
      meetings.map((places) =>
        pool(
          places.filter((at) => at >= 0).map((at) => x[plane * cells + at]!),
          places.length,
        ),
      ),
    ).flat();
  const g = new OnnxGraphBuilder("pool");
  const input = g.initializer("x", [images, channels, ...sliding.input], x);
  g.output(g.node(operator, [input], { ...attributesOf(sliding), ...attributes }), []);
  const direction = normals(11, "direction", images * channels * meetings.length);
  const { gradients, output: computed, shape } = await differentiate(g, () => direction);
  expect(shape.slice(2)).toEqual(output);
  expectClose(computed, evaluate(x), 1e-5);
  expectGradient(gradients.get("x")!, x, direction, evaluate, options);
}

test("MaxPool: gradients are central differences, windows overlapping or not", async () => {
  await fc.assert(
    fc.asyncProperty(slidings(2), fc.nat(1e6), async (sliding, seed) => {
      const size = 6 * sliding.input.reduce((a, b) => a * b, 1);
      // Values at least 1 apart, so that steps of 1/4 leave every maximum where it is.
      const x = Float32Array.from({ length: size }, (_, i) => i - size / 2);
      new RandomSource(seed).stream("order").shuffle(x);
      await check(
        "MaxPool",
        sliding,
        { dilations: { ints: sliding.dilations } },
        x,
        (window) => Math.max(...window),
        {
          step: 0.25,
          tolerance: 1e-6,
        },
      );
    }),
    { numRuns: 20, seed: 4 },
  );
});

test("MaxPool: of equal values the first takes the gradient", async () => {
  const g = new OnnxGraphBuilder("pool");
  const x = g.initializer("x", [1, 1, 4], Float32Array.of(2, 2, -1, -1));
  g.output(g.node("MaxPool", [x], { kernel_shape: { ints: [2] }, strides: { ints: [2] } }), []);
  const { gradients } = await differentiate(g, () => Float32Array.of(3, 5));
  expect([...gradients.get("x")!]).toEqual([3, 0, 5, 0]);
});

test("AveragePool: gradients are central differences, with and without padding in the mean", async () => {
  await fc.assert(
    fc.asyncProperty(slidings(1), fc.boolean(), fc.nat(1e6), async (sliding, withPadding, seed) => {
      const x = normals(seed, "x", 6 * sliding.input.reduce((a, b) => a * b, 1));
      const mean = (window: number[], taps: number) =>
        window.reduce((a, b) => a + b, 0) / (withPadding ? taps : window.length);
      const attributes = { count_include_pad: { int: Number(withPadding) } };
      await check("AveragePool", sliding, attributes, x, mean, { step: 1, tolerance: 1e-5 });
    }),
    { numRuns: 25, seed: 5 },
  );
});

test("AveragePool of windows side by side that leave a rest", async () => {
  const axes = [2, 3].map((kernel) => ({
    size: 5,
    kernel,
    stride: kernel,
    dilation: 1,
    before: 0,
    after: 0,
  }));
  const x = normals(6, "x", 6 * 25);
  const mean = (window: number[]) => window.reduce((a, b) => a + b, 0) / window.length;
  await check("AveragePool", slidingOf(axes, "NOTSET"), {}, x, mean, { step: 1, tolerance: 1e-5 });
});

test("GlobalAveragePool and ReduceMean: gradients are central differences", async () => {
  const x = normals(8, "x", 2 * 3 * 4 * 5);
  const mean = (v: ArrayLike<number>, kept: (k: number) => number, count: number) => {
    const sums = new Float64Array(count);
    for (let k = 0; k < v.length; k++) sums[kept(k)] += v[k]! * (count / v.length);
    return sums;
  };
  for (const [operator, attributes, kept, count, opset] of [
    ["GlobalAveragePool", {}, (k: number) => Math.floor(k / 20), 6, 17],
    [
      "ReduceMean",
      { axes: { ints: [1, -1] } },
      (k: number) => 4 * Math.floor(k / 60) + (Math.floor(k / 5) % 4),
      8,
      13,
    ],
    ["ReduceMean", { axes: { ints: [0] }, keepdims: { int: 0 } }, (k: number) => k % 60, 60, 17],
    ["ReduceMean", {}, () => 0, 1, 18],
  ] as const) {
    const g = new OnnxGraphBuilder("mean");
    const y = g.node(operator, [g.initializer("x", [2, 3, 4, 5], x)], attributes);
    g.output(y, []);
    const direction = normals(8, "direction", count);
    const { gradients } = await differentiate(g, () => direction, opset);
    expectGradient(gradients.get("x")!, x, direction, (v) => mean(v, kept, count), {
      step: 1,
      tolerance: 1e-5,
    });
  }
});

test("ReduceMean with axes as an input", async () => {
  const x = normals(9, "x", 24);
  const g = new OnnxGraphBuilder("mean");
  const axes = g.initializer("axes", [1], BigInt64Array.of(1n));
  g.output(g.node("ReduceMean", [g.initializer("x", [2, 3, 4], x), axes]), []);
  const direction = normals(9, "direction", 8);
  const { gradients } = await differentiate(g, () => direction, 18);
  const expected = Float32Array.from(x, (_, k) => direction[4 * Math.floor(k / 12) + (k % 4)]! / 3);
  expectClose(gradients.get("x")!, expected, 1e-6);
});
