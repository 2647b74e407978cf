/**
 * Files that appear whole: written under a temporary name beside their own and renamed, so that an
 * interruption leaves the old file or the new one, never half.
 */
import { open, rename, rm, writeFile } from "node:fs/promises";
import { basename, dirname, join } from "node:path";

/** `write` fills the file whose path it is given. */
export async function replaceFile(
  path: string,
  write: (temporary: string) => Promise<unknown>,
): Promise<void> {
  const temporary = join(dirname(path), `.${basename(path)}.${process.pid}.partial`);
  try {
    await write(temporary);
    const file = await open(temporary, "r+");
    try {
      // Without this a power cut can leave the new name on an empty file.
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
}

/** Writes files of a folder, each whole, one after another. Gives their paths. */
export async function replaceFiles(
  folder: string,
  contents: Readonly<Record<string, string | Uint8Array>>,
): Promise<string[]> {
  const written: string[] = [];
  for (const [name, content] of Object.entries(contents)) {
    const path = join(folder, name);
    await replaceFile(path, (temporary) => writeFile(temporary, content));
    written.push(path);
  }
  return written;
}
