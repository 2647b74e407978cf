/**
 * Kernels that slide, by hand: every meeting of an output position with an input position, for Conv and the pools.
 */
import fc from "fast-check";
import type { AttributeValue } from "../../../../src/models/onnx-graph.js";

export interface Sliding {
  readonly input: readonly number[];
  readonly kernel: readonly number[];
  readonly strides: readonly number[];
  readonly dilations: readonly number[];
  readonly before: readonly number[];
  readonly after: readonly number[];
  readonly autoPad: "NOTSET" | "VALID" | "SAME_UPPER" | "SAME_LOWER";
}

/** One spatial axis, as the operators' attributes have it. */
export interface Axis {
  readonly size: number;
  readonly kernel: number;
  readonly stride: number;
  readonly dilation: number;
  readonly before: number;
  readonly after: number;
}

export const axisOf = ({ dilation = 2, padding = 3 } = {}): fc.Arbitrary<Axis> =>
  fc
    .record({
      size: fc.integer({ min: 1, max: 7 }),
      kernel: fc.integer({ min: 1, max: 3 }),
      stride: fc.integer({ min: 1, max: 3 }),
      dilation: fc.integer({ min: 1, max: dilation }),
      before: fc.integer({ min: 0, max: padding }),
      after: fc.integer({ min: 0, max: padding }),
    })
    // The kernel must fit between the borders.
    .filter(
      (axis) => axis.before + axis.size + axis.after >= (axis.kernel - 1) * axis.dilation + 1,
    );

export function slidingOf(axes: readonly Axis[], autoPad: Sliding["autoPad"]): Sliding {
  return {
    input: axes.map((a) => a.size),
    kernel: axes.map((a) => a.kernel),
    strides: axes.map((a) => a.stride),
    dilations: axes.map((a) => a.dilation),
    before: axes.map((a) => a.before),
    after: axes.map((a) => a.after),
    autoPad,
  };
}

/** The attributes that say so, kernel and dilations apart. */
export function attributesOf(sliding: Sliding): Record<string, AttributeValue> {
  const { kernel, strides, before, after, autoPad } = sliding;
  return {
    kernel_shape: { ints: kernel },
    strides: { ints: strides },
    ...(autoPad === "NOTSET"
      ? { pads: { ints: [...before, ...after] } }
      : { auto_pad: { string: autoPad } }),
  };
}

/**
 * Output sizes, and which input positions each output position meets: `meetings[output][tap]` is a place in the
 * input, -1 in the padding. ONNX, Operators.md, Conv and MaxPool.
 */
export function meetingsOf(sliding: Sliding): { output: number[]; meetings: number[][] } {
  const along = sliding.input.map((size, i) => {
    const [kernel, stride] = [sliding.kernel[i]!, sliding.strides[i]!];
    const span = (kernel - 1) * sliding.dilations[i]! + 1;
    let [before, after] = [sliding.before[i]!, sliding.after[i]!];
    if (sliding.autoPad === "VALID") [before, after] = [0, 0];
    else if (sliding.autoPad !== "NOTSET") {
      const total = Math.max(0, (Math.ceil(size / stride) - 1) * stride + span - size);
      const half = Math.floor(total / 2);
      [before, after] =
        sliding.autoPad === "SAME_UPPER" ? [half, total - half] : [total - half, half];
    }
    const count = Math.floor((before + size + after - span) / stride) + 1;
    return Array.from({ length: count }, (_, y) =>
      Array.from({ length: kernel }, (_, t) => {
        const at = y * stride + t * sliding.dilations[i]! - before;
        return at >= 0 && at < size ? at : -1;
      }),
    );
  });
  let meetings: number[][] = [[0]];
  along.forEach((positions, i) => {
    const size = sliding.input[i]!;
    meetings = meetings.flatMap((outer) =>
      positions.map((inner) =>
        outer.flatMap((a) => inner.map((b) => (a < 0 || b < 0 ? -1 : a * size + b))),
      ),
    );
  });
  return { output: along.map((positions) => positions.length), meetings };
}
