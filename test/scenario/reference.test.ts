import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { editorSchema, referencePage } from "../../src/scenario/write-reference.js";

const docs = (name: string) => readFileSync(new URL(`../../docs/${name}`, import.meta.url), "utf8");

test("docs/scenario.md and docs/scenario.schema.json are what the schema says (npm run schema)", () => {
  expect(docs("scenario.md")).toBe(referencePage());
  expect(docs("scenario.schema.json")).toBe(editorSchema());
});
