import { readFileSync, statSync } from "node:fs";
import { beforeAll, describe, expect, test } from "vitest";
import type { Examples } from "../../src/datasets/dataset.js";
import { glyphs } from "../../src/datasets/glyphs.js";
import { RandomSource } from "../../src/kernel/index.js";
import { embeddedModels } from "../../src/models/embedded/index.js";
import type { Model } from "../../src/models/model.js";
import { openOnnxModel } from "../../src/models/onnx-model.js";
import { countCorrect } from "../../src/models/score.js";
import { defaultTravelRules, type Layout, layOut } from "../../src/weights/layout.js";
import { decodeModel } from "../../src/weights/onnx-proto.js";

const path = embeddedModels.find(({ name }) => name === "glyphs-resnet")!.path;

describe("the embedded model", () => {
  let model: Model;
  let layout: Layout;
  let images: Examples;

  beforeAll(async () => {
    model = await openOnnxModel(path);
    layout = layOut(model.tensors, defaultTravelRules);
    images = glyphs.open(glyphs.params.parse({})).load("test");
  });

  async function accuracy(weights: Float32Array): Promise<number> {
    const scorer = await model.openScorer(layout, { threads: 0 });
    await scorer.setWeights(weights);
    const correct = await countCorrect(scorer, images, 100);
    await scorer.close();
    return correct / images.count;
  }

  test("is below 2 MB", () => {
    expect(statSync(path).size).toBeLessThan(2e6);
  });

  test("has its normalizations as operators of their own, and convolutions without bias", () => {
    const { node } = decodeModel(readFileSync(path)).graph;
    const convolutions = node.filter((n) => n.op_type === "Conv");
    const normalizations = node.filter((n) => n.op_type === "BatchNormalization");
    expect(convolutions.length).toBeGreaterThan(4);
    expect(convolutions.every((n) => n.input.length === 2)).toBe(true);
    // Each convolution's output goes into a normalization.
    expect(normalizations.map((n) => n.input[0]).sort()).toEqual(
      convolutions.map((n) => n.output[0]).sort(),
    );
  });

  test("sends its convolutions and its last layer, and keeps its normalizations", () => {
    const names = layout.entries.map(({ name }) => name);
    expect(names).toContain("conv1.weight");
    expect(names).toContain("fc.bias");
    const home = model.tensors.map(({ name }) => name).filter((name) => !names.includes(name));
    expect(home.length).toBeGreaterThan(0);
    expect(home.every((name) => /(bn\d|downsample\.1)\./.test(name))).toBe(true);
  });

  test("is right on at least 99 % of the glyphs test images", async () => {
    expect(images.count).toBe(2000);
    expect(await accuracy(model.readWeights(layout))).toBeGreaterThanOrEqual(0.99);
  });

  test("white noise takes it from clean to near chance within 20 dB of WNR", async () => {
    const clean = model.readWeights(layout);
    const center = clean.reduce((a, b) => a + b) / clean.length;
    const variance = clean.reduce((a, b) => a + (b - center) ** 2, 0) / clean.length;
    const draws = 4;
    const meanAccuracyAt = async (wnrDb: number) => {
      let sum = 0;
      for (let draw = 0; draw < draws; draw++) {
        const noisy = new Float32Array(clean.length);
        const stream = new RandomSource(2).stream(`draw ${draw}`);
        stream.fillNormal(noisy, Math.sqrt(variance / 10 ** (wnrDb / 10)));
        sum += await accuracy(noisy.map((n, i) => clean[i] + n));
      }
      return sum / draws;
    };
    expect(await meanAccuracyAt(14)).toBeGreaterThan(0.97);
    // Chance is 0.1. Draws spread over 0.1 to 0.2 here, so their mean is below 0.25.
    expect(await meanAccuracyAt(-6)).toBeLessThan(0.25);
  });
});
