import { readdirSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { InputError } from "../../src/errors.js";
import { loadTraining } from "../../src/scenario/load-training.js";
import { folderWith } from "../files/temporary-folder.js";

const base = `
kind: training
model: { architecture: lenet5 }
dataset: { name: glyphs }
training: { epochs: 2, optimizer: { name: sgd, learningRate: 0.1 } }
`;

function load(text: string, overrides: string[] = []) {
  return loadTraining(join(folderWith({ "s.yaml": text }), "s.yaml"), { overrides });
}

test("defaults are filled in, and names alone become parts with their parameters", async () => {
  const overrides = ["training.schedule=cosine", "training.augmentation=[horizontal-flip]"];
  const { settings } = await load(base, overrides);
  expect(settings).toMatchObject({
    seed: 1,
    batch: 50,
    threads: 0,
    model: { architecture: { name: "lenet5", classic: false } },
    training: {
      batch: 128,
      checkpointEvery: 1,
      evaluateEvery: 1,
      loss: { name: "cross-entropy", labelSmoothing: 0 },
      optimizer: { name: "sgd", learningRate: 0.1, momentum: 0 },
      schedule: { name: "cosine", finalFraction: 0 },
      augmentation: [{ name: "horizontal-flip", probability: 0.5 }],
    },
  });
});

test("a parameter is set in what the scenario names alone, or leaves out", async () => {
  const named = base.replace("epochs: 2,", "epochs: 2, schedule: cosine, loss: cross-entropy,");
  const overrides = ["training.schedule.finalFraction=0.1", "training.loss.labelSmoothing=0.2"];
  expect((await load(named, overrides)).settings.training).toMatchObject({
    schedule: { name: "cosine", finalFraction: 0.1 },
    loss: { name: "cross-entropy", labelSmoothing: 0.2 },
  });
  expect((await load(base, [overrides[1]])).settings.training.loss).toEqual({
    name: "cross-entropy",
    labelSmoothing: 0.2,
  });
});

test("paths start at the scenario's folder, numbers may be expressions, TypeScript is the same thing", async () => {
  const folder = folderWith({
    "s.yaml": base.replace("architecture: lenet5", "path: m/net.onnx").replace("0.1", '"1/8"'),
    "t.ts": `export default { kind: "training", model: { architecture: "lenet5" }, dataset: { name: "glyphs" },
      training: { epochs: 2, optimizer: { name: "sgd", learningRate: 0.1 } } };`,
  });
  const { settings } = await loadTraining(join(folder, "s.yaml"));
  expect(settings.model.path).toBe(join(folder, "m/net.onnx"));
  expect(settings.training.optimizer).toMatchObject({ learningRate: 0.125 });
  const fromTs = await loadTraining(join(folder, "t.ts"), { seed: 4 });
  expect(fromTs.settings).toEqual({ ...(await load(base)).settings, seed: 4 });
});

describe("bad scenarios: file, key, rule, value, nearest name", () => {
  const cases: [string, string[], RegExp][] = [
    [
      "no kind",
      ["kind=trainign"],
      /s\.yaml: kind: unknown kind "trainign"; did you mean "training"\?/,
    ],
    [
      "misspelled key",
      ["training.epoch=3"],
      /training: unknown key "epoch"; did you mean "epochs"\?/,
    ],
    [
      "misspelled architecture",
      ["model.architecture=lenet"],
      /model\.architecture\.name: unknown architecture "lenet"; did you mean "lenet5"\?/,
    ],
    ["misspelled loss", ["training.loss=entropy"], /training\.loss\.name: unknown loss "entropy"/],
    [
      "misspelled schedule",
      ["training.schedule=cosin"],
      /training\.schedule\.name: unknown schedule "cosin"; did you mean "cosine"\?/,
    ],
    [
      "misspelled augmentation",
      ["training.augmentation=[flip]"],
      /training\.augmentation\.0\.name: unknown augmentation "flip"; known: horizontal-flip, random-crop/,
    ],
    [
      "no learning rate",
      ["training.optimizer={ name: sgd }"],
      /training\.optimizer\.learningRate is missing: it must be a finite number/,
    ],
    [
      "a negative learning rate",
      ["training.optimizer.learningRate=-1"],
      /training\.optimizer\.learningRate must be > 0, got -1/,
    ],
    ["no model", ["model={}"], /model needs an architecture, the path of an ONNX file or the name/],
    [
      "weights without a file",
      ["model.weightsPath=w.safetensors"],
      /model takes a weightsPath only with a path/,
    ],
    ["half an epoch", ["training.epochs=1.5"], /training\.epochs must be a whole number/],
  ];
  test.each(cases)("%s", async (_name, overrides, message) => {
    const error = await load(base, overrides).catch((e: unknown) => e);
    expect(error).toBeInstanceOf(InputError);
    expect((error as Error).message).toMatch(message);
  });
});

const shipped = fileURLToPath(new URL("../../scenarios/training/", import.meta.url));
test.each(readdirSync(shipped))("scenarios/training/%s is valid", async (name) => {
  const { settings } = await loadTraining(join(shipped, name));
  expect(settings.title).toBeDefined();
});
