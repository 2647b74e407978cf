/**
 * The contract of an optimizer: from a parameter, its gradient and what is remembered of it, the next ones.
 */
import { z } from "zod";
import type { GradientGraph } from "../rule.js";

/** One parameter in a step: names of values. */
export interface Updated {
  readonly value: string;
  readonly gradient: string;
  /** In the order of `memories`. */
  readonly memories: readonly string[];
  /** Whether weight decay applies. */
  readonly decays: boolean;
}

export interface Optimizer<P extends z.ZodObject = z.ZodObject> {
  readonly name: string;
  /** One line for lists and the reference. */
  readonly summary: string;
  /** Strict schema of the parameters; `name` is added. The learning rate is an argument of every step. */
  readonly params: P;
  /** What it remembers of every parameter, in the parameter's shape; zeros at first. */
  memories(params: z.output<P>): readonly string[];
  /** Numbers that change from step to step, by name. Steps count from 1. */
  factors(
    params: z.output<P>,
    learningRate: number,
    step: number,
  ): Readonly<Record<string, number>>;
  /** Writes the next value and memories. `factors` are scalars of the graph. */
  update(
    params: z.output<P>,
    parameter: Updated,
    factors: Readonly<Record<string, string>>,
    graph: GradientGraph,
  ): { readonly value: string; readonly memories: readonly string[] };
}

/** Types an optimizer; add the result to the list in `index.ts`. */
export function defineOptimizer<P extends z.ZodObject>(optimizer: Optimizer<P>): Optimizer<P> {
  return optimizer;
}

/** Parameters that all optimizers have. */
export const decayParams = (weightDecay: number) => ({
  weightDecay: z
    .number()
    .nonnegative()
    .default(weightDecay)
    .describe("weight decay λ, as the optimizer applies it"),
  decayNormalization: z
    .boolean()
    .default(true)
    .describe("whether biases and the parameters of normalizations decay too, as in PyTorch"),
});

/** Elementwise arithmetic on values of one shape and on numbers. */
export function arithmetic(graph: GradientGraph, shape: readonly number[]) {
  const apply = (operator: string, a: string, b: string) => graph.node(operator, [a, b], shape);
  return {
    add: (a: string, b: string) => apply("Add", a, b),
    subtract: (a: string, b: string) => apply("Sub", a, b),
    multiply: (a: string, b: string) => apply("Mul", a, b),
    divide: (a: string, b: string) => apply("Div", a, b),
    scale: (a: string, factor: number) =>
      factor === 1 ? a : apply("Mul", a, graph.floats([factor], [])),
    root: (a: string) => graph.node("Sqrt", [a], shape),
  };
}
