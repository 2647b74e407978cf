import { describe, expect, test } from "vitest";
import { OnnxGraphBuilder } from "../../../src/models/onnx-graph.js";
import { openTrainer } from "../../../src/models/training/onnx-trainer.js";
import { expectClose, expectGradient, normals } from "./gradients/harness.js";

const [batch, classes] = [5, 4];
const scores = normals(1, "scores", batch * classes, 2);
const labels = Int32Array.of(0, 3, 1, 1, 2);

/** Scores that are a parameter themselves, so that one step at rate 1 moves them by their gradient. */
async function stepOn(loss: { name: string; [key: string]: unknown }) {
  const g = new OnnxGraphBuilder("scores");
  const x = g.input("x", [null, classes]);
  g.output(g.node("Add", [x, g.initializer("scores", [batch, classes], scores)]), [null, classes]);
  const optimizer = { name: "sgd" };
  const trainer = await openTrainer(g.build(), { batch, loss, optimizer, threads: 1, seed: 1 });
  const zeros = { data: new Float32Array(batch * classes), shape: [classes] };
  const result = await trainer.step([zeros], labels, 1);
  const after = trainer.read("scores").slice();
  await trainer.close();
  return { ...result, gradient: scores.map((v, k) => v - after[k]!) };
}

/** Of a function of all scores, as a list of one. */
function expectLoss(
  { loss, gradient }: { loss: number; gradient: Float32Array },
  evaluate: (scores: Float64Array) => number,
) {
  expectClose([loss], [evaluate(Float64Array.from(scores))], 1e-6);
  expectGradient(gradient, scores, Float32Array.of(1), (v) => [evaluate(v)], { tolerance: 5e-6 });
}

describe("cross-entropy", () => {
  test.each([0, 0.1])("label smoothing %d: value and gradient", async (labelSmoothing) => {
    const result = await stepOn({ name: "cross-entropy", labelSmoothing });
    expectLoss(result, (s) => {
      let sum = 0;
      for (let n = 0; n < batch; n++) {
        const own = s.subarray(n * classes, (n + 1) * classes);
        const total = own.reduce((t, v) => t + Math.exp(v), 0);
        own.forEach((v, k) => {
          const target = labelSmoothing / classes + (k === labels[n] ? 1 - labelSmoothing : 0);
          sum -= target * (v - Math.log(total));
        });
      }
      return sum / batch;
    });
  });
});

test("squared-error: value and gradient", async () => {
  expectLoss(await stepOn({ name: "squared-error" }), (s) =>
    s.reduce((sum, v, i) => {
      const target = labels[Math.floor(i / classes)] === i % classes ? 1 : 0;
      return sum + (v - target) ** 2 / (batch * classes);
    }, 0),
  );
});

test("correct counts the examples whose largest score is at their label", async () => {
  const { correct } = await stepOn({ name: "cross-entropy" });
  const right = labels.filter((label, n) => {
    const own = scores.subarray(n * classes, (n + 1) * classes);
    return own.every((v) => v <= own[label]!);
  });
  expect(correct).toBe(right.length);
  expect(right.length).toBeGreaterThan(0);
});
