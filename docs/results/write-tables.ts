/**
 * Puts the tables and figures of finished runs into the pages of this folder:
 *
 *   npx tsx docs/results/write-tables.ts quickstart=runs/quickstart resnet20-cifar10=runs/resnet20-cifar10
 *
 * A page keeps its own text; what stands between its `<!-- table -->` marks is replaced, and the figure
 * beside it too. The run's first trial at each point becomes `scenarios/NAME.expected.json`, which the
 * tests repeat.
 *
 * `PAGE/NAME=FOLDER` fills the marks `<!-- table NAME -->` of a page with several runs and draws PAGE-NAME.svg;
 * no test repeats those.
 */
import { copyFileSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { markdownTable } from "../../src/report/table.js";
import type { RunResult } from "../../src/study/results.js";

const here = new URL("./", import.meta.url);

for (const argument of process.argv.slice(2)) {
  const [target, folder] = argument.split("=");
  const [pageName, part] = target.split("/");
  const run = JSON.parse(readFileSync(join(folder, "results.json"), "utf8")) as RunResult;
  if (!run.complete) throw new Error(`${folder}: the run is not complete`);
  copyFileSync(join(folder, "figure.svg"), new URL(`${target.replace("/", "-")}.svg`, here));
  fillPage(pageName, part === undefined ? "table" : `table ${part}`, run);
  if (part === undefined) writeExpected(pageName, run);
}

function fillPage(name: string, mark: string, run: RunResult): void {
  const page = new URL(`${name}.md`, here);
  const text = readFileSync(page, "utf8");
  const marks = new RegExp(`(<!-- ${mark} -->\n)[\\s\\S]*?(<!-- end of table -->)`);
  if (!marks.test(text)) throw new Error(`${name}.md has no <!-- ${mark} --> marks`);
  const facts = `Seed ${run.seed}, ${run.models[0].runtime}, Node ${run.versions.node}; ${Math.round(run.elapsedS)} s.`;
  writeFileSync(page, text.replace(marks, `$1\n${markdownTable(run)}\n${facts}\n\n$2`));
}

function writeExpected(name: string, { trials }: RunResult): void {
  const rows = trials
    .filter((t) => t.trial === 0)
    .map(({ parameters, estimator, correct, total, mse, setting }) => {
      return { parameters, estimator, correct, total, mse, setting };
    });
  const expected = new URL(`../../scenarios/${name}.expected.json`, import.meta.url);
  writeFileSync(expected, `[\n${rows.map((row) => `  ${JSON.stringify(row)}`).join(",\n")}\n]\n`);
}
