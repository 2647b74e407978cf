/**
 * Gradients of a transposed convolution, y[n, o, p · stride + t · dilation − before] += x[n, c, p] w[c, o, t], + b[o].
 *
 * It is the gradient of a convolution with the same kernel, stride and padding, so
 *
 * - dL/dx is that convolution of dL/dy,
 * - dL/dw is the convolution's, with x and dL/dy in each other's places.
 *
 * Source: Dumoulin, Visin, "A guide to convolution arithmetic for deep learning", arXiv 1603.07285, section 4.
 */
import { InputError } from "../../../errors.js";
import { defineRule } from "../rule.js";
import { weightGradient } from "./conv.js";
import { sum } from "./parts.js";
import { slidingWindow } from "./sliding-window.js";

export const convTranspose = defineRule({
  operator: "ConvTranspose",
  gradient(node, [g], graph) {
    const [x, w, b] = node.inputs as [string, string, string?];
    const auto = node.text("auto_pad", "NOTSET");
    if (node.ints("output_shape") !== undefined || !/^(NOTSET|VALID)$/.test(auto)) {
      throw new InputError(
        `training: ConvTranspose "${node.name}": takes pads and output_padding, not output_shape or auto_pad ${auto}`,
      );
    }
    const group = node.int("group", 1);
    const shape = graph.shapeOf(x);
    const spatial = (value: string) => graph.shapeOf(value).slice(2);
    const window = slidingWindow(node, spatial(w), spatial(g!), spatial(x));
    const { kernel, strides, dilations, before, after } = window;
    const axes = [0, ...kernel.map((_, i) => i + 2)];
    // With more than that, the convolution would find one more position than x has.
    const beyond = (node.ints("output_padding") ?? []).some((more, i) => more >= strides[i]!);
    if (beyond) {
      throw new InputError(
        `training: ConvTranspose "${node.name}": output_padding must be smaller than the stride`,
      );
    }
    const toX = () =>
      graph.node("Conv", [g!, w], shape, {
        kernel_shape: { ints: kernel },
        strides: { ints: strides },
        dilations: { ints: dilations },
        pads: { ints: [...before, ...after] },
        group: { int: group },
      });
    return [
      graph.needsGradient(x) ? toX() : undefined,
      graph.needsGradient(w) ? weightGradient(graph, x, g!, w, group, window) : undefined,
      b && graph.needsGradient(b) ? sum(graph, g!, axes) : undefined,
    ];
  },
});
