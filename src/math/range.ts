/**
 * Lists of numbers as scenario files write them:
 *
 *   0:2:14               start, step, stop; the stop is included when the steps meet it
 *   logspace(-3, 0, 4)   10^-3 ... 10^0 in 4 values (MATLAB's and NumPy's meaning)
 *   linspace(0, 1, 5)    0, 0.25, 0.5, 0.75, 1
 */
import { ExpressionError, evaluateNumber } from "./expression.js";

/** More values than any grid needs; a longer range is a slip of the step. */
const longest = 1_000_000;

/** True for text that is a range rather than one value. */
export function isRange(text: string): boolean {
  return text.includes(":") || /^\s*(logspace|linspace)\s*\(/.test(text);
}

/** The values of a range, each in `unit` where one is given. Throws ExpressionError. */
export function expandRange(text: string, unit?: string): number[] {
  const spaced = /^\s*(logspace|linspace)\s*\(([^()]*)\)\s*$/.exec(text);
  if (spaced !== null) {
    const parts = spaced[2]!.split(",");
    if (parts.length !== 3) {
      throw new ExpressionError(`needs three values: ${spaced[1]}(first, last, count)`);
    }
    const exponents = spaced[1] === "logspace";
    const [first, last] = [parts[0]!, parts[1]!].map((p) =>
      evaluateNumber(p, exponents ? undefined : unit),
    ) as [number, number];
    const count = evaluateNumber(parts[2]!);
    if (!(Number.isInteger(count) && count >= 2)) {
      throw new ExpressionError("needs a whole number of values, at least 2");
    }
    return spread(count, (i) => {
      const v = first + ((last - first) * i) / (count - 1);
      return exponents ? 10 ** v : v;
    });
  }
  const parts = text.split(":");
  if (parts.length < 2 || parts.length > 3) throw new ExpressionError("is not start:step:stop");
  const values = parts.map((p) => evaluateNumber(p, unit));
  const start = values[0]!;
  const stop = values[values.length - 1]!;
  const step = values.length === 3 ? values[1]! : 1;
  if (!(step !== 0 && Number.isFinite(step))) throw new ExpressionError("has a step of 0");
  // A stop that the steps reach up to rounding is included.
  const count = Math.floor((stop - start) / step + 1e-9) + 1;
  if (!(count >= 1)) throw new ExpressionError("is empty: its step leads away from its stop");
  return spread(count, (i) => start + i * step);
}

function spread(count: number, value: (i: number) => number): number[] {
  if (!(count <= longest)) {
    throw new ExpressionError(`has more than ${longest.toLocaleString("en")} values`);
  }
  // 0.1 + 2 x 0.1 shall be 0.3, as the user would write it.
  return Array.from({ length: count }, (_, i) => Number(value(i).toPrecision(12)));
}
