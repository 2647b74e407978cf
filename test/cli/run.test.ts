import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import type { RunResult } from "../../src/study/results.js";
import { folderWith } from "../files/temporary-folder.js";
import { weightlink } from "./weightlink.js";

const small = `
title: A small run
model: { name: glyphs-resnet }
dataset: { name: glyphs, testImages: 60, validationImages: 30 }
channel: { name: awgn }
receivers: [ml, { name: mmse-pb, lambda: [0.9, 1, 40], kappa: 20 }]
sweep: { channel.wnrDb: [3, 12] }
trials: 2
`;

const readRun = (folder: string) =>
  JSON.parse(readFileSync(join(folder, "results.json"), "utf8")) as RunResult;

test("run writes results, figures and a page, and says where", async () => {
  const folder = folderWith({ "small.yaml": small });
  const { code, stdout, stderr } = await weightlink(["run", "small.yaml", "--out", "out"], {
    cwd: folder,
  });
  expect(stderr).not.toMatch(/error|warn/i);
  expect(code).toBe(0);
  expect(readdirSync(join(folder, "out")).sort()).toEqual([
    "events.jsonl",
    "figure.png",
    "figure.svg",
    "index.html",
    "results.csv",
    "results.duckdb",
    "results.json",
  ]);
  expect(stdout).toContain(join("out", "index.html"));
  expect(stdout).toMatch(/WNR\s+\[dB\]\s+estimator\s+accuracy \[%\]/);
  expect(stderr).toMatch(/4\/4 trials/);

  const [header, ...rows] = readFileSync(join(folder, "out/results.csv"), "utf8")
    .trim()
    .split("\n");
  expect(header.split(",").slice(0, 11)).toEqual([
    "point",
    "trial",
    "estimator",
    "channel.wnrDb",
    "snrDb",
    "wnrDb",
    "equivalentWnrDb",
    "outageRate",
    "erasureRate",
    "airtimeS",
    "latencyS",
  ]);
  expect(rows).toHaveLength(2 * 2 * 2);

  const result = readRun(join(folder, "out"));
  expect(result).toMatchObject({
    complete: true,
    name: "small",
    title: "A small run",
    seed: 1,
    points: 2,
    trialsPerPoint: { min: 2, max: 2 },
    command: "npx weightlink run small.yaml",
    models: [{ dataset: { name: "glyphs", images: 60 } }],
  });
  expect(result.trials).toHaveLength(8);
  // λ' = 40 lies beyond the pole at 12 dB (1 + 10^1.2 = 16.8) and at 3 dB: left out, and counted.
  const searched = result.trials.filter((t) => t.estimator === "mmse-pb");
  for (const { search } of searched) {
    expect(search).toMatchObject({
      settings: 2,
      leftOut: 1,
      images: 20,
      imageInferences: 40,
      chosenBy: "validation",
    });
  }
  expect(result.estimators[1].needs).toEqual([
    "noise variance",
    "prior moments, from scale and mean",
    "20 labelled images",
  ]);
  for (const hash of Object.values(result.files)) expect(hash).toMatch(/^[0-9a-f]{64}$/);
});

test("the same seed gives the same numbers, another seed others; receivers do not disturb each other", async () => {
  const folder = folderWith({ "small.yaml": small });
  const rows = async (out: string, ...args: string[]) => {
    const { code } = await weightlink(["run", "small.yaml", "--quiet", "--out", out, ...args], {
      cwd: folder,
    });
    expect(code).toBe(0);
    return readRun(join(folder, out)).trials.filter((t) => t.estimator === "ml");
  };
  const first = await rows("a");
  expect(await rows("b", "--set", "receivers=[ml]")).toEqual(first);
  expect(await rows("c", "--set", "sweep.channel.wnrDb=[12]", "--set", "trials=1")).toMatchObject([
    { mse: first[2].mse, correct: first[2].correct },
  ]);
  expect((await rows("d", "--seed", "2"))[0].mse).not.toBe(first[0].mse);
});

test("trials share noise over points, unless the scenario says otherwise", async () => {
  const folder = folderWith({ "small.yaml": small });
  const ratio = async (out: string, ...args: string[]) => {
    await weightlink(
      ["run", "small.yaml", "--quiet", "--out", out, "--set", "receivers=[ml]", ...args],
      { cwd: folder },
    );
    const [low, , high] = readRun(join(folder, out)).trials;
    return low.mse / high.mse;
  };
  // The same noise scaled by 9 dB.
  expect(await ratio("shared")).toBeCloseTo(10 ** 0.9, 4);
  expect(await ratio("own", "--set", "commonNoise=false")).not.toBeCloseTo(10 ** 0.9, 4);
});

test("--json prints one object per event, --quiet nothing; runs go to runs/NAME, another scenario of that name to NAME-2", async () => {
  const folder = folderWith({ "small.yaml": small });
  const json = await weightlink(["run", "small.yaml", "--json"], { cwd: folder });
  const events = json.stdout
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line));
  expect(events.map((e) => e.event)).toEqual(["start", "trial", "trial", "trial", "trial", "end"]);
  expect(events.at(-1)).toMatchObject({ complete: true, folder: join("runs", "small") });
  expect(json.stderr).toBe("");
  const quiet = await weightlink(["run", "small.yaml", "--quiet", "--seed", "2"], { cwd: folder });
  expect(quiet).toEqual({ code: 0, stdout: "", stderr: "" });
  expect(readdirSync(join(folder, "runs")).sort()).toEqual(["small", "small-2"]);
});

test("a receiver whose every setting lies beyond the pole has no result there, and a note says so", async () => {
  const folder = folderWith({ "small.yaml": small });
  const { code, stdout } = await weightlink(
    ["run", "small.yaml", "--out", "out", "--set", "receivers.mmse-pb.lambda=10"],
    { cwd: folder },
  );
  expect(code).toBe(0);
  // 1 + η is 3.0 at 3 dB and 16.8 at 12 dB.
  const { trials, notes } = readRun(join(folder, "out"));
  expect(trials.filter((t) => t.estimator === "mmse-pb").map((t) => t.point)).toEqual([1, 1]);
  expect(notes).toEqual([
    expect.stringMatching(
      /mmse-pb: every setting lies at or beyond the pole .* channel\.wnrDb = 3/,
    ),
  ]);
  expect(stdout).toContain(notes[0]);
});

test("oracle: the test images choose, and results say so", async () => {
  const folder = folderWith({ "small.yaml": small });
  await weightlink(
    ["run", "small.yaml", "--quiet", "--out", "out", "--set", "receivers.mmse-pb.choose=oracle"],
    { cwd: folder },
  );
  const { estimators, trials } = readRun(join(folder, "out"));
  expect(estimators.map((e) => e.oracle)).toEqual([false, true]);
  for (const ml of trials.filter((t) => t.estimator === "ml")) {
    const other = trials.find(
      (t) => t.estimator !== "ml" && t.point === ml.point && t.trial === ml.trial,
    )!;
    expect(other.search).toMatchObject({ chosenBy: "oracle", images: 60, correct: other.correct });
    // λ' = 1 is in the grid, so the best cannot be worse than ml.
    expect(other.correct).toBeGreaterThanOrEqual(ml.correct);
  }
});

describe("Ctrl-C", () => {
  test("keeps what was finished, in every file, and says so", async () => {
    const folder = folderWith({ "small.yaml": small });
    const finished = await weightlink(
      ["run", "small.yaml", "--out", "out", "--json", "--set", "trials=3000"],
      {
        cwd: folder,
        onOutput: (stdout, kill) => {
          if (stdout.split("\n").length === 4) kill("SIGINT");
        },
      },
    );
    expect(finished.code).toBe(130);
    const done = finished.stdout
      .split("\n")
      .filter((line) => line.includes('"event":"trial"')).length;
    expect(finished.stderr).toContain(
      `interrupted: ${done} of 6000 trials are finished and kept in out`,
    );
    const result = readRun(join(folder, "out"));
    expect(result.complete).toBe(false);
    expect(result.trials).toHaveLength(2 * done);
    const rows = readFileSync(join(folder, "out/results.csv"), "utf8").trim().split("\n");
    expect(rows).toHaveLength(1 + 2 * done);
    expect(existsSync(join(folder, "out/index.html"))).toBe(true);
    expect(readFileSync(join(folder, "out/index.html"), "utf8")).toMatch(/incomplete/i);
  });
});

describe("the output folder is never overwritten", () => {
  test.each([
    [
      "another run",
      (f: string) => {
        mkdirSync(join(f, "out"));
        writeFileSync(join(f, "out/results.csv"), "x");
      },
      /--out out: holds another run/,
    ],
    [
      "other files",
      (f: string) => {
        mkdirSync(join(f, "out"));
        writeFileSync(join(f, "out/thesis.tex"), "x");
      },
      /--out out: is not empty \(it holds thesis\.tex\)/,
    ],
    [
      "a file",
      (f: string) => writeFileSync(join(f, "out"), "x"),
      /--out out: is a file, not a folder/,
    ],
  ])("%s", async (_name, prepare, message) => {
    const folder = folderWith({ "small.yaml": small });
    prepare(folder);
    const before = readdirSync(folder, { recursive: true });
    const { code, stderr } = await weightlink(["run", "small.yaml", "--out", "out"], {
      cwd: folder,
    });
    expect(stderr).toMatch(message);
    expect(code).toBe(2);
    expect(readdirSync(folder, { recursive: true })).toEqual(before);
  });

  test.skipIf(process.platform !== "linux")("a folder that the system refuses", async () => {
    const folder = folderWith({ "small.yaml": small });
    const refused = await weightlink(["run", "small.yaml", "--out", "/proc/weightlink/out"], {
      cwd: folder,
    });
    expect(refused.stderr).toMatch(/--out \/proc\/weightlink\/out: cannot be written: ENOENT/);
    expect(refused.code).toBe(2);
  });

  test("a folder that cannot be made", async () => {
    const folder = folderWith({ "small.yaml": small, file: "x" });
    const { code, stderr } = await weightlink(["run", "small.yaml", "--out", "file/out"], {
      cwd: folder,
    });
    expect(stderr).toMatch(/--out file\/out: cannot be written: ENOTDIR/);
    expect(code).toBe(2);
  });
});
