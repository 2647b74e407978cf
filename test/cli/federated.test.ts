/** Federated runs through the real tool: files, kills, Ctrl-C, what is refused. */
import { spawn } from "node:child_process";
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import type { FederatedResult } from "../../src/federated/results.js";
import { folderWith } from "../files/temporary-folder.js";
import { holdAt, program, weightlink } from "./weightlink.js";

const scenario = `
kind: federated
model: { architecture: { name: mlp, hidden: [8] } }
dataset: { name: glyphs, trainImages: 240, validationImages: 40, testImages: 60 }
devices: { count: 6, active: 3 }
training:
  rounds: 12
  batch: 10
  optimizer: { name: sgd, learningRate: 0.1, momentum: 0.9 }
uplink: { name: oac, snrDb: 0 }
receivers: [ml, { name: mmse-pb, lambda: [0.9, 1], kappa: 20 }]
sweep: { uplink.snrDb: [-10, 10] }
analysis: { targets: [0.3], gainAt: 0.3 }
`;
const folder = () => folderWith({ "s.yaml": scenario });

/** Runs until so many rounds are stored, and kills without a warning. */
function runAndKill(cwd: string, args: readonly string[], rounds: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [program, "run", ...args, "--json"], { cwd });
    let stdout = "";
    child.stdout.on("data", (chunk) => {
      stdout += chunk;
      if (stdout.split('"event":"round"').length > rounds) child.kill("SIGKILL");
    });
    child.stderr.resume();
    child.on("error", reject);
    child.on("close", () => resolve());
  });
}

test("a folder that a process works on is refused to another, with that one's number", async () => {
  const cwd = folder();
  const first = await holdAt("round", ["run", "s.yaml"], cwd);
  const second = await weightlink(["run", "s.yaml"], { cwd });
  expect(second.code).toBe(2);
  expect(second.stderr).toContain(`runs/s: process ${first.pid} is working on this run`);
  // What a killed process leaves behind holds nobody up.
  await first.end();
  expect((await weightlink(["run", "s.yaml"], { cwd })).code).toBe(0);
  expect(existsSync(join(cwd, "runs", "s", ".lock"))).toBe(false);
});

test("a run leaves results, rounds, tables and figures; done again, it trains nothing", async () => {
  const cwd = folder();
  const { code, stdout } = await weightlink(["run", "s.yaml"], { cwd });
  expect(code).toBe(0);
  expect(stdout).toContain("accuracy, last");
  const files = readdirSync(join(cwd, "runs", "s")).sort();
  const figures = ["rounds", "time", "airtime", "energy", "sweep"].flatMap((name) => [
    `accuracy-${name}.png`,
    `accuracy-${name}.svg`,
  ]);
  expect(files).toEqual(
    [...figures, "courses", "results.json", "rounds.csv", "scenario.json", "table.md"].sort(),
  );
  const result = JSON.parse(
    readFileSync(join(cwd, "runs", "s", "results.json"), "utf8"),
  ) as FederatedResult;
  expect(result).toMatchObject({ complete: true, finished: 4, wanted: 4, baseline: "ml" });
  expect(result.summary.map(({ receiver, trials }) => [receiver, trials])).toEqual([
    ["ml", 1],
    ["mmse-pb", 1],
    ["ml", 1],
    ["mmse-pb", 1],
  ]);
  expect(result.gains.map(({ estimator, target }) => [estimator, target])).toEqual([
    ["ml", 0.3],
    ["mmse-pb", 0.3],
  ]);
  // The model before the first round, and 12 rounds, of 4 trainings, below a header.
  const rows = readFileSync(join(cwd, "runs", "s", "rounds.csv"), "utf8")
    .trimEnd()
    .split("\n");
  expect(rows).toHaveLength(1 + 4 * 13);

  const again = await weightlink(["run", "s.yaml", "--json"], { cwd });
  expect(again.code).toBe(0);
  expect(again.stdout).not.toContain('"event":"round"');
});

test("killed at several moments and gone on with: the same numbers as if never killed", async () => {
  const cwd = folder();
  const straight = await weightlink(["run", "s.yaml", "--out", "straight", "--quiet"], { cwd });
  expect(straight.code).toBe(0);
  for (const rounds of [1, 7, 20]) await runAndKill(cwd, ["s.yaml", "--out", "killed"], rounds);
  const stored = existsSync(join(cwd, "killed", "results.json"));
  expect(stored).toBe(false);
  const last = await weightlink(["run", "s.yaml", "--out", "killed", "--quiet", "--workers", "2"], {
    cwd,
  });
  expect(last.code).toBe(0);
  const read = (run: string) => readFileSync(join(cwd, run, "rounds.csv"), "utf8");
  expect(read("killed")).toBe(read("straight"));
}, 400_000);

test("Ctrl-C ends with 130 and says how to go on; what is there is written", async () => {
  const cwd = folder();
  let sent = false;
  const { code, stderr } = await weightlink(
    ["run", "s.yaml", "--out", "run", "--json", "--set", "training.rounds=2000"],
    {
      cwd,
      onOutput: (stdout, kill) => {
        if (sent || stdout.split('"event":"round"').length < 5) return;
        sent = true;
        kill("SIGINT");
      },
    },
  );
  expect(code).toBe(130);
  expect(stderr).toContain(
    "interrupted: 0 of 4 trainings are finished, and every finished round of the others is kept in run; the same command goes on",
  );
  const result = JSON.parse(
    readFileSync(join(cwd, "run", "results.json"), "utf8"),
  ) as FederatedResult;
  expect(result).toMatchObject({ complete: false, finished: 0, wanted: 4 });
});

describe("refused with exit code 2, nothing written", () => {
  test.each([
    [
      ["--set", "devices.active=7"],
      "s.yaml (at uplink.snrDb = -10): devices.active must be at most devices.count, got 7",
    ],
    [
      ["--set", "receivers=[{ name: mmse-pb, lambda: [0.9, 1], kappa: 41 }]"],
      "receivers.mmse-pb.kappa must be at most the 40 validation images, got 41",
    ],
    [
      ["--set", "partition={ name: shards, classesPerDevice: 1 }"],
      "partition.shards: classesPerDevice must be at least 2",
    ],
  ])("%j", async (args, message) => {
    const cwd = folder();
    const { code, stderr } = await weightlink(["run", "s.yaml", ...args], { cwd });
    expect([code, stderr]).toEqual([2, expect.stringMatching(/^weightlink: s\.yaml\b/)]);
    expect([code, stderr]).toEqual([2, expect.stringContaining(message)]);
    expect(readdirSync(cwd)).toEqual(["s.yaml"]);
  });

  test("weightlink train on a federated scenario", async () => {
    const { code, stderr } = await weightlink(["train", "s.yaml"], { cwd: folder() });
    expect([code, stderr.trim()]).toEqual([
      2,
      "weightlink: s.yaml: kind is federated, which weightlink run runs; this command takes scenarios of kind training",
    ]);
  });

  test("a folder that holds another federated run, or a training that is damaged", async () => {
    const cwd = folder();
    const short = ["run", "s.yaml", "--out", "run", "--quiet", "--set", "training.rounds=1"];
    expect((await weightlink(short, { cwd })).code).toBe(0);
    const [course] = readdirSync(join(cwd, "run", "courses"));
    const path = join(cwd, "run", "courses", course);
    const [whole, table] = [readFileSync(path), readFileSync(join(cwd, "run", "table.md"), "utf8")];
    writeFileSync(path, whole.subarray(0, 1000));
    const again = await weightlink(short, { cwd });
    expect([again.code, again.stderr]).toEqual([
      2,
      expect.stringMatching(/0-0-0\.safetensors: .*; without that file its training is done again/),
    ]);
    expect(readFileSync(join(cwd, "run", "table.md"), "utf8")).toBe(table);
    writeFileSync(path, whole);
    const report = await weightlink(["report", "run"], { cwd });
    expect([report.code, report.stderr.trim()]).toEqual([
      2,
      "weightlink: run: holds a federated run, which this command does not read; its numbers are in results.json and rounds.csv",
    ]);
    const { code, stderr } = await weightlink(["run", "s.yaml", "--out", "run"], { cwd });
    expect([code, stderr.trim()]).toEqual([
      2,
      "weightlink: --out run: holds a run of another scenario (points[0].training.rounds: 1 there, 12 here); name another folder",
    ]);
    writeFileSync(join(cwd, "run", "scenario.json"), '{"a":');
    const damaged = await weightlink(["run", "s.yaml", "--out", "run"], { cwd });
    expect([damaged.code, damaged.stderr]).toEqual([2, expect.stringContaining("is not empty")]);
  });
});
