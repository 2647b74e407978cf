/**
 * What gradient rules are tested with: a graph whose weights are the values in question, and
 * L = Σ direction · output, so that the gradient of L is a product of the output's Jacobian with `direction`.
 */
import * as ort from "onnxruntime-node";
import { expect } from "vitest";
import { RandomSource } from "../../../../src/kernel/index.js";
import type { OnnxGraphBuilder } from "../../../../src/models/onnx-graph.js";
import { valuesBehind, writeGradients } from "../../../../src/models/training/backward.js";
import { readForwardGraph } from "../../../../src/models/training/forward-graph.js";
import { GraphWriter } from "../../../../src/models/training/graph-writer.js";
import { decodeModel, encodeModel } from "../../../../src/weights/onnx-proto.js";

export interface Differentiated {
  readonly output: Float32Array;
  readonly shape: readonly number[];
  /** By the names of the graph's float initializers of at least one dimension. */
  readonly gradients: ReadonlyMap<string, Float32Array>;
}

/** Runs a graph without inputs and its gradients. `direction` is asked for once the output's size is known. */
export async function differentiate(
  builder: OnnxGraphBuilder,
  direction: (size: number) => Float32Array,
  opset = 17,
): Promise<Differentiated> {
  const forward = await readForwardGraph(decodeModel(builder.build(opset)), { batch: 1 });
  const { model, parameters, scores, shapes } = forward;
  const names = parameters.map(({ name }) => name);
  const graph = new GraphWriter(forward, valuesBehind(forward, names));
  const shape = shapes.get(scores)!;
  const size = shape.reduce((a, b) => a * b, 1);
  const seed = graph.floats(direction(size), shape);
  const gradients = writeGradients(forward, graph, seed);
  const found = names.filter((name) => gradients.has(name));
  for (const name of found) {
    expect(graph.shapeOf(gradients.get(name)!)).toEqual(graph.shapeOf(name));
  }
  const bytes = encodeModel({
    ...model,
    graph: {
      ...model.graph,
      node: [...model.graph.node, ...graph.nodes],
      initializer: [...model.graph.initializer, ...graph.constants],
      output: [scores, ...new Set(found.map((name) => gradients.get(name)!))].map((name) => ({
        name,
      })),
    },
  });
  const session = await ort.InferenceSession.create(bytes, { logSeverityLevel: 3 });
  const outputs = await session.run({});
  await session.release();
  const data = (name: string) => outputs[name]!.data as Float32Array;
  for (const name of found) {
    // What rules say of shapes must be what the runtime makes of them.
    expect(outputs[gradients.get(name)!]!.dims).toEqual([...graph.shapeOf(name)]);
  }
  return {
    output: data(scores),
    shape,
    gradients: new Map(found.map((name) => [name, data(gradients.get(name)!)])),
  };
}

/** Normal numbers that depend on the seed and the name alone. */
export function normals(seed: number, name: string, size: number, sigma = 1, mean = 0) {
  const values = new Float32Array(size);
  new RandomSource(seed).stream(name).fillNormal(values, sigma, mean);
  return values;
}

/**
 * Asserts gradients against central differences of Σ direction · evaluate(values), `evaluate` being a forward
 * evaluation in double precision that the test writes by hand. `step` may be large where that is linear in each
 * value; `tolerance` is relative to the largest gradient.
 */
export function expectGradient(
  gradient: Float32Array,
  values: Float32Array,
  direction: Float32Array,
  evaluate: (values: Float64Array) => ArrayLike<number>,
  { step = 1e-4, tolerance = 1e-4 } = {},
): void {
  expect(gradient).toHaveLength(values.length);
  const loss = (at: Float64Array) => {
    const output = evaluate(at);
    return direction.reduce((sum, d, i) => sum + d * output[i]!, 0);
  };
  const expected = Array.from(values, (value, k) => {
    const at = Float64Array.from(values);
    at[k] = value + step;
    const above = loss(at);
    at[k] = value - step;
    return (above - loss(at)) / (2 * step);
  });
  expectClose(gradient, expected, tolerance);
}

/** Asserts that no value is further from its expectation than `tolerance` times the largest, or 1e-6. */
export function expectClose(
  measured: ArrayLike<number>,
  expected: ArrayLike<number>,
  tolerance: number,
): void {
  expect(measured.length).toBe(expected.length);
  let [scale, worst, at] = [1e-6 / tolerance, 0, -1];
  for (let k = 0; k < expected.length; k++) {
    scale = Math.max(scale, Math.abs(expected[k]!));
    const distance = Math.abs(measured[k]! - expected[k]!);
    if (!(distance <= worst)) [worst, at] = [distance, k];
  }
  expect(
    worst / scale,
    `value ${at}: ${measured[at]}, expected ${expected[at]}, the largest is ${scale}`,
  ).toBeLessThanOrEqual(tolerance);
}
