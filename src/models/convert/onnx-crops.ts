/**
 * Slices, splits and padding of ONNX as layers.
 *
 * Cropping2D and ZeroPadding2D reach rows and columns. Where channels are meant, Permutes move them there and back;
 * every second pixel is a pooling over single pixels.
 */
import type { OnnxNode } from "../../weights/onnx-proto.js";
import { type AxisOrder, channelsLast, identityOrder } from "./axes.js";
import { imageLayer } from "./layers-file.js";
import { float, integer, integers, text } from "./onnx-attributes.js";
import type { OnnxConversion } from "./onnx-to-layers.js";

/** An order in which a Cropping2D or ZeroPadding2D reaches this axis of an image, and the axis's place there. */
function orderFor(
  node: OnnxNode,
  c: OnnxConversion,
  name: string,
  axis: number,
): { order: AxisOrder; place: number } {
  const rank = c.shape(name).length;
  if (rank !== 4 || axis === 0) {
    throw c.refused(
      node,
      `must be along channels, rows or columns of an image to convert, got axis ${axis} of ${rank}`,
    );
  }
  const order = axis === 1 ? identityOrder(4) : channelsLast;
  return { order, place: order.indexOf(axis) };
}

/** [[before, after], [before, after]] for the first two axes of a layer's value behind the batch. */
function margins(place: number, before: number, after: number): [number, number][] {
  return [1, 2].map((k) => (k === place ? [before, after] : [0, 0]));
}

export function split(node: OnnxNode, c: OnnxConversion): void {
  const [x] = node.input;
  const rank = c.shape(x).length;
  const axis = (integer(node, "axis", 0) + rank) % rank;
  const { order, place } = orderFor(node, c, x, axis);
  let before = 0;
  for (const output of node.output) {
    const size = c.shape(output)[axis];
    const cropping = margins(place, before, c.shape(x)[axis] - before - size);
    const layer = c.layer("Cropping2D", output, imageLayer({ cropping }), [c.inOrder(x, order)]);
    c.hold(output, layer, order);
    before += size;
  }
}

export function slice(node: OnnxNode, c: OnnxConversion): void {
  const [x] = node.input;
  const shape = c.shape(x);
  const list = (i: number, name: string) => integers(node, name) ?? c.integers(node.input[i]);
  const [starts, ends] = [list(1, "starts"), list(2, "ends")];
  if (starts === undefined || ends === undefined) {
    throw c.refused(node, "must have constant starts and ends to convert");
  }
  const axes = list(3, "axes") ?? starts.map((_, i) => i);
  const steps = list(4, "steps") ?? starts.map(() => 1);
  const thinned = [1, 1]; // rows, columns
  let { layer, order } = c.whole(x);
  const name = node.output[0];
  c.hold(name, layer, order);
  axes.forEach((given, i) => {
    const axis = (given + shape.length) % shape.length;
    const size = shape[axis];
    const place = (at: number) => Math.min(size, Math.max(0, at < 0 ? at + size : at));
    const [start, end, step] = [place(starts[i]), place(ends[i]), steps[i]];
    if (!(step >= 1) || (step > 1 && (axis < 2 || shape.length !== 4))) {
      throw c.refused(
        node,
        `must have steps of 1, or positive ones along rows and columns, to convert; got ${step} along axis ${axis}`,
      );
    }
    if (step > 1) thinned[axis - 2] = step;
    if (start === 0 && end === size) return;
    const along = orderFor(node, c, x, axis);
    const cropping = margins(along.place, start, size - end);
    layer = c.layer("Cropping2D", name, imageLayer({ cropping }), [c.inOrder(name, along.order)]);
    order = along.order;
    c.hold(name, layer, order);
  });
  if (thinned.some((step) => step > 1)) {
    // The largest of one pixel is that pixel.
    const config = imageLayer({ pool_size: [1, 1], strides: thinned, padding: "valid" });
    layer = c.layer("MaxPooling2D", name, config, [c.inOrder(name, channelsLast)]);
    c.hold(name, layer, channelsLast);
  }
}

export function pad(node: OnnxNode, c: OnnxConversion): void {
  const [x] = node.input;
  const mode = text(node, "mode", "constant");
  const pads = integers(node, "pads") ?? c.integers(node.input[1]);
  if (pads === undefined) throw c.refused(node, "must have constant pads to convert");
  const listed = c.integers(node.input[3]);
  const rank = c.shape(x).length;
  const axes = (listed ?? identityOrder(rank)).map((axis) => (axis + rank) % rank);
  const value = c.tensor(node.input[2])?.values[0] ?? float(node, "value", 0);
  const name = node.output[0];
  const { layer, order } = c.whole(x);
  c.hold(name, layer, order);
  axes.forEach((axis, i) => {
    const [before, after] = [pads[i], pads[i + axes.length]];
    if (before === 0 && after === 0) return;
    if (mode !== "constant" || value !== 0 || before < 0 || after < 0) {
      throw c.refused(
        node,
        `must add zeros to convert, got mode "${mode}", value ${value}, pads ${pads.join(", ")}`,
      );
    }
    const along = orderFor(node, c, x, axis);
    const config = imageLayer({ padding: margins(along.place, before, after) });
    const made = c.layer("ZeroPadding2D", name, config, [c.inOrder(name, along.order)]);
    c.hold(name, made, along.order);
  });
}
