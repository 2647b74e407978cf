/**
 * Parameters of a schema as rows: for `weightlink list` and the reference page.
 */
import { z } from "zod";

export interface ParameterRow {
  readonly key: string;
  readonly type: string;
  /** JSON of the default; undefined where there is none. */
  readonly default: string | undefined;
  readonly description: string;
}

interface JsonSchema {
  type?: string | string[];
  const?: unknown;
  enum?: unknown[];
  anyOf?: JsonSchema[];
  oneOf?: JsonSchema[];
  items?: JsonSchema;
  properties?: Record<string, JsonSchema>;
  required?: string[];
  default?: unknown;
  description?: string;
  additionalProperties?: unknown;
}

export function toJsonSchema(schema: z.ZodType): JsonSchema {
  return z.toJSONSchema(schema, { io: "input", unrepresentable: "any" }) as JsonSchema;
}

/** Rows of an object schema; keys of objects inside it, whatever its kind, follow as `outer.inner`. */
export function parameterRows(schema: z.ZodType, prefix = ""): ParameterRow[] {
  return rowsOf(toJsonSchema(schema), prefix);
}

function rowsOf({ properties = {} }: JsonSchema, prefix: string): ParameterRow[] {
  return Object.entries(properties).flatMap(([key, property]) => [
    {
      key: `${prefix}${key}`,
      type: typeText(property),
      default: property.default === undefined ? undefined : JSON.stringify(property.default),
      description: property.description ?? "",
    },
    ...innerRows(property, `${prefix}${key}.`),
  ]);
}

/** Keys of a map, or of the kinds of map that it can be; a key that several kinds share comes once. */
function innerRows(property: JsonSchema, prefix: string): ParameterRow[] {
  if (property.properties !== undefined) return rowsOf(property, prefix);
  const kinds = property.anyOf ?? property.oneOf ?? [];
  const rows = new Map<string, ParameterRow>();
  for (const row of kinds.flatMap((kind) => innerRows(kind, prefix))) {
    const earlier = rows.get(row.key);
    if (earlier === undefined) rows.set(row.key, row);
    else if (earlier.type !== row.type) {
      rows.set(row.key, { ...earlier, type: `${earlier.type} | ${row.type}` });
    }
  }
  return [...rows.values()];
}

function typeText(schema: JsonSchema): string {
  if (schema.const !== undefined) return JSON.stringify(schema.const);
  if (schema.enum !== undefined) return schema.enum.map((v) => String(v)).join(" | ");
  const options = schema.anyOf ?? schema.oneOf;
  if (options !== undefined) return [...new Set(options.map(typeText))].join(" | ");
  if (Array.isArray(schema.type))
    return schema.type.join(" | ").replace("number | string", "number");
  if (schema.type === "array") return `list of ${typeText(schema.items ?? {})}`;
  if (schema.type === "object") return "map";
  return schema.type ?? "any";
}
