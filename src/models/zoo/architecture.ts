/**
 * The contract of an architecture that Weightlink can build: an ONNX file with initial weights.
 */
import type { z } from "zod";
import type { RandomSource } from "../../kernel/index.js";

/** What the data set asks of a network. */
export interface Task {
  /** Shape of one example, e.g. [3, 32, 32]: channels, rows, columns. */
  readonly example: readonly number[];
  readonly classes: number;
}

export interface Architecture<P extends z.ZodObject = z.ZodObject> {
  readonly name: string;
  /** One line for `weightlink list architectures`. */
  readonly summary: string;
  /** Strict schema of the parameters; `name` is added. */
  readonly params: P;
  /**
   * The ONNX file, batch dimension open, tensors named as PyTorch names them. Throws InputError where the
   * task does not fit, e.g. images too small for the strides.
   */
  build(params: z.output<P>, task: Task, random: RandomSource): Uint8Array;
}

/** Types an architecture; add the result to the list in `index.ts`. */
export function defineArchitecture<P extends z.ZodObject>(
  architecture: Architecture<P>,
): Architecture<P> {
  return architecture;
}
