/**
 * Writes what a run leaves beside its store.
 *
 * JSON knows no infinity: a run without noise has its SNR as the string "Infinity".
 */
import { mkdir } from "node:fs/promises";
import { replaceFiles } from "../files/replace.js";
import type { RunResult } from "../study/results.js";
import { resultsCsv } from "./csv.js";
import { figureSpec, renderPng, renderSvg } from "./figure.js";
import { htmlReport } from "./html.js";
import { finiteJson } from "./json-records.js";

/** Paths of the files written: results.json first, since it cannot be drawn again. */
export async function writeReport(folder: string, run: RunResult): Promise<string[]> {
  const svg = await renderSvg(figureSpec(run));
  const beside = ["results.json", "results.csv", "figure.svg", "figure.png"];
  const contents: Record<string, string | Uint8Array> = {
    "results.json": resultsJson(run),
    "results.csv": resultsCsv(run),
    "figure.svg": svg,
    "figure.png": renderPng(svg),
    "index.html": htmlReport([run], { folders: [folder], beside }),
  };
  await mkdir(folder, { recursive: true });
  return replaceFiles(folder, contents);
}

export function resultsJson(run: RunResult): string {
  return `${JSON.stringify(run, finiteJson, 2)}\n`;
}
