import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { OnnxGraphBuilder } from "../../../../src/models/onnx-graph.js";
import { openTensorFlow } from "../../../../src/models/tensorflow-backend.js";
import { countOf, indicesOf, placeOf, seeds, shapeWithAxis } from "./arrays.js";
import { differentiate, expectClose, expectGradient, normals } from "./harness.js";

/** Softmax along an axis, from its definition. */
function softmax(x: ArrayLike<number>, shape: readonly number[], axis: number): number[] {
  const at = (axis + shape.length) % shape.length;
  return indicesOf(shape).map((index) => {
    let sum = 0;
    for (let i = 0; i < shape[at]!; i++) sum += Math.exp(x[placeOf(shape, index.with(at, i))]!);
    return Math.exp(x[placeOf(shape, index)]!) / sum;
  });
}

async function apply(
  operator: string,
  shape: readonly number[],
  axis: number | undefined,
  x: Float32Array,
  direction: Float32Array,
) {
  const g = new OnnxGraphBuilder("softmax");
  const attributes = axis === undefined ? undefined : { axis: { int: axis } };
  g.output(g.node(operator, [g.initializer("x", shape, x)], attributes), []);
  return differentiate(g, () => direction);
}

describe.each([
  ["Softmax", (p: number) => p],
  ["LogSoftmax", Math.log],
])("%s", (operator, of) => {
  test("gradients are central differences, along any axis", async () => {
    await fc.assert(
      fc.asyncProperty(shapeWithAxis(), seeds, async ({ shape, axis }, seed) => {
        const x = normals(seed, "x", countOf(shape), 1.5);
        const direction = normals(seed, "direction", x.length);
        const evaluate = (v: ArrayLike<number>) => softmax(v, shape, axis).map(of);
        const { gradients, output } = await apply(operator, shape, axis, x, direction);
        expectClose(output, evaluate(x), 1e-5);
        expectGradient(gradients.get("x")!, x, direction, evaluate);
      }),
      { numRuns: 12, seed: 1 },
    );
  });

  test("along the last axis where none is given; large values do not overflow", async () => {
    const x = Float32Array.of(300, 301, -300, 2, 1, 0);
    const direction = normals(2, "direction", 6);
    const given = await apply(operator, [2, 1, 3], -1, x, direction);
    const { gradients } = await apply(operator, [2, 1, 3], undefined, x, direction);
    const found = gradients.get("x")!;
    expect(found.every(Number.isFinite)).toBe(true);
    expectClose(found, given.gradients.get("x")!, 1e-7);
    const shifted = x.map((v, k) => (k < 3 ? v - 300 : v));
    expectGradient(found, shifted, direction, (v) => softmax(v, [2, 3], 1).map(of));
  });

  test("gradients are TensorFlow.js's", async () => {
    const { tf } = await openTensorFlow();
    await tf.setBackend("cpu");
    const x = normals(6, "x", 40, 2);
    const direction = normals(6, "direction", 40);
    const { gradients } = await apply(operator, [4, 10], -1, x, direction);
    const theirs = operator === "Softmax" ? tf.softmax : tf.logSoftmax;
    const expected = tf.tidy(() =>
      tf
        .grad((v) => theirs(v, -1))(tf.tensor(x, [4, 10]), tf.tensor(direction, [4, 10]))
        .dataSync(),
    );
    expectClose(gradients.get("x")!, expected, 1e-6);
  });
});
