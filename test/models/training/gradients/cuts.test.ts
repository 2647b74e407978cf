import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type AttributeValue, OnnxGraphBuilder } from "../../../../src/models/onnx-graph.js";
import { openTensorFlow } from "../../../../src/models/tensorflow-backend.js";
import { indicesOf, placeOf, seeds, shapeWithAxis } from "./arrays.js";
import { differentiate, expectClose, normals } from "./harness.js";
import { check, ints } from "./moved.js";

test("Slice: steps, negative steps and indices, and bounds beyond the ends", async () => {
  const axisCut = fc.record({
    start: fc.oneof(fc.integer({ min: -9, max: 9 }), fc.constant(1e9), fc.constant(-1e9)),
    end: fc.oneof(fc.integer({ min: -9, max: 9 }), fc.constant(1e9), fc.constant(-1e9)),
    step: fc.constantFrom(1, 2, 3, -1, -2, -5),
  });
  const cases = fc
    .array(fc.integer({ min: 2, max: 6 }), { minLength: 1, maxLength: 3 })
    .chain((shape) => {
      const axes = fc.shuffledSubarray(
        shape.map((_, axis) => axis),
        { minLength: 1 },
      );
      return axes.chain((axes) =>
        fc.record({
          shape: fc.constant(shape),
          axes: fc.constant(axes),
          cuts: fc.array(axisCut, { minLength: axes.length, maxLength: axes.length }),
          fromBack: fc.boolean(),
        }),
      );
    });
  /** Places along an axis, as Python slices it. */
  const chosen = (
    size: number,
    { start, end, step }: { start: number; end: number; step: number },
  ) => {
    const counted = (i: number) => (i < 0 ? i + size : i);
    const clamp = (i: number, low: number, high: number) => Math.min(Math.max(i, low), high);
    const places: number[] = [];
    if (step > 0) {
      const last = clamp(counted(end), 0, size);
      for (let i = clamp(counted(start), 0, size); i < last; i += step) places.push(i);
    } else {
      const last = clamp(counted(end), -1, size - 1);
      for (let i = clamp(counted(start), 0, size - 1); i > last; i += step) places.push(i);
    }
    return places;
  };
  let empty = 0;
  await fc.assert(
    fc.asyncProperty(cases, seeds, async ({ shape, axes, cuts, fromBack }, seed) => {
      const along = shape.map((size, axis) => {
        const cut = cuts[axes.indexOf(axis)];
        return cut === undefined ? [...Array(size).keys()] : chosen(size, cut);
      });
      const output = along.map((places) => places.length);
      if (output.includes(0)) empty++;
      const sources = indicesOf(output).map((index) =>
        placeOf(
          shape,
          index.map((i, axis) => along[axis]![i]!),
        ),
      );
      const lists = [
        cuts.map(({ start }) => start),
        cuts.map(({ end }) => end),
        axes.map((axis) => (fromBack ? axis - shape.length : axis)),
        cuts.map(({ step }) => step),
      ];
      await check(
        shape,
        seed,
        (g, x) => g.node("Slice", [x, ...lists.map((list, i) => ints(g, `${i}`, list))]),
        sources,
      );
    }),
    { numRuns: 60, seed: 1 },
  );
  expect(empty).toBeGreaterThan(5);
  expect(empty).toBeLessThan(45);
});

test("Slice: the first axes in order and steps of 1 where neither is given", async () => {
  const sources = [7, 8, 10, 11];
  const build = (g: OnnxGraphBuilder, x: string) =>
    g.node("Slice", [x, ints(g, "starts", [2, 1]), ints(g, "ends", [4, 3])]);
  await check([4, 3], 1, build, sources);
});

test("Pad: zeros are added and elements cut off, on all axes or on some", async () => {
  const cases = fc
    .array(fc.integer({ min: 3, max: 5 }), { minLength: 1, maxLength: 3 })
    .chain((shape) => {
      const axes = fc.shuffledSubarray(
        shape.map((_, axis) => axis),
        { minLength: 1 },
      );
      const pads = (count: number) =>
        fc.array(fc.integer({ min: -1, max: 2 }), { minLength: 2 * count, maxLength: 2 * count });
      return axes.chain((axes) =>
        fc.record({
          shape: fc.constant(shape),
          axes: fc.constant(axes),
          all: pads(shape.length),
          some: pads(axes.length),
        }),
      );
    });
  await fc.assert(
    fc.asyncProperty(cases, fc.boolean(), seeds, async ({ shape, axes, all, some }, part, seed) => {
      const of = (axis: number, after: boolean) => {
        if (!part) return all[axis + (after ? shape.length : 0)]!;
        const place = axes.indexOf(axis);
        return place < 0 ? 0 : some[place + (after ? axes.length : 0)]!;
      };
      const output = shape.map((size, axis) => of(axis, false) + size + of(axis, true));
      const sources = indicesOf(output).map((index) => {
        const from = index.map((i, axis) => i - of(axis, false));
        return from.every((i, axis) => i >= 0 && i < shape[axis]!)
          ? placeOf(shape, from)
          : undefined;
      });
      const inputs = (g: OnnxGraphBuilder) =>
        part
          ? [
              ints(g, "pads", some),
              "",
              ints(
                g,
                "axes",
                axes.map((axis, i) => (i === 0 ? axis - shape.length : axis)),
              ),
            ]
          : [ints(g, "pads", all), g.initializer("zero", [], new Float32Array(1))];
      // Axes are of operator set 18.
      await check(shape, seed, (g, x) => g.node("Pad", [x, ...inputs(g)]), sources, part ? 18 : 17);
    }),
    { numRuns: 25, seed: 1 },
  );
});

test("Concat and Split: parts of any size along any axis, also one that nothing depends on", async () => {
  const cases = shapeWithAxis().chain((one) =>
    fc.record({
      one: fc.constant(one),
      sizes: fc.array(fc.integer({ min: 1, max: 3 }), { minLength: 1, maxLength: 3 }),
      used: fc.nat(2),
    }),
  );
  await fc.assert(
    fc.asyncProperty(cases, seeds, async ({ one: { shape, axis }, sizes, used }, seed) => {
      const at = (axis + shape.length) % shape.length;
      const total = sizes.reduce((a, b) => a + b);
      const whole = shape.with(at, total);
      const part = used % sizes.length;
      const first = sizes.slice(0, part).reduce((a, b) => a + b, 0);
      const sources = indicesOf(shape.with(at, sizes[part]!)).map((index) =>
        placeOf(whole, index.with(at, index[at]! + first)),
      );
      const attributes = { axis: { int: axis } };
      const outputs = sizes.map((_, i) => `part ${i}`);
      const split = (g: OnnxGraphBuilder, x: string) => {
        g.nodeOf("Split", [x, ints(g, "sizes", sizes)], attributes, outputs);
        return outputs;
      };
      await check(whole, seed, (g, x) => split(g, x)[part]!, sources);
      // Back together in the other order, between constants.
      const turned = indicesOf(whole).map((index) => {
        const order = sizes.map((_, i) => i).toReversed();
        let start = 0;
        for (const i of order) {
          if (index[at]! < start + sizes[i]!) {
            const before = sizes.slice(0, i).reduce((a, b) => a + b, 0);
            return placeOf(whole, index.with(at, index[at]! - start + before));
          }
          start += sizes[i]!;
        }
        return undefined;
      });
      await check(
        whole,
        seed,
        (g, x) => g.node("Concat", split(g, x).toReversed(), attributes),
        turned,
      );
    }),
    { numRuns: 12, seed: 1 },
  );
});

test("Concat: a constant among the parts gets no gradient, and the others theirs", async () => {
  const g = new OnnxGraphBuilder("joined");
  const x = g.initializer("x", [2, 2], normals(1, "x", 4));
  const y = g.initializer("y", [2, 1], normals(1, "y", 2));
  const fixed = g.node("ConstantOfShape", [ints(g, "shape", [2, 3])]);
  g.output(g.node("Concat", [x, fixed, y], { axis: { int: 1 } }), []);
  const direction = Float32Array.from({ length: 12 }, (_, k) => k);
  const { gradients } = await differentiate(g, () => direction);
  expect([...gradients.get("x")!]).toEqual([0, 1, 6, 7]);
  expect([...gradients.get("y")!]).toEqual([5, 11]);
  expect([...gradients.keys()]).toEqual(["x", "y"]);
});

test("Slice, Pad and Split: gradients are TensorFlow.js's", async () => {
  const { tf } = await openTensorFlow();
  await tf.setBackend("cpu");
  const x = normals(5, "x", 60);
  const shape: [number, number, number] = [3, 4, 5];
  for (const [build, theirs] of [
    [
      (g: OnnxGraphBuilder, x: string) => {
        const lists = [
          [-1, 2],
          [-9, 5],
          [0, 2],
          [-1, 1],
        ];
        return g.node("Slice", [x, ...lists.map((list, i) => ints(g, `${i}`, list))]);
      },
      (v: never) => tf.slice(tf.reverse(v, 0), [0, 0, 2], [3, 4, 3]),
    ],
    [
      (g: OnnxGraphBuilder, x: string) => g.node("Pad", [x, ints(g, "pads", [1, 0, 2, 0, 3, 0])]),
      (v: never) =>
        tf.pad(v, [
          [1, 0],
          [0, 3],
          [2, 0],
        ]),
    ],
    [
      (g: OnnxGraphBuilder, x: string) => {
        const outputs = ["first", "second"];
        g.nodeOf("Split", [x, ints(g, "sizes", [1, 3])], { axis: { int: 1 } }, outputs);
        return "second";
      },
      (v: never) => tf.split(v, [1, 3], 1)[1]!,
    ],
  ] as const) {
    const g = new OnnxGraphBuilder("moved");
    g.output(build(g, g.initializer("x", shape, x)), []);
    let direction = new Float32Array();
    const found = await differentiate(g, (size) => {
      direction = normals(5, "direction", size);
      return direction;
    });
    const expected = tf.tidy(() =>
      tf
        .grad(theirs as never)(tf.tensor(x, shape), tf.tensor(direction, [...found.shape]))
        .dataSync(),
    );
    expectClose(found.gradients.get("x")!, expected, 1e-7);
  }
});

describe("forms that are not covered", () => {
  const x = (g: OnnxGraphBuilder) => g.initializer("x", [4], normals(1, "x", 4));
  const attempt = (
    operator: string,
    inputs: (g: OnnxGraphBuilder) => string[],
    attributes: Record<string, AttributeValue>,
    opset?: number,
  ) => {
    const g = new OnnxGraphBuilder("refused");
    g.output(g.node(operator, inputs(g), attributes, "y"), []);
    return differentiate(g, (size) => new Float32Array(size), opset);
  };

  test("Pad with anything but zeros", async () => {
    const pads = (g: OnnxGraphBuilder) => ints(g, "pads", [1, 1]);
    await expect(
      attempt("Pad", (g) => [x(g), pads(g)], { mode: { string: "reflect" } }),
    ).rejects.toThrow('training: Pad "y": mode must be constant, got "reflect"');
    const value = (g: OnnxGraphBuilder) => g.node("ReduceMax", ["x"], { keepdims: { int: 0 } });
    await expect(attempt("Pad", (g) => [x(g), pads(g), value(g)], {})).rejects.toThrow(
      'training: Pad "y": its value must be constant, and "reducemax_0" is trained or follows from what is',
    );
  });

  test("Cast to another type, and bounds of a Slice that are computed", async () => {
    await expect(attempt("Cast", (g) => [x(g)], { to: { int: 11 } })).rejects.toThrow(
      'training: Cast "y": only a cast to float32 (1) can be trained through, got 11',
    );
    const start = (g: OnnxGraphBuilder) =>
      g.node("ArgMax", ["x"], { axis: { int: 0 }, keepdims: { int: 1 } });
    await expect(
      attempt("Slice", (g) => [x(g), start(g), ints(g, "ends", [4])], {}),
    ).rejects.toThrow('training: Slice "y": starts must be constant, and "argmax_0" is computed');
  });
});
