import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { resultsJson, writeReport } from "../../src/report/write-run.js";
import { fixtureRun } from "./fixture.js";

let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "weightlink-report-"));
});

afterEach(async () => {
  await rm(folder, { recursive: true });
});

test("writes every file whole, in the place of older ones", async () => {
  const run = fixtureRun({ trials: 2 });
  await writeFile(join(folder, "results.json"), "old");
  const paths = await writeReport(folder, run);
  const names = ["results.json", "results.csv", "figure.svg", "figure.png", "index.html"];
  expect(paths).toEqual(names.map((name) => join(folder, name)));
  expect((await readdir(folder)).sort()).toEqual([...names].sort());
  const rows = (await readFile(paths[1]!, "utf8")).trimEnd().split("\n");
  expect(rows).toHaveLength(1 + run.trials.length);
  expect(JSON.parse(await readFile(paths[0]!, "utf8"))).toEqual(run);
  const svg = await readFile(paths[2]!, "utf8");
  expect(svg.trimEnd().endsWith("</svg>")).toBe(true);
  expect((await readFile(paths[3]!)).toString("latin1", 1, 4)).toBe("PNG");
  expect(await readFile(paths[4]!, "utf8")).toContain("</html>");
});

test("the same run gives the same bytes", async () => {
  const run = fixtureRun({ trials: 2 });
  const read = (paths: string[]) => Promise.all(paths.map((path) => readFile(path)));
  const first = await read(await writeReport(folder, run));
  const second = await read(await writeReport(join(folder, "again"), run));
  expect(second).toEqual(first);
});

test("a file that cannot be put in place leaves no partial one behind", async () => {
  await mkdir(join(folder, "figure.png", "in the way"), { recursive: true });
  await expect(writeReport(folder, fixtureRun({ trials: 1 }))).rejects.toThrow(/figure\.png/);
  expect((await readdir(folder)).sort()).toEqual([
    "figure.png",
    "figure.svg",
    "results.csv",
    "results.json",
  ]);
});

test("JSON has no infinity: it is written as a word, and never as null", () => {
  const run = fixtureRun({ trials: 1 });
  const trials = [{ ...run.trials[0]!, snrDb: Number.POSITIVE_INFINITY }];
  const read = JSON.parse(resultsJson({ ...run, trials }));
  expect(read.trials[0].snrDb).toBe("Infinity");
  expect(Number(read.trials[0].snrDb)).toBe(Number.POSITIVE_INFINITY);
});
