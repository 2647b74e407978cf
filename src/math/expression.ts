/**
 * Expressions in scenario files: `sqrt(2)/2`, `1 MHz`, `20 * log10(4)`, `channel.wnrDb < 10`.
 *
 * A scenario comes from anywhere, so its expressions may compute and nothing else. mathjs parses
 * them; before anything is evaluated the tree is checked against a list of node types, operators and
 * functions, and names are replaced by values. There is no scope, no assignment, no member access.
 */
import { createRequire } from "node:module";
import type { AccessorNode, MathNode } from "mathjs";

let loaded: typeof import("mathjs") | undefined;

/** mathjs takes a third of a second to load; most scenarios never need it. */
function mathjs(): typeof import("mathjs") {
  loaded ??= createRequire(import.meta.url)("mathjs") as typeof import("mathjs");
  return loaded;
}

const functions = new Set(
  (
    "abs acos acosh asin asinh atan atan2 atanh cbrt ceil cos cosh erf exp expm1 floor gamma hypot " +
    "log log10 log1p log2 max min mod pow round sign sin sinh sqrt tan tanh"
  ).split(" "),
);
const constants = new Set(["pi", "tau", "e", "true", "false", "Infinity"]);
const arithmetic = new Set(
  "add subtract multiply divide mod pow unaryMinus unaryPlus percentage".split(" "),
);
const comparison = new Set(
  "smaller smallerEq larger largerEq equal unequal and or xor not".split(" "),
);

/** The rule that an expression breaks; callers say where it stands. */
export class ExpressionError extends Error {}

export type Value = number | string | boolean;

/**
 * Evaluates a number, with a unit if `unit` is given: "1 MHz" in "Hz" is 1e6, and a bare "1e6" too.
 * Decibels are plain numbers: "7 dB" in "dB" is 7.
 */
export function evaluateNumber(text: string, unit?: string): number {
  let source = text.trim();
  if (unit === "dB" || unit === "dBm") {
    source = source.replace(new RegExp(`(?<=[\\d.)\\s])${unit}$`), "");
  }
  // A bare number needs no parser.
  if (/^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(source.trim())) return Number(source);
  const math = mathjs();
  const result: unknown = evaluate(source, arithmetic, undefined);
  let value = result;
  if (math.isUnit(result)) {
    if (unit === undefined) throw new ExpressionError(`has a unit where none is expected`);
    const decibels = unit === "dB" || unit === "dBm"; // which mathjs does not know
    if (decibels || !result.equalBase(math.unit(unit)))
      throw new ExpressionError(`is not a quantity in ${unit}`);
    value = result.toNumber(unit);
  }
  if (typeof value !== "number" || Number.isNaN(value)) {
    throw new ExpressionError("is not a real number");
  }
  return value;
}

/**
 * Evaluates a condition on dotted names, e.g. `channel.wnrDb < 10 and transmitter.mapping == "iq"`.
 * `lookup` gives the value of a name, or throws an ExpressionError.
 */
export function evaluateCondition(text: string, lookup: (name: string) => Value): boolean {
  const result = evaluate(text, new Set([...arithmetic, ...comparison]), lookup);
  if (typeof result !== "boolean") throw new ExpressionError("is not a condition (true or false)");
  return result;
}

function evaluate(
  text: string,
  operators: ReadonlySet<string>,
  lookup: ((name: string) => Value) | undefined,
): unknown {
  let root: MathNode;
  try {
    root = mathjs().parse(text);
  } catch {
    throw new ExpressionError("is not a number or an expression");
  }
  const safe = check(root, operators, lookup);
  try {
    return safe.evaluate();
  } catch (error) {
    throw new ExpressionError(`cannot be evaluated: ${(error as Error).message}`);
  }
}

/** Rebuilds the tree out of allowed nodes only. */
function check(
  node: MathNode,
  operators: ReadonlySet<string>,
  lookup: ((name: string) => Value) | undefined,
): MathNode {
  const math = mathjs();
  const recurse = (child: MathNode): MathNode => check(child, operators, lookup);
  if (math.isConstantNode(node)) return node;
  if (math.isParenthesisNode(node)) return recurse(node.content);
  if (math.isOperatorNode(node) && operators.has(node.fn)) {
    const operands = node.args.map(recurse);
    // mathjs compares strings as numbers; text needs its own comparison.
    if ((node.fn === "equal" || node.fn === "unequal") && operands.some(isText)) {
      const same = new math.FunctionNode("equalText", operands);
      return node.fn === "equal" ? same : new math.FunctionNode("not", [same]);
    }
    return new math.OperatorNode(node.op, node.fn, operands, node.implicit);
  }
  if (math.isRelationalNode(node) && operators.has("smaller")) {
    return new math.RelationalNode(node.conditionals, node.params.map(recurse));
  }
  if (math.isFunctionNode(node) && math.isSymbolNode(node.fn) && functions.has(node.fn.name)) {
    return new math.FunctionNode(node.fn.name, node.args.map(recurse));
  }
  if (math.isSymbolNode(node)) {
    if (constants.has(node.name)) return node;
    // As a constant, so that the unit "min" is not taken for the function.
    if (lookup === undefined && math.Unit.isValuelessUnit(node.name)) {
      return new math.ConstantNode(math.unit(1, node.name) as never);
    }
  }
  if (lookup !== undefined) {
    const name = dottedName(node);
    if (name !== undefined) return new math.ConstantNode(lookup(name));
  }
  throw new ExpressionError(`may not contain "${node.toString()}"`);
}

/** `channel.wnrDb` or `receivers["mmse-pb"].lambda` as dots; undefined for anything else. */
function dottedName(node: MathNode): string | undefined {
  const math = mathjs();
  if (math.isSymbolNode(node)) return node.name;
  if (!math.isAccessorNode(node)) return undefined;
  const owner = dottedName((node as AccessorNode).object);
  // The type declarations of IndexNode lack these two methods.
  const index = node.index as unknown as {
    isObjectProperty(): boolean;
    getObjectProperty(): string;
  };
  return owner !== undefined && index.isObjectProperty()
    ? `${owner}.${index.getObjectProperty()}`
    : undefined;
}

function isText(node: MathNode): boolean {
  return mathjs().isConstantNode(node) && typeof node.value === "string";
}
