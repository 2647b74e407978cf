import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test, vi } from "vitest";
import { build } from "../../src/cli/build.js";
import { convert } from "../../src/cli/convert.js";
import { openModelFile } from "../../src/models/open.js";
import { folderWith } from "../files/temporary-folder.js";
import { weightlink } from "./weightlink.js";

/** Settings of `build` that work, and what a case changes of them. */
const lenet = {
  architecture: "lenet5",
  set: [] as string[],
  example: "1,16,12",
  classes: "4",
  seed: 3,
  force: false,
};

function quietly() {
  const lines: string[] = [];
  vi.spyOn(process.stdout, "write").mockImplementation((text) => lines.push(String(text)) > 0);
  return lines;
}

test("build, convert and back: the tool from outside", async () => {
  const cwd = folderWith({});
  const made = await weightlink(
    [
      "build",
      "lenet5",
      "lenet.onnx",
      "--example",
      "1,16,12",
      "--classes",
      "4",
      "--set",
      "classic=true",
    ],
    { cwd },
  );
  expect(made.stderr).toBe("");
  expect(made.stdout).toMatch(/^lenet\.onnx: lenet5, [\d,]+ bytes\n$/);
  const there = await weightlink(["convert", "lenet.onnx", "web"], { cwd });
  expect(there.stderr).toBe("");
  expect(there.stdout).toBe(
    `${join("web", "model.json")}, ${join("web", "model.weights.bin")}: 14 layers of TensorFlow.js\n`,
  );
  const back = await weightlink(["convert", "web", "lenet.onnx"], { cwd });
  expect(back.stderr).toBe("weightlink: lenet.onnx: exists; --force replaces it\n");
  expect(back.code).toBe(2);
});

test("what is written is what the simulator reads", async () => {
  const folder = folderWith({});
  const lines = quietly();
  const [onnx, web, back] = ["lenet.onnx", "web", "back.onnx"].map((name) => join(folder, name));
  await build({ ...lenet, to: onnx });
  await convert({ from: onnx, to: web, force: false });
  await convert({ from: join(web, "model.json"), to: back, force: false });
  await convert({ from: web, to: back, force: true });
  expect(lines.at(-1)).toBe(`${back}: 14 layers as ONNX\n`);
  expect(readdirSync(web).sort()).toEqual(["model.json", "model.weights.bin"]);
  const tensors = async (path: string) => {
    const model = await openModelFile(path);
    return model.tensors.map(({ name, shape }) => `${name} [${shape.join(", ")}]`);
  };
  expect((await tensors(web))[2]).toBe("conv2/kernel [5, 5, 6, 16]");
  expect(await tensors(back)).toEqual(await tensors(onnx));
  vi.restoreAllMocks();
});

test("the seed of build makes the file", async () => {
  const folder = folderWith({});
  quietly();
  const files: Buffer[] = [];
  for (const [name, seed] of [
    ["a", 7],
    ["b", 7],
    ["c", 8],
  ] as const) {
    const to = join(folder, `${name}.onnx`);
    await build({ ...lenet, to, seed });
    files.push(readFileSync(to));
  }
  vi.restoreAllMocks();
  expect(files[0].equals(files[1])).toBe(true);
  expect(files[0].equals(files[2])).toBe(false);
});

test("bad input is an InputError that says why, and nothing is written", async () => {
  const folder = folderWith({ "bad.onnx": "not a model", "note.txt": "" });
  quietly();
  const at = (name: string) => join(folder, name);
  await build({ ...lenet, to: at("lenet.onnx") });
  mkdirSync(at("full"));
  writeFileSync(at("full/model.weights.bin"), "mine");
  const before = readdirSync(folder, { recursive: true }).sort();
  const conversions: [string, string, string][] = [
    ["bad.onnx", "out", "bad.onnx: not an ONNX model"],
    ["gone.onnx", "out", "gone.onnx: no such file"],
    ["lenet.onnx", "other.onnx", "an ONNX file converts to a model.json or a folder for it, got"],
    ["full", "x.onnx", "full/model.json: no such file"],
    ["full", "x.json", "a layers model converts to a file that ends in .onnx, got"],
    ["lenet.onnx", "full", "full/model.weights.bin: exists; --force replaces it"],
    ["lenet.onnx", "no/such/model.json", "no/such/model.json: there is no folder"],
    ["lenet.onnx", "note.txt", "note.txt: is a file, not a folder"],
  ];
  for (const [from, to, text] of conversions) {
    const attempt = convert({ from: at(from), to: at(to), force: false });
    await expect(attempt, `${from} ${to}`).rejects.toThrow(text);
    await expect(attempt).rejects.toHaveProperty("name", "InputError");
  }
  const builds: [Partial<typeof lenet> & { to?: string }, string][] = [
    [{ architecture: "lenet" }, 'unknown architecture "lenet"; did you mean "lenet5"?'],
    [{ example: "64" }, 'architecture "lenet5": takes images of shape [channels, rows, columns]'],
    [{ set: ["classic=3"] }, 'architecture "lenet5": classic must be true or false, got 3'],
    [
      { set: ["clasic=true"] },
      'architecture "lenet5": unknown key "clasic"; did you mean "classic"?',
    ],
    [{ set: ["classic"] }, '--set must be key=value, got "classic"'],
    [{ example: "3,a" }, '--example must hold whole numbers from 1 on, got "a"'],
    [{ classes: "1" }, '--classes must hold whole numbers from 2 on, got "1"'],
    [{ to: at("lenet.onnx") }, "lenet.onnx: exists; --force replaces it"],
    [{ to: folder }, "is a folder, not a file"],
  ];
  for (const [change, text] of builds) {
    const attempt = build({ ...lenet, to: at("y.onnx"), ...change });
    await expect(attempt, text).rejects.toThrow(text);
    await expect(attempt).rejects.toHaveProperty("name", "InputError");
  }
  vi.restoreAllMocks();
  expect(readdirSync(folder, { recursive: true }).sort()).toEqual(before);
  expect(readFileSync(at("full/model.weights.bin"), "utf8")).toBe("mine");
});
