import fc from "fast-check";
import { describe, test } from "vitest";
import { OnnxGraphBuilder } from "../../../../src/models/onnx-graph.js";
import { differentiate, expectGradient, normals } from "./harness.js";

/** Two shapes that broadcast to [a, b, c]. */
const shapes = fc
  .tuple(
    fc.array(fc.integer({ min: 1, max: 3 }), { minLength: 3, maxLength: 3 }),
    fc.array(fc.boolean(), { minLength: 3, maxLength: 3 }),
    fc.array(fc.boolean(), { minLength: 3, maxLength: 3 }),
    fc.integer({ min: 0, max: 2 }),
  )
  .map(([full, oneA, oneB, cut]) => ({
    a: full.map((size, i) => (oneA[i] ? 1 : size)),
    b: full.map((size, i) => (oneB[i] ? 1 : size)).slice(cut),
  }));

const operations: Record<string, (a: number, b: number) => number> = {
  Add: (a, b) => a + b,
  Sub: (a, b) => a - b,
  Mul: (a, b) => a * b,
  Div: (a, b) => a / b,
};

describe.each(Object.entries(operations))("%s", (operator, apply) => {
  test("gradients are central differences, operands broadcast either way", async () => {
    await fc.assert(
      fc.asyncProperty(shapes, fc.nat(1e6), async ({ a, b }, seed) => {
        const count = (shape: number[]) => shape.reduce((x, y) => x * y, 1);
        const left = normals(seed, "a", count(a));
        // Away from 0, which Div divides by.
        const right = normals(seed, "b", count(b)).map((v) => v + 2 * Math.sign(v));
        const g = new OnnxGraphBuilder("two");
        const y = g.node(operator, [g.initializer("a", a, left), g.initializer("b", b, right)]);
        g.output(y, []);
        const direction = normals(seed, "direction", 27);
        const { gradients, shape } = await differentiate(g, (n) => direction.subarray(0, n));
        const evaluate = (x: ArrayLike<number>, z: ArrayLike<number>) =>
          Array.from({ length: count([...shape]) }, (_, k) => {
            const at = (dims: number[]) => {
              let [index, stride, rest] = [0, 1, k];
              for (let axis = shape.length - 1, d = dims.length - 1; axis >= 0; axis--, d--) {
                const position = rest % shape[axis]!;
                rest = Math.floor(rest / shape[axis]!);
                if (d < 0) continue;
                if (dims[d] !== 1) index += position * stride;
                stride *= dims[d]!;
              }
              return index;
            };
            return apply(x[at(a)]!, z[at(b)]!);
          });
        const used = direction.subarray(0, count([...shape]));
        expectGradient(gradients.get("a")!, left, used, (x) => evaluate(x, right));
        expectGradient(gradients.get("b")!, right, used, (z) => evaluate(left, z));
      }),
      { numRuns: 12, seed: 1 },
    );
  });
});

test("Relu and Identity: gradients are central differences; a value used twice gets both", async () => {
  const values = normals(3, "x", 24).map((v) => v + 0.1 * Math.sign(v)); // steps do not cross 0
  const g = new OnnxGraphBuilder("relu");
  const x = g.initializer("x", [2, 3, 4], values);
  const zero = g.initializer("zero", [], new Float32Array(1));
  g.output(
    g.node("Mul", [g.node("Relu", [g.node("Identity", [g.node("Sub", [zero, x])])]), x]),
    [],
  );
  const direction = normals(3, "direction", 24);
  const { gradients } = await differentiate(g, () => direction);
  expectGradient(gradients.get("x")!, values, direction, (v) => v.map((u) => Math.max(0, -u) * u));
});
