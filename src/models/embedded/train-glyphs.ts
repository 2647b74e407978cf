/**
 * Trains the embedded model and writes glyphs-resnet.onnx beside this file: `npm run train:glyphs`.
 *
 * A residual network (He et al., CVPR 2016) for 28 x 28 grey images: a 3x3 stem with stride 2 to 16
 * channels, then three basic blocks with 16, 32 and 64 channels, the last two with stride 2; batch
 * normalization after every convolution, global average pooling, one linear layer.
 *
 * TensorFlow.js on WebAssembly has no kernel for the gradient of a convolution's filter and a slow one for
 * that of its input; here both are convolutions. Statistics of the normalizations are measured at the end,
 * with the final weights.
 *
 * The same machine gives the same model; another may differ in the last bits of a sum, and so in the model.
 */
import { writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import type { Tensor, Tensor2D, Tensor4D, Variable } from "@tensorflow/tfjs";
import type { Examples } from "../../datasets/dataset.js";
import { glyphs } from "../../datasets/glyphs.js";
import { RandomSource } from "../../kernel/index.js";
import { defaultTravelRules, layOut } from "../../weights/layout.js";
import { OnnxGraphBuilder } from "../onnx-graph.js";
import { openOnnxModel } from "../onnx-model.js";
import { countCorrect } from "../score.js";
import { openTensorFlow } from "../tensorflow-backend.js";

const side = 28;
const epochs = 12;
const batch = 100;
const peakRate = 0.1;
const momentum = 0.9;
const weightDecay = 5e-4;
const epsilon = 1e-5;
const statisticsBatches = 50;

/** A convolution with its batch normalization. */
interface ConvNorm {
  readonly conv: string;
  readonly norm: string;
  readonly size: 1 | 3;
  readonly inChannels: number;
  readonly outChannels: number;
  readonly stride: 1 | 2;
}

interface Block {
  readonly first: ConvNorm;
  readonly second: ConvNorm;
  /** Undefined where the block's input is added as it is. */
  readonly shortcut: ConvNorm | undefined;
}

const stem: ConvNorm = {
  conv: "conv1",
  norm: "bn1",
  size: 3,
  inChannels: 1,
  outChannels: 16,
  stride: 2,
};
const blocks: readonly Block[] = [
  block("layer1.0", 16, 16, 1),
  block("layer2.0", 16, 32, 2),
  block("layer3.0", 32, 64, 2),
];
const features = 64;
const classes = 10;

function block(name: string, inChannels: number, outChannels: number, stride: 1 | 2): Block {
  const part = (conv: string, norm: string, fields: Partial<ConvNorm>): ConvNorm => ({
    conv: `${name}.${conv}`,
    norm: `${name}.${norm}`,
    size: 3,
    inChannels,
    outChannels,
    stride: 1,
    ...fields,
  });
  return {
    first: part("conv1", "bn1", { stride }),
    second: part("conv2", "bn2", { inChannels: outChannels }),
    shortcut: stride === 1 ? undefined : part("downsample.0", "downsample.1", { size: 1, stride }),
  };
}

const convolutions = [stem, ...blocks.flatMap((b) => [b.first, b.second, b.shortcut])].filter(
  (c) => c !== undefined,
);

const { tf, description } = await openTensorFlow();
const variables = initialize();
console.log(`TensorFlow.js on ${description}`);

const dataset = glyphs.open(glyphs.params.parse({}));
const train = dataset.load("train");
await trainOn(train);
const statistics = measureStatistics(train);
const path = fileURLToPath(new URL("glyphs-resnet.onnx", import.meta.url));
const bytes = exportOnnx(statistics);
writeFileSync(path, bytes);
console.log(`${path}: ${bytes.length} bytes`);

const model = await openOnnxModel(path);
const layout = layOut(model.tensors, defaultTravelRules);
const scorer = await model.openScorer(layout, { threads: 0 });
await scorer.setWeights(model.readWeights(layout));
for (const split of ["validation", "test"] as const) {
  const images = dataset.load(split);
  const correct = await countCorrect(scorer, images, 100);
  const accuracy = correct / images.count;
  console.log(`${split}: ${correct} of ${images.count} correct, ${(100 * accuracy).toFixed(2)} %`);
  if (split === "test" && accuracy < 0.97) process.exitCode = 1;
}
await scorer.close();

/** He initialization of the weights; scales 1 and shifts 0 for the normalizations. */
function initialize(): Map<string, Variable> {
  const random = new RandomSource(1).child("glyphs-resnet");
  const made = new Map<string, Variable>();
  const add = (name: string, values: Float32Array, shape: number[]) =>
    made.set(name, tf.variable(tf.tensor(values, shape)));
  const normal = (name: string, shape: number[], sigma: number) => {
    const values = new Float32Array(shape.reduce((a, b) => a * b, 1));
    random.stream(name).fillNormal(values, sigma);
    add(name, values, shape);
  };
  for (const { conv, norm, size, inChannels, outChannels } of convolutions) {
    const fanIn = size * size * inChannels;
    normal(`${conv}.weight`, [size, size, inChannels, outChannels], Math.sqrt(2 / fanIn));
    add(`${norm}.weight`, new Float32Array(outChannels).fill(1), [outChannels]);
    add(`${norm}.bias`, new Float32Array(outChannels), [outChannels]);
  }
  normal("fc.weight", [features, classes], Math.sqrt(1 / features));
  add("fc.bias", new Float32Array(classes), [classes]);
  return made;
}

function parameter(name: string): Variable {
  return variables.get(name)!;
}

/** Sees what enters each normalization. */
type Observer = (norm: string, input: Tensor) => void;

/** Images [n, 28, 28, 1] to scores [n, 10], with the statistics of the batch. */
function forward(images: Tensor4D, observe: Observer = () => {}): Tensor2D {
  const convNorm = (x: Tensor4D, layer: ConvNorm): Tensor4D => {
    const y = convolve(x, layer);
    observe(layer.norm, y);
    return normalize(y, parameter(`${layer.norm}.weight`), parameter(`${layer.norm}.bias`));
  };
  let x = tf.relu(convNorm(images, stem));
  for (const { first, second, shortcut } of blocks) {
    const residual = convNorm(tf.relu(convNorm(x, first)), second);
    const straight = shortcut === undefined ? x : convNorm(x, shortcut);
    x = tf.relu(tf.add(residual, straight));
  }
  const pooled = tf.mean(x, [1, 2]) as Tensor2D;
  return tf.add(
    tf.matMul(pooled, parameter("fc.weight") as unknown as Tensor2D),
    parameter("fc.bias"),
  );
}

/** A convolution with "same" padding whose two gradients are convolutions too. */
function convolve(x: Tensor4D, { conv, stride }: ConvNorm): Tensor4D {
  const run = tf.customGrad((...args) => {
    const [input, filter, save] = args as unknown as [Tensor4D, Tensor4D, GradSaver];
    save([input, filter]);
    const value = tf.conv2d(input, filter, stride, "same");
    const gradFunc = (dy: Tensor, [savedInput, savedFilter]: Tensor[]) => [
      inputGradient(dy as Tensor4D, savedFilter as Tensor4D, savedInput as Tensor4D, stride),
      filterGradient(dy as Tensor4D, savedFilter as Tensor4D, savedInput as Tensor4D, stride),
    ];
    return { value, gradFunc };
  });
  return run(x, parameter(`${conv}.weight`)) as Tensor4D;
}

type GradSaver = (tensors: Tensor[]) => void;

/** Rows that "same" padding adds before and after; what is odd goes to the end. */
function samePads(x: Tensor4D, filter: Tensor4D, stride: number): [number, number] {
  const [, rows] = x.shape;
  const size = filter.shape[0];
  const total = Math.max(0, (Math.ceil(rows / stride) - 1) * stride + size - rows);
  return [Math.floor(total / 2), Math.ceil(total / 2)];
}

/** dL/dx: dL/dy, spread out by the stride, convolved with the flipped filter. Images are square. */
function inputGradient(dy: Tensor4D, filter: Tensor4D, x: Tensor4D, stride: number): Tensor4D {
  const size = filter.shape[0];
  const [before, after] = samePads(x, filter, stride);
  const spread = stride === 1 ? dy : spreadOut(dy);
  // A stride may leave the last rows unseen; there the gradient is 0.
  const pads: [number, number] = [
    size - 1 - before,
    size - 1 - after + x.shape[1] + before + after - size - (spread.shape[1] - 1),
  ];
  const padded = tf.pad(spread, [[0, 0], pads, pads, [0, 0]]);
  const flipped = tf.transpose(tf.reverse(filter, [0, 1]), [0, 1, 3, 2]);
  return tf.conv2d(padded, flipped, 1, "valid");
}

/** Zeros between rows and between columns. */
function spreadOut(x: Tensor4D): Tensor4D {
  const [n, rows, columns, channels] = x.shape;
  const cells = tf.reshape(x, [n * rows, 1, columns, channels]);
  const wide = tf.pad(tf.reshape(cells, [n * rows * columns, 1, 1, channels]), [
    [0, 0],
    [0, 0],
    [0, 1],
    [0, 0],
  ]);
  const tall = tf.pad(tf.reshape(wide, [n * rows, 1, 2 * columns, channels]), [
    [0, 0],
    [0, 1],
    [0, 0],
    [0, 0],
  ]);
  const full: Tensor4D = tf.reshape(tall, [n, 2 * rows, 2 * columns, channels]);
  return tf.slice(full, [0, 0, 0, 0], [n, 2 * rows - 1, 2 * columns - 1, channels]);
}

/** dL/dW: the input convolved with dL/dy, images taking the part of channels. */
function filterGradient(dy: Tensor4D, filter: Tensor4D, x: Tensor4D, stride: number): Tensor4D {
  const size = filter.shape[0];
  const pads = samePads(x, filter, stride);
  const padded = tf.transpose(tf.pad(x, [[0, 0], pads, pads, [0, 0]]), [3, 1, 2, 0]) as Tensor4D;
  const kernel = tf.transpose(dy, [1, 2, 0, 3]) as Tensor4D;
  const taps = tf.conv2d(padded, kernel, 1, "valid", "NHWC", stride); // [in, taps, taps, out]
  const used = tf.slice(taps, [0, 0, 0, 0], [taps.shape[0], size, size, taps.shape[3]]);
  return tf.transpose(used, [1, 2, 0, 3]) as Tensor4D;
}

/**
 * Batch normalization by the batch's own statistics. Sums over images and pixels are products with a row
 * of ones, which WebAssembly does faster than reductions. Ioffe & Szegedy, ICML 2015, section 3.
 */
function normalize(x: Tensor4D, scale: Tensor, shift: Tensor): Tensor4D {
  const run = tf.customGrad((...args) => {
    const [input, gamma, beta, save] = args as unknown as [Tensor4D, Tensor, Tensor, GradSaver];
    const { mean, variance } = moments(input);
    const inverse = tf.rsqrt(tf.add(variance, epsilon));
    const unit = tf.mul(tf.sub(input, mean), inverse);
    save([unit, inverse, gamma]);
    const value = tf.add(tf.mul(unit, gamma), beta);
    const gradFunc = (dy: Tensor, [savedUnit, savedInverse, savedGamma]: Tensor[]) => {
      const meanDy = channelMean(dy);
      const meanDyUnit = channelMean(tf.mul(dy, savedUnit));
      const inner = tf.sub(tf.sub(dy, meanDy), tf.mul(savedUnit, meanDyUnit));
      const samples = dy.size / meanDy.size;
      return [
        tf.mul(inner, tf.mul(savedGamma, savedInverse)),
        tf.mul(meanDyUnit, samples),
        tf.mul(meanDy, samples),
      ];
    };
    return { value, gradFunc };
  });
  return run(x, scale, shift) as Tensor4D;
}

function moments(x: Tensor): { mean: Tensor; variance: Tensor } {
  const mean = channelMean(x);
  return { mean, variance: channelMean(tf.square(tf.sub(x, mean))) };
}

/** Mean over all but the last dimension, as [channels]. */
function channelMean(x: Tensor): Tensor {
  const channels = x.shape.at(-1)!;
  const samples = x.size / channels;
  const row = tf.fill([1, samples], 1 / samples) as Tensor2D;
  return tf.reshape(tf.matMul(row, tf.reshape(x, [samples, channels]) as Tensor2D), [channels]);
}

async function trainOn({ count, inputs: [{ data }], labels }: Examples): Promise<void> {
  const optimizer = tf.train.momentum(peakRate, momentum);
  const shuffles = new RandomSource(1).child("shuffle");
  const order = Int32Array.from({ length: count }, (_, i) => i);
  const steps = Math.floor(count / batch);
  const started = Date.now();
  for (let epoch = 0; epoch < epochs; epoch++) {
    shuffles.stream(`epoch ${epoch}`).shuffle(order);
    let lossSum = 0;
    let correct = 0;
    for (let step = 0; step < steps; step++) {
      const done = (epoch * steps + step) / (epochs * steps);
      const warmUp = Math.min(1, (epoch * steps + step + 1) / steps);
      (optimizer as unknown as { learningRate: number }).learningRate =
        warmUp * peakRate * 0.5 * (1 + Math.cos(Math.PI * done));
      const chosen = order.subarray(step * batch, (step + 1) * batch);
      const [loss, hits] = tf.tidy(() => {
        const images = gather(data as Float32Array, chosen);
        const wanted = Int32Array.from(chosen, (i) => labels[i]);
        const oneHot = tf.oneHot(tf.tensor1d(wanted, "int32"), classes);
        let scores: Tensor2D | undefined;
        const cost = optimizer.minimize(() => {
          scores = tf.keep(forward(images));
          const decay = [...variables]
            .filter(([name]) => name.endsWith(".weight") && !/bn|downsample\.1/.test(name))
            .map(([, v]) => tf.sum(tf.square(v)));
          return tf
            .add(
              tf.losses.softmaxCrossEntropy(oneHot, scores),
              tf.mul(weightDecay / 2, tf.addN(decay)),
            )
            .asScalar();
        }, true)!;
        const predicted = tf.argMax(scores!, 1).dataSync();
        scores!.dispose();
        return [cost.dataSync()[0], wanted.filter((w, i) => w === predicted[i]).length];
      });
      lossSum += loss;
      correct += hits;
    }
    const seconds = ((Date.now() - started) / 1000).toFixed(0);
    console.log(
      `epoch ${epoch + 1}/${epochs}: loss ${(lossSum / steps).toFixed(4)}, ` +
        `training accuracy ${((100 * correct) / (steps * batch)).toFixed(2)} %, ${seconds} s`,
    );
  }
}

/** Images at `indices` as [n, 28, 28, 1]. */
function gather(data: Float32Array, indices: Int32Array): Tensor4D {
  const pixels = side * side;
  const values = new Float32Array(indices.length * pixels);
  indices.forEach((index, i) => {
    values.set(data.subarray(index * pixels, (index + 1) * pixels), i * pixels);
  });
  return tf.tensor4d(values, [indices.length, side, side, 1]);
}

/** Means and variances at each normalization, averaged over batches of training images. */
function measureStatistics({ inputs: [{ data }] }: Examples): Map<string, Float32Array> {
  const sums = new Map<string, Float32Array>();
  const add = (name: string, value: Tensor) => {
    const values = value.dataSync();
    const sum = sums.get(name) ?? new Float32Array(values.length);
    for (let c = 0; c < sum.length; c++) sum[c] += values[c] / statisticsBatches;
    sums.set(name, sum);
  };
  for (let b = 0; b < statisticsBatches; b++) {
    tf.tidy(() => {
      const chosen = Int32Array.from({ length: batch }, (_, i) => b * batch + i);
      forward(gather(data as Float32Array, chosen), (norm, input) => {
        const { mean, variance } = moments(input);
        add(`${norm}.running_mean`, mean);
        add(`${norm}.running_var`, variance);
      });
    });
  }
  return sums;
}

function exportOnnx(statistics: ReadonlyMap<string, Float32Array>): Uint8Array {
  const g = new OnnxGraphBuilder("glyphs-resnet");
  const values = (name: string) => parameter(name).dataSync() as Float32Array;
  const convNorm = (x: string, layer: ConvNorm): string => {
    const { conv, norm, size, inChannels, outChannels, stride } = layer;
    const filter = toOihw(values(`${conv}.weight`), size, inChannels, outChannels);
    const weight = g.initializer(`${conv}.weight`, [outChannels, inChannels, size, size], filter);
    const y = g.node("Conv", [x, weight], {
      kernel_shape: { ints: [size, size] },
      strides: { ints: [stride, stride] },
      // As in training: with stride 2 an even image needs one row and column at its end only.
      auto_pad: { string: "SAME_UPPER" },
    });
    const parameters = ["weight", "bias"].map((part) =>
      g.initializer(`${norm}.${part}`, [outChannels], values(`${norm}.${part}`)),
    );
    const measured = ["running_mean", "running_var"].map((part) =>
      g.initializer(`${norm}.${part}`, [outChannels], statistics.get(`${norm}.${part}`)!),
    );
    return g.node("BatchNormalization", [y, ...parameters, ...measured], {
      epsilon: { float: epsilon },
    });
  };
  let x = g.node("Relu", [convNorm(g.input("input", [null, 1, side, side]), stem)]);
  for (const { first, second, shortcut } of blocks) {
    const residual = convNorm(g.node("Relu", [convNorm(x, first)]), second);
    const straight = shortcut === undefined ? x : convNorm(x, shortcut);
    x = g.node("Relu", [g.node("Add", [residual, straight])]);
  }
  const flat = g.node("Flatten", [g.node("GlobalAveragePool", [x])]);
  const fc = g.initializer(
    "fc.weight",
    [classes, features],
    transpose(values("fc.weight"), features, classes),
  );
  const bias = g.initializer("fc.bias", [classes], values("fc.bias"));
  g.output(g.node("Gemm", [flat, fc, bias], { transB: { int: 1 } }, "logits"), [null, classes]);
  return g.build(15);
}

/** [kernel row, kernel column, in, out] to [out, in, kernel row, kernel column]. */
function toOihw(values: Float32Array, size: number, ins: number, outs: number): Float32Array {
  const out = new Float32Array(values.length);
  for (let p = 0; p < size * size; p++) {
    for (let i = 0; i < ins; i++) {
      for (let o = 0; o < outs; o++) {
        out[(o * ins + i) * size * size + p] = values[(p * ins + i) * outs + o];
      }
    }
  }
  return out;
}

function transpose(values: Float32Array, rows: number, columns: number): Float32Array {
  return values.map((_, k) => values[(k % rows) * columns + Math.floor(k / rows)]);
}
