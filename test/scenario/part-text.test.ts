import { expect, test } from "vitest";
import { partText } from "../../src/scenario/part-text.js";

test.each([
  ["iq", "iq"],
  ["[not JSON", "[not JSON"],
  ["[]", "none"],
  ['[{"by":"equal","name":"power-allocation"}]', "power-allocation (by: equal)"],
  ['[{"name":"a"},{"rate":0.5,"name":"b"}]', "a + b (rate: 0.5)"],
  ['[{"tensors":["x.*","y"],"name":"a"}]', "a (tensors: [x.*, y])"],
  ['["x.*","y"]', "[x.*, y]"],
  ['{"spacing":10,"name":"pilots"}', "pilots (spacing: 10)"],
  ['{"path":"a.npy","wrap":true}', "{ path: a.npy, wrap: true }"],
  ['{"ends":{"lambda":[1]}}', "{ ends: { lambda: [1] } }"],
])("%s is %s", (json, words) => {
  expect(partText(json)).toBe(words);
});
