/** Networks with random weights to measure on: ResNet18 and ResNet34 in their CIFAR form. */
import { RandomSource } from "../../src/kernel/index.js";
import { OnnxGraphBuilder } from "../../src/models/onnx-graph.js";

export interface BenchGraph {
  readonly bytes: Uint8Array;
  /** Trained parameters: weights, and scales and shifts of the normalizations. */
  readonly parameters: number;
  /** Two per multiply-add of convolutions and the last layer. */
  readonly flopsPerImage: number;
}

/** He et al. (CVPR 2016) with a 3x3 stem, as arXiv 2105.10699 uses it: 11,173,962 parameters. */
export const resnet18Cifar = (): BenchGraph => resnet([2, 2, 2, 2]);
/** 21,282,122 parameters. */
export const resnet34Cifar = (): BenchGraph => resnet([3, 4, 6, 3]);

function resnet(blocksPerStage: readonly number[]): BenchGraph {
  const g = new OnnxGraphBuilder("resnet");
  const random = new RandomSource(1);
  let parameters = 0;
  let flopsPerImage = 0;

  const constant = (name: string, size: number, value: number) =>
    g.initializer(name, [size], new Float32Array(size).fill(value));
  const weights = (name: string, shape: number[], fanIn: number) => {
    const values = new Float32Array(shape.reduce((a, b) => a * b, 1));
    random.stream(name).fillNormal(values, Math.sqrt(2 / fanIn));
    parameters += values.length;
    return g.initializer(name, shape, values);
  };
  const convNorm = (
    x: string,
    name: string,
    [ins, outs]: readonly [number, number],
    [size, stride, outSide]: readonly [number, number, number],
  ) => {
    const fanIn = ins * size * size;
    const pad = (size - 1) / 2;
    const y = g.node("Conv", [x, weights(`${name}.weight`, [outs, ins, size, size], fanIn)], {
      kernel_shape: { ints: [size, size] },
      strides: { ints: [stride, stride] },
      pads: { ints: [pad, pad, pad, pad] },
    });
    flopsPerImage += 2 * fanIn * outs * outSide * outSide;
    parameters += 2 * outs;
    return g.node("BatchNormalization", [
      y,
      constant(`${name}.gamma`, outs, 1),
      constant(`${name}.beta`, outs, 0),
      constant(`${name}.mean`, outs, 0),
      constant(`${name}.var`, outs, 1),
    ]);
  };

  let side = 32;
  let channels = 64;
  let x = g.node("Relu", [
    convNorm(g.input("input", [null, 3, 32, 32]), "conv1", [3, 64], [3, 1, side]),
  ]);
  blocksPerStage.forEach((count, stage) => {
    const outs = 64 * 2 ** stage;
    for (let i = 0; i < count; i++) {
      const stride = stage > 0 && i === 0 ? 2 : 1;
      side /= stride;
      const name = `layer${stage + 1}.${i}`;
      const inner = convNorm(x, `${name}.conv1`, [channels, outs], [3, stride, side]);
      const residual = convNorm(
        g.node("Relu", [inner]),
        `${name}.conv2`,
        [outs, outs],
        [3, 1, side],
      );
      const straight =
        channels === outs
          ? x
          : convNorm(x, `${name}.shortcut`, [channels, outs], [1, stride, side]);
      x = g.node("Relu", [g.node("Add", [residual, straight])]);
      channels = outs;
    }
  });
  const flat = g.node("Flatten", [g.node("GlobalAveragePool", [x])]);
  const last = weights("linear.weight", [10, channels], channels);
  parameters += 10;
  flopsPerImage += 2 * 10 * channels;
  const bias = constant("linear.bias", 10, 0);
  g.output(g.node("Gemm", [flat, last, bias], { transB: { int: 1 } }, "logits"), [null, 10]);
  return { bytes: g.build(15), parameters, flopsPerImage };
}

/** One square matrix product with a constant right factor, as a network's layers have. */
export function squareMatMul(size: number): BenchGraph {
  const g = new OnnxGraphBuilder("matmul");
  const values = new Float32Array(size * size);
  new RandomSource(1).stream("matmul").fillNormal(values);
  const x = g.input("input", [null, size]);
  const factor = g.initializer("factor", [size, size], values);
  g.output(g.node("MatMul", [x, factor], {}, "product"), [null, size]);
  return { bytes: g.build(15), parameters: values.length, flopsPerImage: 2 * size * size };
}
