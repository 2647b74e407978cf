/**
 * Decibels, and numbers that scenario files may write with a unit.
 */
import { z } from "zod";
import { ExpressionError, evaluateNumber } from "./math/expression.js";
import { expandRange, isRange } from "./math/range.js";

export { dbToRatio, ratioToDb } from "./math/decibel.js";

/**
 * Schema of a finite number in `unit`: 1000000, "1e6", "1 MHz", "2^20"; `rule` narrows it.
 * The key of a quantity ends in its unit (`symbolRateHz`, `wnrDb`).
 */
export function quantity(unit?: string, rule: z.ZodNumber = z.number()) {
  const must = `must be a finite number${inUnit(unit)}`;
  return z
    .union([z.number(), z.string()], { error: must })
    .transform((value, context) => {
      if (typeof value === "number") return value;
      return attempt(context, must, value, () => evaluateNumber(value, unit));
    })
    .pipe(rule);
}

/** Schema of one or more numbers in `unit`: 1, [0, 0.5, 1], "0.95:0.01:1.06", "logspace(-3, 0, 4)". */
export function numberList(unit?: string, rule: z.ZodNumber = z.number()) {
  const must = `must be a number, a list or a range of numbers${inUnit(unit)}`;
  return z
    .union([z.number(), z.string(), z.array(z.union([z.number(), z.string()]))], { error: must })
    .transform((value, context) =>
      attempt(context, must, value, () =>
        (Array.isArray(value) ? value : [value]).flatMap((v) => {
          if (typeof v === "number") return [v];
          return isRange(v) ? expandRange(v, unit) : [evaluateNumber(v, unit)];
        }),
      ),
    )
    .pipe(z.array(rule).min(1));
}

function inUnit(unit: string | undefined): string {
  return unit === undefined ? "" : ` [${unit}]`;
}

function attempt<T>(context: z.RefinementCtx, rule: string, input: unknown, evaluate: () => T): T {
  try {
    return evaluate();
  } catch (error) {
    if (!(error instanceof ExpressionError)) throw error;
    context.addIssue({ code: "custom", input, message: rule, params: { reason: error.message } });
    return z.NEVER;
  }
}
