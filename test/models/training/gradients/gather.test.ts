import fc from "fast-check";
import { expect, test } from "vitest";
import { OnnxGraphBuilder } from "../../../../src/models/onnx-graph.js";
import { openTensorFlow } from "../../../../src/models/tensorflow-backend.js";
import { countOf, indicesOf, placeOf, seeds, shapeOf, shapeWithAxis } from "./arrays.js";
import { differentiate, expectClose, expectGradient, normals } from "./harness.js";

const cases = fc
  .record({
    data: shapeWithAxis({ min: 1, max: 3 }),
    // A scalar, which drops the axis, a vector or a matrix of indices.
    indices: shapeOf({ min: 0, max: 2 }),
  })
  .chain(({ data: { shape, axis }, indices }) => {
    const size = shape.at(axis)!;
    const count = countOf(indices);
    return fc.record({
      shape: fc.constant(shape),
      axis: fc.constant(axis),
      dims: fc.constant(indices),
      chosen: fc.array(fc.integer({ min: -size, max: size - 1 }), {
        minLength: count,
        maxLength: count,
      }),
    });
  });

test("gradients are central differences; an index may be negative and come several times", async () => {
  await fc.assert(
    fc.asyncProperty(cases, seeds, async ({ shape, axis, dims, chosen }, seed) => {
      const at = (axis + shape.length) % shape.length;
      const x = normals(seed, "x", countOf(shape));
      const output = [...shape.slice(0, at), ...dims, ...shape.slice(at + 1)];
      const sources = indicesOf(output).map((index) => {
        const which = chosen[placeOf(dims, index.slice(at, at + dims.length))]!;
        const place = (which + shape[at]!) % shape[at]!;
        const rest = index.slice(at + dims.length);
        return placeOf(shape, [...index.slice(0, at), place, ...rest]);
      });
      const evaluate = (v: ArrayLike<number>) => sources.map((source) => v[source]!);
      const direction = normals(seed, "direction", sources.length);
      const g = new OnnxGraphBuilder("gathered");
      const indices = g.initializer("indices", dims, BigInt64Array.from(chosen, BigInt));
      const inputs = [g.initializer("x", shape, x), indices];
      g.output(g.node("Gather", inputs, { axis: { int: axis } }), []);
      const { gradients, output: computed, shape: found } = await differentiate(g, () => direction);
      expect(found).toEqual(output);
      expectClose(computed, evaluate(x), 1e-6);
      expectGradient(gradients.get("x")!, x, direction, evaluate, { step: 1, tolerance: 1e-6 });
    }),
    { numRuns: 15, seed: 1 },
  );
});

test("embeddings: gradients are TensorFlow.js's", async () => {
  const { tf } = await openTensorFlow();
  await tf.setBackend("cpu");
  const [words, width, text] = [300, 16, [4, 40]];
  const x = normals(2, "x", words * width);
  const chosen = Array.from({ length: countOf(text) }, (_, i) => (i * i * 7) % (i % 3 ? words : 5));
  const direction = normals(2, "direction", chosen.length * width);
  const g = new OnnxGraphBuilder("gathered");
  const indices = g.initializer("indices", text, BigInt64Array.from(chosen, BigInt));
  g.output(g.node("Gather", [g.initializer("x", [words, width], x), indices]), []);
  const { gradients } = await differentiate(g, () => direction);
  const theirs = tf.tidy(() =>
    tf
      .grad((v) => tf.gather(v, tf.tensor(chosen, text as [number, number], "int32")))(
        tf.tensor(x, [words, width]),
        tf.tensor(direction, [...text, width]),
      )
      .dataSync(),
  );
  expectClose(gradients.get("x")!, theirs, 1e-6);
});
