import { existsSync, mkdirSync, readdirSync, readFileSync, statSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { basename, dirname, extname, join } from "node:path";
import { InputError } from "../errors.js";
import { replaceFile } from "../files/replace.js";
import type { Quantity } from "../report/curves.js";
import type { FigureFormat } from "../report/figure-files.js";
import { runLabels } from "../report/run-labels.js";
import { incompleteSentence } from "../report/wording.js";
import { readRun } from "../study/assemble.js";
import type { RunResult } from "../study/results.js";

export interface ReportArguments {
  /** Run folders. */
  readonly runs: readonly string[];
  /** A file, or a folder to put files into. */
  readonly out?: string | undefined;
  /** Figures for papers in this format instead of the page. */
  readonly figure?: FigureFormat | undefined;
  /** What figures show; accuracy if absent. */
  readonly metric?: Quantity | undefined;
}

/** `weightlink report`: one page for all runs, or their figures with the data beside them. */
export async function report({ runs: folders, out, figure, metric }: ReportArguments) {
  if (folders.length === 0) throw new InputError("report: name at least one run folder");
  const twice = folders.find((folder, i) => folders.indexOf(folder) !== i);
  if (twice !== undefined) throw new InputError(`${twice}: is given twice`);
  if (metric !== undefined && figure === undefined) {
    throw new InputError("--metric: is for figures; the page shows every metric (add --figure)");
  }
  const runs: RunResult[] = [];
  for (const folder of folders) runs.push(await readRun(folder));
  const written =
    figure === undefined
      ? [await writePage(runs, folders, out)]
      : await writeFigures(runs, folders, { out, figure, metric: metric ?? "accuracy" });
  for (const [i, run] of runs.entries()) {
    const incomplete = incompleteSentence(run);
    if (incomplete !== undefined) process.stderr.write(`note: ${folders[i]}: ${incomplete}\n`);
  }
  process.stdout.write(`${written.join("\n")}\n`);
}

/** A run's page belongs into its folder, a comparison where the user is. */
async function writePage(
  runs: readonly RunResult[],
  folders: readonly string[],
  out: string | undefined,
): Promise<string> {
  const { htmlReport } = await import("../report/html.js");
  const name = runs.length === 1 ? "index.html" : "report.html";
  const path = pathOf(out, runs.length === 1 ? folders[0] : ".", name);
  const isInFolder = path === join(folders[0], "index.html");
  const beside = ["results.json", "results.csv", "figure.svg", "figure.png"];
  await write(
    path,
    htmlReport(runs, {
      folders,
      beside: isInFolder ? beside.filter((file) => existsSync(join(folders[0], file))) : [],
    }),
  );
  return path;
}

async function writeFigures(
  runs: readonly RunResult[],
  folders: readonly string[],
  {
    out,
    figure: format,
    metric,
  }: Required<Pick<ReportArguments, "out">> & {
    figure: FigureFormat;
    metric: Quantity;
  },
): Promise<string[]> {
  const { figureCsv, figureFile } = await import("../report/figure-files.js");
  const { paperFigures } = await import("../report/paper-figure.js");
  const { curveRun } = await import("../report/page-data.js");
  const labels = runLabels(runs, folders);
  const curves = runs.map((run, i) => curveRun(run, labels[i]));
  const figures = paperFigures(curves, metric);
  if (figures.length === 0) {
    throw new InputError(
      metric === "gain" && runs.some((run) => run.summary.length > 0)
        ? "--metric gain: needs a run with two receivers"
        : `${folders.join(", ")}: no trial is finished, so there is nothing to draw`,
    );
  }
  const [name, folder] =
    runs.length === 1 ? [`figure-${metric}`, folders[0]] : [`report-${metric}`, "."];
  const path = pathOf(out, folder, `${name}.${format}`);
  const bases = figures.map((_, i) => {
    const base = withoutEnding(path);
    return figures.length === 1 ? base : `${base}-${i + 1}`;
  });
  for (const base of bases) checkNotOthers(`${base}.csv`);
  const older = olderFigures(path);
  const changed = new Set<string>();
  const written: string[] = [];
  for (const [i, figure] of figures.entries()) {
    const [image, data] = [`${bases[i]}.${format}`, `${bases[i]}.csv`];
    const csv = figureCsv(figure, curves);
    if (!existsSync(data) || readFileSync(data, "utf8") !== csv) changed.add(bases[i]);
    await write(image, await figureFile(figure, format));
    await write(data, csv);
    written.push(image, data);
  }
  // An image in another format still belongs to data that are the same.
  const stale = older.filter((file) => {
    const base = withoutEnding(file);
    return !written.includes(file) && (!bases.includes(base) || changed.has(base));
  });
  if (stale.length > 0) {
    process.stderr.write(`note: older files, not of these figures: ${stale.join(", ")}\n`);
  }
  return written;
}

/**
 * Figures under the name of `path`, with or without a number, and their data. That they are this
 * command's shows in the data, so an image without them is not among them.
 */
function olderFigures(path: string): string[] {
  const folder = dirname(path);
  if (!existsSync(folder)) return [];
  const name = basename(withoutEnding(path));
  const files = readdirSync(folder).filter((file) => /\.(svg|png|pdf|csv)$/.test(file));
  return files
    .filter((file) => {
      const own = withoutEnding(file);
      const isNumbered = own.startsWith(name) && /^(-\d+)?$/.test(own.slice(name.length));
      return isNumbered && files.includes(`${own}.csv`) && isFigureData(join(folder, `${own}.csv`));
    })
    .map((file) => join(folder, file))
    .sort();
}

function withoutEnding(path: string): string {
  return path.slice(0, path.length - extname(path).length);
}

/** `--out` may name the file, whose ending then says what it is, or a folder, which is made. */
function pathOf(out: string | undefined, folder: string, name: string): string {
  if (out === undefined) return join(folder, name);
  const found = existsSync(out) ? statSync(out) : undefined; // stat throws below a file
  if (found?.isDirectory()) return join(out, name);
  if (found === undefined && (extname(out) === "" || /[\\/]$/.test(out))) {
    try {
      mkdirSync(out, { recursive: true });
    } catch (error) {
      throw new InputError(`--out ${out}: cannot be made a folder: ${(error as Error).message}`);
    }
    return join(out, name);
  }
  if (extname(out) !== extname(name)) {
    throw new InputError(`--out ${out}: must end in ${extname(name)}, or be a folder`);
  }
  return out;
}

/** The data take the figure's name, and with it perhaps that of a file the user did not mean. */
function checkNotOthers(path: string): void {
  if (!existsSync(path) || isFigureData(path)) return;
  throw new InputError(`${path}: exists and holds no figure's data; choose another --out`);
}

function isFigureData(path: string): boolean {
  return statSync(path).isFile() && /^run,estimator,/.test(readFileSync(path, "utf8"));
}

async function write(path: string, content: string | Uint8Array): Promise<void> {
  const folder = dirname(path);
  if (!existsSync(folder)) throw new InputError(`${path}: there is no folder ${folder}`);
  try {
    await replaceFile(path, (temporary) => writeFile(temporary, content));
  } catch (error) {
    throw new InputError(`${path}: cannot be written: ${(error as Error).message}`);
  }
}
