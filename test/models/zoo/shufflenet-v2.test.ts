import type { Tensor, Tensor3D, Tensor4D } from "@tensorflow/tfjs";
import * as ort from "onnxruntime-node";
import { expect, test } from "vitest";
import { RandomSource } from "../../../src/kernel/index.js";
import { openTensorFlow } from "../../../src/models/tensorflow-backend.js";
import { shufflenetV2 } from "../../../src/models/zoo/shufflenet-v2.js";
import { largestDifference, parameterShapes, randomized } from "./graph.js";

const { tf } = await openTensorFlow();

test("scores are those of the paper's blocks, written out in TensorFlow.js", async () => {
  const task = { example: [3, 10, 9], classes: 5 }; // odd sides, so that stride 2 meets its rounding
  const { file, values } = randomized(shufflenetV2.build({}, task, new RandomSource(8)));
  const shapes = new Map(
    parameterShapes(file).map((line) => {
      const [name, dims] = line.split(" [");
      return [name, dims.slice(0, -1).split(", ").map(Number)];
    }),
  );
  const pixels = new Float32Array(2 * 3 * 10 * 9);
  new RandomSource(8).stream("pixels").fillNormal(pixels);

  const parameter = (name: string) => tf.tensor(values.get(name)!, shapes.get(name)!);
  const norm = (x: Tensor, name: string) => {
    const [scale, shift, mean, variance] = ["weight", "bias", "running_mean", "running_var"].map(
      (part) => parameter(`${name}.${part}`),
    );
    return x.sub(mean).div(variance.add(1e-5).sqrt()).mul(scale).add(shift) as Tensor4D;
  };
  const convolve = (
    x: Tensor4D,
    name: string,
    norms: string,
    stride: number,
    depthwise: boolean,
  ) => {
    const kernel = parameter(`${name}.weight`);
    const rim = (kernel.shape[2]! - 1) / 2;
    const padded = x.pad([
      [0, 0],
      [rim, rim],
      [rim, rim],
      [0, 0],
    ]) as Tensor4D;
    const y = depthwise
      ? tf.depthwiseConv2d(padded, kernel.transpose([2, 3, 0, 1]) as Tensor4D, stride, "valid")
      : tf.conv2d(padded, kernel.transpose([2, 3, 1, 0]) as Tensor4D, stride, "valid");
    return norm(y, norms);
  };
  const unit = (x: Tensor4D, block: string, i: number, stride = 1, depthwise = false) =>
    convolve(x, `${block}conv${i}`, `${block}bn${i}`, stride, depthwise);
  const half = (x: Tensor4D, which: 0 | 1) => tf.split(x, 2, 3)[which] as Tensor4D;
  /** The two halves' channels in turn. */
  const shuffle = (left: Tensor4D, right: Tensor4D) =>
    tf.stack([left, right], 4).reshape(left.shape.map((n, i) => (i === 3 ? 2 * n : n))) as Tensor4D;

  const scores = tf.tidy(() => {
    const images = tf.tensor4d(pixels, [2, 3, 10, 9]).transpose([0, 2, 3, 1]) as Tensor4D;
    let x = unit(images, "", 1).relu() as Tensor4D;
    [4, 8, 4].forEach((blocks, s) => {
      const first = `layer${s + 1}.0.`;
      const left = unit(unit(x, first, 1, 2, true), first, 2).relu() as Tensor4D;
      const inner = unit(unit(x, first, 3).relu() as Tensor4D, first, 4, 2, true);
      x = shuffle(left, unit(inner, first, 5).relu() as Tensor4D);
      for (let b = 1; b < blocks; b++) {
        const block = `layer${s + 1}.${b}.`;
        const sent = unit(unit(half(x, 1), block, 1).relu() as Tensor4D, block, 2, 1, true);
        x = shuffle(half(x, 0), unit(sent, block, 3).relu() as Tensor4D);
      }
    });
    const pooled = unit(x, "", 2).relu().mean([1, 2]) as unknown as Tensor3D;
    return pooled.matMul(parameter("linear.weight").transpose()).add(parameter("linear.bias"));
  });

  const session = await ort.InferenceSession.create(file);
  const input = new ort.Tensor("float32", pixels, [2, 3, 10, 9]);
  const { logits } = await session.run({ input });
  const theirs = scores.dataSync() as Float32Array;
  const size = Math.max(...theirs.map(Math.abs));
  expect(largestDifference(logits.data as Float32Array, theirs)).toBeLessThan(1e-4 * size);
});
