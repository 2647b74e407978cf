/**
 * Mean squared error of scores s against targets t that are 1 at the label and 0 elsewhere, over N examples and K
 * classes: L = Σ (s − t)² / (N K), dL/ds = 2 (s − t) / (N K), as PyTorch's MSELoss.
 *
 * As a loss of classifiers: Hui, Belkin, "Evaluation of Neural Architectures Trained with Square Loss vs
 * Cross-Entropy in Classification Tasks", ICLR 2021.
 */
import { z } from "zod";
import { sum, times } from "../gradients/parts.js";
import { sizeOf } from "../tensor-values.js";
import { defineLoss, oneHot } from "./loss.js";

export const squaredError = defineLoss({
  name: "squared-error",
  summary: "mean squared error against one-hot targets",
  params: z.strictObject({}),

  write(_params, scores, labels, graph) {
    const shape = graph.shapeOf(scores) as [number, number];
    const difference = graph.node("Sub", [scores, oneHot(graph, labels, shape, 0, 1)], shape);
    const total = sum(graph, graph.node("Mul", [difference, difference], shape), [0, 1]);
    const size = sizeOf(shape);
    return { loss: times(graph, total, 1 / size), gradient: times(graph, difference, 2 / size) };
  },
});
