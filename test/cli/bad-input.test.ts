/** Bad input through the tool: a clear error, exit code 2, and nothing written. */
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { embeddedModels } from "../../src/models/embedded/index.js";
import { overwriteTensor, readOnnxFile } from "../../src/weights/onnx-file.js";
import { decodeModel, encodeModel } from "../../src/weights/onnx-proto.js";
import { npyBytes } from "../files/npy-bytes.js";
import { folderWith } from "../files/temporary-folder.js";
import { weightlink } from "./weightlink.js";

const embedded = embeddedModels[0].path;
const base = `
model: { path: net.onnx }
dataset: { name: glyphs, testImages: 20 }
channel: { name: awgn, wnrDb: 6 }
receivers: [ml]
`;

async function refuse(
  files: Record<string, string | Uint8Array>,
  message: RegExp,
  args: string[] = [],
): Promise<void> {
  const folder = folderWith({ "s.yaml": base, "net.onnx": readFileSync(embedded), ...files });
  const { code, stdout, stderr } = await weightlink(["run", "s.yaml", "--out", "out", ...args], {
    cwd: folder,
  });
  expect(stderr).toMatch(message);
  expect(stderr).not.toMatch(/^\s+at /m); // no stack trace
  expect(stdout).toBe("");
  expect(code).toBe(2);
  expect(existsSync(join(folder, "out"))).toBe(false);
}

describe("commands", () => {
  test.each([
    [["rnu", "s.yaml"], /unknown command "rnu"; did you mean "run"\?/],
    [["run"], /weightlink run --help/],
    [["run", "s.yaml", "--ouput", "x"], /ouput/],
    [["list", "chanels"], /chanels/],
    [["run", "s.yaml", "--out", "a", "--out", "b"], /--out is given more than once/],
    [[], /name a command/],
  ])("%j", async (args, message) => {
    const { code, stderr } = await weightlink(args);
    expect(stderr).toMatch(message);
    expect(code).toBe(2);
  });
});

test("a misspelled channel", () =>
  refuse(
    { "s.yaml": base.replace("awgn", "agwn") },
    /s\.yaml: channel\.name: unknown channel "agwn"; did you mean "awgn"\?/,
  ));

test("a memory with interleaving, alone, in a chain and at a swept point", async () => {
  const memory = "{ name: pcm-storage, readAfterS: 60 }";
  const chain = `{ name: chain, links: [${memory}, { name: awgn, snrDb: 9 }] }`;
  for (const [channel, order] of [
    [memory, "transmitter: { interleaving: random }"],
    [chain, "transmitter: { interleaving: block }"],
    [chain, "sweep: { transmitter.interleaving: ['off', random] }"],
  ]) {
    const text = `${base.replace("{ name: awgn, wnrDb: 6 }", channel!)}\n${order}\n`;
    await refuse(
      { "s.yaml": text },
      /transmitter\.interleaving must be off with (pcm-storage|chain), which holds the weights as they lie, got (random|block)/,
    );
  }
});

test("a key that is missing is said to be missing", () =>
  refuse(
    {
      "s.yaml": base.replace(
        "awgn, wnrDb: 6",
        "awgn, budget: { distanceM: 9, pathLoss: free-space }",
      ),
    },
    /channel\.budget\.transmitPowerDbm is missing: it must be a finite number/,
  ));

test("a number in words", () =>
  refuse({}, /channel\.wnrDb must be a finite number \[dB\], got "ten"/, [
    "--set",
    "channel.wnrDb=ten",
  ]));

test("a million points by accident", () =>
  refuse({}, /10,000,000 trials; more than 10,000 need --yes/, [
    "--set",
    "sweep.channel.wnrDb=1:1:1000000",
  ]));

describe("models", () => {
  test("cut short", () =>
    refuse(
      { "net.onnx": readFileSync(embedded).subarray(0, 100_000) },
      /net\.onnx: not an ONNX model, or cut short/,
    ));

  test("not ONNX", () => refuse({ "net.onnx": "PK\u0003\u0004" }, /net\.onnx: not an ONNX model/));

  test("an operator that the runtime lacks", () => {
    const model = decodeModel(readFileSync(embedded));
    model.graph.node.find((n) => n.op_type === "Relu")!.op_type = "Snorkel";
    return refuse(
      { "net.onnx": encodeModel(model) },
      /net\.onnx: ONNX Runtime cannot run this model: .*Snorkel/,
    );
  });

  test("weights that are not numbers", async () => {
    const folder = folderWith({ "net.onnx": readFileSync(embedded) });
    const file = readOnnxFile(join(folder, "net.onnx"));
    const tensor = file.tensors.find((t) => t.name === "conv1.weight")!;
    const values = new Float32Array(tensor.size);
    values[7] = Number.NaN;
    overwriteTensor(file, tensor, values);
    await refuse(
      { "net.onnx": file.bytes },
      /net\.onnx: weights must be finite, got NaN in tensor "conv1\.weight" at index 7/,
    );
  });

  test("a checkpoint that lacks a tensor", () => {
    const header = JSON.stringify({ a: { dtype: "F32", shape: [1], data_offsets: [0, 4] } });
    const file = Buffer.concat([Buffer.alloc(8), Buffer.from(header), Buffer.alloc(4)]);
    file.writeBigUInt64LE(BigInt(header.length));
    return refuse(
      { "w.safetensors": file },
      /w\.safetensors: has no floating-point tensor "conv1\.weight", which net\.onnx needs/,
      ["--set", "model.weightsPath=w.safetensors"],
    );
  });

  test("a missing file: the nearest is offered", () =>
    refuse({}, /nett\.onnx: no such file; the nearest in that folder is "net\.onnx"/, [
      "--set",
      "model.path=nett.onnx",
    ]));
});

describe("data", () => {
  const npy = (inputs: Uint8Array, labels: Uint8Array, classes = 10) => ({
    "s.yaml": base.replace(
      /dataset:.*/,
      `dataset: { name: npy, path: ., classes: ${classes}, test: { inputs: x.npy, labels: y.npy } }`,
    ),
    "x.npy": inputs,
    "y.npy": labels,
  });
  const images = (shape: number[]) =>
    npyBytes("|u1", shape, Array<number>(shape.reduce((a, b) => a * b)).fill(9));
  const labels = (values: number[]) => npyBytes("|u1", [values.length], values);

  test("image shape and model input disagree", () =>
    refuse(
      npy(images([2, 3, 32, 32]), labels([0, 1])),
      /net\.onnx: input "input" takes examples of shape \[1, 28, 28\], the data set has \[3, 32, 32\]/,
    ));

  test("labels out of range", () =>
    refuse(
      npy(images([2, 1, 28, 28]), labels([0, 10])),
      /y\.npy: labels must be 0 to 9, got 10 in record 1/,
    ));

  test("more classes than the model has scores", () =>
    refuse(
      npy(images([2, 1, 28, 28]), labels([0, 11]), 12),
      /net\.onnx: gives 10 scores per example and the data set has 12 classes/,
    ));

  test("cut short", () =>
    refuse(npy(images([2, 1, 28, 28]).subarray(0, 900), labels([0, 1])), /x\.npy: cut short/));

  test("more validation images wanted than there are", () =>
    refuse({}, /receivers\.mmse-pb\.kappa must be at most the 50 validation images, got 100/, [
      "--set",
      "dataset.validationImages=50",
      "--set",
      "receivers=[{name: mmse-pb, beta: [0, 1]}]",
    ]));

  test("CIFAR-10 without a folder", () =>
    refuse(
      { "s.yaml": base.replace(/dataset:.*/, "dataset: { name: cifar10, path: nowhere }") },
      /nowhere is not a folder that exists; name it with --set dataset\.path=/,
    ));
});

test("a trace too short for the trials shows before anything is written", async () => {
  const noise = new Float32Array(100_000).map((_, k) => (k % 2 ? 1 : -1));
  await refuse(
    { "z.f32": new Uint8Array(noise.buffer) },
    /z\.f32: the trace holds 100000 values and trial 9 needs values up to/,
    ["--set", "channel={name: recorded, path: z.f32, snrDb: 6}"],
  );
});

test("validate checks all that run checks", async () => {
  const folder = folderWith({
    "s.yaml": base,
    "net.onnx": readFileSync(embedded).subarray(0, 50_000),
  });
  const bad = await weightlink(["validate", "s.yaml"], { cwd: folder });
  expect(bad).toMatchObject({ code: 2, stdout: "" });
  writeFileSync(join(folder, "net.onnx"), readFileSync(embedded));
  const good = await weightlink(["validate", "s.yaml"], { cwd: folder });
  expect(good.code).toBe(0);
  expect(good.stdout).toMatch(
    /s\.yaml: valid\n {2}1 point x 10 trials\n {2}net\.onnx: .* weights in \d+ tensors travel/,
  );
});

test.each([
  ["throws", 'throw new Error("boom");', /s\.ts: cannot be loaded: boom/],
  ["is no TypeScript", "export default {;", /s\.ts: cannot be loaded: /],
  ["holds a function", "export default { title: () => 1 };", /s\.ts: cannot be loaded: /],
])("a TypeScript scenario that %s", async (_name, text, message) => {
  const folder = folderWith({ "s.ts": text });
  const { code, stderr } = await weightlink(["validate", "s.ts"], { cwd: folder });
  expect(stderr).toMatch(message);
  expect(stderr).not.toMatch(/^\s+at /m);
  expect(code).toBe(2);
});

test("a unit that does not fit, and decibels that no number format holds", async () => {
  await refuse({}, /channel\.wnrDb must be a finite number \[dB\], got "5 MHz"/, [
    "--set",
    "channel.wnrDb=5 MHz",
  ]);
  await refuse({}, /channel\.wnrDb must be >= -300, got -4000/, ["--set", "channel.wnrDb=-4000"]);
});

test("weights --to a file that cannot be written", async () => {
  const { code, stderr } = await weightlink(["weights", "glyphs-resnet", "--to", "none/w.st"]);
  expect(stderr).toMatch(/none\/w\.st: cannot be written: ENOENT/);
  expect(code).toBe(2);
});
