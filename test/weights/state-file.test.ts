import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { writeSafetensors } from "../../src/weights/safetensors.js";
import { readStateFile, writeStateFile } from "../../src/weights/state-file.js";
import { folderWith } from "../files/temporary-folder.js";

const kind = { what: "a checkpoint", version: 3 };
const tensors = [
  { name: "w", shape: [2, 2], data: Float32Array.of(1, -2, Number.NaN, 4) },
  { name: "b", shape: [1], data: Float32Array.of(0.5) },
];

async function written() {
  const path = join(folderWith({}), "state.safetensors");
  await writeStateFile(path, kind, { steps: 7, names: ["a"] }, tensors);
  return path;
}

test("gives back what was written", async () => {
  const { facts, tensors: read } = readStateFile<{ steps: number }>(await written(), kind);
  expect(facts).toEqual({ steps: 7, names: ["a"] });
  expect([...read]).toEqual(tensors.map(({ name, data }) => [name, data]));
});

test("one changed bit, in numbers or in facts, and it is refused", async () => {
  const path = await written();
  const whole = readFileSync(path);
  const inFacts = whole.indexOf("steps") + 8;
  for (const place of [whole.length - 1, whole.length - 17, inFacts]) {
    const changed = Buffer.from(whole);
    changed[place] ^= 1;
    writeFileSync(path, changed);
    expect(() => readStateFile(path, kind), `byte ${place}`).toThrow(
      /state\.safetensors: (is damaged: it does not hold what was written|not a safetensors file)/,
    );
  }
  writeFileSync(path, whole);
  expect(readStateFile(path, kind).facts).toMatchObject({ steps: 7 });
});

test("another version, another file", async () => {
  const path = await written();
  expect(() => readStateFile(path, { ...kind, version: 4 })).toThrow(
    "state.safetensors: is a checkpoint of version 3; this program reads version 4",
  );
  writeSafetensors(path, tensors);
  expect(() => readStateFile(path, kind)).toThrow(
    "state.safetensors: is a safetensors file and not a checkpoint",
  );
});
