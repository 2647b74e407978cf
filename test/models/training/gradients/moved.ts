/** What rules of operators that move, cut or repeat elements are tested with. */
import { OnnxGraphBuilder } from "../../../../src/models/onnx-graph.js";
import { countOf } from "./arrays.js";
import { differentiate, expectClose, expectGradient, normals } from "./harness.js";

export const ints = (g: OnnxGraphBuilder, name: string, values: readonly number[]) =>
  g.initializer(name, [values.length], BigInt64Array.from(values, BigInt));

/**
 * Checks a graph that `build` makes of x against `sources`: for each element of its output the place in x that it
 * comes from, undefined where it is 0.
 */
export async function check(
  shape: readonly number[],
  seed: number,
  build: (g: OnnxGraphBuilder, x: string) => string,
  sources: readonly (number | undefined)[],
  opset = 17,
) {
  const x = normals(seed, "x", countOf(shape));
  const g = new OnnxGraphBuilder("moved");
  g.output(build(g, g.initializer("x", shape, x)), []);
  const direction = normals(seed, "direction", sources.length);
  const evaluate = (v: ArrayLike<number>) =>
    sources.map((source) => (source === undefined ? 0 : v[source]!));
  const { gradients, output } = await differentiate(g, () => direction, opset);
  expectClose(output, evaluate(x), 1e-6);
  expectGradient(gradients.get("x")!, x, direction, evaluate, { step: 1, tolerance: 1e-6 });
}
