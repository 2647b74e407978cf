/** `export`, `query` and `diff` on runs of every state. Nothing that they do may change a run folder. */
import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import {
  copyFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DuckDBInstance } from "@duckdb/node-api";
import { afterAll, beforeAll, describe, expect, onTestFinished, test, vi } from "vitest";
import { diff } from "../../src/cli/diff.js";
import { exportRun } from "../../src/cli/export.js";
import { type QueryArguments, query } from "../../src/cli/query.js";
import { InputError } from "../../src/errors.js";
import { resultsCsv } from "../../src/report/csv.js";
import type { RunResult } from "../../src/study/results.js";
import { RunStore, readStore, storePath, tablesOf } from "../../src/study/store.js";
import { folderWith } from "../files/temporary-folder.js";
import { fixtureRun, wnrAxis } from "../report/fixture.js";
import { headerOf, recordTrials, storeRun } from "../study/stored-run.js";
import { program, weightlink } from "./weightlink.js";

/** A name that CSV, SQL and shells all have to quote. */
const label = `it's "quoted", MMSE_pb`;

/** Four points, one of them without noise, whose receivers stand in no alphabetic order. */
function study(): RunResult {
  const run = fixtureRun({
    axes: [
      { ...wnrAxis, values: [-2, 4] },
      { path: "model.path", title: "model", values: ["a.onnx", "b, c.onnx"] },
    ],
    estimators: [
      { label: "zero", name: "ml", needs: [], oracle: false },
      { label, name: "mmse-pb", needs: ["labelled images"], oracle: false },
      { label: "ML", name: "ml", needs: [], oracle: false },
    ],
    trials: 3,
  });
  const order = new Map(run.estimators.map((e, i) => [e.label, i]));
  const trials = run.trials
    .map((t) => (t.point === 3 ? { ...t, snrDb: Number.POSITIVE_INFINITY, mse: 0, nmse: 0 } : t))
    .sort(
      (a, b) =>
        a.point - b.point || a.trial - b.trial || order.get(a.estimator)! - order.get(b.estimator)!,
    );
  return { ...run, trials };
}

/** Stored once: every test gets a copy. */
const template = mkdtempSync(join(tmpdir(), "weightlink-study-"));
beforeAll(() => storeRun(template, study()));
afterAll(() => rmSync(template, { recursive: true }));

async function studyFolder(run?: RunResult): Promise<string> {
  const folder = join(folderWith({}), "run");
  if (run === undefined) cpSync(template, folder, { recursive: true });
  else await storeRun(folder, run);
  return folder;
}

/** What the work prints to stdout. */
async function printed(work: () => Promise<void>): Promise<string> {
  let text = "";
  const warn = vi.spyOn(process.stderr, "write").mockReturnValue(true);
  const write = vi.spyOn(process.stdout, "write").mockImplementation((chunk) => {
    text += chunk;
    return true;
  });
  try {
    await work();
  } finally {
    write.mockRestore();
    warn.mockRestore();
  }
  return text;
}

const ask = (run: string, sql: string, format: QueryArguments["format"] = "table") =>
  printed(() => query({ run, sql, format }));

/** Every file of a folder with its content. */
function contentOf(folder: string): Record<string, string> {
  return Object.fromEntries(
    readdirSync(folder).map((name) => [
      name,
      createHash("sha256")
        .update(readFileSync(join(folder, name)))
        .digest("hex"),
    ]),
  );
}

/** Rows of a query on no store. */
async function duckdb(sql: string) {
  const instance = await DuckDBInstance.create();
  const connection = await instance.connect();
  const rows = (await connection.runAndReadAll(sql)).getRowObjectsJS();
  connection.closeSync();
  instance.closeSync();
  return rows;
}

describe("export", () => {
  test("csv: the very text of results.csv, to stdout or to a file", async () => {
    const run = await studyFolder();
    const before = contentOf(run);
    const out = join(run, "..", "trials.csv");
    const csv = { run, format: "csv", force: false } as const;
    expect(await printed(() => exportRun(csv))).toBe(resultsCsv(study()));
    expect(await printed(() => exportRun({ ...csv, out }))).toBe("");
    expect(readFileSync(out, "utf8")).toBe(resultsCsv(study()));
    expect(readdirSync(join(run, ".."))).toEqual(["run", "trials.csv"]);
    expect(contentOf(run)).toEqual(before);
  });

  test("json: flat records with the columns of the table; no infinity, no absence", async () => {
    const run = await studyFolder();
    const text = await printed(() => exportRun({ run, format: "json", force: false }));
    const records = JSON.parse(text);
    const { trials, ...header } = study();
    expect(records).toHaveLength(trials.length);
    const columns = Object.keys(tablesOf(header as RunResult).trials);
    for (const [i, record] of records.entries()) {
      expect(Object.keys(record)).toEqual(columns);
      const { estimator, parameters, correct, snrDb, search, setting } = trials[i]!;
      expect(record).toMatchObject({
        estimator,
        ...parameters,
        correct,
        snrDb: snrDb === Number.POSITIVE_INFINITY ? "Infinity" : snrDb,
        searchImages: search?.images ?? null,
        "setting.lambda": setting.lambda ?? null,
      });
    }
    expect(records.at(-1).snrDb).toBe("Infinity");
  });

  test("parquet: the same rows in the same order, with the store's types and the run's header", async () => {
    const run = await studyFolder();
    const out = join(run, "..", "it's.parquet");
    await exportRun({ run, format: "parquet", out, force: false });
    const file = `'${out.replaceAll("'", "''")}'`;
    const types = await duckdb(`DESCRIBE FROM ${file}`);
    expect(types.map((c) => [c.column_name, c.column_type])).toEqual(
      Object.entries(tablesOf(study()).trials),
    );
    const rows = await duckdb(`FROM ${file}`);
    const { trials } = study();
    expect(rows).toHaveLength(trials.length);
    rows.forEach((row, i) => {
      const { point, trial, estimator, parameters, snrDb, mse, correct } = trials[i]!;
      expect(row).toMatchObject({ point, trial, estimator, ...parameters, snrDb, mse, correct });
    });
    const [{ value }] = await duckdb(
      `SELECT decode(value) AS value FROM parquet_kv_metadata(${file}) WHERE decode(key) = 'weightlink'`,
    );
    expect(JSON.parse(String(value))).toMatchObject({
      seed: 1,
      scenarioText: study().scenarioText,
    });
  });

  test("a file that exists stays, unless --force; the store itself stays in any case", async () => {
    const run = await studyFolder();
    const before = contentOf(run);
    const out = join(run, "..", "kept.csv");
    writeFileSync(out, "kept");
    const csv = { run, format: "csv", force: false } as const;
    await expect(exportRun({ ...csv, out })).rejects.toThrow(/kept\.csv: exists; --force replaces/);
    expect(readFileSync(out, "utf8")).toBe("kept");
    await exportRun({ ...csv, out, force: true });
    expect(readFileSync(out, "utf8")).toBe(resultsCsv(study()));
    for (const name of ["run/results.duckdb", "run/../run/results.duckdb"]) {
      await expect(
        exportRun({ ...csv, out: `${join(run, "..")}/${name}`, force: true }),
      ).rejects.toThrow(/is the store of the run itself/);
    }
    expect(contentOf(run)).toEqual(before);
  });

  test.each([
    ["parquet", undefined, /--format parquet is not text: name a file with --out/],
    ["csv", "nowhere/x.csv", /there is no folder .*nowhere/],
    ["csv", ".", /is a folder, not a file/],
  ] as const)("%s to %s is refused", async (format, name, message) => {
    const run = await studyFolder();
    const out = name === undefined ? undefined : join(run, name);
    await expect(exportRun({ run, format, out, force: true })).rejects.toThrow(message);
  });
});

describe("query", () => {
  test("a table: numbers right, text left, whatever a cell holds", async () => {
    const run = await studyFolder();
    const sql = `
      SELECT "channel.wnrDb", "model.path", count(*) AS trials, max(snrDb) AS snrDb
      FROM trials WHERE estimator = 'ML' GROUP BY ALL ORDER BY ALL`;
    expect(await ask(run, sql)).toBe(
      `channel.wnrDb  model.path  trials     snrDb
─────────────  ──────────  ──────  ────────
           -2  a.onnx           3   -1.9863
           -2  b, c.onnx        3   -0.4863
            4  a.onnx           3    4.0137
            4  b, c.onnx        3  Infinity
`,
    );
  });

  const values = `
    SELECT 9007199254740993::BIGINT AS large, 42::HUGEINT AS whole, 1.50::DECIMAL(4, 2) AS part,
      'infinity'::DOUBLE AS endless, NULL AS nothing, true AS yes, [1, 2.5] AS list, {'a': 1} AS struct,
      TIMESTAMP '2026-03-02 10:15:00' AS at, INTERVAL 3 DAY AS span, 'two
lines' AS text`;

  test("every kind of value as JSON", async () => {
    const run = await studyFolder();
    expect(JSON.parse(await ask(run, values, "json"))).toEqual([
      {
        large: "9007199254740993",
        whole: 42,
        part: 1.5,
        endless: "Infinity",
        nothing: null,
        yes: true,
        list: [1, 2.5],
        struct: { a: 1 },
        at: "2026-03-02 10:15:00",
        span: "3 days",
        text: "two\nlines",
      },
    ]);
    expect(await ask(run, "FROM trials WHERE false", "json")).toBe("[]\n");
  });

  test("every kind of value as CSV and in a table", async () => {
    const run = await studyFolder();
    expect(await ask(run, values, "csv")).toBe(
      "large,whole,part,endless,nothing,yes,list,struct,at,span,text\n" +
        '9007199254740993,42,1.5,Infinity,,true,"[1,2.5]","{""a"":1}",2026-03-02 10:15:00,3 days,"two\nlines"\n',
    );
    const [header, , row, ...rest] = (await ask(run, values)).split("\n");
    expect(header!.trim().split(/ {2,}/)).toHaveLength(11);
    expect(row).toMatch(/^9007199254740993 +42 +1\.5 +Infinity +NULL +true +\[1,2\.5\] /);
    expect(row).toMatch(/two\\nlines$/);
    expect(rest).toEqual([""]);
  });

  test.each([
    ["SELECT acuracy FROM trials", /"acuracy" not found.*; Candidate bindings: "accuracy"/],
    ["FROM trails", /Table with name trails does not exist; Did you mean "trials"\?$/],
    ["SELEC 1", /^Parser Error: syntax error at or near "SELEC"$/],
    [
      "SELECT channel.wnrDb FROM trials",
      /a column with a dot in its name needs double quotes, "channel\.wnrDb"/,
    ],
    ["-- nothing", /the query is empty/],
  ])("%s", async (sql, message) => {
    await expect(ask(await studyFolder(), sql)).rejects.toThrow(message);
  });

  test.each([
    ["DELETE FROM trials", /read-only/],
    ["UPDATE run SET weightlink = '9'", /read-only/],
    ["INSERT INTO events VALUES ('', '', '')", /read-only/],
    ["DROP TABLE trials", /read-only/],
    ["CREATE TABLE mine (x INTEGER)", /read-only/],
    ["COPY trials TO 'RUN/stolen.csv'", /a query reads the store and nothing else: weightlink exp/],
    ["COPY trials TO 'RUN/results.duckdb'", /a query reads the store and nothing else/],
    ["EXPORT DATABASE 'RUN/all'", /a query reads the store and nothing else/],
    ["ATTACH 'RUN/other.duckdb'", /a query reads the store and nothing else/],
    ["SET enable_external_access = true; COPY trials TO 'RUN/x.csv'", /Cannot enable external/],
  ])("%s writes nothing", async (sql, message) => {
    const run = await studyFolder();
    const before = contentOf(run);
    await expect(ask(run, sql.replace("RUN", run))).rejects.toThrow(message);
    expect(contentOf(run)).toEqual(before);
  });

  test("several statements: the last one's rows; a temporary table is no change", async () => {
    const run = await studyFolder();
    const before = contentOf(run);
    const sql = "CREATE TEMP TABLE t AS SELECT max(trial) AS last FROM trials; FROM t";
    expect(await ask(run, sql, "csv")).toBe("last\n2\n");
    expect(await ask(run, "select 1 as a; select 2 as b", "csv")).toBe("b\n2\n");
    expect(contentOf(run)).toEqual(before);
  });
});

describe("the tool", () => {
  test("after a real run: export equals results.csv, and diff finds what was changed", async () => {
    const cwd = folderWith({
      "s.yaml": `
model: { name: glyphs-resnet }
dataset: { name: glyphs, testImages: 60, validationImages: 30 }
channel: { name: awgn }
receivers: [ml, { name: mmse-pb, lambda: [0.9, 1], kappa: 20 }]
sweep: { channel.wnrDb: [3, 12] }
trials: 2
`,
    });
    const run = (out: string, ...args: string[]) =>
      weightlink(["run", "s.yaml", "--quiet", "--out", out, ...args], { cwd });
    await run("a");
    await run("b", "--set", "receivers.mmse-pb.kappa=10", "--set", "sweep.channel.wnrDb=[12]");

    const exported = await weightlink(["export", "a", "--format", "csv"], { cwd });
    expect(exported).toEqual({
      code: 0,
      stdout: readFileSync(join(cwd, "a/results.csv"), "utf8"),
      stderr: "",
    });
    const same = await weightlink(["diff", "a", "a"], { cwd });
    expect(same.code).toBe(0);
    expect(same.stdout).toMatch(/^No differences: all 8 rows are equal to the last digit\.$/m);
    const { code, stdout } = await weightlink(["diff", "a", "b", "--json"], { cwd });
    expect(code).toBe(0);
    const found = JSON.parse(stdout);
    expect(found).toMatchObject({
      a: "a",
      b: "b",
      scenario: [
        { key: "channel.wnrDb", a: { sweep: [3, 12] }, b: { sweep: [12] } },
        { key: "receivers.mmse-pb.kappa", a: 20, b: 10 },
      ],
      rows: { inBoth: 4, onlyInA: 4, onlyInB: 0 },
      pairing: [{ paired: true }],
      onlyInA: [{ parameters: { "channel.wnrDb": 3 } }, { parameters: { "channel.wnrDb": 3 } }],
    });
    // The same noise at 12 dB, also in another sweep: nothing changes for ml.
    expect(found.comparisons[0]).toMatchObject({
      parameters: { "channel.wnrDb": 12 },
      estimator: "ml",
      difference: 0,
      interval95: [0, 0],
    });
  });

  test("a reader that stops early is no failure", async () => {
    const run = await studyFolder();
    const sql = "SELECT repeat('x', 100) FROM range(100000)";
    const child = spawn(process.execPath, [program, "query", run, sql, "--format", "csv"]);
    let stderr = "";
    child.stderr.on("data", (chunk) => {
      stderr += chunk;
    });
    child.stdout.once("data", () => child.stdout.destroy());
    const code = await new Promise((resolve) => child.once("close", resolve));
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  });

  test.each([
    [["query", "RUN", "FROM trails"], /^weightlink: Catalog Error: Table with name trails/],
    [["query", "RUN"], /weightlink query --help/],
    [["export", "RUN"], /weightlink export --help/],
    [["export", "RUN", "--format", "xlsx"], /xlsx/],
    [["diff", "RUN"], /weightlink diff --help/],
    [["qurey", "RUN"], /did you mean "query"\?/],
  ])("%j: exit code 2, and no stack trace", async (args, message) => {
    const run = await studyFolder();
    const { code, stdout, stderr } = await weightlink(args.map((a) => (a === "RUN" ? run : a)));
    expect(stderr).toMatch(message);
    expect(stderr).not.toMatch(/^\s+at /m);
    expect(stdout).toBe("");
    expect(code).toBe(2);
  });
});

describe("runs that are not complete", () => {
  /** Point 0 and one trial of point 1. */
  function part(): RunResult {
    const run = study();
    return { ...run, trials: run.trials.filter((t) => t.point === 0 || t.point + t.trial === 1) };
  }

  test("interrupted: what is there, and a note", async () => {
    const run = await studyFolder(part());
    const { code, stdout, stderr } = await weightlink(["export", run, "--format", "csv"]);
    expect(stdout).toBe(resultsCsv(part()));
    expect(stderr).toMatch(/^note: .* is incomplete: 4 trials finished; what was not simulated is/);
    expect(code).toBe(0);
  });

  test("killed: what the log beside the store holds counts, and stays where it is", async () => {
    const there = join(folderWith({}), "there");
    mkdirSync(there);
    const store = await RunStore.create(there, headerOf(part()));
    onTestFinished(() => store.close());
    await recordTrials(store, part());
    // As a process leaves it that is killed: the log is not merged into the store.
    const run = join(folderWith({}), "run");
    mkdirSync(run);
    for (const path of [storePath(there), `${storePath(there)}.wal`]) {
      copyFileSync(path, path.replace(there, run));
    }
    expect(statSync(`${storePath(run)}.wal`).size).toBeGreaterThan(0);
    const before = contentOf(run);
    expect(await printed(() => exportRun({ run, format: "csv", force: false }))).toBe(
      resultsCsv(part()),
    );
    expect(await ask(run, "SELECT count(*) AS n FROM transmissions", "csv")).toBe("n\n4\n");
    expect(await printed(() => diff({ runA: run, runB: run, json: false }))).toMatch(
      /4 trials, incomplete/,
    );
    expect(contentOf(run)).toEqual(before);
  });

  test("killed before its first trial: no rows", async () => {
    const run = await studyFolder({ ...study(), trials: [] });
    expect(await printed(() => exportRun({ run, format: "json", force: false }))).toBe("[]\n");
    const other = await studyFolder();
    expect(await printed(() => diff({ runA: run, runB: other, json: false }))).toMatch(
      /^Results: 36 rows only in B\.$/m,
    );
  });
});

describe("what is no readable run", () => {
  /** All three commands refuse with the same words, and leave every file as it was. */
  async function refused(run: string, message: RegExp): Promise<void> {
    const isFolder = existsSync(run) && statSync(run).isDirectory();
    const before = isFolder ? contentOf(run) : {};
    const good = await studyFolder();
    for (const work of [
      () => exportRun({ run, format: "csv", force: false }),
      () => query({ run, sql: "FROM trials", format: "table" }),
      () => diff({ runA: good, runB: run, json: false }),
    ]) {
      const error = await printed(work).then(
        () => undefined,
        (thrown) => thrown,
      );
      expect(error).toBeInstanceOf(InputError);
      expect(error.message).toMatch(message);
    }
    if (isFolder) expect(contentOf(run)).toEqual(before);
  }

  test("a folder that is not there", () =>
    refused(join(folderWith({}), "nowhere"), /nowhere: there is no such folder/));

  test("a file", () => {
    const folder = folderWith({ "results.csv": "point\n" });
    return refused(join(folder, "results.csv"), /results\.csv: is a file, not a run folder/);
  });

  test("a folder of something else", () =>
    refused(folderWith({ "notes.txt": "" }), /: holds no run \(no trials in .*results\.duckdb\)/));

  test("a database of something else", async () => {
    const folder = folderWith({});
    const instance = await DuckDBInstance.create(storePath(folder));
    const connection = await instance.connect();
    await connection.run("CREATE TABLE people (name VARCHAR)");
    connection.closeSync();
    instance.closeSync();
    await refused(folder, /is a DuckDB file and not the store of a run/);
  });

  test.each([
    [99, "9.9.0", "update weightlink"],
    [1, "0.0.1", "read it with that version"],
  ])("a store of version %d", async (storeVersion, version, advice) => {
    const run = await studyFolder();
    const instance = await DuckDBInstance.create(storePath(run));
    const connection = await instance.connect();
    await connection.run("UPDATE run SET storeVersion = ?, weightlink = ?", [
      storeVersion,
      version,
    ]);
    connection.closeSync();
    instance.closeSync();
    await refused(
      run,
      new RegExp(
        `was written by weightlink ${version} with store version ${storeVersion}; this program reads version \\d+: ${advice}`,
      ),
    );
  });

  test("a store that is not even a database", async () => {
    const run = folderWith({ "results.duckdb": "lorem\n".repeat(1000), "results.csv": "kept" });
    await refused(
      run,
      /results\.duckdb: cannot be read, so it may be damaged; nothing was changed/,
    );
    const { code, stdout, stderr } = await weightlink(["export", run, "--format", "csv"]);
    expect(stderr).toMatch(/^weightlink: .*cannot be read, so it may be damaged/);
    expect(stderr.trim().split("\n")).toHaveLength(1);
    expect(stdout).toBe("");
    expect(code).toBe(2);
  });

  test("a store that lost its second half", async () => {
    const run = await studyFolder();
    const bytes = readFileSync(storePath(run));
    writeFileSync(storePath(run), bytes.subarray(0, bytes.length / 2));
    await refused(run, /cannot be read, so it may be damaged; nothing was changed/);
  });

  test("a store that opens, with damage among its rows", async () => {
    const run = await studyFolder();
    const bytes = readFileSync(storePath(run));
    const at = bytes.indexOf("MMSE_pb"); // in the rows of `trials`
    expect(at).toBeGreaterThan(0);
    bytes.write("WXYZ", at);
    writeFileSync(storePath(run), bytes);
    await refused(run, /cannot be read, so it may be damaged; nothing was changed/);
  });

  test("a run that another process works on: its number is named", async () => {
    const run = await studyFolder();
    const code = `
      const { DuckDBInstance } = await import("@duckdb/node-api");
      await DuckDBInstance.create(${JSON.stringify(storePath(run))});
      console.log("open");
      setInterval(() => {}, 1000);`;
    const child = spawn(process.execPath, ["--input-type=module", "-e", code]);
    onTestFinished(() => {
      child.kill();
    });
    await new Promise((resolve) => child.stdout.once("data", resolve));
    await refused(
      run,
      new RegExp(`process ${child.pid} is working on this run; look .*: weightlink watch ${run}`),
    );
  });
});

test("numbers beyond the integers of the database are kept", async () => {
  const run = study();
  const folder = join(folderWith({}), "run");
  const trials = run.trials.map((t) => ({ ...t, mse: 2 ** 80, nmse: 1e300, latencyS: 2 ** 63 }));
  await storeRun(folder, { ...run, trials });
  const [first] = (await readStore(folder)).trials;
  expect(first).toMatchObject({ mse: 2 ** 80, nmse: 1e300, latencyS: 2 ** 63 });
});

describe("docs/results.md", () => {
  const page = readFileSync(new URL("../../docs/results.md", import.meta.url), "utf8");

  test("names every table and column of the store", () => {
    for (const [table, columns] of Object.entries(tablesOf(study()))) {
      const [, section] = page.split(new RegExp(`^### .*\`${table}\`.*$`, "m"));
      expect(section, `a heading for ${table}`).toBeDefined();
      const described = section!.split(/^##/m)[0]!;
      const swept = study().axes.map((axis) => axis.path);
      const { trials } = tablesOf(study());
      for (const [column, type] of Object.entries(columns)) {
        if (swept.includes(column)) continue; // described as "one per swept parameter"
        const isKey = column === "point" || column === "trial";
        if (table === "transmissions" && column in trials && !isKey) continue; // "the eleven above"
        const line = described
          .split("\n")
          .find((text) => text.startsWith("|") && text.split("|")[1]!.includes(`\`${column}\``));
        expect(line, `a line for ${table}.${column}`).toBeDefined();
        expect(line!.split("|")[2], `the type of ${table}.${column}`).toContain(type);
      }
    }
  });

  test("its queries run", async () => {
    const run = await studyFolder();
    const examples = [...page.matchAll(/^weightlink query \S+ '([^']+)'/gm)].map((m) => m[1]!);
    expect(examples.length).toBeGreaterThan(3);
    for (const sql of examples) expect((await ask(run, sql)).length).toBeGreaterThan(0);
  });
});
