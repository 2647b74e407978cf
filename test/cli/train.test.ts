/** Trainings with the real tool in real processes: what they leave, kills, interruptions and refusals. */
import { spawn } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { type TrainArguments, train } from "../../src/cli/train.js";
import { validate } from "../../src/cli/validate.js";
import { glyphs } from "../../src/datasets/glyphs.js";
import { InputError } from "../../src/errors.js";
import { RandomSource } from "../../src/kernel/index.js";
import { openOnnxModel } from "../../src/models/onnx-model.js";
import { countCorrect } from "../../src/models/score.js";
import { mlp } from "../../src/models/zoo/mlp.js";
import { loadScenario } from "../../src/scenario/load.js";
import { checkpointPath } from "../../src/training/checkpoint.js";
import type { EpochRecord } from "../../src/training/history.js";
import { defaultTravelRules, layOut } from "../../src/weights/layout.js";
import { writeSafetensors } from "../../src/weights/safetensors.js";
import { folderWith } from "../files/temporary-folder.js";
import { holdAt, program, weightlink } from "./weightlink.js";

/** 205 images and batches of 20: 5 are left out of each epoch. Dropout and momentum have states to keep. */
const small = `
kind: training
title: A small training
seed: 5
model: { architecture: { name: mlp, hidden: [16], dropout: 0.1 } }
dataset: { name: glyphs, trainImages: 205, validationImages: 50, testImages: 60 }
training:
  epochs: 6
  batch: 20
  optimizer: { name: sgd, learningRate: 0.05, momentum: 0.9 }
  schedule: one-cycle
  augmentation: [{ name: random-crop, padding: 2 }, { name: horizontal-flip, probability: 0.1 }]
threads: 1
`;
const folder = () => folderWith({ "s.yaml": small });
const historyOf = (at: string) =>
  JSON.parse(readFileSync(join(at, "history.json"), "utf8")) as EpochRecord[];

/** What must not depend on interruptions. */
const lasting = ["model.onnx", "checkpoint.safetensors", "history.csv", "history.json"];
function expectSame(a: string, b: string): void {
  for (const name of [...lasting, "figure.svg"]) {
    expect(readFileSync(join(a, name)).equals(readFileSync(join(b, name))), name).toBe(true);
  }
}

test("train writes model, history, figures and what was asked; test counts are those of the model written", async () => {
  const cwd = folder();
  const { code, stdout, stderr } = await weightlink(["train", "s.yaml", "--out", "out"], { cwd });
  expect(stderr).not.toMatch(/error|warn/i);
  expect(code).toBe(0);
  const out = join(cwd, "out");
  expect(readdirSync(out).sort()).toEqual(
    [...lasting, "figure.png", "figure.svg", "scenario.json", "sessions.json"].sort(),
  );
  expect(stdout).toMatch(
    /A small training: mlp \(12\u00a0730 parameters\) on 205 training, 50 validation and 60 test examples of glyphs; 6 epochs of 10 steps with 20 examples; 5 of the training examples, others each time, are left out of an epoch/,
  );
  expect(stderr).toMatch(
    /epoch 6\/6: loss [\d.]+, training [\d.]+ %, validation [\d.]+ %, test [\d.]+ %, \d+ examples\/s/,
  );
  expect(stdout).toContain(join("out", "model.onnx"));

  const history = historyOf(out);
  expect(history.map(({ epoch, steps }) => [epoch, steps])).toEqual(
    [1, 2, 3, 4, 5, 6].map((epoch) => [epoch, 10 * epoch]),
  );
  expect(history[5].loss).toBeLessThan(history[0].loss);
  expect(history[0].training!.total).toBe(200);

  const model = await openOnnxModel(join(out, "model.onnx"));
  const scorer = await model.openScorer(layOut(model.tensors, defaultTravelRules), { threads: 1 });
  await scorer.setWeights(model.readWeights(layOut(model.tensors, defaultTravelRules)));
  const images = glyphs.open(glyphs.params.parse({ validationImages: 50, testImages: 60 }));
  for (const split of ["validation", "test"] as const) {
    const examples = images.load(split);
    expect(history[5][split]).toEqual({
      correct: await countCorrect(scorer, examples, 7),
      total: examples.count,
    });
  }
  await scorer.close();

  const [header, ...rows] = readFileSync(join(out, "history.csv"), "utf8").trim().split("\n");
  expect(header).toBe(
    "epoch,steps,learningRate,loss,trainingAccuracy,trainingCorrect,trainingTotal,validationAccuracy,validationCorrect,validationTotal,testAccuracy,testCorrect,testTotal",
  );
  const last = rows[5].split(",").map(Number);
  const { test: scored, loss, learningRate } = history[5];
  expect(last.slice(0, 4)).toEqual([6, 60, learningRate, loss]);
  expect(last.slice(-3)).toEqual([scored!.correct / 60, scored!.correct, 60]);

  const asked = JSON.parse(readFileSync(join(out, "scenario.json"), "utf8"));
  expect(asked).toMatchObject({
    command: "npx weightlink train s.yaml --out out",
    scenarioText: small,
    resolved: { seed: 5, training: { checkpointEvery: 1, loss: { labelSmoothing: 0 } } },
    dataset: { training: 205, leftOutOfEachEpoch: 5, validation: 50, test: 60, classes: 10 },
  });

  // A second time there is nothing to do, and nothing changes.
  const before = lasting.map((name) => readFileSync(join(out, name), "latin1"));
  const again = await weightlink(["train", "s.yaml", "--resume", "out"], { cwd });
  expect([again.code, again.stdout]).toEqual([0, expect.stringContaining("complete")]);
  expect(lasting.map((name) => readFileSync(join(out, name), "latin1"))).toEqual(before);
});

test("a folder that a process trains in is refused to another", async () => {
  const cwd = folder();
  const args = ["train", "s.yaml", "--set", "training.epochs=400", "--out", "out"];
  const first = await holdAt("epoch", args, cwd);
  const second = await weightlink(args, { cwd });
  await first.end();
  expect(second.code).toBe(2);
  expect(second.stderr).toContain(`out: process ${first.pid} is working on this run`);
});

/** Trains until so many epochs are told, waits, and kills without a warning. */
function trainAndKill(cwd: string, args: string[], epochs: number, afterMs: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [program, "train", ...args, "--json"], { cwd });
    let stdout = "";
    let armed = false;
    child.stdout.on("data", (chunk) => {
      stdout += chunk;
      if (armed || stdout.split('"event":"epoch"').length <= epochs) return;
      armed = true;
      setTimeout(() => child.kill("SIGKILL"), afterMs);
    });
    child.stderr.resume();
    child.on("error", reject);
    child.on("close", () => resolve());
  });
}

test("killed at random moments and resumed: the same bytes as never killed, whatever checkpoints there were", async () => {
  const cwd = folder();
  const slow = ["s.yaml", "--set", "training.epochs=40", "--set", "training.checkpointEvery=3"];
  await weightlink(["train", ...slow, "--out", "whole"], { cwd });
  const random = new RandomSource(1).stream("kills");
  for (let kill = 0; kill < 3; kill++) {
    await trainAndKill(
      cwd,
      [...slow, "--out", "killed"],
      4 + random.integer(6),
      random.integer(40),
    );
    expect(existsSync(checkpointPath(join(cwd, "killed")))).toBe(true);
  }
  const { code, stdout } = await weightlink(["train", ...slow, "--resume", "killed"], { cwd });
  expect(stdout).toMatch(/going on after [1-9]\d* of 40 epochs/);
  expect(code).toBe(0);
  expectSame(join(cwd, "whole"), join(cwd, "killed"));
});

test("Ctrl-C: exit 130, what was finished is kept, the command to go on is said and works", async () => {
  const cwd = folder();
  const long = ["s.yaml", "--set", "training.epochs=400"];
  let told = false;
  const { code, stderr } = await weightlink(["train", ...long, "--out", "run 1", "--json"], {
    cwd,
    onOutput: (stdout, kill) => {
      if (!told && stdout.includes('"epoch":3')) {
        told = true;
        kill("SIGINT");
      }
    },
  });
  expect(code).toBe(130);
  const kept = historyOf(join(cwd, "run 1")).length;
  expect(kept).toBeGreaterThanOrEqual(3);
  expect(stderr).toContain(
    `interrupted: run 1 keeps the checkpoint and the model of ${kept} of 400 epochs`,
  );
  expect(stderr).toContain(
    "go on with: npx weightlink train s.yaml --set training.epochs=400 --resume 'run 1'",
  );
  const other = await weightlink(["train", "s.yaml", "--resume", "run 1"], { cwd });
  expect(other.code).toBe(2);
  expect(other.stderr).toContain(
    "--resume run 1: holds another training (training.epochs: 400 there, 6 here); name another folder",
  );
});

describe("a training that diverges", () => {
  test("exit 1, epoch and step are named, the last checkpoint and its model stay", async () => {
    const cwd = folder();
    const { code, stderr } = await weightlink(
      ["train", "s.yaml", "--out", "out", "--set", "training.optimizer.learningRate=1e30"],
      { cwd },
    );
    expect(code).toBe(1);
    expect(stderr).toMatch(
      /the run failed: the loss is (NaN|Infinity) in epoch 1 at step \d+ of 10; a lower learning rate may help/,
    );
    expect(stderr).toContain("stopped: out keeps the checkpoint and the model of 0 of 6 epochs");
    expect(stderr).not.toMatch(/^\s+at /m);
    expect(historyOf(join(cwd, "out"))).toEqual([]);
    const model = await openOnnxModel(join(cwd, "out/model.onnx"));
    const layout = layOut(model.tensors, defaultTravelRules);
    expect(model.readWeights(layout).every(Number.isFinite)).toBe(true);
  });
});

describe("refused with exit code 2, nothing written", () => {
  const cases: [string, string[], RegExp][] = [
    [
      "a batch larger than the training set",
      ["training.batch=206"],
      /training\.batch must be at most the 205 training examples, got 206/,
    ],
    [
      "an unknown optimizer",
      ["training.optimizer.name=sdg"],
      /s\.yaml: training\.optimizer\.name: unknown optimizer "sdg"; did you mean "sgd"\?/,
    ],
    [
      "a kind that is not trained",
      ["kind=inference"],
      /s\.yaml: kind is inference, which weightlink run runs; this command takes scenarios of kind training/,
    ],
    [
      "a model and an architecture",
      ["model.name=glyphs-resnet"],
      /s\.yaml: model takes one of architecture, path and name, got architecture and name/,
    ],
    [
      "padding as large as the images",
      ["training.augmentation.0.padding=28"],
      /training\.augmentation\.random-crop: padding must be below the images' 28 pixels, got 28/,
    ],
    [
      "labels beyond the model's classes",
      ["model={ path: ./few.onnx }"],
      /few\.onnx: gives 3 scores per example and the data set has 10 classes/,
    ],
    [
      "examples of another shape",
      ["model={ path: ./wide.onnx }"],
      /wide\.onnx: input "input" takes examples of shape \[3, 32, 32\], the data set has \[1, 28, 28\]/,
    ],
    [
      "an ONNX file that is none",
      ["model={ path: ./s.yaml }"],
      /s\.yaml: not an ONNX model, or cut short/,
    ],
    [
      "a data set without training images",
      ["dataset={ name: npy, path: ./, classes: 2, test: { inputs: x.npy, labels: y.npy } }"],
      /npy: no files for the train split; name them in dataset\.train/,
    ],
  ];

  /** In this process: the tool takes seconds to start. */
  const trainHere = (cwd: string, options: Partial<TrainArguments>) =>
    train({ scenario: join(cwd, "s.yaml"), set: [], quiet: false, json: false, ...options });
  const messageOf = async (work: Promise<unknown>) => {
    const error = await work.catch((e: unknown) => e);
    expect(error).toBeInstanceOf(InputError);
    return (error as Error).message;
  };

  test.each(cases)("%s", async (_name, sets, message) => {
    const cwd = folder();
    const build = (example: number[], classes: number) =>
      mlp.build({ hidden: [], dropout: 0 }, { example, classes }, new RandomSource(1));
    writeFileSync(join(cwd, "few.onnx"), build([1, 28, 28], 3));
    writeFileSync(join(cwd, "wide.onnx"), build([3, 32, 32], 10));
    for (const name of ["x.npy", "y.npy"]) writeFileSync(join(cwd, name), "");
    const out = join(cwd, "out");
    const set = sets.map((text) => text.replaceAll("./", `${cwd}/`));
    expect(await messageOf(trainHere(cwd, { out, set }))).toMatch(message);
    expect(existsSync(out)).toBe(false);
  });

  test("a folder without a checkpoint, two folders, and the folder of something else", async () => {
    const cwd = folder();
    const nowhere = join(cwd, "nowhere");
    expect(await messageOf(trainHere(cwd, { resume: nowhere }))).toBe(
      `--resume ${nowhere}: there is no ${checkpointPath(nowhere)}`,
    );
    expect(await messageOf(trainHere(cwd, { resume: "a", out: "b" }))).toMatch(
      /^--resume names the folder of the run, and --out another/,
    );
    expect(await messageOf(trainHere(cwd, { out: cwd }))).toBe(
      `--out ${cwd}: is not empty (it holds s.yaml); name a new or empty folder`,
    );
    expect(readdirSync(cwd)).toEqual(["s.yaml"]);
  });

  test("a checkpoint cut short, one of another version, and a file that is none", async () => {
    const cwd = folder();
    const at = join(cwd, "run");
    mkdirSync(at);
    const metadata = (weightlink: string) =>
      writeSafetensors(checkpointPath(at), [], { weightlink });
    metadata('{"version":99}');
    expect(await messageOf(trainHere(cwd, { resume: at }))).toMatch(
      /checkpoint\.safetensors: is a checkpoint of version 99; this program reads version 2/,
    );
    writeSafetensors(checkpointPath(at), []);
    expect(await messageOf(trainHere(cwd, { resume: at }))).toMatch(
      /checkpoint\.safetensors: is a safetensors file and not a checkpoint/,
    );
    const whole = readFileSync(checkpointPath(at));
    writeFileSync(checkpointPath(at), whole.subarray(0, whole.length - 9));
    expect(await messageOf(trainHere(cwd, { resume: at }))).toMatch(
      /checkpoint\.safetensors: not a safetensors file/,
    );
  });

  test("from the command line: exit code 2, no stack trace, nothing printed to stdout", async () => {
    const cwd = folder();
    const { code, stdout, stderr } = await weightlink(
      ["train", "s.yaml", "--out", "out", "--set", "training.batch=206"],
      { cwd },
    );
    expect(stderr).toMatch(/^weightlink: s\.yaml: training\.batch must be at most the 205/);
    expect(stderr).not.toMatch(/^\s+at /m);
    expect([code, stdout, readdirSync(cwd).join()]).toEqual([2, "", "s.yaml"]);
  });
});

test("run refuses a training, and says which command does it; validate checks one", async () => {
  const cwd = folder();
  const file = join(cwd, "s.yaml");
  await expect(loadScenario(file)).rejects.toThrow(
    "s.yaml: kind is training, which weightlink train runs; this command takes scenarios of kind inference",
  );
  const valid = await weightlink(["validate", "s.yaml"], { cwd });
  expect([valid.code, valid.stdout]).toEqual([
    0,
    expect.stringMatching(/s\.yaml: valid\n {2}mlp \(/),
  ]);
  const wrong = { scenario: file, set: ["training.batch=999"], yes: false };
  await expect(validate(wrong)).rejects.toThrow(/training\.batch must be at most the 205/);
  expect(readdirSync(cwd)).toEqual(["s.yaml"]);
});
