import { expect, test } from "vitest";
import type { Examples } from "../../src/datasets/dataset.js";
import { fitExamples, pickExamples, sliceExamples } from "../../src/models/fit-inputs.js";
import type { Model, Scorer } from "../../src/models/model.js";
import { countCorrect, scoreMargins } from "../../src/models/score.js";

/** A scorer whose scores are its inputs. */
const echo: Scorer = {
  runtime: "echo",
  setWeights: async () => {},
  run: async ([input]) => input.data as Float32Array,
  close: async () => {},
};

function examples(rows: number[][], labels: number[]): Examples {
  const data = Float32Array.from(rows.flat());
  return {
    count: rows.length,
    inputs: [{ data, shape: [rows[0].length] }],
    labels: Int32Array.from(labels),
  };
}

test("the largest score wins; equal scores go to the first class; NaN is never right", async () => {
  const set = examples(
    [
      [1, 3, 2],
      [1, 3, 2],
      [5, 5, 1],
      [5, 5, 1],
      [NaN, 1, 2],
      [0, 1, NaN],
      [Infinity, 1, 0],
      [-1, -3, -2],
    ],
    [1, 2, 0, 1, 0, 1, 0, 0],
  );
  const each = [];
  for (let i = 0; i < set.count; i++)
    each.push(await countCorrect(echo, pickExamples(set, [i]), 1));
  expect(each).toEqual([1, 0, 1, 0, 0, 0, 1, 1]);
  for (const batch of [1, 3, 8, 100]) expect(await countCorrect(echo, set, batch)).toBe(4);
});

test("a margin is the label's score less the largest other, and positive where the label wins", async () => {
  const set = examples(
    [
      [1, 3, 2.5],
      [1, 3, 2.5],
      [5, 5, 1],
      [5, 5, 1],
      [-Infinity, -Infinity, -Infinity],
      [Infinity, 1, Infinity],
      [NaN, 1, 2],
      [0, 1, NaN],
    ],
    [1, 0, 0, 1, 0, 2, 2, 1],
  );
  const margins = await scoreMargins(echo, set, 3);
  expect([...margins.subarray(0, 2)]).toEqual([0.5, -2]);
  expect([...margins].map((m) => m > 0)).toEqual([
    true,
    false,
    true,
    false,
    true,
    false,
    false,
    false,
  ]);
  expect([...margins.subarray(6)]).toEqual([NaN, NaN]);
});

test("a stop is asked for between batches", async () => {
  let asked = 0;
  const set = examples([[1], [1], [1], [1], [1]], [0, 0, 0, 0, 0]);
  await countCorrect(echo, set, 2, () => asked++);
  expect(asked).toBe(3);
});

const model = (shape: (number | null)[], type: "float32" | "int64" = "float32") =>
  ({ inputs: [{ name: "x", type, shape }] }) as unknown as Model;
const image: Examples = {
  count: 2,
  // Two images of two channels and 1 x 3 pixels; the value says image, channel, column.
  inputs: [
    { data: Float32Array.of(0, 1, 2, 10, 11, 12, 100, 101, 102, 110, 111, 112), shape: [2, 1, 3] },
  ],
  labels: Int32Array.of(0, 0),
};

test("channels move last for a model that wants them there", () => {
  const [input] = fitExamples(image, model([null, 1, 3, 2]), "m").inputs;
  expect(input.shape).toEqual([1, 3, 2]);
  expect([...input.data]).toEqual([0, 10, 1, 11, 2, 12, 100, 110, 101, 111, 102, 112]);
});

test("data that fits is not copied; open dimensions take any size", () => {
  for (const shape of [
    [null, 2, 1, 3],
    [1, 2, null, null],
  ]) {
    expect(fitExamples(image, model(shape), "m").inputs[0].data).toBe(image.inputs[0].data);
  }
});

test("a network that takes images flat gets them flat", () => {
  expect(fitExamples(image, model([null, 6]), "m").inputs[0].shape).toEqual([6]);
});

test("what does not fit is named with both shapes, or both types", () => {
  expect(() => fitExamples(image, model([null, 3, 2, 2]), "m.onnx")).toThrow(
    'm.onnx: input "x" takes examples of shape [3, 2, 2], the data set has [2, 1, 3]',
  );
  expect(() => fitExamples(image, model([null, 2, 1, 3], "int64"), "m")).toThrow(
    /takes int64, the data set has Float32Array/,
  );
  const two = { ...image, inputs: [image.inputs[0], image.inputs[0]] };
  expect(() => fitExamples(two, model([null, 2, 1, 3]), "m")).toThrow(/takes 1 inputs .* has 2/);
});

test("slices and picks are whole examples", () => {
  expect([...sliceExamples(image, 1, 1)[0].data]).toEqual([100, 101, 102, 110, 111, 112]);
  const picked = pickExamples({ ...image, labels: Int32Array.of(7, 8) }, [1, 0, 1]);
  expect([...picked.labels]).toEqual([8, 7, 8]);
  expect(picked.inputs[0].data[0]).toBe(100);
  expect(picked.inputs[0].data.length).toBe(18);
});
