/**
 * How a kernel slides over its input: what Conv and the pools have in common, read from the node.
 *
 * Lists have one entry per spatial axis. Along each, output position y and tap t meet input position
 * y · stride + t · dilation − before.
 */
import { InputError } from "../../../errors.js";
import type { ForwardNode } from "../rule.js";

export interface SlidingWindow {
  readonly kernel: readonly number[];
  readonly strides: readonly number[];
  readonly dilations: readonly number[];
  /** Zeros before and after the input. */
  readonly before: readonly number[];
  readonly after: readonly number[];
}

/** `input` and `output` are spatial sizes. Throws InputError for an unknown auto_pad. */
export function slidingWindow(
  node: ForwardNode,
  kernel: readonly number[],
  input: readonly number[],
  output: readonly number[],
): SlidingWindow {
  const ones = kernel.map(() => 1);
  const strides = node.ints("strides") ?? ones;
  const dilations = node.ints("dilations") ?? ones;
  const auto = node.text("auto_pad", "NOTSET");
  const count = kernel.length;
  if (auto === "NOTSET") {
    const pads = node.ints("pads") ?? [...ones, ...ones].map(() => 0);
    return { kernel, strides, dilations, before: pads.slice(0, count), after: pads.slice(count) };
  }
  if (!/^(VALID|SAME_UPPER|SAME_LOWER)$/.test(auto)) {
    throw new InputError(`training: node "${node.name}": unknown auto_pad "${auto}"`);
  }
  const totals = kernel.map((size, i) => {
    const span = (output[i]! - 1) * strides[i]! + (size - 1) * dilations[i]! + 1;
    return auto === "VALID" ? 0 : Math.max(0, span - input[i]!);
  });
  const smaller = totals.map((total) => Math.floor(total / 2));
  const larger = totals.map((total) => Math.ceil(total / 2));
  const [before, after] = auto === "SAME_LOWER" ? [larger, smaller] : [smaller, larger];
  return { kernel, strides, dilations, before, after };
}
