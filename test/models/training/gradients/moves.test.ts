import fc from "fast-check";
import { expect, test } from "vitest";
import { OnnxGraphBuilder } from "../../../../src/models/onnx-graph.js";
import { countOf, indicesOf, placeOf, seeds, shapeOf } from "./arrays.js";
import { differentiate, expectGradient, normals } from "./harness.js";
import { check, ints } from "./moved.js";

test("Transpose: any order of the axes, reversed where none is given", async () => {
  const cases = shapeOf().chain((shape) => {
    const axes = shape.map((_, axis) => axis);
    const order = fc.shuffledSubarray(axes, { minLength: axes.length });
    return fc.record({ shape: fc.constant(shape), perm: fc.option(order, { nil: undefined }) });
  });
  await fc.assert(
    fc.asyncProperty(cases, seeds, async ({ shape, perm }, seed) => {
      const order = perm ?? shape.map((_, axis) => axis).toReversed();
      const sources = indicesOf(order.map((axis) => shape[axis]!)).map((index) =>
        placeOf(
          shape,
          shape.map((_, axis) => index[order.indexOf(axis)]!),
        ),
      );
      const attributes = perm && { perm: { ints: perm } };
      await check(shape, seed, (g, x) => g.node("Transpose", [x], attributes), sources);
    }),
    // Orders that are not their own inverse.
    {
      numRuns: 12,
      seed: 1,
      examples: [
        [{ shape: [2, 3, 4], perm: [1, 2, 0] }, 5],
        [{ shape: [3, 1, 2, 4], perm: [3, 0, 2, 1] }, 6],
      ],
    },
  );
});

test("Squeeze and Unsqueeze, with axes from either end or none", async () => {
  const sources = Array.from({ length: 6 }, (_, k) => k);
  const some = (g: OnnxGraphBuilder, x: string) => {
    const wide = g.node("Unsqueeze", [x, ints(g, "added", [0, -1])]); // [1, 2, 1, 3, 1]
    return g.node("Squeeze", [g.node("Neg", [wide]), ints(g, "dropped", [-3])]);
  };
  await check([2, 1, 3], 1, (g, x) => g.node("Neg", [some(g, x)]), sources);
  await check([2, 1, 3], 2, (g, x) => g.node("Squeeze", [x]), sources);
});

test("Expand: copies are summed", async () => {
  const cases = shapeOf().chain((shape) =>
    fc.record({
      shape: fc.constant(shape),
      added: fc.array(fc.integer({ min: 1, max: 3 }), { maxLength: 2 }),
      ones: fc.subarray(shape.map((_, axis) => axis)),
    }),
  );
  await fc.assert(
    fc.asyncProperty(cases, seeds, async ({ shape, added, ones }, seed) => {
      const from = shape.map((size, axis) => (ones.includes(axis) ? 1 : size));
      const to = [...added, ...shape];
      const sources = indicesOf(to).map((index) => {
        const inner = index.slice(added.length);
        return placeOf(
          from,
          inner.map((i, axis) => (from[axis] === 1 ? 0 : i)),
        );
      });
      await check(from, seed, (g, x) => g.node("Expand", [x, ints(g, "to", to)]), sources);
    }),
    { numRuns: 12, seed: 1 },
  );
});

test("Where: gradients go to what was chosen, and are summed over copies", async () => {
  const cases = fc.record({
    full: shapeOf({ min: 3, max: 3 }),
    ones: fc.array(fc.boolean(), { minLength: 9, maxLength: 9 }),
  });
  await fc.assert(
    fc.asyncProperty(cases, seeds, async ({ full, ones }, seed) => {
      const dims = [0, 1, 2].map((which) =>
        full.map((size, axis) => (ones[3 * which + axis] ? 1 : size)),
      );
      const output = full.map((_, axis) => Math.max(...dims.map((shape) => shape[axis]!)));
      const [signs, a, b] = dims.map((shape, i) => normals(seed, `${i}`, countOf(shape))) as [
        Float32Array,
        Float32Array,
        Float32Array,
      ];
      const g = new OnnxGraphBuilder("chosen");
      const condition = g.node("Greater", [
        g.initializer("signs", dims[0]!, signs),
        g.initializer("zero", [], new Float32Array(1)),
      ]);
      const pair = [g.initializer("a", dims[1]!, a), g.initializer("b", dims[2]!, b)];
      g.output(g.node("Where", [condition, ...pair]), []);
      const direction = normals(seed, "direction", countOf(output));
      const evaluate = (x: ArrayLike<number>, y: ArrayLike<number>) =>
        indicesOf(output).map((index) => {
          const [s, i, j] = dims.map((shape) =>
            placeOf(
              shape,
              index.map((k, axis) => (shape[axis] === 1 ? 0 : k)),
            ),
          ) as [number, number, number];
          return signs[s]! > 0 ? x[i]! : y[j]!;
        });
      const { gradients } = await differentiate(g, () => direction);
      const exact = { step: 1, tolerance: 1e-6 };
      expectGradient(gradients.get("a")!, a, direction, (v) => evaluate(v, b), exact);
      expectGradient(gradients.get("b")!, b, direction, (v) => evaluate(a, v), exact);
      expect(gradients.has("signs")).toBe(false);
    }),
    { numRuns: 12, seed: 1 },
  );
});

test("Cast to float32 passes gradients on", async () => {
  const build = (g: OnnxGraphBuilder, x: string) =>
    g.node("Neg", [g.node("Neg", [g.node("Cast", [x], { to: { int: 1 } })])]);
  await check([3], 1, build, [0, 1, 2]);
});
