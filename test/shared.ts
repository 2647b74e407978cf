/**
 * Finds the data and models beside the repository, which it does not ship.
 * A test that needs them is skipped where they are absent, and says so:
 *
 *   const folder = sharedPath("data", "cifar10");
 *   describe.skipIf(folder === undefined)("…", () => { … });
 */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("../../shared/", import.meta.url));
const told = new Set<string>();

/** Absolute path under `../shared`, or undefined (with a printed line) where it is absent. */
export function sharedPath(...parts: string[]): string | undefined {
  const path = join(root, ...parts);
  if (existsSync(path)) return path;
  const name = existsSync(root) ? ["../shared", ...parts].join("/") : "../shared";
  if (!told.has(name)) console.log(`skipped: ${name} is absent`);
  told.add(name);
  return undefined;
}
