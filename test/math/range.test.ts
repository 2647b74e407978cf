import { expect, test } from "vitest";
import { expandRange } from "../../src/math/range.js";

test.each([
  ["0:2:6", [0, 2, 4, 6]],
  ["0:2:7", [0, 2, 4, 6]],
  ["1:3", [1, 2, 3]],
  ["3:-1:1", [3, 2, 1]],
  ["0.95:0.01:0.98", [0.95, 0.96, 0.97, 0.98]],
  ["0:0.1:0.3", [0, 0.1, 0.2, 0.3]],
  ["5:1:5", [5]],
  ["logspace(-2, 1, 4)", [0.01, 0.1, 1, 10]],
  ["linspace(0, 1, 5)", [0, 0.25, 0.5, 0.75, 1]],
])("%s", (text, values) => {
  expect(expandRange(text)).toEqual(values);
});

test("the grids of arXiv 2105.10699 have their published sizes", () => {
  expect(expandRange("0.95:0.01:1.06")).toHaveLength(12);
  expect(expandRange("-4:0.2:0.4")).toHaveLength(23);
});

test("values carry units", () => {
  expect(expandRange("1 ms:1 ms:3 ms", "s")).toEqual([0.001, 0.002, 0.003]);
});

test.each([
  ["5:1:2", /is empty/],
  ["1:0:2", /step of 0/],
  ["0:1e-9:1", /more than 1,000,000/],
  ["a:b", /may not contain/],
  ["1:2:3:4", /start:step:stop/],
  ["logspace(1, 2)", /three values/],
  ["linspace(0, 1, 1)", /at least 2/],
])("%s is refused", (text, message) => {
  expect(() => expandRange(text)).toThrow(message);
});
