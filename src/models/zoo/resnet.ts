/**
 * Residual networks of basic blocks for small images: a 3x3 stem, stages of blocks
 *
 *   y = relu(bn2(conv2(relu(bn1(conv1(x))))) + shortcut(x)),
 *
 * global average pooling and one linear layer. The first block of every stage but the first has stride 2 and twice
 * the channels. Where a block changes the shape, the shortcut is either
 *
 *   A  every second row and column, zeros for the new channels, half of them on either side; no parameters
 *   B  a 1x1 convolution with stride 2 and batch normalization (`shortcut.0`, `shortcut.1`)
 *
 * `resnet20`, `resnet32`, `resnet56`: three stages of 3, 5, 9 blocks with 16, 32, 64 channels. He et al., Deep
 * residual learning for image recognition, CVPR 2016, 4.2. Names are those of Idelbayev's PyTorch code
 * (github.com/akamaster/pytorch_resnet_cifar10), whose checkpoints load by name.
 *
 * `resnet18`, `resnet34`: four stages of 2, 2, 2, 2 and 3, 4, 6, 3 blocks with 64 to 512 channels and shortcut B;
 * ImageNet's 7x7 stem and pooling are replaced by the 3x3 stem. The same paper's table 1; form and names of
 * github.com/kuangliu/pytorch-cifar.
 *
 * `resnet8`: the small one of them, three stages of one block with 16, 32, 64 channels and shortcut B, for grey images of
 * little detail. The stem has stride 2 already, padding is "same" (an even image gets its one row and column of zeros
 * at the end), and names are torchvision's: `downsample.0`, `downsample.1`, `fc`. The embedded model is one.
 *
 * Limits: images of at least 4 (8 with four stages and in `resnet8`) rows and columns.
 */
import { z } from "zod";
import type { RandomSource } from "../../kernel/index.js";
import { defineArchitecture, type Task } from "./architecture.js";
import { type ConvolutionOptions, imageShape, NetworkBuilder } from "./network-builder.js";

export const resnet8 = small("resnet8", [1, 1, 1]);
export const resnet20 = narrow("resnet20", [3, 3, 3]);
export const resnet32 = narrow("resnet32", [5, 5, 5]);
export const resnet56 = narrow("resnet56", [9, 9, 9]);
export const resnet18 = wide("resnet18", [2, 2, 2, 2]);
export const resnet34 = wide("resnet34", [3, 4, 6, 3]);

type Shortcut = "A" | "B";

interface Form {
  readonly name: string;
  /** Channels of the stem and of the first stage. */
  readonly width: number;
  /** Blocks of each stage. */
  readonly blocks: readonly number[];
  readonly shortcut: Shortcut;
  readonly stemStride: number;
  /** Zeros around a 3x3 convolution: one on every side, or "same". */
  readonly padding: number | "same";
  readonly names: Names;
}

/** What codes call the parts that they call differently. */
interface Names {
  readonly shortcut: string;
  readonly classifier: string;
}

const cifarForm = {
  stemStride: 1,
  padding: 1,
  names: { shortcut: "shortcut", classifier: "linear" },
};
const smallForm = {
  stemStride: 2,
  padding: "same",
  names: { shortcut: "downsample", classifier: "fc" },
} as const;

function small(name: string, blocks: readonly number[]) {
  return defineArchitecture({
    name,
    summary: "residual network for small grey images, half their size already in its stem",
    params: z.strictObject({}),
    build: (_, task, random) =>
      buildResNet({ ...smallForm, name, width: 16, blocks, shortcut: "B" }, task, random),
  });
}

function narrow(name: string, blocks: readonly number[]) {
  return defineArchitecture({
    name,
    summary: "residual network of He et al. for CIFAR, 16 to 64 channels",
    params: z.strictObject({
      shortcut: z
        .enum(["A", "B"])
        .default("A")
        .describe("where the shape changes: A, every second pixel and zeros; B, a 1x1 convolution"),
    }),
    build: ({ shortcut }, task, random) =>
      buildResNet({ ...cifarForm, name, width: 16, blocks, shortcut }, task, random),
  });
}

function wide(name: string, blocks: readonly number[]) {
  return defineArchitecture({
    name,
    summary: "residual network of He et al., its form for CIFAR, 64 to 512 channels",
    params: z.strictObject({}),
    build: (_, task, random) =>
      buildResNet({ ...cifarForm, name, width: 64, blocks, shortcut: "B" }, task, random),
  });
}

function buildResNet(form: Form, task: Task, random: RandomSource): Uint8Array {
  const { name, width, blocks, stemStride: stride, padding } = form;
  const [channels] = imageShape(name, task, stride * 2 ** (blocks.length - 1));
  const net = new NetworkBuilder(name, random);
  const input = net.graph.input("input", [null, ...task.example]);
  const stem = { ins: channels, outs: width, kernel: 3, stride, padding };
  let x = net.relu(convNorm(net, input, "conv1", "bn1", stem));
  let ins = width;
  blocks.forEach((count, stage) => {
    for (let i = 0; i < count; i++) {
      const step = stage > 0 && i === 0 ? 2 : 1;
      const outs = width * 2 ** stage;
      x = basicBlock(net, x, `layer${stage + 1}.${i}`, ins, outs, step, form);
      ins = outs;
    }
  });
  const pooled = net.flatten(net.graph.node("GlobalAveragePool", [x]));
  return net.classify(pooled, form.names.classifier, ins, task);
}

function convNorm(
  net: NetworkBuilder,
  x: string,
  conv: string,
  norm: string,
  options: ConvolutionOptions,
): string {
  const y = net.convolution(x, conv, { initial: "fan-out", ...options });
  return net.batchNorm(y, norm, options.outs);
}

function basicBlock(
  net: NetworkBuilder,
  x: string,
  name: string,
  ins: number,
  outs: number,
  stride: number,
  { padding, shortcut, names }: Form,
): string {
  const part = (at: string, i: number, from: number, step: number) =>
    convNorm(net, at, `${name}.conv${i}`, `${name}.bn${i}`, {
      ins: from,
      outs,
      kernel: 3,
      stride: step,
      padding,
    });
  const residual = part(net.relu(part(x, 1, ins, stride)), 2, outs, 1);
  let straight = x;
  if (stride !== 1 && shortcut === "A") straight = thinned(net, x, name, outs - ins);
  if (stride !== 1 && shortcut === "B") {
    const place = `${name}.${names.shortcut}`;
    const options = { ins, outs, kernel: 1, stride };
    straight = convNorm(net, x, `${place}.0`, `${place}.1`, options);
  }
  return net.relu(net.graph.node("Add", [residual, straight]));
}

/** Every second row and column, with `more` channels of zeros around the channels. */
function thinned(net: NetworkBuilder, x: string, block: string, more: number): string {
  const list = (name: string, values: readonly number[]) =>
    net.integers(`${block}.shortcut.${name}`, values);
  const sliced = net.graph.node("Slice", [
    x,
    list("starts", [0, 0]),
    list("ends", [Number.MAX_SAFE_INTEGER, Number.MAX_SAFE_INTEGER]),
    list("axes", [2, 3]),
    list("steps", [2, 2]),
  ]);
  const pads = list("pads", [0, more / 2, 0, 0, 0, more / 2, 0, 0]);
  return net.graph.node(
    "Pad",
    [sliced, pads],
    { mode: { string: "constant" } },
    `${block}.shortcut`,
  );
}
