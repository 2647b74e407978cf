/**
 * LeNet-5: two 5x5 convolutions (6 and 16 channels), each followed by an activation and 2x2 pooling, then linear
 * layers of 120 and 84 and the classes.
 *
 * ReLU and max pooling by default; `classic` has tanh and average pooling. Images of fewer than 32 rows or columns
 * are padded by 2 in the first convolution, as the paper pads its digits from 28 to 32.
 *
 * Source: LeCun, Bottou, Bengio, Haffner, Gradient-based learning applied to document recognition, Proc. IEEE 1998.
 * As in today's versions of it, `conv2` sees all 6 channels, pooling has no parameters, and a linear layer stands
 * in for the radial basis functions at the end: 61,706 parameters for 1 x 28 x 28 and 10 classes. Names are those of
 * PyTorch's tutorial (`conv1`, `conv2`, `fc1`, `fc2`, `fc3`).
 */
import { z } from "zod";
import { defineArchitecture } from "./architecture.js";
import { imageShape, NetworkBuilder } from "./network-builder.js";

export const lenet5 = defineArchitecture({
  name: "lenet5",
  summary: "LeNet-5 for small images, with ReLU and max pooling or as in 1998",

  params: z.strictObject({
    classic: z
      .boolean()
      .default(false)
      .describe("tanh and average pooling, as in 1998, instead of ReLU and max pooling"),
  }),

  build({ classic }, task, random) {
    const [channels, rows, columns] = imageShape("lenet5", task, 12);
    const padding = Math.min(rows, columns) < 32 ? 2 : 0;
    const net = new NetworkBuilder("lenet5", random);
    const activate = (x: string) => net.graph.node(classic ? "Tanh" : "Relu", [x]);
    const pool = (x: string) =>
      net.graph.node(classic ? "AveragePool" : "MaxPool", [x], {
        kernel_shape: { ints: [2, 2] },
        strides: { ints: [2, 2] },
      });
    const convolve = (x: string, name: string, ins: number, outs: number, pad: number) => {
      const y = net.convolution(x, name, { ins, outs, kernel: 5, padding: pad, bias: true });
      return pool(activate(y));
    };
    /** Rows or columns behind both convolutions and poolings. */
    const left = (size: number) => Math.floor((Math.floor((size + 2 * padding - 4) / 2) - 4) / 2);

    let x = convolve(
      net.graph.input("input", [null, ...task.example]),
      "conv1",
      channels,
      6,
      padding,
    );
    x = net.flatten(convolve(x, "conv2", 6, 16, 0));
    x = activate(net.linear(x, "fc1", 16 * left(rows) * left(columns), 120));
    x = activate(net.linear(x, "fc2", 120, 84));
    return net.classify(x, "fc3", 84, task);
  },
});
