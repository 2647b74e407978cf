/**
 * ShuffleNet V2 (x1) for small images: a 3x3 stem of 24 channels, three stages, a 1x1 convolution to 1024 channels,
 * global average pooling and one linear layer; ReLU, and batch normalization behind every convolution.
 *
 * A stage begins with a block of stride 2 whose two branches see all channels:
 *
 *   left    3x3 depthwise, stride 2 (conv1) - 1x1 (conv2), ReLU
 *   right   1x1 (conv3), ReLU - 3x3 depthwise, stride 2 (conv4) - 1x1 (conv5), ReLU
 *
 * and goes on with blocks that pass the first half of the channels on and send the second half through
 * 1x1 (conv1), ReLU - 3x3 depthwise (conv2) - 1x1 (conv3), ReLU. Each block ends by putting its two halves together
 * and shuffling: channel c of the first half becomes 2c, of the second 2c + 1.
 *
 * Source: Ma et al., ShuffleNet V2, ECCV 2018, table 5; form for CIFAR (stem with stride 1, no pooling) and names of
 * github.com/kuangliu/pytorch-cifar. 1,263,854 parameters for 3 channels and 10 classes, which is torchvision's
 * 2,278,604 with its layer for 1,000 classes exchanged.
 * Limits: images of at least 8 rows and columns.
 */
import { z } from "zod";
import { defineArchitecture } from "./architecture.js";
import { imageShape, NetworkBuilder } from "./network-builder.js";

const stages = [
  { channels: 116, blocks: 4 },
  { channels: 232, blocks: 8 },
  { channels: 464, blocks: 4 },
];
const stem = 24;
const last = 1024;

export const shufflenetV2 = defineArchitecture({
  name: "shufflenet-v2",
  summary: "ShuffleNet V2 x1, its form for CIFAR: depthwise convolutions and channel shuffles",
  params: z.strictObject({}),

  build(_, task, random) {
    let [channels, rows, columns] = imageShape("shufflenet-v2", task, 8);
    const net = new ShuffleNetBuilder("shufflenet-v2", random);
    const input = net.graph.input("input", [null, ...task.example]);
    let x = net.relu(net.pointwise(input, "", 1, channels, stem, 3));
    channels = stem;
    stages.forEach((stage, s) => {
      [rows, columns] = [rows, columns].map((side) => Math.ceil(side / 2));
      for (let b = 0; b < stage.blocks; b++) {
        const name = `layer${s + 1}.${b}.`;
        const halves =
          b === 0
            ? net.strided(x, name, channels, stage.channels)
            : net.plain(x, name, stage.channels);
        x = net.shuffled(halves, name, stage.channels, rows, columns);
      }
      channels = stage.channels;
    });
    x = net.relu(net.pointwise(x, "", 2, channels, last));
    const pooled = net.flatten(net.graph.node("GlobalAveragePool", [x]));
    return net.classify(pooled, "linear", last, task);
  },
});

/** Blocks; `prefix` is that of the block's tensors, `layer1.0.`. */
class ShuffleNetBuilder extends NetworkBuilder {
  /** `conv<i>` and `bn<i>`. */
  pointwise(x: string, prefix: string, i: number, ins: number, outs: number, kernel = 1): string {
    const padding = Math.floor(kernel / 2);
    const y = this.convolution(x, `${prefix}conv${i}`, {
      ins,
      outs,
      kernel,
      padding,
      initial: "fan-out",
    });
    return this.batchNorm(y, `${prefix}bn${i}`, outs);
  }

  depthwise(x: string, prefix: string, i: number, channels: number, stride: number): string {
    const y = this.convolution(x, `${prefix}conv${i}`, {
      ins: channels,
      outs: channels,
      kernel: 3,
      padding: 1,
      stride,
      groups: channels,
      initial: "fan-out",
    });
    return this.batchNorm(y, `${prefix}bn${i}`, channels);
  }

  strided(x: string, prefix: string, ins: number, outs: number): [string, string] {
    const half = outs / 2;
    const left = this.depthwise(x, prefix, 1, ins, 2);
    const leftOut = this.relu(this.pointwise(left, prefix, 2, ins, half));
    const right = this.relu(this.pointwise(x, prefix, 3, ins, half));
    const thinned = this.depthwise(right, prefix, 4, half, 2);
    return [leftOut, this.relu(this.pointwise(thinned, prefix, 5, half, half))];
  }

  plain(x: string, prefix: string, channels: number): [string, string] {
    const half = channels / 2;
    const [kept, sent] = [`${prefix}kept`, `${prefix}sent`];
    const sizes = this.integers(`${prefix}split`, [half, half]);
    this.graph.nodeOf("Split", [x, sizes], { axis: { int: 1 } }, [kept, sent]);
    const y = this.relu(this.pointwise(sent, prefix, 1, half, half));
    const z = this.depthwise(y, prefix, 2, half, 1);
    return [kept, this.relu(this.pointwise(z, prefix, 3, half, half))];
  }

  shuffled(
    halves: readonly [string, string],
    prefix: string,
    channels: number,
    rows: number,
    columns: number,
  ): string {
    const { graph } = this;
    const joined = graph.node("Concat", halves, { axis: { int: 1 } });
    const pairs = this.integers(`${prefix}shuffle.pairs`, [-1, 2, channels / 2, rows, columns]);
    const flat = this.integers(`${prefix}shuffle.flat`, [-1, channels, rows, columns]);
    const grouped = graph.node("Reshape", [joined, pairs]);
    const swapped = graph.node("Transpose", [grouped], { perm: { ints: [0, 2, 1, 3, 4] } });
    return graph.node("Reshape", [swapped, flat], {}, `${prefix}shuffle`);
  }
}
