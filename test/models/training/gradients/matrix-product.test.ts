import fc from "fast-check";
import { expect, test } from "vitest";
import { OnnxGraphBuilder } from "../../../../src/models/onnx-graph.js";
import { differentiate, expectClose, expectGradient, normals } from "./harness.js";

const size = fc.integer({ min: 1, max: 4 });
const exact = { step: 1, tolerance: 1e-5 };

test("Gemm: gradients are central differences, transposed or not, C broadcast", async () => {
  const cShapes = fc.constantFrom("none", "scalar", "row", "column", "matrix");
  const arbitrary = fc.tuple(size, size, size, fc.boolean(), fc.boolean(), cShapes, fc.nat(1e6));
  await fc.assert(
    fc.asyncProperty(arbitrary, async ([rows, columns, inner, transA, transB, c, seed]) => {
      const [alpha, beta] = [0.5, -1.5];
      const shapes = {
        none: undefined,
        scalar: [1],
        row: [columns],
        column: [rows, 1],
        matrix: [rows, columns],
      };
      const shapeC = shapes[c as keyof typeof shapes];
      const a = normals(seed, "a", rows * inner);
      const b = normals(seed, "b", inner * columns);
      const bias = normals(seed, "c", shapeC?.reduce((x, y) => x * y, 1) ?? 0);
      const g = new OnnxGraphBuilder("gemm");
      const inputs = [
        g.initializer("a", transA ? [inner, rows] : [rows, inner], a),
        g.initializer("b", transB ? [columns, inner] : [inner, columns], b),
      ];
      if (shapeC !== undefined) inputs.push(g.initializer("c", shapeC, bias));
      const y = g.node("Gemm", inputs, {
        transA: { int: Number(transA) },
        transB: { int: Number(transB) },
        alpha: { float: alpha },
        beta: { float: beta },
      });
      g.output(y, []);
      const evaluate = (a: ArrayLike<number>, b: ArrayLike<number>, bias: ArrayLike<number>) =>
        Array.from({ length: rows * columns }, (_, k) => {
          const [i, j] = [Math.floor(k / columns), k % columns];
          let sum = 0;
          for (let l = 0; l < inner; l++) {
            sum +=
              a[transA ? l * rows + i : i * inner + l]! *
              b[transB ? j * inner + l : l * columns + j]!;
          }
          const at = { none: -1, scalar: 0, row: j, column: i, matrix: k }[c as "row"];
          return alpha * sum + (at < 0 ? 0 : beta * bias[at]!);
        });
      const direction = normals(seed, "direction", rows * columns);
      const { gradients, output } = await differentiate(g, () => direction);
      expectClose(output, evaluate(a, b, bias), 1e-5);
      expectGradient(gradients.get("a")!, a, direction, (v) => evaluate(v, b, bias), exact);
      expectGradient(gradients.get("b")!, b, direction, (v) => evaluate(a, v, bias), exact);
      if (shapeC === undefined) expect(gradients.has("c")).toBe(false);
      else expectGradient(gradients.get("c")!, bias, direction, (v) => evaluate(a, b, v), exact);
    }),
    { numRuns: 25, seed: 6 },
  );
});

test("MatMul: gradients are central differences, stacks broadcast, vectors as matrices", async () => {
  const outer = fc.array(fc.tuple(size, fc.constantFrom("both", "a", "b")), { maxLength: 2 });
  const arbitrary = fc.tuple(
    outer,
    fc.tuple(size, size, size),
    fc.nat(2),
    fc.nat(2),
    fc.constantFrom("matrices", "a is a vector", "b is a vector"),
    fc.nat(1e6),
  );
  await fc.assert(
    fc.asyncProperty(arbitrary, async ([stack, [rows, inner, columns], cutA, cutB, kind, seed]) => {
      const stackA = stack.map(([n, of]) => (of === "b" ? 1 : n)).slice(cutA);
      const stackB = stack.map(([n, of]) => (of === "a" ? 1 : n)).slice(cutB);
      const shapeA = kind === "a is a vector" ? [inner] : [...stackA, rows, inner];
      const shapeB = kind === "b is a vector" ? [inner] : [...stackB, inner, columns];
      const m = kind === "a is a vector" ? 1 : rows;
      const n = kind === "b is a vector" ? 1 : columns;
      const count = (shape: number[]) => shape.reduce((x, y) => x * y, 1);
      const a = normals(seed, "a", count(shapeA));
      const b = normals(seed, "b", count(shapeB));
      const outerA = shapeA.slice(0, -2);
      const outerB = shapeB.slice(0, -2);
      const depth = Math.max(outerA.length, outerB.length);
      const full = Array.from({ length: depth }, (_, i) =>
        Math.max(outerA.at(i - depth) ?? 1, outerB.at(i - depth) ?? 1),
      );
      /** Which matrix of a stack of `own` the k-th of the full stack is. */
      const matrixAt = (own: number[], k: number) => {
        let [index, stride, rest] = [0, 1, k];
        for (let axis = 1; axis <= depth; axis++) {
          const position = rest % full.at(-axis)!;
          rest = Math.floor(rest / full.at(-axis)!);
          const here = own.at(-axis) ?? 1;
          if (here !== 1) index += position * stride;
          stride *= here;
        }
        return index;
      };
      const evaluate = (a: ArrayLike<number>, b: ArrayLike<number>) => {
        const y: number[] = [];
        for (let k = 0; k < count(full); k++) {
          const [fromA, fromB] = [matrixAt(outerA, k) * m * inner, matrixAt(outerB, k) * inner * n];
          for (let i = 0; i < m; i++) {
            for (let j = 0; j < n; j++) {
              let sum = 0;
              for (let l = 0; l < inner; l++)
                sum += a[fromA + i * inner + l]! * b[fromB + l * n + j]!;
              y.push(sum);
            }
          }
        }
        return y;
      };
      const g = new OnnxGraphBuilder("matmul");
      g.output(
        g.node("MatMul", [g.initializer("a", shapeA, a), g.initializer("b", shapeB, b)]),
        [],
      );
      const direction = normals(seed, "direction", count(full) * m * n);
      const { gradients, output } = await differentiate(g, () => direction);
      expectClose(output, evaluate(a, b), 1e-5);
      expectGradient(gradients.get("a")!, a, direction, (v) => evaluate(v, b), exact);
      expectGradient(gradients.get("b")!, b, direction, (v) => evaluate(a, v), exact);
    }),
    { numRuns: 30, seed: 7 },
  );
});
