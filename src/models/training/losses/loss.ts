/**
 * The contract of a loss: what a training step makes small, a mean over the batch.
 */
import type { z } from "zod";
import type { GradientGraph } from "../rule.js";

export interface Loss<P extends z.ZodObject = z.ZodObject> {
  readonly name: string;
  /** One line for lists and the reference. */
  readonly summary: string;
  /** Strict schema of the parameters; `name` is added. */
  readonly params: P;
  /**
   * Writes the loss, a scalar, and its gradient with respect to `scores` [batch, classes]. `labels` are classes,
   * int64 [batch].
   */
  write(
    params: z.output<P>,
    scores: string,
    labels: string,
    graph: GradientGraph,
  ): { readonly loss: string; readonly gradient: string };
}

/** Types a loss; add the result to the list in `index.ts`. */
export function defineLoss<P extends z.ZodObject>(loss: Loss<P>): Loss<P> {
  return loss;
}

/** [batch, classes]: `on` at each example's label and `off` elsewhere. */
export function oneHot(
  graph: GradientGraph,
  labels: string,
  [batch, classes]: readonly [number, number],
  off: number,
  on: number,
): string {
  const inputs = [labels, graph.ints([classes], []), graph.floats([off, on])];
  return graph.node("OneHot", inputs, [batch, classes], { axis: { int: 1 } });
}
