/**
 * Writes the scenario's JSON Schema and its reference page from the schema: `npm run schema`.
 */
import { writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { z } from "zod";
import { channels } from "../../channels/index.js";
import { datasets } from "../datasets/index.js";
import { embeddedModels } from "../models/embedded/index.js";
import { estimators } from "../receiver/index.js";
import { refinements } from "../receiver/refinements/index.js";
import { codings } from "../transmitter/codings/index.js";
import { transmitterParams } from "../transmitter/transmitter.js";
import { type ParameterRow, parameterRows } from "./describe.js";
import { choiceParams, modelSchema, pointShape, scenarioSchema, studyShape } from "./schema.js";

/** For editors: completes keys and checks values in YAML. */
export function editorSchema(): string {
  const schema = z.toJSONSchema(scenarioSchema, {
    io: "input",
    unrepresentable: "any",
    override({ zodSchema, jsonSchema }) {
      const def = zodSchema._zod.def as { type: string };
      // Any parameter may come from a sweep instead, so a part requires its name alone.
      if (def.type === "object" && jsonSchema.required !== undefined) {
        jsonSchema.required = jsonSchema.required.filter((key) => key === "name");
        if (jsonSchema.required.length === 0) delete jsonSchema.required;
      }
    },
  }) as unknown as { properties: { receivers: { items: object } } };
  // A receiver may be written as its name alone.
  const { items } = schema.properties.receivers;
  schema.properties.receivers.items = {
    anyOf: [{ type: "string", enum: estimators.map((e) => e.name) }, items],
  };
  return `${JSON.stringify({ title: "Weightlink scenario", ...schema }, null, 2)}\n`;
}

export function referencePage(): string {
  const parts: string[] = [
    "# Scenario reference",
    "",
    "Written by `npm run schema` from the schema that checks scenarios. A scenario is a YAML (or JSON) file, or a",
    "TypeScript file with `export default defineScenario({ ... })`; both hold the keys below.",
    "",
    "Numbers may be expressions with units: `1 MHz`, `sqrt(2)/2`, `7 dB`. A key's name ends in its unit.",
    "Lists of numbers may be ranges: `0:2:14` (start, step, stop), `0:5` (steps of 1), `logspace(-3, 0, 4)`,",
    "`linspace(0, 1, 5)`. File paths start at the scenario's folder; those given by `--set` start where one types.",
    "",
    "For completion and checks in an editor, begin the file with",
    "`# yaml-language-server: $schema=../docs/scenario.schema.json`.",
    "",
    "## The study",
    table(parameterRows(z.strictObject(studyShape))),
    "",
    "Swept parameters go by their path: `channel.wnrDb`, `transmitter.mapping`, `receivers.mmse-pb.lambda`",
    "(a receiver by its label, name or number). In a constraint a name with a hyphen is quoted:",
    '`receivers["mmse-pb"].lambda > 1`. Numbers in constraints are in the unit of the key, without it.',
    "",
    "## The parts",
    table(
      Object.entries(pointShape).map(([key, schema]) => ({
        key,
        type: key === "receivers" ? "list" : "map",
        default: key === "transmitter" ? "{}" : undefined,
        description: schema.description ?? "",
      })),
    ),
    "",
    "### model",
    `Embedded models: ${embeddedModels.map((m) => `\`${m.name}\` (${m.summary})`).join(", ")}.`,
    "",
    table(parameterRows(modelSchema)),
    "",
    "### transmitter",
    table(parameterRows(transmitterParams)),
    "",
    "Codes follow one another as `code` lists them; an entry is a name, or a map with the parameters of the code.",
  ];
  for (const [title, list] of [
    ["transmitter.code", codings],
    ["channel", channels],
    ["dataset", datasets],
    ["receivers", estimators],
    ["receivers.refine", refinements],
  ] as const) {
    for (const { name, summary, params } of list) {
      parts.push("", `### ${title}: ${name}`, `${capital(summary)}.`, "");
      const rows = parameterRows(params);
      parts.push(rows.length === 0 ? "No parameters." : table(rows));
    }
  }
  parts.push(
    "",
    "### receivers: keys of every entry",
    "An entry is a name, or a map with the estimator's parameters and these. The estimator's grid, if it",
    "has one, is searched on labelled images.",
    "",
    table(parameterRows(z.strictObject(choiceParams))),
  );
  return `${parts.join("\n")}\n`;
}

function table(rows: readonly ParameterRow[]): string {
  const cell = (text: string) => text.replaceAll("|", "\\|");
  return [
    "| key | type | default | meaning |",
    "| --- | --- | --- | --- |",
    ...rows.map(
      (row) =>
        `| \`${row.key}\` | ${cell(row.type)} | ${row.default === undefined ? "" : `\`${cell(row.default)}\``} | ${cell(row.description)} |`,
    ),
  ].join("\n");
}

function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const docs = new URL("../../docs/", import.meta.url);
  writeFileSync(new URL("scenario.schema.json", docs), editorSchema());
  writeFileSync(new URL("scenario.md", docs), referencePage());
}
