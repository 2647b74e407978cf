/**
 * Runs that are killed, interrupted, refused room on the disk or started twice. All with the real tool in
 * real processes.
 */
import { spawn } from "node:child_process";
import { existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { RandomSource } from "../../src/kernel/index.js";
import type { RunResult } from "../../src/study/results.js";
import { folderWith } from "../files/temporary-folder.js";
import { program, weightlink } from "./weightlink.js";

const scenario = `
model: { name: glyphs-resnet }
dataset: { name: glyphs, testImages: 60, validationImages: 30 }
channel: { name: awgn }
receivers: [ml, { name: mmse-pb, lambda: [0.9, 1, 1.02], kappa: 20 }]
sweep: { channel.wnrDb: [3, 12] }
trials: { min: 10, max: 60, halfWidth: 0.02 }
analysis: { gainAt: 0.6 }
`;
const endless = scenario.replace(/^trials.*$/m, "trials: 4000");

const folder = () => folderWith({ "s.yaml": scenario, "endless.yaml": endless });
const runOf = (cwd: string, out: string) =>
  JSON.parse(readFileSync(join(cwd, out, "results.json"), "utf8")) as RunResult;

/** All that must not depend on what happened on the way. */
const numbers = ({ summary, differences, targets, trials, timelines, complete }: RunResult) =>
  JSON.stringify({ summary, differences, targets, trials, timelines, complete });

/** Runs until `kill` is reached, and kills without a warning. Resolves to the exit code, null where killed. */
function runAndKill(
  cwd: string,
  args: readonly string[],
  kill: { trials: number; afterMs: number },
): Promise<number | null> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [program, "run", ...args, "--json"], { cwd });
    let stdout = "";
    let armed = false;
    const arm = () => {
      if (armed) return;
      armed = true;
      setTimeout(() => child.kill("SIGKILL"), kill.afterMs);
    };
    if (kill.trials === 0) arm();
    child.stdout.on("data", (chunk) => {
      stdout += chunk;
      if (stdout.split('"event":"trial"').length > kill.trials) arm();
    });
    child.stderr.resume();
    child.on("error", reject);
    child.on("close", resolve);
  });
}

describe("kill -9", () => {
  test("at 14 random moments, then resumed: every trial once, and every number as if never killed", async () => {
    const cwd = folder();
    expect((await weightlink(["run", "s.yaml", "--quiet", "--out", "whole"], { cwd })).code).toBe(
      0,
    );
    const whole = runOf(cwd, "whole");
    const random = new RandomSource(11).stream("kills");
    let kills = 0;
    for (let attempt = 0; kills < 14; attempt++) {
      expect(attempt).toBeLessThan(80);
      const out = `killed-${attempt}`;
      // One run is killed again and again until it is through; then the next begins.
      for (let round = 0; round < 6; round++) {
        const code = await runAndKill(
          cwd,
          ["s.yaml", "--out", out, "--workers", String(1 + (round % 2))],
          random.uniform() < 0.3
            ? // While it starts, makes its folder, or writes its report.
              { trials: 0, afterMs: 1500 * random.uniform() }
            : { trials: 1 + random.integer(6), afterMs: 30 * random.uniform() },
        );
        if (code === 0) break;
        expect(code).toBe(null);
        kills++;
      }
      const { code, stderr } = await weightlink(["run", "s.yaml", "--quiet", "--out", out], {
        cwd,
      });
      expect(stderr).toBe("");
      expect(code).toBe(0);
      expect(numbers(runOf(cwd, out))).toBe(numbers(whole));
    }
    expect(whole.complete).toBe(true);
    // The rule has asked for different numbers of trials at the two points.
    expect(new Set(whole.summary.map((s) => s.trials)).size).toBe(2);
  }, 400_000);
});

describe("a disk that fills up", () => {
  test.skipIf(process.platform !== "linux")(
    "ends the run with an error and what was stored; with room again it goes on to the same numbers",
    async () => {
      const cwd = folder();
      await weightlink(["run", "s.yaml", "--quiet", "--out", "whole"], { cwd });
      // Limits of the size of a file, in blocks of 1024 bytes: no room for the store, for a few trials, for more.
      for (const blocks of [1, 60, 90, 130, 200]) {
        const out = `full-${blocks}`;
        const limited = await shell(
          `ulimit -f ${blocks}; exec "$0" "$1" run s.yaml --quiet --out ${out}`,
          cwd,
        );
        expect(limited.code, limited.stderr).not.toBe(0);
        expect(limited.stderr).toMatch(/space|too large|could not write|EFBIG|write/i);
        const { code, stderr } = await weightlink(["run", "s.yaml", "--quiet", "--out", out], {
          cwd,
        });
        expect(stderr).toBe("");
        expect(code).toBe(0);
        expect(numbers(runOf(cwd, out))).toBe(numbers(runOf(cwd, "whole")));
      }
    },
    200_000,
  );
});

function shell(command: string, cwd: string): Promise<{ code: number | null; stderr: string }> {
  return new Promise((resolve, reject) => {
    const child = spawn("bash", ["-c", command, process.execPath, program], { cwd });
    let stderr = "";
    child.stderr.on("data", (chunk) => {
      stderr += chunk;
    });
    child.stdout.resume();
    child.on("error", reject);
    child.on("close", (code) => resolve({ code, stderr }));
  });
}

test("the same numbers from one worker and from two", async () => {
  const cwd = folder();
  for (const workers of ["1", "2"]) {
    const args = ["run", "s.yaml", "--quiet", "--workers", workers, "--out", workers];
    expect((await weightlink(args, { cwd })).code).toBe(0);
  }
  expect(numbers(runOf(cwd, "2"))).toBe(numbers(runOf(cwd, "1")));
  expect(runOf(cwd, "2").sessions).toMatchObject([{ workers: 2, threadsPerWorker: 1 }]);
});

test("a worker that dies: its trial runs again, the run goes on to the same numbers and records it", async () => {
  const cwd = folderWith({
    "s.yaml": scenario,
    // Ends the first worker thread that is in the midst of its work.
    "die.cjs": `
      const { workerData } = require("node:worker_threads");
      const { existsSync, writeFileSync } = require("node:fs");
      if (JSON.stringify(workerData)?.includes("glyphs-resnet") && !existsSync("died")) {
        setInterval(() => {
          if (!existsSync("out/results.duckdb") || existsSync("died")) return;
          writeFileSync("died", "");
          process.exit(9);
        }, 5);
      }`,
  });
  await weightlink(["run", "s.yaml", "--quiet", "--out", "whole"], { cwd });
  const { code, stdout, stderr } = await weightlink(
    ["run", "s.yaml", "--json", "--workers", "2", "--out", "out"],
    { cwd, env: { NODE_OPTIONS: `--require ${join(cwd, "die.cjs")}` } },
  );
  expect(stderr).toBe("");
  expect(code).toBe(0);
  expect(existsSync(join(cwd, "died"))).toBe(true);
  const result = runOf(cwd, "out");
  expect(result.events).toEqual([
    expect.objectContaining({
      kind: "worker",
      text: expect.stringMatching(
        /^a worker ended during trial \d+ of point \d \(worker exited with code: 9\)/,
      ),
    }),
  ]);
  expect(stdout).toContain('{"event":"worker","text":"a worker ended');
  expect(numbers(result)).toBe(numbers(runOf(cwd, "whole")));
});

describe("a run folder that exists", () => {
  test("a finished run of the same scenario is not simulated again, and takes a new title and analysis", async () => {
    const cwd = folder();
    await weightlink(["run", "s.yaml", "--quiet", "--out", "out"], { cwd });
    const first = runOf(cwd, "out");
    const args = ["run", "s.yaml", "--out", "out", "--set", "title=Another", "--set", "threads=1"];
    const again = await weightlink([...args, "--set", "analysis.gainAt=[0.5,0.7]"], { cwd });
    expect(again.code).toBe(0);
    expect(again.stdout).toContain("out holds this run already, complete");
    const second = runOf(cwd, "out");
    expect(second.title).toBe("Another");
    expect(new Set(second.targets.map((t) => t.target))).toEqual(new Set([0.5, 0.7]));
    expect(JSON.stringify(second.trials)).toBe(JSON.stringify(first.trials));
    expect(second.sessions).toHaveLength(1);
  });

  test.each([
    ["seed", ["--seed", "2"], "seed: 1 there, 2 here"],
    [
      "a swept value",
      ["--set", "sweep.channel.wnrDb=[3,11]"],
      "sweep.channel.wnrDb[1]: 12 there, 11 here",
    ],
    [
      "a receiver",
      ["--set", "receivers.mmse-pb.kappa=10"],
      "receivers[1].kappa: 20 there, 10 here",
    ],
    ["trials", ["--set", "trials=30"], "trials.min: 10 there, 30 here"],
  ])("another scenario is refused with the first difference: %s", async (_name, args, words) => {
    const cwd = folder();
    await weightlink(["run", "s.yaml", "--quiet", "--out", "out", "--set", "trials.max=10"], {
      cwd,
    });
    const before = readFileSync(join(cwd, "out", "results.json"));
    const refused = await weightlink(
      ["run", "s.yaml", "--out", "out", "--set", "trials.max=10", ...args],
      { cwd },
    );
    expect(refused.code).toBe(2);
    expect(refused.stderr).toContain(`--out out: holds a run of another scenario (${words})`);
    expect(readFileSync(join(cwd, "out", "results.json")).equals(before)).toBe(true);
  });

  test("a file that has changed since is another scenario", async () => {
    const cwd = folder();
    const { copyFileSync, appendFileSync } = await import("node:fs");
    copyFileSync("src/models/embedded/glyphs-resnet.onnx", join(cwd, "model.onnx"));
    const args = ["run", "s.yaml", "--out", "out", "--set", "trials=2"];
    // The embedded model has a name; a path takes its place.
    const own = [...args, "--set", "model={path: model.onnx}"];
    expect((await weightlink([...own, "--quiet"], { cwd })).code).toBe(0);
    // Unknown fields at the end of a protocol buffer are no part of the model.
    appendFileSync(join(cwd, "model.onnx"), Uint8Array.of(0xf8, 0x7f, 0x01));
    const refused = await weightlink(own, { cwd });
    expect(refused.stderr).toMatch(/another scenario \(.*model\.onnx: SHA-256 .* there, .* here\)/);
    expect(refused.code).toBe(2);
  });
});

test("a folder that is removed during the run is said to be so", async () => {
  const cwd = folder();
  let removed = false;
  const { code, stderr } = await weightlink(["run", "endless.yaml", "--json", "--out", "out"], {
    cwd,
    onOutput: (stdout) => {
      if (removed || stdout.split('"event":"trial"').length < 4) return;
      removed = true;
      rmSync(join(cwd, "out"), { recursive: true });
    },
  });
  expect(stderr.trim()).toBe(
    "weightlink: the run failed: out was removed during the run, and its trials with it",
  );
  expect(code).toBe(1);
});

test("a store that has lost trials is not gone on with", async () => {
  const cwd = folder();
  await runAndKill(cwd, ["endless.yaml", "--out", "out"], { trials: 4, afterMs: 0 });
  // Trials of a killed run are in the log.
  const log = join(cwd, "out/results.duckdb.wal");
  writeFileSync(log, readFileSync(log).fill(7, 0, 64));
  const before = readFileSync(log);
  const { code, stderr } = await weightlink(["run", "endless.yaml", "--out", "out"], { cwd });
  expect(stderr).toMatch(/results\.duckdb: (holds 0 trials and .* knows of \d+|cannot be read)/);
  expect(code).toBe(2);
  expect(existsSync(log) && readFileSync(log).equals(before)).toBe(true);
});

test("a second process on the folder is refused, and told which one is first", async () => {
  const cwd = folder();
  const args = ["run", "endless.yaml", "--json", "--out", "out"];
  let second: ReturnType<typeof weightlink> | undefined;
  let pid = 0;
  const first = await weightlink(args, {
    cwd,
    onOutput: (stdout, kill) => {
      if (second !== undefined || !stdout.includes('"event":"trial"')) return;
      pid = JSON.parse(stdout.split("\n")[0]).pid;
      second = weightlink(args, { cwd });
      void second.then(() => kill("SIGINT"));
    },
  });
  const refused = await second!;
  expect(refused.code).toBe(2);
  expect(refused.stderr).toContain(`out: process ${pid} is working on this run`);
  expect(refused.stderr).toContain("weightlink watch out");
  expect(first.code).toBe(130);
  expect(runOf(cwd, "out").complete).toBe(false);
});

describe("Ctrl-C", () => {
  test("twice ends at once, and what was finished is there for the next run", async () => {
    const cwd = folder();
    let sent = 0;
    const { code, stdout } = await weightlink(["run", "endless.yaml", "--json", "--out", "out"], {
      cwd,
      onOutput: (text, kill) => {
        if (sent === 0 && text.split('"event":"trial"').length > 5) {
          sent = 2;
          kill("SIGINT");
          setTimeout(() => kill("SIGINT"), 1);
        }
      },
    });
    expect(code).toBe(130);
    const told = stdout.split('"event":"trial"').length - 1;
    const next = await weightlink(["run", "endless.yaml", "--json", "--out", "out"], {
      cwd,
      onOutput: (text, kill) => text.includes('"event":"trial"') && kill("SIGINT"),
    });
    const start = JSON.parse(next.stdout.split("\n")[0]);
    // The trial in progress at the end may have been stored and not told.
    expect(start.done).toBeGreaterThanOrEqual(told);
    expect(start.done).toBeLessThanOrEqual(told + 4);
  });
});

describe("watch", () => {
  test("shows a run that another process is doing until it ends", async () => {
    const cwd = folder();
    let watching: ReturnType<typeof weightlink> | undefined;
    const run = await weightlink(
      ["run", "s.yaml", "--json", "--out", "out", "--set", "trials=150"],
      {
        cwd,
        onOutput: (stdout) => {
          if (watching === undefined && stdout.includes('"event":"trial"')) {
            watching = weightlink(["watch", "out", "--every", "0.1"], { cwd });
          }
        },
      },
    );
    expect(run.code).toBe(0);
    const { code, stdout, stderr } = await watching!;
    expect(code).toBe(0);
    expect(stdout).toMatch(/^s: process \d+ on .*\n(.*\n)*done after \d+ s; in out\n$/);
    expect(stderr).toMatch(/channel\.wnrDb = 12, ml .* %, mmse-pb .* %, 150 trials/);
    // A finished run is shown whole, and as events what the run itself printed.
    const later = await weightlink(["watch", "out", "--json"], { cwd });
    expect(later.stdout).toBe(run.stdout);
  });

  test("says where the process was killed", async () => {
    const cwd = folder();
    await runAndKill(cwd, ["endless.yaml", "--out", "out"], { trials: 3, afterMs: 0 });
    const { code, stderr } = await weightlink(["watch", "out"], { cwd });
    expect(code).toBe(0);
    expect(stderr).toMatch(/process \d+ has ended without finishing; its trials are kept in out/);
  });

  test("ends with its reader", async () => {
    const cwd = folder();
    let lines: Promise<unknown> | undefined;
    await weightlink(["run", "endless.yaml", "--json", "--out", "out"], {
      cwd,
      onOutput: (stdout, kill) => {
        if (lines !== undefined || stdout.split('"event":"trial"').length < 4) return;
        // The pipe ends with head; the run goes on until then.
        lines = shell(`"$0" "$1" watch out --json --every 0.1 | head -n 2 > first.txt`, cwd);
        void lines.then(() => kill("SIGINT"));
      },
    });
    expect(await lines).toMatchObject({ code: 0, stderr: "" });
    expect(readFileSync(join(cwd, "first.txt"), "utf8").trim().split("\n")).toHaveLength(2);
  });

  test("of a folder without a run", async () => {
    const cwd = folder();
    const { code, stderr } = await weightlink(["watch", "nothing"], { cwd });
    expect(code).toBe(2);
    expect(stderr).toContain("nothing: holds no run");
    expect(existsSync(join(cwd, "nothing"))).toBe(false);
  });
});
