import fc from "fast-check";
import { expect, test } from "vitest";
import { OnnxGraphBuilder } from "../../../../src/models/onnx-graph.js";
import { openTensorFlow } from "../../../../src/models/tensorflow-backend.js";
import { differentiate, expectClose, expectGradient, normals } from "./harness.js";
import { attributesOf, axisOf, meetingsOf, type Sliding, slidingOf } from "./windows.js";

interface Case {
  readonly images: number;
  readonly group: number;
  /** Per group. */
  readonly ins: number;
  readonly outs: number;
  readonly bias: boolean;
  readonly sliding: Sliding;
}

const cases = (spatial: number, group: fc.Arbitrary<number>): fc.Arbitrary<Case> =>
  fc.record({
    images: fc.integer({ min: 1, max: 2 }),
    group,
    ins: fc.integer({ min: 1, max: 3 }),
    outs: fc.integer({ min: 1, max: 3 }),
    bias: fc.boolean(),
    sliding: fc
      .array(axisOf(), { minLength: spatial, maxLength: spatial })
      .map((axes) => slidingOf(axes, "NOTSET")),
  });

/** Gradients of x, w and b against central differences, which are exact: y is linear in each. */
async function check({ images, group, ins, outs, bias, sliding }: Case, seed: number) {
  const { output, meetings } = meetingsOf(sliding);
  const cells = sliding.input.reduce((a, b) => a * b, 1);
  const taps = sliding.kernel.reduce((a, b) => a * b, 1);
  const x = normals(seed, "x", images * group * ins * cells);
  const w = normals(seed, "w", group * outs * ins * taps);
  const b = normals(seed, "b", bias ? group * outs : 0);
  const evaluate = (x: ArrayLike<number>, w: ArrayLike<number>, b: ArrayLike<number>) => {
    const y: number[] = [];
    for (let n = 0; n < images; n++) {
      for (let o = 0; o < group * outs; o++) {
        const first = n * group * ins + Math.floor(o / outs) * ins;
        for (const places of meetings) {
          let sum = bias ? b[o]! : 0;
          for (let c = 0; c < ins; c++) {
            places.forEach((at, t) => {
              if (at >= 0) sum += x[(first + c) * cells + at]! * w[(o * ins + c) * taps + t]!;
            });
          }
          y.push(sum);
        }
      }
    }
    return y;
  };
  const g = new OnnxGraphBuilder("conv");
  const inputs = [
    g.initializer("x", [images, group * ins, ...sliding.input], x),
    g.initializer("w", [group * outs, ins, ...sliding.kernel], w),
  ];
  if (bias) inputs.push(g.initializer("b", [group * outs], b));
  const attributes = {
    ...attributesOf(sliding),
    dilations: { ints: sliding.dilations },
    group: { int: group },
  };
  g.output(g.node("Conv", inputs, attributes), []);
  const direction = normals(seed, "direction", images * group * outs * meetings.length);
  const { gradients, output: computed, shape } = await differentiate(g, () => direction);
  expect(shape.slice(2)).toEqual(output);
  expectClose(computed, evaluate(x, w, b), 1e-5);
  const exact = { step: 1, tolerance: 1e-5 };
  expectGradient(gradients.get("x")!, x, direction, (v) => evaluate(v, w, b), exact);
  expectGradient(gradients.get("w")!, w, direction, (v) => evaluate(x, v, b), exact);
  if (bias) expectGradient(gradients.get("b")!, b, direction, (v) => evaluate(x, w, v), exact);
}

test.each([
  ["two dimensions", cases(2, fc.constant(1)), 30],
  ["two dimensions, groups", cases(2, fc.integer({ min: 2, max: 3 })), 15],
  ["one dimension", cases(1, fc.integer({ min: 1, max: 2 })), 15],
] as const)("%s: gradients are central differences", async (_name, arbitrary, numRuns) => {
  await fc.assert(
    fc.asyncProperty(arbitrary, fc.nat(1e6), (one, seed) => check(one, seed)),
    { numRuns, seed: 2 },
  );
});

test("depthwise: one input and several outputs per group", async () => {
  const axes = [
    { size: 6, kernel: 3, stride: 2, dilation: 1, before: 1, after: 1 },
    { size: 5, kernel: 3, stride: 1, dilation: 1, before: 1, after: 1 },
  ];
  const sliding = slidingOf(axes, "NOTSET");
  for (const outs of [1, 2]) {
    await check({ images: 2, group: 4, ins: 1, outs, bias: true, sliding }, 5);
  }
});

test("padding that the operator chooses, even kernels and strides included", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom("VALID" as const, "SAME_UPPER" as const, "SAME_LOWER" as const),
      fc.array(axisOf({ dilation: 1, padding: 0 }), { minLength: 2, maxLength: 2 }),
      fc.nat(1e6),
      (auto, axes, seed) =>
        check(
          { images: 2, group: 1, ins: 2, outs: 3, bias: true, sliding: slidingOf(axes, auto) },
          seed,
        ),
    ),
    { numRuns: 15, seed: 3 },
  );
});

test("gradients are TensorFlow.js's, with the shapes of a residual network", async () => {
  const { tf } = await openTensorFlow();
  // Its WebAssembly cannot differentiate by filters.
  await tf.setBackend("cpu");
  for (const { side, kernel, stride, pad, ins, outs } of [
    { side: 8, kernel: 3, stride: 1, pad: 1, ins: 3, outs: 16 },
    { side: 8, kernel: 3, stride: 2, pad: 1, ins: 16, outs: 32 },
    { side: 8, kernel: 1, stride: 2, pad: 0, ins: 16, outs: 32 },
    { side: 9, kernel: 5, stride: 1, pad: 0, ins: 1, outs: 6 },
  ]) {
    const images = 3;
    const x = normals(7, "x", images * ins * side * side);
    const w = normals(7, "w", outs * ins * kernel * kernel);
    const g = new OnnxGraphBuilder("conv");
    const y = g.node(
      "Conv",
      [
        g.initializer("x", [images, ins, side, side], x),
        g.initializer("w", [outs, ins, kernel, kernel], w),
      ],
      {
        kernel_shape: { ints: [kernel, kernel] },
        strides: { ints: [stride, stride] },
        pads: { ints: [pad, pad, pad, pad] },
      },
    );
    g.output(y, []);
    let direction = new Float32Array();
    const { gradients, shape } = await differentiate(g, (size) => {
      direction = normals(7, "direction", size);
      return direction;
    });
    const theirs = tf.tidy(() => {
      const image = tf.transpose(tf.tensor(x, [images, ins, side, side]), [0, 2, 3, 1]);
      const filter = tf.transpose(tf.tensor(w, [outs, ins, kernel, kernel]), [2, 3, 1, 0]);
      const seed = tf.transpose(tf.tensor(direction, [...shape]), [0, 2, 3, 1]);
      const back = tf.grads((a, b) => {
        const padded = tf.pad(a, [
          [0, 0],
          [pad, pad],
          [pad, pad],
          [0, 0],
        ]);
        return tf.conv2d(padded as never, b as never, stride, "valid");
      })([image, filter], seed);
      return [
        tf.transpose(back[0]!, [0, 3, 1, 2]).dataSync(),
        tf.transpose(back[1]!, [3, 2, 0, 1]).dataSync(),
      ];
    });
    // Sums of up to 3 · 64 products in single precision, in another order.
    expectClose(gradients.get("x")!, theirs[0]!, 1e-5);
    expectClose(gradients.get("w")!, theirs[1]!, 1e-5);
  }
});
