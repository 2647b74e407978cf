import type { ExampleInput } from "../../src/datasets/dataset.js";
import { OnnxGraphBuilder } from "../../src/models/onnx-graph.js";
import type { TrainedTensor, Trainer } from "../../src/models/training/trainer.js";

/**
 * Softmax regression by stochastic gradient descent with momentum, written out by hand: a trainer that needs no
 * training graph. Beside weights and bias it keeps a running mean of the inputs, as a normalization would.
 */
export function logisticTrainer(
  batch: number,
  shape: readonly number[],
  classes: number,
  momentum = 0.9,
): Trainer {
  const features = shape.reduce((a, b) => a * b, 1);
  const tensors: TrainedTensor[] = [
    { name: "weight", shape: [classes, features], role: "parameter" },
    { name: "bias", shape: [classes], role: "parameter" },
    { name: "mean", shape: [features], role: "statistic" },
    { name: "weight.momentum", shape: [classes, features], role: "optimizer" },
    { name: "bias.momentum", shape: [classes], role: "optimizer" },
  ];
  const values = new Map(
    tensors.map((t) => [t.name, new Float32Array(t.shape.reduce((a, b) => a * b, 1))]),
  );
  const of = (name: string) => {
    const found = values.get(name);
    if (found === undefined) throw new RangeError(`no tensor "${name}"`);
    return found;
  };
  let steps = 0;

  function probabilities(x: Float32Array): Float64Array {
    const scores = new Float64Array(classes);
    for (let c = 0; c < classes; c++) {
      scores[c] = of("bias")[c];
      for (let f = 0; f < features; f++) scores[c] += of("weight")[c * features + f] * x[f];
    }
    const largest = Math.max(...scores);
    const powers = scores.map((s) => Math.exp(s - largest));
    const total = powers.reduce((a, b) => a + b, 0);
    return powers.map((p) => p / total);
  }

  return {
    batch,
    tensors,
    get steps() {
      return steps;
    },
    async step(inputs: readonly ExampleInput[], labels: Int32Array, learningRate: number) {
      const images = inputs[0].data as Float32Array;
      const gradient = new Float64Array(classes * features);
      const biasGradient = new Float64Array(classes);
      const mean = of("mean");
      let loss = 0;
      let correct = 0;
      for (let i = 0; i < batch; i++) {
        const x = images.subarray(i * features, (i + 1) * features);
        const p = probabilities(x);
        loss -= Math.log(p[labels[i]]) / batch;
        if (p.indexOf(Math.max(...p)) === labels[i]) correct++;
        for (let c = 0; c < classes; c++) {
          const g = (p[c] - (c === labels[i] ? 1 : 0)) / batch;
          biasGradient[c] += g;
          for (let f = 0; f < features; f++) gradient[c * features + f] += g * x[f];
        }
      }
      if (!Number.isFinite(loss)) return { loss, correct };
      for (const [name, change] of [
        ["weight", gradient],
        ["bias", biasGradient],
      ] as const) {
        const velocity = of(`${name}.momentum`);
        const parameter = of(name);
        for (let k = 0; k < parameter.length; k++) {
          velocity[k] = momentum * velocity[k] + change[k];
          parameter[k] -= learningRate * velocity[k];
        }
      }
      for (let f = 0; f < features; f++) mean[f] = 0.9 * mean[f] + 0.1 * images[f];
      steps++;
      return { loss, correct };
    },
    read: of,
    write(name, from) {
      if (from.length !== of(name).length) throw new RangeError(`"${name}": sizes differ`);
      of(name).set(from);
    },
    setSteps(count) {
      steps = count;
    },
    exportModel() {
      const g = new OnnxGraphBuilder("logistic");
      const x = g.node("Flatten", [g.input("input", [null, ...shape])]);
      const weight = g.initializer("weight", [classes, features], of("weight").slice());
      const bias = g.initializer("bias", [classes], of("bias").slice());
      g.output(g.node("Gemm", [x, weight, bias], { transB: { int: 1 } }, "scores"), [
        null,
        classes,
      ]);
      return g.build();
    },
    close: async () => {},
  };
}

/** Two classes of points that a line tells apart but for some, as images of one row. */
export function points(count: number, features = 3) {
  const data = new Float32Array(count * features);
  const labels = new Int32Array(count);
  for (let i = 0; i < count; i++) {
    labels[i] = i % 2;
    for (let f = 0; f < features; f++) {
      data[i * features + f] = Math.sin(12.9898 * i + 78.233 * f) + (f === 0 ? labels[i] : 0);
    }
  }
  return { count, inputs: [{ data, shape: [1, 1, features] }], labels };
}
