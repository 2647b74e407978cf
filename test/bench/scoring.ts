/** Speed of scoring, against a bare loop and against the machine's matrix-product peak; weight swaps. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import * as ort from "onnxruntime-node";
import type { Examples } from "../../src/datasets/dataset.js";
import { RandomSource } from "../../src/kernel/index.js";
import { openOnnxModel } from "../../src/models/onnx-model.js";
import { countCorrect } from "../../src/models/score.js";
import { defaultTravelRules, layOut } from "../../src/weights/layout.js";
import { type BenchLine, printLines } from "./bench-line.js";
import { resnet18Cifar, squareMatMul } from "./graphs.js";

const images = 1000;
const batch = 50; // the scenario's default
const repetitions = 7;

export async function scoring(): Promise<BenchLine[]> {
  const folder = mkdtempSync(join(tmpdir(), "weightlink-bench-"));
  try {
    const graph = resnet18Cifar();
    const path = join(folder, "resnet18.onnx");
    writeFileSync(path, graph.bytes);
    const model = await openOnnxModel(path);
    const layout = layOut(model.tensors, defaultTravelRules);
    const weights = model.readWeights(layout);
    const scorer = await model.openScorer(layout, { threads: 0 });
    await scorer.setWeights(weights);
    const examples = randomImages();

    const options = { intraOpNumThreads: 0, interOpNumThreads: 1, logSeverityLevel: 3 } as const;
    const bare = await ort.InferenceSession.create(graph.bytes, options);
    const product = squareMatMul(2048);
    const peak = await ort.InferenceSession.create(product.bytes, options);
    const square = new Float32Array(2048 * 2048).fill(0.5);
    const data = examples.inputs[0].data as Float32Array;

    // In turn, so that all meet the same state of the machine; the first round warms up.
    const rates = { own: [] as number[], bare: [] as number[], peak: [] as number[] };
    for (let i = 0; i <= repetitions; i++) {
      const own = await seconds(() => countCorrect(scorer, examples, batch));
      const loop = await seconds(async () => {
        for (let start = 0; start < images; start += batch) {
          const part = data.subarray(start * 3072, (start + batch) * 3072);
          await bare.run({ input: new ort.Tensor("float32", part, [batch, 3, 32, 32]) });
        }
      });
      const matrix = await seconds(async () => {
        for (let k = 0; k < 8; k++) {
          await peak.run({ input: new ort.Tensor("float32", square, [2048, 2048]) });
        }
      });
      if (i === 0) continue;
      rates.own.push(images / own);
      rates.bare.push(images / loop);
      rates.peak.push((8 * 2048 * product.flopsPerImage) / matrix);
    }
    const ratios = (other: (i: number) => number) =>
      median(rates.own.map((rate, i) => rate / other(i)));

    const swaps: number[] = [];
    for (let i = 0; i <= repetitions; i++) {
      swaps.push(1000 * (await seconds(() => scorer.setWeights(weights))));
    }
    await scorer.close();
    await bare.release();
    await peak.release();

    const gflops = (rate: number) => (rate * graph.flopsPerImage) / 1e9;
    return [
      line("scoring ResNet18, CIFAR form", median(rates.own), "images/s"),
      line("  the same", gflops(median(rates.own)), "GFLOP/s"),
      line(
        "  over a bare loop of session runs",
        ratios((i) => rates.bare[i]),
        "x",
        ">= 0.95",
      ),
      line("2048-square MatMul", median(rates.peak) / 1e9, "GFLOP/s"),
      line(
        "  scoring over it",
        ratios((i) => rates.peak[i] / graph.flopsPerImage),
        "x",
        ">= 0.9",
      ),
      line("weight swap, 11 million weights", median(swaps.slice(1)), "ms", "< 100"),
    ];
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function randomImages(): Examples {
  const data = new Float32Array(images * 3072);
  new RandomSource(1).stream("images").fillNormal(data);
  return { count: images, inputs: [{ data, shape: [3, 32, 32] }], labels: new Int32Array(images) };
}

async function seconds(work: () => Promise<unknown>): Promise<number> {
  const start = performance.now();
  await work();
  return (performance.now() - start) / 1000;
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)];
}

function line(name: string, value: number, unit: string, target?: string): BenchLine {
  return { name, value, unit, ...(target !== undefined && { target }) };
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) printLines(await scoring());
