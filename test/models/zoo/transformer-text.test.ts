import * as ort from "onnxruntime-node";
import { expect, test } from "vitest";
import { RandomSource } from "../../../src/kernel/index.js";
import { erfc } from "../../../src/math/error-function.js";
import { transformerText } from "../../../src/models/zoo/transformer-text.js";
import { largestDifference, randomized } from "./graph.js";

const tokens = 5;
const sizes = { vocabulary: 11, width: 6, heads: 3, layers: 2, feedForward: 7, dropout: 0.1 };
const task = { example: [tokens], classes: 4 };

type Row = number[];

/** The encoder in float64, one text at a time, from the formulas of its header. */
function forward(
  values: ReadonlyMap<string, Float32Array>,
  ids: readonly number[],
  mask: readonly number[],
  pooling: "mean" | "first",
): Row {
  const { width, heads } = sizes;
  const vector = (name: string) => [...values.get(name)!];
  const linear = (x: Row, weight: Row, bias: Row) =>
    bias.map((b, o) => x.reduce((sum, v, i) => sum + v * weight[o * x.length + i], b));
  const layer = (x: Row, name: string) =>
    linear(x, vector(`${name}.weight`), vector(`${name}.bias`));
  const norm = (x: Row, name: string) => {
    const mean = x.reduce((a, b) => a + b) / width;
    const variance = x.reduce((sum, v) => sum + (v - mean) ** 2, 0) / width;
    const [scale, shift] = [vector(`${name}.weight`), vector(`${name}.bias`)];
    return x.map((v, i) => ((v - mean) / Math.sqrt(variance + 1e-5)) * scale[i] + shift[i]);
  };
  const gelu = (a: number) => (a * erfc(-a / Math.SQRT2)) / 2; // 1 + erf(z) = erfc(-z)
  const plus = (a: Row, b: Row) => a.map((v, i) => v + b[i]);

  const attention = (x: Row[], name: string) => {
    const inner = vector(`${name}.in_proj_weight`);
    const shift = vector(`${name}.in_proj_bias`);
    // The matrix holds the rows of queries, then keys, then values.
    const [queries, keys, contents] = [0, 1, 2].map((part) =>
      x.map((row) =>
        linear(
          row,
          inner.slice(part * width * width, (part + 1) * width * width),
          shift.slice(part * width, (part + 1) * width),
        ),
      ),
    );
    const size = width / heads;
    return queries.map((query) => {
      const mixed: Row = [];
      for (let h = 0; h < heads; h++) {
        const head = (row: Row) => row.slice(h * size, (h + 1) * size);
        const weights = keys.map((key, t) => {
          const product = head(query).reduce((sum, v, i) => sum + v * head(key)[i], 0);
          return mask[t] === 0 ? 0 : Math.exp(product / Math.sqrt(size));
        });
        const total = weights.reduce((a, b) => a + b);
        for (let i = 0; i < size; i++) {
          mixed.push(
            contents.reduce((sum, row, t) => sum + (weights[t] / total) * head(row)[i], 0),
          );
        }
      }
      return layer(mixed, `${name}.out_proj`);
    });
  };

  const [words, places] = [vector("token_embedding.weight"), vector("position_embedding.weight")];
  const row = (table: Row, i: number) => table.slice(i * width, (i + 1) * width);
  let x = ids.map((id, t) => plus(row(words, id), row(places, t)));
  for (let i = 0; i < sizes.layers; i++) {
    const name = `encoder.layers.${i}`;
    const attended = attention(
      x.map((v) => norm(v, `${name}.norm1`)),
      `${name}.self_attn`,
    );
    x = x.map((v, t) => plus(v, attended[t]));
    x = x.map((v) => {
      const hidden = layer(norm(v, `${name}.norm2`), `${name}.linear1`).map(gelu);
      return plus(v, layer(hidden, `${name}.linear2`));
    });
  }
  x = x.map((v) => norm(v, "encoder.norm"));
  const kept = pooling === "first" ? [x[0]] : x.filter((_, t) => mask[t] === 1);
  const pooled = kept.reduce(plus).map((v) => v / kept.length);
  return layer(pooled, "classifier");
}

const texts = [
  { ids: [3, 1, 4, 10, 5], mask: [1, 1, 1, 1, 1] },
  { ids: [9, 2, 6, 0, 0], mask: [1, 1, 1, 0, 0] },
  { ids: [5, 0, 0, 0, 0], mask: [1, 0, 0, 0, 0] },
];

async function run(file: Uint8Array, ids: number[], mask: number[]): Promise<Float32Array> {
  const session = await ort.InferenceSession.create(file);
  const integers = (values: number[]) =>
    new ort.Tensor("int64", BigInt64Array.from(values, BigInt), [values.length / tokens, tokens]);
  const { logits } = await session.run({
    input_ids: integers(ids),
    attention_mask: integers(mask),
  });
  await session.release();
  return logits.data as Float32Array;
}

test.each(["mean", "first"] as const)("scores by the formulas, pooling %s", async (pooling) => {
  const built = transformerText.build({ ...sizes, pooling }, task, new RandomSource(4));
  const { file, values } = randomized(built);
  const scores = await run(
    file,
    texts.flatMap((t) => t.ids),
    texts.flatMap((t) => t.mask),
  );
  const theory = texts.flatMap(({ ids, mask }) => forward(values, ids, mask, pooling));
  expect(largestDifference(scores, Float32Array.from(theory))).toBeLessThan(2e-5);
});

test("what the mask hides changes nothing", async () => {
  const built = transformerText.build({ ...sizes, pooling: "mean" }, task, new RandomSource(4));
  const { ids, mask } = texts[1];
  const filled = [...ids.slice(0, 3), 7, 8];
  const [a, b] = await Promise.all([run(built, ids, mask), run(built, filled, mask)]);
  expect(largestDifference(a, b)).toBe(0);
});
