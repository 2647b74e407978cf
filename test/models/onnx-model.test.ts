import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { openOnnxModel } from "../../src/models/onnx-model.js";
import { defaultTravelRules, layOut } from "../../src/weights/layout.js";
import { DataType, encodeModel, type OnnxTensor } from "../../src/weights/onnx-proto.js";
import { folderWith } from "../files/temporary-folder.js";

/** y = x · W with W [2, 3] stored as `data_type` in its typed field, cast to float32 where it is not. */
function product(fields: Partial<OnnxTensor>): Uint8Array {
  const info = (name: string, size: number) => ({
    name,
    type: {
      tensor_type: {
        elem_type: DataType.FLOAT,
        shape: { dim: [{ dim_param: "batch" }, { dim_value: size }] },
      },
    },
  });
  return encodeModel({
    ir_version: 8,
    opset_import: [{ version: 17 }],
    graph: {
      name: "product",
      node: [
        {
          op_type: "Cast",
          input: ["w"],
          output: ["w32"],
          attribute: [{ name: "to", type: 2, i: DataType.FLOAT }],
        },
        { op_type: "MatMul", input: ["x", "w32"], output: ["y"], attribute: [] },
      ],
      initializer: [{ name: "w", dims: [2, 3], ...fields }],
      input: [info("x", 2)],
      output: [info("y", 3)],
    },
  });
}

const halfOf: Record<number, number> = { 1: 0x3c00, 2: 0x4000 };
const brainOf: Record<number, number> = { 1: 0x3f80, 2: 0x4000 };
const stored = [1, 2, 1, 2, 2, 1];

describe.each<[string, Partial<OnnxTensor>]>([
  ["float32", { data_type: DataType.FLOAT, float_data: stored }],
  ["float64", { data_type: DataType.DOUBLE, double_data: stored }],
  ["float16", { data_type: DataType.FLOAT16, int32_data: stored.map((v) => halfOf[v]) }],
  ["bfloat16", { data_type: DataType.BFLOAT16, int32_data: stored.map((v) => brainOf[v]) }],
])("weights stored as %s", (_type, fields) => {
  test("the scorer computes with the weights it was given last", async () => {
    const path = join(folderWith({ "m.onnx": product(fields) }), "m.onnx");
    const model = await openOnnxModel(path);
    const layout = layOut(model.tensors, defaultTravelRules);
    const weights = model.readWeights(layout);
    expect([...weights]).toEqual(stored);

    const scorer = await model.openScorer(layout, { threads: 1 });
    const score = async (w: Float32Array) => {
      await scorer.setWeights(w);
      return [...(await scorer.run([{ data: Float32Array.of(1, 10), shape: [2] }], 1))];
    };
    expect(await score(weights)).toEqual([21, 22, 11]);
    expect(await score(Float32Array.of(0.5, -1, 0, 4, 0.25, -8))).toEqual([40.5, 1.5, -80]);
    expect(await score(weights)).toEqual([21, 22, 11]);
    await scorer.close();

    // The file is as it was, and so is what is read from it again.
    expect([...model.readWeights(layout)]).toEqual(stored);
  });
});

test("only the layout's tensors follow the weight vector; a view into a longer buffer will do", async () => {
  const path = join(folderWith({ "m.onnx": product(encodedFloat()) }), "m.onnx");
  const model = await openOnnxModel(path);
  const layout = layOut(model.tensors, defaultTravelRules);
  const scorer = await model.openScorer(layout, { threads: 1 });
  const longer = Float32Array.of(99, 1, 0, 0, 0, 1, 0, 99);
  await scorer.setWeights(longer.subarray(1, 7));
  const scores = await scorer.run([{ data: Float32Array.of(3, 5), shape: [2] }], 1);
  expect([...scores]).toEqual([3, 5, 0]);
  await scorer.close();
});

function encodedFloat(): Partial<OnnxTensor> {
  return { data_type: DataType.FLOAT, float_data: stored };
}
