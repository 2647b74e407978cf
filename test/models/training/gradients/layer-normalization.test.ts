import fc from "fast-check";
import { expect, test } from "vitest";
import { OnnxGraphBuilder } from "../../../../src/models/onnx-graph.js";
import { openTensorFlow } from "../../../../src/models/tensorflow-backend.js";
import { countOf, seeds, shapeOf } from "./arrays.js";
import { differentiate, expectClose, expectGradient, normals } from "./harness.js";

const cases = shapeOf({ min: 1, max: 4 }).chain((shape) =>
  fc.record({
    shape: fc.constant(shape.with(-1, shape.at(-1)! + 1)), // one element alone is always 0
    axis: fc.integer({ min: -shape.length, max: shape.length - 1 }),
    bias: fc.boolean(),
    epsilon: fc.constantFrom(undefined, 0.1),
  }),
);

/** Layer normalization by its definition; `tail` elements are normalized together. */
function normalize(
  x: ArrayLike<number>,
  scale: ArrayLike<number>,
  bias: ArrayLike<number> | undefined,
  tail: number,
  epsilon: number,
): number[] {
  const y: number[] = [];
  for (let first = 0; first < x.length; first += tail) {
    const part = Array.from({ length: tail }, (_, i) => x[first + i]!);
    const mean = part.reduce((a, b) => a + b) / tail;
    const variance = part.reduce((a, b) => a + (b - mean) ** 2, 0) / tail;
    part.forEach((v, i) => {
      y.push(((v - mean) / Math.sqrt(variance + epsilon)) * scale[i]! + (bias?.[i] ?? 0));
    });
  }
  return y;
}

test("gradients are central differences, over any last axes, with and without a bias", async () => {
  await fc.assert(
    fc.asyncProperty(cases, seeds, async ({ shape, axis, bias, epsilon = 1e-5 }, seed) => {
      const normalized = shape.slice(axis);
      const tail = countOf(normalized);
      const x = normals(seed, "x", countOf(shape), 2, 0.5);
      const scale = normals(seed, "scale", tail, 1, 0.3);
      const b = bias ? normals(seed, "bias", tail) : undefined;
      const direction = normals(seed, "direction", x.length);
      const g = new OnnxGraphBuilder("normalized");
      const inputs = [g.initializer("x", shape, x), g.initializer("scale", normalized, scale)];
      if (b !== undefined) inputs.push(g.initializer("bias", normalized, b));
      const attributes = {
        axis: { int: axis },
        ...(epsilon !== 1e-5 && { epsilon: { float: epsilon } }),
      };
      g.output(g.node("LayerNormalization", inputs, attributes), []);
      const { gradients, output } = await differentiate(g, () => direction);
      expectClose(output, normalize(x, scale, b, tail, epsilon), 1e-4);
      const of = { tolerance: 1e-3, step: 1e-4 }; // close values amplify single precision
      expectGradient(
        gradients.get("x")!,
        x,
        direction,
        (v) => normalize(v, scale, b, tail, epsilon),
        of,
      );
      expectGradient(gradients.get("scale")!, scale, direction, (v) =>
        normalize(x, v, b, tail, epsilon),
      );
      if (b === undefined) return;
      expectGradient(gradients.get("bias")!, b, direction, (v) =>
        normalize(x, scale, v, tail, epsilon),
      );
    }),
    { numRuns: 20, seed: 1 },
  );
});

test("gradients are TensorFlow.js's, with the shapes of a transformer", async () => {
  const { tf } = await openTensorFlow();
  await tf.setBackend("cpu");
  const [words, width] = [12, 64];
  const x = normals(3, "x", words * width, 2, 1);
  const scale = normals(3, "scale", width, 0.2, 1);
  const bias = normals(3, "bias", width);
  const direction = normals(3, "direction", words * width);
  const g = new OnnxGraphBuilder("normalized");
  const y = g.node("LayerNormalization", [
    g.initializer("x", [words, width], x),
    g.initializer("scale", [width], scale),
    g.initializer("bias", [width], bias),
  ]);
  g.output(y, []);
  const { gradients } = await differentiate(g, () => direction);
  const theirs = tf.tidy(() =>
    tf
      .grads((v, s, b) => {
        const { mean, variance } = tf.moments(v, -1, true);
        return tf.add(tf.mul(tf.mul(tf.sub(v, mean), tf.rsqrt(tf.add(variance, 1e-5))), s), b);
      })(
        [tf.tensor(x, [words, width]), tf.tensor(scale), tf.tensor(bias)],
        tf.tensor(direction, [words, width]),
      )
      .map((gradient) => gradient.dataSync()),
  );
  ["x", "scale", "bias"].forEach((name, i) => {
    expectClose(gradients.get(name)!, theirs[i]!, 1e-5);
  });
});

test("its other outputs cannot be trained through", async () => {
  const g = new OnnxGraphBuilder("normalized");
  const x = g.initializer("x", [2, 3], normals(1, "x", 6));
  const scale = g.initializer("scale", [3], normals(1, "scale", 3));
  g.nodeOf("LayerNormalization", [x, scale], {}, ["y", "mean"]);
  g.output(g.node("Add", ["y", "mean"]), []);
  await expect(differentiate(g, (n) => new Float32Array(n))).rejects.toThrow(
    'training: LayerNormalization "y": only its first output may be used',
  );
});
