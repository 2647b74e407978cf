import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type AttributeValue, OnnxGraphBuilder } from "../../../../src/models/onnx-graph.js";
import { countOf, indicesOf, placeOf, seeds, shapeOf } from "./arrays.js";
import { differentiate, expectClose, expectGradient, normals } from "./harness.js";

const cases = shapeOf().chain((shape) =>
  fc.record({
    shape: fc.constant(shape),
    axes: fc.option(fc.subarray(shape.map((_, axis) => axis)), { nil: undefined }),
    fromBack: fc.boolean(),
    keep: fc.boolean(),
  }),
);

describe.each([
  ["ReduceSum", 17],
  ["ReduceMean", 17],
  ["ReduceMean", 18],
])("%s of operator set %d", (operator, opset) => {
  test("gradients are central differences, over any axes", async () => {
    await fc.assert(
      fc.asyncProperty(cases, seeds, async ({ shape, axes, fromBack, keep }, seed) => {
        const x = normals(seed, "x", countOf(shape));
        const given = axes?.map((axis) => (fromBack ? axis - shape.length : axis));
        const g = new OnnxGraphBuilder("reduced");
        const inputs = [g.initializer("x", shape, x)];
        const attributes: Record<string, AttributeValue> = { keepdims: { int: Number(keep) } };
        // Axes are an attribute of ReduceMean before 18; empty ones mean all of them.
        if (given !== undefined && operator === "ReduceMean" && opset < 18) {
          if (given.length > 0) attributes.axes = { ints: given };
        } else if (given !== undefined) {
          inputs.push(g.initializer("axes", [given.length], BigInt64Array.from(given, BigInt)));
        }
        g.output(g.node(operator, inputs, attributes), []);
        const over = axes === undefined || axes.length === 0 ? shape.map((_, axis) => axis) : axes;
        const kept = shape.map((size, axis) => (over.includes(axis) ? 1 : size));
        const direction = normals(seed, "direction", countOf(kept));
        const share = operator === "ReduceMean" ? countOf(kept) / countOf(shape) : 1;
        const evaluate = (v: ArrayLike<number>) => {
          const sums = new Float64Array(countOf(kept));
          for (const index of indicesOf(shape)) {
            const to = placeOf(
              kept,
              index.map((i, axis) => (over.includes(axis) ? 0 : i)),
            );
            sums[to]! += v[placeOf(shape, index)]! * share;
          }
          return sums;
        };
        const { gradients, output } = await differentiate(g, () => direction, opset);
        expectClose(output, evaluate(x), 1e-5);
        expectGradient(gradients.get("x")!, x, direction, evaluate, { step: 1, tolerance: 1e-6 });
      }),
      { numRuns: 12, seed: 1 },
    );
  });
});

test("noop_with_empty_axes: nothing is summed", async () => {
  const g = new OnnxGraphBuilder("nothing");
  const x = g.initializer("x", [2, 3], normals(1, "x", 6));
  const axes = g.initializer("axes", [0], new BigInt64Array());
  const same = g.node("ReduceSum", [x, axes], { noop_with_empty_axes: { int: 1 } });
  g.output(g.node("Neg", [same]), []);
  const direction = normals(1, "direction", 6);
  const { gradients } = await differentiate(g, () => direction);
  expectClose(
    gradients.get("x")!,
    direction.map((d) => -d),
    1e-7,
  );
});

test("axes that are computed are refused", async () => {
  const g = new OnnxGraphBuilder("computed");
  const x = g.initializer("x", [2, 3], normals(1, "x", 6));
  const axes = g.node("Cast", [g.node("ReduceMin", [x], { keepdims: { int: 0 } })], {
    to: { int: 7 },
  });
  const one = g.node("Reshape", [axes, g.initializer("one", [1], BigInt64Array.of(1n))]);
  const zero = g.node("Mul", [one, g.initializer("zero", [1], BigInt64Array.of(0n))]);
  g.output(g.node("ReduceSum", [x, zero]), []);
  await expect(differentiate(g, (n) => new Float32Array(n))).rejects.toThrow(
    /^training: ReduceSum "reducesum_4": axes must be constant, and "mul_3" is computed$/,
  );
});
