/**
 * Writes the scenario's JSON Schema and its reference page from the schema: `npm run schema`.
 */
import { writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { z } from "zod";
import { channels } from "../../channels/index.js";
import { datasets } from "../datasets/index.js";
import { partitions } from "../federated/partitions/index.js";
import { speeds } from "../federated/speeds/index.js";
import { uplinks } from "../federated/uplinks/index.js";
import { embeddedModels } from "../models/embedded/index.js";
import { losses } from "../models/training/losses/index.js";
import { optimizers } from "../models/training/optimizers/index.js";
import { architectures } from "../models/zoo/index.js";
import type { NamedPart } from "../named.js";
import { estimators } from "../receiver/index.js";
import { refinements } from "../receiver/refinements/index.js";
import { augmentations } from "../training/augmentations/index.js";
import { schedules } from "../training/schedules/index.js";
import { codings } from "../transmitter/codings/index.js";
import { transmitterParams } from "../transmitter/transmitter.js";
import { capital } from "./axis.js";
import { type ParameterRow, parameterRows } from "./describe.js";
import {
  airParams,
  federatedChoiceParams,
  federatedPointShape,
  federatedSchema,
  federatedStudyShape,
} from "./federated-schema.js";
import { choiceParams, modelSchema, pointShape, scenarioSchema, studyShape } from "./schema.js";
import {
  loopParams,
  loopParts,
  networkSchema,
  trainingSchema,
  trainingShape,
} from "./training-schema.js";

/** For editors: completes keys and checks values in YAML, by the kind of the scenario. */
export function editorSchema(): string {
  const { $schema, ...inference } = editorSchemaOf(scenarioSchema);
  const ofKind = (kind: string, schema: z.ZodType, others: object) => {
    const { $schema: _, ...then } = editorSchemaOf(schema);
    return {
      if: { properties: { kind: { const: kind } }, required: ["kind"] },
      then,
      else: others,
    };
  };
  const schema = {
    title: "Weightlink scenario",
    $schema,
    ...ofKind("training", trainingSchema, ofKind("federated", federatedSchema, inference)),
  };
  return `${JSON.stringify(schema, null, 2)}\n`;
}

function editorSchemaOf(schema: z.ZodType) {
  return z.toJSONSchema(schema, {
    io: "input",
    unrepresentable: "any",
    override({ zodSchema, jsonSchema }) {
      const def = zodSchema._zod.def as { type: string };
      // Any parameter may come from a sweep instead, so a part requires its name alone.
      if (def.type === "object" && jsonSchema.required !== undefined) {
        jsonSchema.required = jsonSchema.required.filter((key) => key === "name");
        if (jsonSchema.required.length === 0) delete jsonSchema.required;
      }
      // A part behind a preprocessing step may be written as its name alone.
      const { oneOf } = jsonSchema as { oneOf?: { properties: { name: { const: string } } }[] };
      if (def.type === "pipe" && oneOf !== undefined) {
        delete jsonSchema.oneOf;
        const names = oneOf.map(({ properties }) => properties.name.const);
        Object.assign(jsonSchema, { anyOf: [{ type: "string", enum: names }, { oneOf }] });
      }
    },
  });
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
    table(partRows(pointShape)),
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
    ...namedParts([
      ["transmitter.code", codings],
      ["channel", channels],
      ["dataset", datasets],
      ["receivers", estimators],
      ["receivers.refine", refinements],
    ]),
  ];
  parts.push(
    "",
    "### receivers: keys of every entry",
    "An entry is a name, or a map with the estimator's parameters and these. The estimator's grid, if it",
    "has one, is searched on labelled images.",
    "",
    table(parameterRows(z.strictObject(choiceParams))),
    "",
    "## Trainings",
    "What `weightlink train` takes ([how](training.md)): `kind: training`, a `dataset` as above, and",
    "",
    table(partRows(trainingShape)),
    "",
    "A part with a name may be written as its name alone where it needs no parameters.",
    "",
    "### model of a training",
    table(partRows(networkSchema.shape)),
    "",
    "### training",
    table([...parameterRows(z.strictObject(loopParams)), ...partRows(loopParts)]),
    ...namedParts([
      ["model.architecture", architectures],
      ["training.loss", losses],
      ["training.optimizer", optimizers],
      ["training.schedule", schedules],
      ["training.augmentation", augmentations],
    ]),
    "",
    "Every optimizer also takes `learningRate`, which it needs.",
    "",
    "## Federated training",
    "What `weightlink run` takes with `kind: federated` ([how](federated.md)): a `dataset` as above, a `model` as that of a",
    "training and with `travel` as that of inference, and",
    "",
    table(partRows(federatedStudyShape)),
    "",
    table(partRows(federatedPointShape)),
    "",
    ...(["devices", "training", "server", "downlink"] as const).flatMap((key) => [
      `### ${key} of federated training`,
      table(parameterRows(z.strictObject({ [key]: federatedPointShape[key] })).filter(isDirect)),
      "",
    ]),
    "### receivers of federated training: keys of every entry",
    table(parameterRows(z.strictObject(federatedChoiceParams))),
    "",
    "### uplink: keys of every scheme",
    table(parameterRows(z.strictObject(airParams))),
    ...namedParts([
      ["uplink", uplinks],
      ["partition", partitions],
      ["devices.speed", speeds],
    ]),
  );
  return `${parts.join("\n")}\n`;
}

/** Keys of a part itself, not of what lies in them. */
const isDirect = ({ key }: ParameterRow) => key.split(".").length === 2;

/** One row for each key, without the keys inside it. */
function partRows(shape: z.ZodRawShape): ParameterRow[] {
  return parameterRows(z.strictObject(shape)).filter(({ key }) => !key.includes("."));
}

/** Headings of parts that go by name, each with its parameters. */
function namedParts(titled: readonly (readonly [string, readonly NamedPart[]])[]): string[] {
  return titled.flatMap(([title, list]) =>
    list.flatMap(({ name, summary, params }) => {
      const rows = parameterRows(params);
      return [
        "",
        `### ${title}: ${name}`,
        `${capital(summary)}.`,
        "",
        rows.length === 0 ? "No parameters." : table(rows),
      ];
    }),
  );
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

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const docs = new URL("../../docs/", import.meta.url);
  writeFileSync(new URL("scenario.schema.json", docs), editorSchema());
  writeFileSync(new URL("scenario.md", docs), referencePage());
}
