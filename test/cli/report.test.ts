/** `weightlink report` on run folders: what it writes where, and what it refuses. */
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { report } from "../../src/cli/report.js";
import { InputError } from "../../src/errors.js";
import { RunStore } from "../../src/study/store.js";
import { folderWith } from "../files/temporary-folder.js";
import { type FixtureOptions, fixtureRun, wnrAxis } from "../report/fixture.js";
import { factsOf } from "../study/stored-run.js";

const axes = [{ ...wnrAxis, values: [0, 6] }];
const output = { stdout: "", stderr: "" };

beforeEach(() => {
  for (const stream of ["stdout", "stderr"] as const) {
    output[stream] = "";
    vi.spyOn(process[stream], "write").mockImplementation((text) => {
      output[stream] += text;
      return true;
    });
  }
});

afterEach(() => {
  vi.restoreAllMocks();
});

/** A run folder that holds the fixture's trials. */
async function storeRun(folder: string, options: FixtureOptions = {}): Promise<string> {
  const run = fixtureRun({ axes, trials: 3, ...options });
  mkdirSync(folder);
  const store = await RunStore.create(folder, run);
  await store.startSession(run.sessions[0]!);
  for (const [point] of run.resolved.points.entries()) {
    const results = run.trials.filter((t) => t.point === point);
    for (const trial of new Set(results.map((t) => t.trial))) {
      const own = results.filter((t) => t.trial === trial);
      const timeline = run.timelines[point]!;
      await store.record({
        point,
        trial,
        results: own,
        sent: factsOf(own[0]!),
        tensors: [],
        notes: [],
        elapsedS: 1,
        ...(trial === 0 && { timeline }),
      });
    }
  }
  await store.endSession(new Date("2026-03-02T10:15:41.700Z"));
  store.close();
  return folder;
}

describe("the page", () => {
  test("of one run goes into its folder and links to what lies there", async () => {
    const folder = await storeRun(join(folderWith({}), "a"));
    writeFileSync(join(folder, "results.csv"), "");
    writeFileSync(join(folder, "index.html"), "old");
    await report({ runs: [folder] });
    expect(output.stdout).toBe(`${join(folder, "index.html")}\n`);
    const page = readFileSync(join(folder, "index.html"), "utf8");
    expect(page.includes("Accuracy of a small residual network")).toBe(true);
    expect(page.includes('href="results.csv"')).toBe(true);
    expect(page.includes('href="figure.svg"')).toBe(false);
    expect(readdirSync(folder).filter((name) => name.includes("partial"))).toEqual([]);
  });

  test("of several goes where --out says, file or folder", async () => {
    const root = folderWith({});
    const runs = [await storeRun(join(root, "a")), await storeRun(join(root, "b"), { trials: 2 })];
    await report({ runs, out: root });
    await report({ runs, out: join(root, "both.html") });
    const page = readFileSync(join(root, "report.html"), "utf8");
    expect(page.includes("2 runs")).toBe(true);
    expect(readFileSync(join(root, "both.html"), "utf8")).toBe(page);
    expect(output.stderr).toBe("");
  });

  test("of an unfinished run is made, with a word on stderr", async () => {
    const root = folderWith({});
    const folder = join(root, "a");
    mkdirSync(folder);
    (await RunStore.create(folder, fixtureRun({ axes, trials: 3 }))).close();
    await report({ runs: [folder] });
    expect(output.stderr).toContain(`note: ${folder}: Incomplete run: 0 of 6 trials finished`);
    await expect(report({ runs: [folder], figure: "svg" })).rejects.toThrow(
      /no trial is finished, so there is nothing to draw/,
    );
  });
});

describe("figures", () => {
  test("have their data beside them, a pair for each panel", async () => {
    const kappa = { path: "receiver.kappa", title: "κ [images]", values: [10, 100] };
    const folder = await storeRun(join(folderWith({}), "a"), { axes: [...axes, kappa] });
    await report({ runs: [folder], figure: "svg", metric: "nmse" });
    const names = ["figure-nmse-1", "figure-nmse-2"].flatMap((n) => [`${n}.svg`, `${n}.csv`]);
    expect(output.stdout).toBe(`${names.map((name) => join(folder, name)).join("\n")}\n`);
    for (const name of names) expect(existsSync(join(folder, name))).toBe(true);
    const [header, ...rows] = readFileSync(join(folder, "figure-nmse-2.csv"), "utf8")
      .trimEnd()
      .split("\n");
    expect(header).toBe(
      "run,estimator,channel.wnrDb,receiver.kappa,nmseDb,nmseDbLow95,nmseDbHigh95,trials",
    );
    expect(rows).toHaveLength(6);
    expect(rows.every((row) => row.split(",")[3] === "100")).toBe(true);
  });

  test("go into a folder that is made for them", async () => {
    const root = folderWith({});
    const run = await storeRun(join(root, "a"), { trials: 1 });
    await report({ runs: [run], figure: "svg", out: join(root, "for", "paper") });
    expect(readdirSync(join(root, "for", "paper")).sort()).toEqual([
      "figure-accuracy.csv",
      "figure-accuracy.svg",
    ]);
    await report({ runs: [run], out: `${join(root, "v1.2")}/` });
    expect(readdirSync(join(root, "v1.2"))).toEqual(["index.html"]);
    writeFileSync(join(root, "file"), "");
    await expect(report({ runs: [run], out: join(root, "file", "b") })).rejects.toThrow(
      /file.b: cannot be made a folder/,
    );
  });

  test("name the older ones that lie beside them, and leave them", async () => {
    const root = folderWith({});
    const out = join(root, "figures");
    const kappa = { path: "receiver.kappa", title: "κ [images]", values: [10, 100] };
    const plain = await storeRun(join(root, "plain"), { trials: 1 });
    const swept = await storeRun(join(root, "swept"), { trials: 2, axes: [...axes, kappa] });
    const draw = (run: string, figure: "svg" | "pdf") => {
      output.stderr = "";
      return report({ runs: [run], figure, out });
    };
    mkdirSync(out);
    // Not ours: no data beside it, other data, another name.
    writeFileSync(join(out, "figure-accuracy-7.svg"), "");
    writeFileSync(join(out, "figure-accuracy-8.svg"), "");
    writeFileSync(join(out, "figure-accuracy-8.csv"), "a,b\n");
    writeFileSync(join(out, "figure-accuracy-old.csv"), "run,estimator,trials\n");
    await draw(plain, "svg");
    await draw(plain, "pdf");
    expect(output.stderr).toBe("");
    await draw(swept, "svg");
    const named = (...names: string[]) =>
      `note: older files, not of these figures: ${names.map((name) => join(out, name)).join(", ")}\n`;
    const first = ["csv", "pdf", "svg"].map((ending) => `figure-accuracy.${ending}`);
    expect(output.stderr).toBe(named(...first));
    for (const name of first) expect(existsSync(join(out, name))).toBe(true);
    // The PDF no longer belongs to the data that now lie beside it.
    await storeRun(join(root, "other"), { trials: 3 });
    await draw(join(root, "other"), "svg");
    expect(output.stderr).toBe(
      named(
        ...[1, 2].flatMap((n) => [`figure-accuracy-${n}.csv`, `figure-accuracy-${n}.svg`]),
        "figure-accuracy.pdf",
      ),
    );
  });

  test("replace their own data, and nobody else's", async () => {
    const folder = await storeRun(join(folderWith({}), "a"));
    const out = join(folder, "mine.pdf");
    await report({ runs: [folder], figure: "pdf", out });
    await report({ runs: [folder], figure: "pdf", out });
    expect(readFileSync(out).subarray(0, 5).toString()).toBe("%PDF-");
    writeFileSync(join(folder, "results.csv"), "point,trial\n0,0\n");
    await expect(
      report({ runs: [folder], figure: "pdf", out: join(folder, "results.pdf") }),
    ).rejects.toThrow(/results\.csv: exists and holds no figure's data/);
    expect(existsSync(join(folder, "results.pdf"))).toBe(false);
    expect(readFileSync(join(folder, "results.csv"), "utf8")).toBe("point,trial\n0,0\n");
  });
});

describe("bad input", () => {
  test.each<[string, (run: string) => Parameters<typeof report>[0], RegExp]>([
    ["no run", () => ({ runs: [] }), /name at least one run folder/],
    ["no such folder", (run) => ({ runs: [`${run}x`] }), /ax: there is no such folder/],
    ["the same run twice", (run) => ({ runs: [run, run] }), /a: is given twice/],
    ["another ending", (run) => ({ runs: [run], out: `${run}.pdf` }), /must end in \.html/],
    [
      "the ending of another format",
      (run) => ({ runs: [run], figure: "svg", out: `${run}.pdf` }),
      /must end in \.svg, or be a folder/,
    ],
    [
      "no folder to write to",
      (run) => ({ runs: [run], out: `${run}/b/c.html` }),
      /c\.html: there is no folder .*b$/,
    ],
    ["a metric without a figure", (run) => ({ runs: [run], metric: "gain" }), /add --figure/],
  ])("%s", async (_, args, message) => {
    const run = await storeRun(join(folderWith({}), "a"), { trials: 1 });
    const refused = report(args(run));
    await expect(refused).rejects.toThrow(message);
    await expect(refused).rejects.toBeInstanceOf(InputError);
    expect(output.stdout).toBe("");
  });

  test("gains of a run with one receiver", async () => {
    const { estimators } = fixtureRun();
    const run = await storeRun(join(folderWith({}), "a"), { estimators: estimators.slice(0, 1) });
    await expect(report({ runs: [run], figure: "svg", metric: "gain" })).rejects.toThrow(
      /--metric gain: needs a run with two receivers/,
    );
  });
});
