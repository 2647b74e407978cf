import { readdirSync, readFileSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { replaceFile } from "../../src/files/replace.js";
import { folderWith } from "./temporary-folder.js";

test("the old content is there until the new one is whole", async () => {
  const folder = folderWith({ "a.txt": "old" });
  const path = join(folder, "a.txt");
  await replaceFile(path, async (temporary) => {
    await writeFile(temporary, "new");
    expect(readFileSync(path, "utf8")).toBe("old");
  });
  expect(readFileSync(path, "utf8")).toBe("new");
  expect(readdirSync(folder)).toEqual(["a.txt"]);
});

test("a writer that fails leaves the old file and nothing else", async () => {
  const folder = folderWith({ "a.txt": "old" });
  const path = join(folder, "a.txt");
  const work = replaceFile(path, async (temporary) => {
    await writeFile(temporary, "half");
    throw new Error("no space left");
  });
  await expect(work).rejects.toThrow("no space left");
  expect(readFileSync(path, "utf8")).toBe("old");
  expect(readdirSync(folder)).toEqual(["a.txt"]);
});
