import { join } from "node:path";
import { expect, test } from "vitest";
import { embeddedModels } from "../../src/models/embedded/index.js";
import { readSafetensors } from "../../src/weights/safetensors.js";
import { folderWith } from "../files/temporary-folder.js";
import { weightlink } from "./weightlink.js";

test.each([
  ["channels", /awgn: additive white Gaussian noise\n\s+snrDb\s+.*\[dB\]/],
  ["estimators", /mmse-pb: [\s\S]*\n\s+lambda .* default \[1\]/],
  ["codings", /power-allocation: .*\n\s+by /],
  ["refinements", /batch-norm-recalibrate: .*\n\s+images /],
  ["models", /glyphs-resnet: /],
  ["architectures", /resnet20: .*\n\s+shortcut .* default "A"/],
  ["datasets", /cifar10: /],
] as const)("list %s", async (kind, text) => {
  const { code, stdout } = await weightlink(["list", kind]);
  expect(stdout).toMatch(text);
  expect(code).toBe(0);
});

test("doctor says what runs here", async () => {
  const { code, stdout } = await weightlink(["doctor"], { env: { WEIGHTLINK_DATA: "" } });
  expect(stdout).toMatch(/ok {3}ONNX Runtime: ONNX Runtime [\d.]+ \(CPU\), runs glyphs-resnet/);
  expect(stdout).toMatch(/TensorFlow\.js .*: 4\.[\d.]+, backend (node|wasm)/);
  expect(stdout).toMatch(/WEIGHTLINK_DATA is not set/);
  expect(code).toBe(0);
});

test("weights lists tensors and writes them as safetensors", async () => {
  const folder = folderWith({});
  const { code, stdout } = await weightlink(
    ["weights", embeddedModels[0].path, "--to", "w.safetensors"],
    { cwd: folder },
  );
  expect(code).toBe(0);
  expect(stdout).toMatch(/conv1\.weight .* travels/);
  expect(stdout).toMatch(/bn1\.running_var .* stays \(normalization\)/);
  const written = readSafetensors(join(folder, "w.safetensors"));
  expect(written.find((t) => t.name === "conv1.weight")!.data).toBeInstanceOf(Float32Array);
});

test("plan counts the images of searches, of refinements and of scoring", async () => {
  const receivers = [
    "ml",
    "{ name: mmse-pb, lambda: [0.9, 1], kappa: 20 }",
    "[ml, { name: batch-norm-recalibrate, images: 7 }]",
    "{ name: mmse-pb, label: both, lambda: [0.9, 1], kappa: 20, refine: [{ name: batch-norm-recalibrate, images: 7 }] }",
  ];
  const folder = folderWith({
    "s.yaml": `
model: { name: glyphs-resnet }
dataset: { name: glyphs, testImages: 60, validationImages: 30 }
channel: { name: awgn, snrDb: 6 }
receivers: [${receivers.join(", ")}]
trials: 3
`,
  });
  const { code, stdout } = await weightlink(["plan", "s.yaml", "--json"], { cwd: folder });
  expect(code).toBe(0);
  const { points, imageInferences } = JSON.parse(stdout);
  // Every receiver scores 60; a grid of two looks at 20 each; statistics are measured of each network opened.
  const perTrial = 60 + (2 * 20 + 60) + (60 + 7) + (2 * 20 + 60 + 3 * 7);
  expect(points).toMatchObject([{ imageInferencesPerTrial: perTrial }]);
  expect(imageInferences).toEqual({ min: 3 * perTrial, max: 3 * perTrial });
});
