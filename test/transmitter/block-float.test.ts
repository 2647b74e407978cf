import { expect, test } from "vitest";
import { RandomSource } from "../../src/kernel/index.js";
import { blockFloatBits, roundToBlockFloat } from "../../src/transmitter/block-float.js";
import { assertWithin } from "../within.js";

const count = 20_000;
const values = new Float32Array(count);
new RandomSource(5).stream("values").fillNormal(values, 3);

test.each([4, 6, 8, 12, 16])(
  "%i bits: integers of one power of two, no error beyond half of it",
  (bits) => {
    const rounded = roundToBlockFloat(values, bits);
    const largest = values.reduce((most, v) => Math.max(most, Math.abs(v)), 0);
    const most = 2 ** (bits - 1) - 1;
    // The least power of two at which the largest integer fits.
    let step = 2 ** -40;
    while (largest / step > most) step *= 2;
    let squares = 0;
    let integers = 0;
    let beyond = 0;
    for (let k = 0; k < count; k++) {
      const error = rounded[k] - values[k];
      squares += error * error;
      if (Number.isInteger(rounded[k] / step) && Math.abs(rounded[k] / step) <= most) integers++;
      if (Math.abs(error) > step / 2) beyond++;
    }
    expect(integers).toBe(count);
    expect(beyond).toBe(0);
    // Errors are uniform where the step is fine against the spread: variance step²/12, that of e² is step⁴/180.
    assertWithin(squares / count, step ** 2 / 12, step ** 2 / Math.sqrt(180 * count));
  },
);

test("32 bits are float32, zeros stay zeros, the values given stay as they are", () => {
  const given = Float32Array.of(0.1, -7.3, 1e-9);
  expect([...roundToBlockFloat(given, 32)]).toEqual([...given]);
  expect([...roundToBlockFloat(new Float32Array(3), 8)]).toEqual([0, 0, 0]);
  const before = [...given];
  // 7.3 / 127 is between 2^-5 and 2^-4, so the step is 2^-4.
  expect([...roundToBlockFloat(given, 8)]).toEqual([0.125, -7.3125, 0]);
  expect([...given]).toEqual(before);
});

test("every vector takes its numbers and 8 bits for its power of two; float32 takes none", () => {
  expect(blockFloatBits([10, 3, 1], 8)).toBe(14 * 8 + 3 * 8);
  expect(blockFloatBits([10, 3, 1], 32)).toBe(14 * 32);
  expect(blockFloatBits([], 8)).toBe(0);
});
