import { describe, expect, test } from "vitest";
import { ExpressionError, evaluateCondition, evaluateNumber } from "../../src/math/expression.js";

describe("numbers with and without units", () => {
  test.each([
    ["-4", undefined, -4],
    ["1e6", "Hz", 1e6],
    ["sqrt(2)/2", undefined, Math.SQRT1_2],
    ["2^10", undefined, 1024],
    ["1 MHz", "Hz", 1e6],
    ["2.4 GHz", "Hz", 2.4e9],
    ["500 us", "s", 5e-4],
    ["1 min", "s", 60],
    ["90 km/h", "m/s", 25],
    ["7 dB", "dB", 7],
    ["-3dB", "dB", -3],
    ["20 * log10(2) dB", "dB", 20 * Math.log10(2)],
    ["5%", undefined, 0.05],
  ])("%s in %s is %d", (text, unit, value) => {
    expect(evaluateNumber(text, unit)).toBeCloseTo(value, 12);
  });

  test.each([
    ["ten", "dB"],
    ["1 s", "Hz"],
    ["5 m", undefined],
    ["sqrt(-1)", undefined],
    ["0/0", undefined],
    ["", "dB"],
    ['"text"', undefined],
    ["1,2", undefined],
  ])("%s in %s is refused", (text, unit) => {
    expect(() => evaluateNumber(text, unit)).toThrow(ExpressionError);
  });
});

describe("an expression computes and nothing else", () => {
  test.each([
    'import("fs")',
    'evaluate("1+1")',
    'parse("1")',
    'createUnit("x")',
    "config({})",
    "cos.constructor",
    'cos.constructor("return process")()',
    "x = 3",
    "f(x) = x",
    "1; 2",
    "[1, 2, 3]",
    "{a: 1}",
    "1:10",
    "ones(1000000000)",
    "factorial(170)",
    "cos.toString()",
    'simplify("x")',
  ])("%s is refused", (text) => {
    expect(() => evaluateNumber(text)).toThrow(ExpressionError);
    expect(() => evaluateCondition(text, () => 1)).toThrow(ExpressionError);
  });
});

describe("conditions", () => {
  const values: Record<string, number | string | boolean> = {
    "channel.wnrDb": 5,
    "transmitter.mapping": "iq",
    "receivers.mmse-pb.lambda": 1.01,
  };
  const lookup = (name: string) => {
    if (!Object.hasOwn(values, name)) throw new ExpressionError(`names "${name}"`);
    return values[name];
  };

  test.each([
    ["channel.wnrDb < 10", true],
    ["channel.wnrDb >= 5 and channel.wnrDb != 6", true],
    ["0 < channel.wnrDb <= 4", false],
    ['transmitter.mapping == "iq"', true],
    ["transmitter.mapping != 'iq'", false],
    ["not (channel.wnrDb > 4)", false],
    ['receivers["mmse-pb"].lambda > 1', true],
  ])("%s is %s", (text, value) => {
    expect(evaluateCondition(text, lookup)).toBe(value);
  });

  test("an unknown name, and a number where a condition is due, are refused", () => {
    expect(() => evaluateCondition("channel.snrDb < 3", lookup)).toThrow(/channel\.snrDb/);
    expect(() => evaluateCondition("channel.wnrDb", lookup)).toThrow(/not a condition/);
    expect(() => evaluateCondition("channel.constructor == 1", lookup)).toThrow(ExpressionError);
  });
});
