import * as ort from "onnxruntime-node";
import { expect, test } from "vitest";
import { OnnxGraphBuilder } from "../../../src/models/onnx-graph.js";
import {
  blockConvolutions,
  blockedDomain,
  blockWidth,
} from "../../../src/models/training/blocked-convolutions.js";
import { decodeModel, encodeModel } from "../../../src/weights/onnx-proto.js";
import { expectClose, normals } from "./gradients/harness.js";

/** A convolution of [2, ins, 9, 8], and the operators that it becomes with blocks of `width`. */
async function both(
  outs: number,
  ins: number,
  size: number,
  attributes: Parameters<OnnxGraphBuilder["node"]>[2],
  width: number,
) {
  const shapes: Record<string, number[]> = {
    x: [2, ins, 9, 8],
    w: [outs, ins, size, size],
    b: [outs],
  };
  const g = new OnnxGraphBuilder("conv");
  const inputs = Object.entries(shapes).map(([name, shape]) => g.input(name, shape));
  g.output(g.node("Conv", inputs, attributes, "y"), []);
  const plain = decodeModel(g.build());
  const { nodes, constants } = blockConvolutions(plain.graph.node, (v) => shapes[v]!, width);
  const graph = { ...plain.graph, node: nodes, initializer: constants };
  const blocked = { ...plain, graph, opset_import: [...plain.opset_import, blockedDomain] };
  const feeds = Object.fromEntries(
    Object.entries(shapes).map(([name, shape]) => {
      const values = normals(
        1,
        name,
        shape.reduce((p, q) => p * q, 1),
      );
      return [name, new ort.Tensor("float32", values, shape)];
    }),
  );
  const results = [];
  for (const model of [plain, blocked]) {
    const session = await ort.InferenceSession.create(encodeModel(model), { logSeverityLevel: 3 });
    results.push((await session.run(feeds)).y!);
    await session.release();
  }
  return { operators: nodes.map((node) => node.op_type), results };
}

const width = await blockWidth();
if (width === undefined) console.log("blocked convolutions: not on this processor");

test.runIf(process.arch === "x64")("blocks are 8 or 16 wide on all processors of this kind", () => {
  expect([8, 16]).toContain(width);
});

test.skipIf(width === undefined)("blocked convolutions give what plain ones give", async () => {
  const w = width!;
  for (const [outs, ins, size, attributes] of [
    [w, w, 3, { pads: { ints: [1, 1, 1, 1] } }],
    [4 * w, 2 * w, 3, { strides: { ints: [2, 2] }, pads: { ints: [1, 0, 1, 0] } }],
    [w, 3 * w, 2, { dilations: { ints: [2, 1] } }],
    [2 * w, w, 5, { auto_pad: { string: "SAME_LOWER" }, strides: { ints: [1, 3] } }],
  ] as const) {
    const { operators, results } = await both(outs, ins, size, attributes, w);
    expect(operators).toContain("ReorderInput");
    expect(results[1]!.dims).toEqual(results[0]!.dims);
    // Sums of at most 400 products in single precision, in another order.
    expectClose(results[1]!.data as Float32Array, results[0]!.data as Float32Array, 1e-5);
  }
});

test("kernels of one element, of many channels, of groups and of odd channels stay", async () => {
  for (const [outs, ins, size] of [
    [16, 16, 1],
    [144, 144, 3],
    [12, 16, 3],
    [16, 3, 3],
    [16, 16, 8],
  ] as const) {
    const { operators } = await both(outs, ins, size, {}, 16);
    expect(operators).toEqual(["Conv"]);
  }
});
