/**
 * Softmax cross-entropy with label smoothing ε, over N examples and K classes:
 *
 *   L = −(1/N) Σ t log softmax(s),   t = (1 − ε) · [label] + ε / K,   dL/ds = (softmax(s) − t) / N
 *
 * Source: Szegedy et al., "Rethinking the Inception Architecture", CVPR 2016, section 7; as PyTorch's
 * CrossEntropyLoss(label_smoothing=ε).
 * Limits: the model's output is scores, not their softmax.
 */
import { z } from "zod";
import { sum, times } from "../gradients/parts.js";
import { defineLoss, oneHot } from "./loss.js";

export const crossEntropy = defineLoss({
  name: "cross-entropy",
  summary: "softmax cross-entropy, with label smoothing if wanted",

  params: z.strictObject({
    labelSmoothing: z
      .number()
      .min(0)
      .lt(1)
      .default(0)
      .describe("share of the target that is spread evenly over all classes"),
  }),

  write({ labelSmoothing }, scores, labels, graph) {
    const shape = graph.shapeOf(scores) as [number, number];
    const [batch, classes] = shape;
    const off = labelSmoothing / classes;
    const target = oneHot(graph, labels, shape, off, 1 - labelSmoothing + off);
    const logs = graph.node("LogSoftmax", [scores], shape, { axis: { int: 1 } });
    const total = sum(graph, graph.node("Mul", [target, logs], shape), [0, 1]);
    const softmax = graph.node("Exp", [logs], shape);
    const difference = graph.node("Sub", [softmax, target], shape);
    return { loss: times(graph, total, -1 / batch), gradient: times(graph, difference, 1 / batch) };
  },
});
