import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { erfc } from "../../../../src/math/error-function.js";
import { type AttributeValue, OnnxGraphBuilder } from "../../../../src/models/onnx-graph.js";
import { openTensorFlow } from "../../../../src/models/tensorflow-backend.js";
import { countOf, seeds, shapeOf } from "./arrays.js";
import { differentiate, expectClose, expectGradient, normals } from "./harness.js";

interface Case {
  readonly operator: string;
  readonly f: (x: number) => number;
  readonly attributes?: Record<string, AttributeValue>;
  /** Scalars that follow x; null where one is left out. */
  readonly constants?: readonly (number | null)[];
  /** Moves a normal number into the domain, and away from kinks by more than a step. */
  readonly domain?: (x: number) => number;
  readonly opset?: number;
}

const awayFrom =
  (...kinks: number[]) =>
  (x: number) =>
    kinks.reduce((v, kink) => (Math.abs(v - kink) < 1e-3 ? kink + 0.01 : v), x);
const positive = (x: number) => 0.2 + Math.abs(x);

const cases: readonly Case[] = [
  { operator: "Neg", f: (x) => -x },
  { operator: "Exp", f: Math.exp },
  { operator: "Log", f: Math.log, domain: positive },
  { operator: "Sqrt", f: Math.sqrt, domain: positive },
  { operator: "Erf", f: (x) => 1 - erfc(x) },
  { operator: "Sigmoid", f: (x) => 1 / (1 + Math.exp(-x)) },
  { operator: "Tanh", f: Math.tanh },
  { operator: "LeakyRelu", f: (x) => (x > 0 ? x : 0.01 * x), domain: awayFrom(0) },
  {
    operator: "LeakyRelu",
    f: (x) => (x > 0 ? x : 0.3 * x),
    attributes: { alpha: { float: 0.3 } },
    domain: awayFrom(0),
  },
  {
    operator: "Clip",
    f: (x) => Math.min(Math.max(x, -0.6), 0.9),
    constants: [-0.6, 0.9],
    domain: awayFrom(-0.6, 0.9),
  },
  {
    operator: "Clip",
    f: (x) => Math.min(x, 0.4),
    constants: [null, 0.4],
    domain: awayFrom(0.4),
  },
  { operator: "Clip", f: (x) => x },
  { operator: "Gelu", f: (x) => (x * erfc(-x * Math.SQRT1_2)) / 2, opset: 20 },
  {
    operator: "Gelu",
    f: (x) => (x * (1 + Math.tanh(Math.sqrt(2 / Math.PI) * (x + 0.044715 * x ** 3)))) / 2,
    attributes: { approximate: { string: "tanh" } },
    opset: 20,
  },
  ...[2, 3, -1.5, 0.5, 1].map((p) => ({
    operator: "Pow",
    f: (x: number) => x ** p,
    constants: [p],
    ...(Number.isInteger(p) ? {} : { domain: positive }),
  })),
];

const title = ({ operator, attributes, constants }: Case) =>
  `${operator} ${JSON.stringify(attributes ?? constants ?? "")}`;

/** One operator on `values`, with the gradient for `direction`. */
async function apply(
  { operator, attributes, constants = [], opset }: Case,
  shape: readonly number[],
  values: Float32Array,
  direction: Float32Array,
) {
  const g = new OnnxGraphBuilder("function");
  const others = constants.map((c, i) =>
    c === null ? "" : g.initializer(`constant ${i}`, [], Float32Array.of(c)),
  );
  g.output(g.node(operator, [g.initializer("x", shape, values), ...others], attributes), []);
  return differentiate(g, () => direction, opset);
}

describe.each(cases.map((one) => [title(one), one] as const))("%s", (_title, one) => {
  test("gradients are central differences", async () => {
    await fc.assert(
      fc.asyncProperty(shapeOf(), seeds, async (shape, seed) => {
        const { f, domain = (x: number) => x } = one;
        const x = normals(seed, "x", countOf(shape), 1.3).map(domain);
        const direction = normals(seed, "direction", x.length);
        const { gradients, output } = await apply(one, shape, x, direction);
        expectClose(output, Array.from(x, f), 1e-5);
        expectGradient(gradients.get("x")!, x, direction, (v) => v.map(f));
      }),
      { numRuns: 8, seed: 1 },
    );
  });
});

test("values at kinks and ends, and far out: no NaN, and the slopes that PyTorch has", async () => {
  const slopes = async (one: Omit<Case, "f">, x: number[]) => {
    const values = Float32Array.from(x);
    const { gradients } = await apply(
      { ...one, f: Number },
      [x.length],
      values,
      values.map(() => 1),
    );
    return [...gradients.get("x")!].map((v) => Math.round(v * 1e6) / 1e6 + 0);
  };
  const clip = { operator: "Clip", constants: [-1, 2] };
  expect(await slopes(clip, [-1.5, -1, 0, 2, 2.5])).toEqual([0, 1, 1, 1, 0]);
  const leaky = { operator: "LeakyRelu", attributes: { alpha: { float: 0.25 } } };
  expect(await slopes(leaky, [-3, 0, 3])).toEqual([0.25, 0.25, 1]);
  expect(await slopes({ operator: "Pow", constants: [0] }, [-2, 0, 2])).toEqual([0, 0, 0]);
  expect(await slopes({ operator: "Pow", constants: [1] }, [-2, 0, 2])).toEqual([1, 1, 1]);
  expect(await slopes({ operator: "Pow", constants: [2] }, [-2, 0, 2])).toEqual([-4, 0, 4]);
  expect(await slopes({ operator: "Sigmoid" }, [-200, 0, 200])).toEqual([0, 0.25, 0]);
  expect(await slopes({ operator: "Tanh" }, [-200, 0, 200])).toEqual([0, 1, 0]);
  expect(await slopes({ operator: "Erf" }, [-200, 200])).toEqual([0, 0]);
  for (const approximate of ["none", "tanh"]) {
    const attributes = { approximate: { string: approximate } };
    const gelu = { operator: "Gelu", attributes, opset: 20 };
    expect(await slopes(gelu, [-200, 0, 200])).toEqual([0, 0.5, 1]);
  }
});

test("Pow with one exponent for each column, broadcast either way", async () => {
  const x = normals(4, "x", 6).map(positive);
  const exponents = Float32Array.of(2, 0, -1);
  const g = new OnnxGraphBuilder("pow");
  // What nodes compute from constants alone is constant, too.
  const powers = g.node("Add", [
    g.node("ConstantOfShape", [g.initializer("shape", [1], BigInt64Array.of(3n))]),
    g.node("Constant", [], { value_floats: { floats: [...exponents] } }),
  ]);
  const column = g.node("Unsqueeze", [
    g.initializer("x", [6], x),
    g.initializer("axes", [1], BigInt64Array.of(1n)),
  ]);
  g.output(g.node("Pow", [column, powers]), []);
  const direction = normals(4, "direction", 18);
  const { gradients, shape } = await differentiate(g, () => direction);
  expect(shape).toEqual([6, 3]);
  expectGradient(gradients.get("x")!, x, direction, (v) =>
    Array.from(v).flatMap((u) => Array.from(exponents, (p) => u ** p)),
  );
});

test("gradients are TensorFlow.js's", async () => {
  const { tf } = await openTensorFlow();
  await tf.setBackend("cpu");
  const x = normals(6, "x", 40, 2);
  const direction = normals(6, "direction", 40);
  const attributes = { alpha: { float: 0.2 } };
  for (const [one, theirs] of [
    [{ operator: "Erf" }, (v: never) => tf.erf(v)],
    [{ operator: "Sigmoid" }, (v: never) => tf.sigmoid(v)],
    [{ operator: "Tanh" }, (v: never) => tf.tanh(v)],
    [{ operator: "LeakyRelu", attributes }, (v: never) => tf.leakyRelu(v, 0.2)],
    [{ operator: "Clip", constants: [-1, 1.5] }, (v: never) => tf.clipByValue(v, -1, 1.5)],
    [{ operator: "Pow", constants: [3] }, (v: never) => tf.pow(v, 3)],
  ] as const) {
    const { gradients } = await apply({ ...one, f: Number }, [5, 8], x, direction);
    const expected = tf.tidy(() =>
      tf
        .grad(theirs as never)(tf.tensor(x, [5, 8]), tf.tensor(direction, [5, 8]))
        .dataSync(),
    );
    // Single precision on either side.
    expectClose(gradients.get("x")!, expected, 1e-6);
  }
});

describe("forms that are not covered", () => {
  const x = (g: OnnxGraphBuilder) => g.initializer("x", [2], Float32Array.of(1, 2));
  const tried = (g: OnnxGraphBuilder, y: string, opset?: number) => {
    g.output(y, []);
    return differentiate(g, (size) => new Float32Array(size), opset);
  };

  test("a trained exponent or bound", async () => {
    const pow = new OnnxGraphBuilder("pow");
    await expect(
      tried(pow, pow.node("Pow", [x(pow), pow.initializer("p", [2], Float32Array.of(1, 2))])),
    ).rejects.toThrow('training: Pow "pow_0": the exponent must be constant, and "p" is not');
    const clip = new OnnxGraphBuilder("clip");
    const least = clip.node("ReduceMax", [x(clip)], { keepdims: { int: 0 } });
    await expect(tried(clip, clip.node("Clip", ["x", least]))).rejects.toThrow(
      'training: Clip "clip_1": bounds must be constant, and "reducemax_0" is trained or follows from what is',
    );
  });
});
