/**
 * Writes what a run leaves beside its `results.csv`. Each file is written under a temporary
 * name and renamed, so that an interruption leaves the old file or the new one, never half.
 *
 * JSON knows no infinity: a run without noise has its SNR as the string "Infinity".
 */
import { mkdir, open, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import type { RunResult } from "../study/results.js";
import { figureSpec, renderPng, renderSvg } from "./figure.js";
import { htmlReport } from "./html.js";

/** Paths of the files written: results.json first, since it cannot be drawn again. */
export async function writeReport(folder: string, run: RunResult): Promise<string[]> {
  await mkdir(folder, { recursive: true });
  const written = [await replaceFile(folder, "results.json", resultsJson(run))];
  const svg = await renderSvg(figureSpec(run));
  written.push(await replaceFile(folder, "figure.svg", svg));
  written.push(await replaceFile(folder, "figure.png", renderPng(svg)));
  written.push(await replaceFile(folder, "index.html", htmlReport(run, svg)));
  return written;
}

export function resultsJson(run: RunResult): string {
  const finite = (_key: string, value: unknown) =>
    typeof value === "number" && !Number.isFinite(value) ? String(value) : value;
  return `${JSON.stringify(run, finite, 2)}\n`;
}

async function replaceFile(
  folder: string,
  name: string,
  content: string | Uint8Array,
): Promise<string> {
  const path = join(folder, name);
  const temporary = join(folder, `.${name}.${process.pid}.partial`);
  try {
    const file = await open(temporary, "w");
    try {
      await file.writeFile(content);
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
  return path;
}
