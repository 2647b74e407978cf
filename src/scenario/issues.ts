/**
 * What is wrong with a scenario, as `file: key rule, got value`.
 */
import type { z } from "zod";
import { nearestName, unknownName } from "../errors.js";
import { isMap } from "./paths.js";

type Issue = z.core.$ZodIssue;

/** One line for every issue. `root` is the data that was checked; `source` says where it came from. */
export function describeIssues(
  error: z.ZodError,
  schema: z.ZodType,
  root: unknown,
  source: string,
): string {
  return error.issues.map((issue) => `${source}: ${describe(issue, schema, root)}`).join("\n");
}

/** Where it stands in the file: a list may be written as one number, or as a range of them. */
function writtenPath(root: unknown, path: Issue["path"]): Issue["path"] {
  const list = path.slice(0, -1);
  const isOne = ["number", "string"].includes(typeof valueAt(root, list));
  return typeof path.at(-1) === "number" && isOne ? list : path;
}

function describe(issue: Issue, schema: z.ZodType, root: unknown): string {
  const written = writtenPath(root, issue.path);
  const path = written.join(".");
  const value = valueAt(root, written);
  const got = value === undefined ? "" : `, got ${shorten(value)}`;
  switch (issue.code) {
    case "unrecognized_keys": {
      const known = keysAt(schema, issue.path, root);
      const where = path === "" ? "" : `${path}: `;
      return issue.keys.map((key) => `${where}${unknownName("key", key, known)}`).join("; ");
    }
    case "invalid_type":
      if (namesAt(schema, issue.path, root).length > 0) return describeName(issue, schema, root);
      return value === undefined
        ? `${path} is missing: it must be ${article(issue.expected)}`
        : `${path} must be ${article(issue.expected)}${got}`;
    case "too_small":
    case "too_big": {
      const small = issue.code === "too_small";
      const limit = small ? issue.minimum : issue.maximum;
      if (issue.origin === "array" || issue.origin === "string") {
        const [one, many] =
          issue.origin === "array" ? ["entry", "entries"] : ["character", "characters"];
        return `${path} must have at ${small ? "least" : "most"} ${limit} ${limit === 1 ? one : many}${got}`;
      }
      return `${path} must be ${small ? ">" : "<"}${issue.inclusive ? "=" : ""} ${limit}${got}`;
    }
    case "invalid_value": {
      const allowed = issue.values.map(String);
      const nearest = typeof value === "string" ? nearestName(value, allowed) : undefined;
      const hint = nearest === undefined ? "" : ` (did you mean "${nearest}"?)`;
      if (value === undefined) return `${path} is missing: it must be one of ${allowed.join(", ")}`;
      return `${path} must be one of ${allowed.join(", ")}${got}${hint}`;
    }
    case "invalid_union": {
      if ("discriminator" in issue) return describeName(issue, schema, root);
      const branch = onlyBranch(issue.errors, value);
      if (branch !== undefined) {
        return branch
          .map((inner) => ({ ...inner, path: [...issue.path, ...inner.path] }) as Issue)
          .map((inner) => describe(inner, schema, root))
          .join("; ");
      }
      // Unions that are no choice by name say their rule themselves.
      if (value === undefined) return `${path} is missing: it ${issue.message}`;
      return `${path} ${issue.message}${got}`;
    }
    case "invalid_key": {
      const rules = issue.issues.map(({ message }) => message).join(", ");
      return `${issue.path.slice(0, -1).join(".")}: the name ${shorten(issue.path.at(-1))} ${rules}`;
    }
    case "custom": {
      const params = issue.params as { reason?: string; noValue?: boolean } | undefined;
      const reason = params?.reason === undefined ? "" : ` (it ${params.reason})`;
      const rule = path === "" ? issue.message : `${path} ${issue.message}`;
      return `${rule}${isMap(value) || params?.noValue ? "" : got}${reason}`;
    }
    default:
      return `${path} ${issue.message}${got}`;
  }
}

/** What is wrong with a value in the one form that it can have meant; undefined where several are left. */
function onlyBranch(
  branches: readonly (readonly z.core.$ZodIssue[])[],
  value: unknown,
): readonly z.core.$ZodIssue[] | undefined {
  const isList = Array.isArray(value);
  const meant = branches.filter((issues) =>
    issues.every((issue) => {
      if (issue.path.length > 0) return true;
      if (issue.code === "invalid_union") return !(isMap(value) || isList);
      if (issue.code !== "invalid_type") return true;
      if (issue.expected === "array") return isList;
      if (issue.expected === "object" || issue.expected === "record") return isMap(value);
      return !(isMap(value) || isList);
    }),
  );
  return meant.length === 1 ? meant[0] : undefined;
}

/** What stands under a key, where the key does not say so. */
const kinds: Readonly<Record<string, string>> = { refine: "refinement", links: "channel" };

/** A part that is missing, or whose name is missing or unknown. */
function describeName(issue: Issue, schema: z.ZodType, root: unknown): string {
  const path = issue.path.at(-1) === "name" ? issue.path.slice(0, -1) : issue.path;
  const known = namesAt(schema, path, root);
  const part = valueAt(root, path);
  const key = String(path.findLast((part) => typeof part === "string") ?? "part");
  const kind = kinds[key] ?? key.replace(/(?<!s)s$/, "");
  const where = path.join(".");
  const name = typeof part === "string" ? part : isMap(part) ? part.name : undefined;
  if (part === undefined) return `${where} is missing: name one of ${known.join(", ")}`;
  if (name === undefined) return `${where}.name is missing: it must be one of ${known.join(", ")}`;
  if (typeof name !== "string") return `${where}.name must be a name, got ${shorten(name)}`;
  if (known.includes(name)) {
    return `${where} must be a map, { name: ${name} } and its parameters, got ${shorten(part)}`;
  }
  return `${where}.name: ${unknownName(kind, name, known)}`;
}

function article(expected: string): string {
  if (expected === "number") return "a finite number";
  if (expected === "int") return "a whole number";
  if (expected === "object" || expected === "record") return "a map of keys";
  if (expected === "array") return "a list";
  if (expected === "boolean") return "true or false";
  return `a ${expected}`;
}

export function shorten(value: unknown): string {
  const text = typeof value === "number" ? String(value) : (JSON.stringify(value) ?? String(value));
  return text.length > 80 ? `${text.slice(0, 77)}...` : text;
}

function valueAt(root: unknown, path: readonly PropertyKey[]): unknown {
  let at = root;
  for (const key of path) {
    if (typeof at !== "object" || at === null) return undefined;
    at = (at as Record<PropertyKey, unknown>)[key];
  }
  return at;
}

/** Inner structure of a schema, seen through defaults, optionals, pipes and the like. */
interface Definition {
  type: string;
  innerType?: z.ZodType;
  in?: z.ZodType;
  out?: z.ZodType;
  element?: z.ZodType;
  options?: readonly z.ZodType[];
  shape?: Record<string, z.ZodType>;
  valueType?: z.ZodType;
  discriminator?: string;
  values?: readonly unknown[];
}

function definition(schema: z.ZodType): Definition {
  return schema.def as unknown as Definition;
}

function unwrap(schema: z.ZodType): z.ZodType {
  const def = definition(schema);
  if (def.innerType !== undefined) return unwrap(def.innerType);
  // A preprocessing step hands over to its `out`; a transform starts from its `in`.
  if (def.type === "pipe") {
    return unwrap(definition(def.in!).type === "transform" ? def.out! : def.in!);
  }
  return schema;
}

/** The schema of the part at a path; a union by name is resolved by the name in the data. */
function schemaAt(
  schema: z.ZodType,
  path: readonly PropertyKey[],
  root: unknown,
): z.ZodType | undefined {
  let at: z.ZodType | undefined = unwrap(schema);
  let value = root;
  for (const key of path) {
    at = at === undefined ? undefined : step(resolveUnion(at, value), key);
    value = valueAt(value, [key]);
  }
  return at;
}

function step(schema: z.ZodType | undefined, key: PropertyKey): z.ZodType | undefined {
  if (schema === undefined) return undefined;
  const def = definition(schema);
  const next = def.type === "array" ? def.element : (def.shape?.[String(key)] ?? def.valueType);
  return next === undefined ? undefined : unwrap(next);
}

function resolveUnion(schema: z.ZodType, value: unknown): z.ZodType | undefined {
  const def = definition(schema);
  if (def.type !== "union") return schema;
  if (def.discriminator === undefined) {
    return def.options!.map(unwrap).find((o) => definition(o).type === "object");
  }
  const name = isMap(value) ? value[def.discriminator] : undefined;
  return def.options!.find((option) => literalOf(option, def.discriminator!) === name);
}

function literalOf(option: z.ZodType, key: string): unknown {
  const literal = definition(option).shape?.[key];
  return literal === undefined ? undefined : definition(literal).values?.[0];
}

function keysAt(schema: z.ZodType, path: readonly PropertyKey[], root: unknown): string[] {
  const at = schemaAt(schema, path, root);
  const resolved = at === undefined ? undefined : resolveUnion(at, valueAt(root, path));
  return resolved === undefined ? [] : Object.keys(definition(resolved).shape ?? {});
}

function namesAt(schema: z.ZodType, path: readonly PropertyKey[], root: unknown): string[] {
  const at = schemaAt(schema, path, root);
  const def = at === undefined ? undefined : definition(at);
  if (def?.discriminator === undefined) return [];
  return def.options!.map((option) => String(literalOf(option, def.discriminator!)));
}
