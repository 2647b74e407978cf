import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { onTestFinished } from "vitest";

/** A folder with these files, removed when the test ends. */
export function folderWith(files: Record<string, Uint8Array | string>): string {
  const folder = mkdtempSync(join(tmpdir(), "weightlink-datasets-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  for (const [name, content] of Object.entries(files)) writeFileSync(join(folder, name), content);
  return folder;
}
