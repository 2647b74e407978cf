/**
 * Gradients of operators that move, cut, repeat or choose elements: each element's gradient goes back to where the
 * element came from, is summed where it went to several places, and is 0 where it went nowhere.
 */
import { InputError } from "../../../errors.js";
import { DataType } from "../../../weights/onnx-proto.js";
import { defineRule, type GradientGraph } from "../rule.js";
import { constantInts, pad, reshape, slice, transpose } from "./parts.js";

export const transposeRule = defineRule({
  operator: "Transpose",
  gradient(node, [g], graph) {
    const axes = graph.shapeOf(g!).map((_, axis) => axis);
    const perm = node.ints("perm") ?? axes.toReversed();
    return [
      transpose(
        graph,
        g!,
        axes.map((axis) => perm.indexOf(axis)),
      ),
    ];
  },
});

export const squeeze = backToShape("Squeeze");
export const unsqueeze = backToShape("Unsqueeze");

export const expand = defineRule({
  operator: "Expand",
  gradient: ({ inputs: [x] }, [g], graph) => [graph.sumTo(g!, graph.shapeOf(x!)), undefined],
});

/** Values in training are float32, and float32 they must stay. */
export const cast = defineRule({
  operator: "Cast",
  gradient(node, [g]) {
    const to = node.int("to", 0);
    if (to !== DataType.FLOAT) {
      throw new InputError(
        `training: Cast "${node.name}": only a cast to float32 (${DataType.FLOAT}) can be trained through, got ${to}`,
      );
    }
    return [g];
  },
});

export const where = defineRule({
  operator: "Where",
  gradient({ inputs: [condition, a, b] }, [g], graph) {
    const zero = graph.floats([0], []);
    const chosen = (operand: string, ...pair: [string, string]) => {
      if (!graph.needsGradient(operand)) return undefined;
      const kept = graph.node("Where", [condition!, ...pair], graph.shapeOf(g!));
      return graph.sumTo(kept, graph.shapeOf(operand));
    };
    return [undefined, chosen(a!, g!, zero), chosen(b!, zero, g!)];
  },
});

export const concat = defineRule({
  operator: "Concat",
  gradient(node, [g], graph) {
    const rank = graph.shapeOf(g!).length;
    const axis = (node.int("axis", 0) + rank) % rank;
    let start = 0;
    return node.inputs.map((name) => {
      const size = graph.shapeOf(name)[axis]!;
      start += size;
      if (!graph.needsGradient(name)) return undefined;
      return slice(graph, g!, [axis], [start - size], [size]);
    });
  },
});

export const split = defineRule({
  operator: "Split",
  gradient(node, gradients, graph) {
    const shape = graph.shapeOf(node.inputs[0]!);
    const axis = (node.int("axis", 0) + shape.length) % shape.length;
    const parts = node.outputs.map((name, i) => gradients[i] ?? zeros(graph, graph.shapeOf(name)));
    if (parts.length === 1) return [parts[0], undefined];
    return [graph.node("Concat", parts, shape, { axis: { int: axis } }), undefined];
  },
});

/** With padding of the opposite sign: what was added is cut off, what was cut off was worth nothing. */
export const padRule = defineRule({
  operator: "Pad",
  gradient(node, [g], graph) {
    const mode = node.text("mode", "constant");
    if (mode !== "constant") {
      throw new InputError(`training: Pad "${node.name}": mode must be constant, got "${mode}"`);
    }
    const [x, , value = "", axesInput = ""] = node.inputs as [string, string, string?, string?];
    if (graph.needsGradient(value)) {
      throw new InputError(
        `training: Pad "${node.name}": its value must be constant, and "${value}" is trained or follows from what is`,
      );
    }
    const pads = constantInts(node, graph, 1, "pads");
    const rank = graph.shapeOf(x).length;
    const given = axesInput === "" ? undefined : constantInts(node, graph, 3, "axes");
    const axes = given?.map((axis) => (axis + rank) % rank) ?? graph.shapeOf(x).map((_, i) => i);
    const opposite = (offset: number) =>
      graph.shapeOf(x).map((_, axis) => {
        const place = axes.indexOf(axis);
        return place < 0 ? 0 : -pads[offset + place]!;
      });
    return [pad(graph, g!, opposite(0), opposite(axes.length)), undefined, undefined, undefined];
  },
});

/** Elements of a slice go back to their places, axis by axis, with zeros between and around them. */
export const sliceRule = defineRule({
  operator: "Slice",
  gradient(node, [g], graph) {
    const shape = graph.shapeOf(node.inputs[0]!);
    const starts = constantInts(node, graph, 1, "starts");
    const axes = node.inputs[3]
      ? constantInts(node, graph, 3, "axes").map((axis) => (axis + shape.length) % shape.length)
      : starts.map((_, i) => i);
    const steps = node.inputs[4] ? constantInts(node, graph, 4, "steps") : starts.map(() => 1);
    const none = [undefined, undefined, undefined, undefined];
    if (graph.shapeOf(g!).includes(0)) return [zeros(graph, shape), ...none];
    let value = g!;
    axes.forEach((axis, i) => {
      const size = shape[axis]!;
      const start =
        starts[i]! < 0 ? Math.max(0, starts[i]! + size) : Math.min(starts[i]!, size - 1);
      value = spread(graph, value, axis, start, steps[i]!, size);
    });
    return [value, ...none];
  },
});

function backToShape(operator: string) {
  return defineRule({
    operator,
    gradient: ({ inputs: [x] }, [g], graph) => [reshape(graph, g!, graph.shapeOf(x!)), undefined],
  });
}

function zeros(graph: GradientGraph, shape: readonly number[]): string {
  return graph.node("ConstantOfShape", [graph.ints(shape)], shape);
}

/** An axis of `size` elements, of which every `step`-th from `start` on is one of `value`. */
function spread(
  graph: GradientGraph,
  value: string,
  axis: number,
  start: number,
  step: number,
  size: number,
): string {
  const count = graph.shapeOf(value)[axis]!;
  if (step < 0) {
    const backwards = [[-1], [-count - 1], [axis], [-1]].map((list) => graph.ints(list));
    const turned = graph.node("Slice", [value, ...backwards], graph.shapeOf(value));
    return spread(graph, turned, axis, start + (count - 1) * step, -step, size);
  }
  const shape = graph.shapeOf(value);
  const [outer, inner] = [shape.slice(0, axis), shape.slice(axis + 1)];
  const none = (axes: readonly number[]) => axes.map(() => 0);
  let wide = value;
  if (step > 1) {
    // Each element with step − 1 zeros behind it.
    const apart = reshape(graph, value, [...outer, count, 1, ...inner]);
    const before = none(graph.shapeOf(apart));
    const gaps = pad(graph, apart, before, before.with(axis + 1, step - 1));
    wide = reshape(graph, gaps, [...outer, count * step, ...inner]);
  }
  const before = none(shape).with(axis, start);
  return pad(graph, wide, before, none(shape).with(axis, size - start - count * step));
}
