import { expect, test } from "vitest";
import { OnnxGraphBuilder } from "../../../../src/models/onnx-graph.js";
import { differentiate, expectClose, expectGradient, normals } from "./harness.js";

const epsilon = 1e-3;

/** In double precision, by the statistics of the batch. */
function evaluate(
  x: ArrayLike<number>,
  gamma: ArrayLike<number>,
  beta: ArrayLike<number>,
  images: number,
  cells: number,
): Float64Array {
  const channels = gamma.length;
  const y = new Float64Array(x.length);
  for (let c = 0; c < channels; c++) {
    const places = Array.from(
      { length: images * cells },
      (_, k) => (Math.floor(k / cells) * channels + c) * cells + (k % cells),
    );
    const mean = places.reduce((sum, at) => sum + x[at]!, 0) / places.length;
    const variance = places.reduce((sum, at) => sum + (x[at]! - mean) ** 2, 0) / places.length;
    for (const at of places) {
      y[at] = (gamma[c]! * (x[at]! - mean)) / Math.sqrt(variance + epsilon) + beta[c]!;
    }
  }
  return y;
}

test.each([
  ["images", [3, 2], [4, 5], 0],
  ["far from 0: a mean of 30 standard deviations", [3, 2], [4, 5], 30],
  ["signals", [4, 3], [6], 0],
  ["vectors", [8, 3], [], 1],
] as const)(
  "%s: gradients are central differences",
  async (_name, [images, channels], spatial, mean) => {
    const cells = spatial.reduce<number>((a, b) => a * b, 1);
    const x = normals(1, "x", images * channels * cells, 1, mean);
    const gamma = normals(1, "gamma", channels, 0.5, 1);
    const beta = normals(1, "beta", channels);
    const g = new OnnxGraphBuilder("norm");
    const y = g.node(
      "BatchNormalization",
      [
        g.initializer("x", [images, channels, ...spatial], x),
        g.initializer("gamma", [channels], gamma),
        g.initializer("beta", [channels], beta),
        g.initializer("mean", [channels], new Float32Array(channels)),
        g.initializer("variance", [channels], new Float32Array(channels).fill(1)),
      ],
      { epsilon: { float: epsilon } },
    );
    g.output(y, []);
    const direction = normals(1, "direction", x.length);
    const { gradients, output } = await differentiate(g, () => direction);
    expectClose(output, evaluate(x, gamma, beta, images, cells), 2e-5);
    // Single precision keeps 2^-24 · mean of x, and of what follows from it.
    const options = { tolerance: 2e-5 * (1 + mean) };
    expectGradient(
      gradients.get("x")!,
      x,
      direction,
      (v) => evaluate(v, gamma, beta, images, cells),
      options,
    );
    expectGradient(
      gradients.get("gamma")!,
      gamma,
      direction,
      (v) => evaluate(x, v, beta, images, cells),
      options,
    );
    expectGradient(
      gradients.get("beta")!,
      beta,
      direction,
      (v) => evaluate(x, gamma, v, images, cells),
      options,
    );
    // Running statistics are not trained.
    expect(gradients.size).toBe(3);
  },
);
