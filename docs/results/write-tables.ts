/**
 * Puts the tables and figures of finished runs into the pages of this folder:
 *
 *   npx tsx docs/results/write-tables.ts quickstart=runs/quickstart resnet20-cifar10=runs/resnet20-cifar10
 *
 * A page keeps its own text; what stands between its `<!-- table -->` marks is replaced, and the figure
 * beside it too. The run's first trial at each point becomes `scenarios/NAME.expected.json`, which the
 * tests repeat.
 */
import { copyFileSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { markdownTable } from "../../src/report/table.js";
import type { RunResult } from "../../src/study/results.js";

const here = new URL("./", import.meta.url);
const marks = /(<!-- table -->\n)[\s\S]*?(<!-- end of table -->)/;

for (const argument of process.argv.slice(2)) {
  const [name, folder] = argument.split("=");
  const run = JSON.parse(readFileSync(join(folder, "results.json"), "utf8")) as RunResult;
  if (!run.complete) throw new Error(`${folder}: the run is not complete`);
  copyFileSync(join(folder, "figure.svg"), new URL(`${name}.svg`, here));

  const page = new URL(`${name}.md`, here);
  const text = readFileSync(page, "utf8");
  if (!marks.test(text)) throw new Error(`${name}.md has no <!-- table --> marks`);
  const facts = `Seed ${run.seed}, ${run.models[0].runtime}, Node ${run.versions.node}; ${Math.round(run.elapsedS)} s.`;
  writeFileSync(page, text.replace(marks, `$1\n${markdownTable(run)}\n${facts}\n\n$2`));

  const first = run.trials.filter((t) => t.trial === 0);
  const rows = first.map(({ parameters, estimator, correct, total, mse, setting }) => ({
    parameters,
    estimator,
    correct,
    total,
    mse,
    setting,
  }));
  const expected = new URL(`../../scenarios/${name}.expected.json`, import.meta.url);
  writeFileSync(expected, `[\n${rows.map((row) => `  ${JSON.stringify(row)}`).join(",\n")}\n]\n`);
}
