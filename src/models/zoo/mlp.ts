/**
 * Multilayer perceptron: flattened examples, then linear layers `fc1`, `fc2`, ... with ReLU between them.
 *
 * Takes examples of any shape. Weights start as nn.Linear's do (`network-builder.ts`).
 */
import { z } from "zod";
import { defineArchitecture } from "./architecture.js";
import { NetworkBuilder } from "./network-builder.js";

export const mlp = defineArchitecture({
  name: "mlp",
  summary: "multilayer perceptron with ReLU, for examples of any shape",

  params: z.strictObject({
    hidden: z
      .array(z.int().positive())
      .default([128])
      .describe("sizes of the hidden layers, first to last; none: a linear classifier"),
    dropout: z
      .number()
      .min(0)
      .lt(1)
      .default(0)
      .describe("share of hidden values that training sets to 0"),
  }),

  build({ hidden, dropout }, task, random) {
    const net = new NetworkBuilder("mlp", random);
    let features = task.example.reduce((a, b) => a * b, 1);
    let x = net.flatten(net.graph.input("input", [null, ...task.example]));
    hidden.forEach((size, i) => {
      x = net.relu(net.linear(x, `fc${i + 1}`, features, size));
      x = net.dropout(x, `dropout${i + 1}`, dropout);
      features = size;
    });
    return net.classify(x, `fc${hidden.length + 1}`, features, task);
  },
});
