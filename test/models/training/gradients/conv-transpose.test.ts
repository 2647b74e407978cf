import fc from "fast-check";
import { expect, test } from "vitest";
import { OnnxGraphBuilder } from "../../../../src/models/onnx-graph.js";
import { openTensorFlow } from "../../../../src/models/tensorflow-backend.js";
import { countOf, indicesOf, placeOf, seeds } from "./arrays.js";
import { differentiate, expectClose, expectGradient, normals } from "./harness.js";

const axis = fc
  .record({
    size: fc.integer({ min: 1, max: 4 }),
    kernel: fc.integer({ min: 1, max: 3 }),
    stride: fc.integer({ min: 1, max: 3 }),
    dilation: fc.integer({ min: 1, max: 2 }),
    before: fc.integer({ min: 0, max: 2 }),
    after: fc.integer({ min: 0, max: 2 }),
    added: fc.integer({ min: 0, max: 2 }),
  })
  .map((a) => ({ ...a, added: Math.min(a.added, a.stride - 1) }))
  .map((a) => ({ ...a, output: outputOf(a) }))
  .filter(({ output }) => output >= 1);

/** Its output's size along an axis. ONNX, Operators.md, ConvTranspose. */
function outputOf(a: {
  size: number;
  kernel: number;
  stride: number;
  dilation: number;
  before: number;
  after: number;
  added: number;
}): number {
  return (a.size - 1) * a.stride + a.added + (a.kernel - 1) * a.dilation + 1 - a.before - a.after;
}

const cases = (spatial: number) =>
  fc.record({
    images: fc.integer({ min: 1, max: 2 }),
    group: fc.integer({ min: 1, max: 2 }),
    ins: fc.integer({ min: 1, max: 2 }),
    outs: fc.integer({ min: 1, max: 2 }),
    bias: fc.boolean(),
    axes: fc.array(axis, { minLength: spatial, maxLength: spatial }),
  });

test.each([
  ["one dimension", 1, 12],
  ["two dimensions", 2, 15],
])("%s: gradients are central differences", async (_name, spatial, numRuns) => {
  await fc.assert(
    fc.asyncProperty(cases(spatial), seeds, async (one, seed) => {
      const { images, group, ins, outs, bias, axes } = one;
      const input = [images, group * ins, ...axes.map(({ size }) => size)];
      const kernel = axes.map((a) => a.kernel);
      const weights = [group * ins, outs, ...kernel];
      const output = [images, group * outs, ...axes.map((a) => a.output)];
      const x = normals(seed, "x", countOf(input));
      const w = normals(seed, "w", countOf(weights));
      const b = normals(seed, "b", bias ? group * outs : 0);
      const evaluate = (x: ArrayLike<number>, w: ArrayLike<number>, b: ArrayLike<number>) => {
        const y = new Float64Array(countOf(output));
        const each = countOf(output.slice(2));
        for (let k = 0; k < y.length; k++) {
          y[k] = bias ? b[Math.floor(k / each) % (group * outs)]! : 0;
        }
        for (const at of indicesOf(input)) {
          const [n, c, ...place] = at as [number, number, ...number[]];
          for (const [o, ...tap] of indicesOf(weights.slice(1)) as [number, ...number[]][]) {
            const to = axes.map((a, i) => place[i]! * a.stride + tap[i]! * a.dilation - a.before);
            if (!to.every((t, i) => t >= 0 && t < axes[i]!.output)) continue;
            const out = Math.floor(c / ins) * outs + o;
            const weight = w[placeOf(weights, [c, o, ...tap])]!;
            y[placeOf(output, [n, out, ...to])]! += x[placeOf(input, at)]! * weight;
          }
        }
        return y;
      };
      const g = new OnnxGraphBuilder("spread");
      const inputs = [g.initializer("x", input, x), g.initializer("w", weights, w)];
      if (bias) inputs.push(g.initializer("b", [group * outs], b));
      const y = g.node("ConvTranspose", inputs, {
        group: { int: group },
        strides: { ints: axes.map((a) => a.stride) },
        dilations: { ints: axes.map((a) => a.dilation) },
        output_padding: { ints: axes.map((a) => a.added) },
        pads: { ints: [...axes.map((a) => a.before), ...axes.map((a) => a.after)] },
      });
      g.output(y, []);
      const direction = normals(seed, "direction", countOf(output));
      const { gradients, output: computed, shape } = await differentiate(g, () => direction);
      expect(shape).toEqual(output);
      expectClose(computed, evaluate(x, w, b), 1e-5);
      const exact = { step: 1, tolerance: 1e-5 };
      expectGradient(gradients.get("x")!, x, direction, (v) => evaluate(v, w, b), exact);
      expectGradient(gradients.get("w")!, w, direction, (v) => evaluate(x, v, b), exact);
      if (bias) expectGradient(gradients.get("b")!, b, direction, (v) => evaluate(x, w, v), exact);
    }),
    { numRuns, seed: 1 },
  );
});

test("gradients are TensorFlow.js's: upsampling by 2 with a kernel of 4", async () => {
  const { tf } = await openTensorFlow();
  // Its WebAssembly cannot differentiate by filters.
  await tf.setBackend("cpu");
  const [ins, outs] = [6, 4];
  const x = normals(2, "x", 2 * ins * 25);
  const w = normals(2, "w", ins * outs * 16);
  const direction = normals(2, "direction", 2 * outs * 100);
  const g = new OnnxGraphBuilder("spread");
  const inputs = [g.initializer("x", [2, ins, 5, 5], x), g.initializer("w", [ins, outs, 4, 4], w)];
  const attributes = { strides: { ints: [2, 2] }, pads: { ints: [1, 1, 1, 1] } };
  g.output(g.node("ConvTranspose", inputs, attributes), []);
  const { gradients } = await differentiate(g, () => direction);
  const theirs = tf.tidy(() => {
    const image = tf.transpose(tf.tensor(x, [2, ins, 5, 5]), [0, 2, 3, 1]);
    const filter = tf.transpose(tf.tensor(w, [ins, outs, 4, 4]), [2, 3, 1, 0]);
    const seed = tf.transpose(tf.tensor(direction, [2, outs, 10, 10]), [0, 2, 3, 1]);
    const back = tf.grads((a, b) =>
      tf.conv2dTranspose(a as never, b as never, [2, 10, 10, outs], 2, "same"),
    )([image, filter], seed);
    return [
      tf.transpose(back[0]!, [0, 3, 1, 2]).dataSync(),
      tf.transpose(back[1]!, [3, 2, 0, 1]).dataSync(),
    ];
  });
  expectClose(gradients.get("x")!, theirs[0]!, 1e-5);
  expectClose(gradients.get("w")!, theirs[1]!, 1e-5);
});

test("sizes that the operator works out itself are refused", async () => {
  const attempt = (attributes: object) => {
    const g = new OnnxGraphBuilder("spread");
    const inputs = [
      g.initializer("x", [1, 1, 3], normals(1, "x", 3)),
      g.initializer("w", [1, 1, 2], normals(1, "w", 2)),
    ];
    g.output(g.node("ConvTranspose", inputs, attributes as never, "y"), []);
    return differentiate(g, (size) => new Float32Array(size));
  };
  await expect(attempt({ output_shape: { ints: [3] } })).rejects.toThrow(
    'training: ConvTranspose "y": takes pads and output_padding, not output_shape or auto_pad NOTSET',
  );
  await expect(attempt({ auto_pad: { string: "SAME_UPPER" } })).rejects.toThrow(
    /not output_shape or auto_pad SAME_UPPER/,
  );
  await expect(
    attempt({ dilations: { ints: [2] }, output_padding: { ints: [1] } }),
  ).rejects.toThrow('training: ConvTranspose "y": output_padding must be smaller than the stride');
});
