/**
 * The contract of a gradient rule: how one operator of ONNX passes gradients back, as more operators of ONNX.
 *
 * Rules are found by the operator's name. A new one is a file in `gradients/` and a line in its `index.ts`.
 *
 * Rules see the forward graph as it is trained: BatchNormalization in training mode with momentum 0, so that its
 * second and third output are mean and population variance of the batch, MaxPool with its second output, the
 * places of the maxima, and Mul by a random mask in the place of Dropout.
 */
import type { AttributeValue } from "../onnx-graph.js";

/** A node of the forward graph, read once. */
export interface ForwardNode {
  readonly operator: string;
  /** The node's name, or its first output where it has none: for messages. */
  readonly name: string;
  /** Names of values; "" where an optional input or output is absent. */
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  /** Attributes with their defaults left out. */
  int(name: string, fallback: number): number;
  float(name: string, fallback: number): number;
  ints(name: string): readonly number[] | undefined;
  text(name: string, fallback: string): string;
}

/** Where a rule writes: the backward part of the training graph. All shapes are known, the batch included. */
export interface GradientGraph {
  /** Version of the operator set that nodes are written for. */
  readonly opset: number;
  /** Shape of a value of the forward graph or of one made here. Throws RangeError for other names. */
  shapeOf(value: string): readonly number[];
  /** Values of an integer tensor that the forward graph holds as a constant; undefined where it is computed. */
  constantInts(value: string): readonly number[] | undefined;
  /** Values of a float tensor that the forward graph holds as a constant and does not train. */
  constantFloats(value: string): Float32Array | undefined;
  /** False where nothing trainable lies before the value, so that its gradient is not asked for. */
  needsGradient(value: string): boolean;
  /** Adds a node with one output of this shape and returns its name. */
  node(
    operator: string,
    inputs: readonly string[],
    shape: readonly number[],
    attributes?: Readonly<Record<string, AttributeValue>>,
  ): string;
  /** Adds a node with several outputs of these shapes and returns their names. */
  outputsOf(
    operator: string,
    inputs: readonly string[],
    shapes: readonly (readonly number[])[],
    attributes?: Readonly<Record<string, AttributeValue>>,
  ): readonly string[];
  /** A constant; equal ones are held once. A vector where no shape is given, so a scalar needs []. */
  floats(values: readonly number[] | Float32Array, shape?: readonly number[]): string;
  ints(values: readonly number[], shape?: readonly number[]): string;
  /** Sums a gradient of a broadcast value back to the shape that was broadcast. */
  sumTo(gradient: string, shape: readonly number[]): string;
}

export interface GradientRule {
  /** Name of the ONNX operator. */
  readonly operator: string;
  /**
   * Gradients with respect to the inputs, in their order; undefined where there is none (integers, absent inputs,
   * inputs whose gradient is not needed). `outputs` holds the gradient of each output, undefined for one that
   * nothing behind depends on; at least one is there.
   *
   * Throws InputError where the operator has a form that the rule does not cover.
   */
  gradient(
    node: ForwardNode,
    outputs: readonly (string | undefined)[],
    graph: GradientGraph,
  ): readonly (string | undefined)[];
}

export function defineRule(rule: GradientRule): GradientRule {
  return rule;
}
