/**
 * A network of two convolutions with batch normalization and a last linear layer, and the same computed by hand.
 *
 * The first kernel is 3 x 2 with strides, dilation and padding that differ between rows and columns.
 */
import { RandomSource } from "../../src/kernel/index.js";
import { OnnxGraphBuilder } from "../../src/models/onnx-graph.js";

const epsilon = 1e-3;
const random = (name: string, size: number, sigma: number, mean = 0) => {
  const values = new Float32Array(size);
  new RandomSource(9).stream(name).fillNormal(values, sigma, mean);
  return values;
};
const side = 6;
const norms = [3, 4].map((channels, i) => ({
  gamma: random(`gamma${i}`, channels, 0.2, 1),
  beta: random(`beta${i}`, channels, 0.3),
  mean: random(`mean${i}`, channels, 0.3),
  variance: random(`variance${i}`, channels, 0.2, 1).map((v) => Math.abs(v) + 0.1),
}));

/** Weights travel in this order: c1 [3, 2, 3, 2], b1 [3], c2 [4, 3, 1, 1], fc [4, 3], fcb [3]. */
export function smallNetwork(): OnnxGraphBuilder {
  const g = new OnnxGraphBuilder("small");
  const tensor = (name: string, shape: number[], sigma: number) =>
    g.initializer(
      name,
      shape,
      random(
        name,
        shape.reduce((a, b) => a * b, 1),
        sigma,
      ),
    );
  const norm = (x: string, i: number) => {
    const { gamma, beta, mean, variance } = norms[i];
    const parts = Object.entries({ gamma, beta, mean, variance });
    const inputs = parts.map(([part, v]) => g.initializer(`${part}${i}`, [v.length], v));
    return g.node("BatchNormalization", [x, ...inputs], { epsilon: { float: epsilon } });
  };
  const x = g.input("input", [null, 2, side, side]);
  const c1 = tensor("c1", [3, 2, 3, 2], 0.5);
  const b1 = tensor("b1", [3], 0.4);
  const first = g.node("Conv", [x, c1, b1], {
    kernel_shape: { ints: [3, 2] },
    strides: { ints: [2, 1] },
    dilations: { ints: [1, 2] },
    pads: { ints: [1, 1, 0, 1] },
  });
  const relu = g.node("Relu", [norm(first, 0)]);
  const second = norm(g.node("Conv", [relu, tensor("c2", [4, 3, 1, 1], 0.7)]), 1);
  const flat = g.node("Flatten", [g.node("GlobalAveragePool", [g.node("Relu", [second])])]);
  const product = g.node("MatMul", [flat, tensor("fc", [4, 3], 0.6)]);
  g.output(g.node("Add", [product, tensor("fcb", [3], 0.5)], {}, "scores"), [null, 3]);
  return g;
}

/** What the taps of a layer meet: a row for each output position, inputs · taps long. */
interface Patches {
  readonly taps: number;
  readonly rows: readonly Float64Array[];
}

/** `use`: statistics of the batch, the file's, or given ones. */
export function forward(
  weights: Float32Array,
  images: Float32Array,
  count: number,
  use: "batch" | "running" | Float32Array = "batch",
) {
  const at = { c1: 0, b1: 36, c2: 39, fc: 51, fcb: 63 };
  const statistics: number[] = [];
  const patches: Patches[] = [];
  const rows1: Float64Array[] = [];
  for (let n = 0; n < count; n++) {
    for (let y = 0; y < 3; y++) {
      for (let x = 0; x < 6; x++) {
        const row = new Float64Array(12);
        for (let i = 0; i < 2; i++) {
          for (let a = 0; a < 3; a++) {
            for (let b = 0; b < 2; b++) {
              const [yy, xx] = [2 * y + a - 1, x + 2 * b - 1];
              if (yy < 0 || xx < 0 || yy >= side || xx >= side) continue;
              row[i * 6 + a * 2 + b] = images[((n * 2 + i) * side + yy) * side + xx];
            }
          }
        }
        rows1.push(row);
      }
    }
  }
  patches.push({ taps: 6, rows: rows1 });
  const hidden = normalize(
    rows1.map((row) => layer(row, at.c1, 3, at.b1)),
    0,
  );
  patches.push({ taps: 1, rows: hidden });
  const features = normalize(
    hidden.map((row) => layer(row, at.c2, 4)),
    1,
  );
  const pooled = Array.from({ length: count }, (_, n) => {
    const mean = new Float64Array(4);
    const positions = features.slice(n * 18, (n + 1) * 18);
    for (const row of positions)
      row.forEach((v, c) => {
        mean[c] += v / 18;
      });
    return mean;
  });
  patches.push({ taps: 1, rows: pooled });
  const scores = pooled.flatMap((row) =>
    [0, 1, 2].map((c) =>
      row.reduce((sum, v, i) => sum + v * weights[at.fc + i * 3 + c], weights[at.fcb + c]),
    ),
  );
  return { statistics, scores, patches };

  function layer(row: Float64Array, from: number, outs: number, bias?: number): Float64Array {
    return Float64Array.from({ length: outs }, (_, c) =>
      row.reduce(
        (sum, v, j) => sum + v * weights[from + c * row.length + j],
        bias === undefined ? 0 : weights[bias + c],
      ),
    );
  }

  /** Normalizes in place and cuts off below 0. */
  function normalize(rows: Float64Array[], i: number): Float64Array[] {
    const { gamma, beta, mean, variance } = norms[i];
    const channels = gamma.length;
    const measured = Array.from({ length: channels }, (_, c) => {
      const m = rows.reduce((sum, row) => sum + row[c], 0) / rows.length;
      return [m, rows.reduce((sum, row) => sum + (row[c] - m) ** 2, 0) / rows.length];
    });
    statistics.push(...measured.map(([m]) => m), ...measured.map(([, v]) => v));
    const offset = 6 * i;
    for (const row of rows) {
      for (let c = 0; c < channels; c++) {
        let [m, v] = measured[c];
        if (use === "running") [m, v] = [mean[c], variance[c]];
        else if (use !== "batch") [m, v] = [use[offset + c], use[offset + channels + c]];
        const z = (gamma[c] * (row[c] - m)) / Math.sqrt(v + epsilon) + beta[c];
        row[c] = Math.max(0, z);
      }
    }
    return rows;
  }
}
