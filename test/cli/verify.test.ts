/** `weightlink verify`: what it prints and writes, when it fails, and what it refuses. */
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { verify } from "../../src/cli/verify.js";
import { InputError } from "../../src/errors.js";
import type { Check } from "../../src/verify/check.js";
import { folderWith } from "../files/temporary-folder.js";
import { weightlink } from "./weightlink.js";

const check = (channel: string, value: number): Check => ({
  channel,
  name: "a rate",
  x: "Eb/N0 [dB]",
  y: "rate",
  logarithmic: true,
  source: "a formula",
  at: [0, 3],
  theory: (at) => 0.1 / (1 + at),
  simulate: (at) => ({ value: value / (1 + at), standardError: 0.001 }),
});
const good = [check("one", 0.1005), check("two", 0.0995)];
const bad = [check("one", 0.1005), check("two", 0.12)];

let printed = "";
beforeEach(() => {
  printed = "";
  vi.spyOn(process.stdout, "write").mockImplementation((text) => {
    printed += text;
    return true;
  });
});
afterEach(() => {
  vi.restoreAllMocks();
  process.exitCode = undefined;
});

describe("what it prints", () => {
  test("a table for each check and what came of all", async () => {
    await verify({ checks: good });
    expect(process.exitCode).toBeUndefined();
    expect(printed).toContain("one: a rate\n  a formula\n");
    expect(printed).toMatch(/^ +0 +0\.10000 +0\.10050 +0\.098540 \.\. 0\.10246 +0\.5 +pass$/m);
    expect(printed).toContain("All 2 checks pass (4 points).");
  });

  test("a check that fails is named, and the exit code is 1", async () => {
    await verify({ checks: bad });
    expect(process.exitCode).toBe(1);
    expect(printed).toMatch(/ 20\.0 +FAIL$/m);
    expect(printed).toContain("1 of 2 checks FAIL: two: a rate.");
  });

  test("--json: nothing but JSON", async () => {
    await verify({ checks: bad, json: true, seed: 7 });
    const report = JSON.parse(printed) as { checks: { points: object[]; passed: boolean }[] };
    expect(report).toMatchObject({ kind: "weightlink verify", seed: 7, passed: false });
    expect(report.checks.map(({ passed }) => passed)).toEqual([true, false]);
    expect(report.checks[0].points[1]).toMatchObject({ at: 3, theory: 0.025, passed: true });
    expect(process.exitCode).toBe(1);
  });

  test("--channel: only its checks", async () => {
    await verify({ checks: good, channel: "two" });
    expect(printed).not.toContain("one: a rate");
    expect(printed).toContain("All 1 checks pass");
  });
});

describe("what it writes", () => {
  test("nothing without --out; else JSON, and a figure of each channel twice", async () => {
    const out = join(folderWith({}), "a", "b");
    await verify({ checks: bad, out });
    expect(readdirSync(out).sort()).toEqual([
      "one.png",
      "one.svg",
      "two.png",
      "two.svg",
      "verify.json",
    ]);
    expect(readFileSync(join(out, "one.png")).subarray(1, 4).toString()).toBe("PNG");
    expect(readFileSync(join(out, "two.svg"), "utf8")).toContain("a rate (FAIL)");
    expect(readFileSync(join(out, "one.svg"), "utf8")).not.toContain("FAIL");
    expect(printed).toContain(join(out, "two.png"));
    // An earlier verification is replaced.
    await verify({ checks: good, out });
    expect(readFileSync(join(out, "two.svg"), "utf8")).not.toContain("FAIL");
  });

  test("files that are not its own are left, before anything is simulated", async () => {
    const out = folderWith({ "two.svg": "mine" });
    const simulate = vi.fn(good[1].simulate);
    const run = () => verify({ checks: [{ ...good[1], simulate }], out });
    await expect(run()).rejects.toThrow(
      /two\.svg: exists, and no verify\.json of this command is beside it; choose another --out/,
    );
    expect(simulate).not.toHaveBeenCalled();
    writeFileSync(join(out, "verify.json"), '{ "kind": "other" }');
    await expect(run()).rejects.toThrow(
      /verify\.json: exists, and no verify\.json of this command/,
    );
    expect(readFileSync(join(out, "two.svg"), "utf8")).toBe("mine");
    // Beside other files there is room.
    const free = folderWith({ "notes.txt": "mine" });
    await verify({ checks: good, out: free });
    expect(existsSync(join(free, "verify.json"))).toBe(true);
  });
});

test.each<[string, (folder: string) => Parameters<typeof verify>[0], RegExp]>([
  [
    "an unknown channel",
    () => ({ channel: "tow" }),
    /unknown channel "tow"; did you mean "two"\? known: one, two/,
  ],
  ["--out is a file", (folder) => ({ out: join(folder, "file") }), /file: is not a folder/],
  [
    "--out below a file",
    (folder) => ({ out: join(folder, "file", "b") }),
    /cannot be made a folder/,
  ],
])("%s is refused", async (_, args, message) => {
  const folder = folderWith({ file: "" });
  mkdirSync(join(folder, "empty"));
  const refused = verify({ checks: good, ...args(folder) });
  await expect(refused).rejects.toThrow(message);
  await expect(refused).rejects.toBeInstanceOf(InputError);
  expect(printed).toBe("");
});

test("as a user runs it", async () => {
  const { code, stdout, stderr } = await weightlink(["verify", "--channel", "erasure", "--json"]);
  expect(stderr).toBe("");
  expect(code).toBe(0);
  const report = JSON.parse(stdout) as { passed: boolean; checks: { channel: string }[] };
  expect(report.passed).toBe(true);
  expect(report.checks.map(({ channel }) => channel)).toEqual(["erasure", "erasure"]);
});
