/**
 * Speed of training steps, beside the machine's own matrix product in the same minute, and peak memory.
 *
 * The networks are `lenet5`, `resnet20` and `resnet18` of the zoo, and five 3x3 convolutions of 16 channels with ReLU
 * on 32x32 images. A step counts three times the multiply-adds of the forward pass.
 */
import { spawnSync } from "node:child_process";
import { pathToFileURL } from "node:url";
import * as ort from "onnxruntime-node";
import { RandomSource } from "../../src/kernel/index.js";
import { OnnxGraphBuilder } from "../../src/models/onnx-graph.js";
import { openTrainer } from "../../src/models/training/onnx-trainer.js";
import type { Architecture } from "../../src/models/zoo/architecture.js";
import { architectures } from "../../src/models/zoo/index.js";
import { decodeModel } from "../../src/weights/onnx-proto.js";
import { type BenchLine, printLines } from "./bench-line.js";
import { squareMatMul } from "./graphs.js";

interface Case {
  readonly name: string;
  readonly batch: number;
  readonly example: readonly number[];
  readonly repetitions: number;
  /** Samples per second, by threads. */
  readonly targets: Readonly<Record<number, number>>;
  build(): Uint8Array;
}

const classes = 10;
const cases: readonly Case[] = [
  {
    name: "lenet5",
    batch: 64,
    example: [1, 28, 28],
    repetitions: 60,
    targets: { 1: 6500 },
    build: () => fromZoo("lenet5", [1, 28, 28]),
  },
  {
    name: "five convolutions of 16 channels",
    batch: 64,
    example: [3, 32, 32],
    repetitions: 15,
    targets: { 1: 1160 },
    build: fiveConvolutions,
  },
  {
    name: "resnet20",
    batch: 128,
    example: [3, 32, 32],
    repetitions: 7,
    targets: {},
    build: () => fromZoo("resnet20", [3, 32, 32]),
  },
  {
    name: "resnet18",
    batch: 128,
    example: [3, 32, 32],
    repetitions: 5,
    targets: { 2: 64 },
    build: () => fromZoo("resnet18", [3, 32, 32]),
  },
];

/** Peak memory is of a process of its own, which runs this file with this argument. */
const memoryArgument = "peak-memory";

export async function training(): Promise<BenchLine[]> {
  const lines: BenchLine[] = [];
  for (const each of cases) {
    const bytes = each.build();
    const flops = 3 * forwardFlops(bytes, each.example);
    for (const threads of [1, 2]) {
      const { rate, peak } = await measure(each, bytes, threads);
      const target = each.targets[threads];
      const gflops = (rate * flops) / 1e9;
      lines.push(
        {
          name: `training ${each.name}, batch ${each.batch}, ${threads} thread${threads > 1 ? "s" : ""}`,
          value: rate,
          unit: "samples/s",
          ...(target !== undefined && { target: `>= ${target}` }),
        },
        { name: "  the same", value: gflops, unit: "GFLOP/s" },
        { name: "  over a 1024-square MatMul", value: gflops / peak, unit: "x" },
      );
    }
  }
  const file = new URL(import.meta.url).pathname;
  const child = spawnSync(process.execPath, [...process.execArgv, file, memoryArgument], {
    encoding: "utf8",
  });
  if (child.status !== 0) throw new Error(child.stderr);
  lines.push({
    name: "training resnet18, batch 128, peak memory",
    value: Number(child.stdout) / 1e9,
    unit: "GB",
    target: "< 3",
  });
  return lines;
}

/** Median rate of steps [samples/s], and of the matrix product between them [GFLOP/s]. */
async function measure(
  { batch, example, repetitions }: Case,
  bytes: Uint8Array,
  threads: number,
): Promise<{ rate: number; peak: number }> {
  const size = 1024;
  const product = squareMatMul(size);
  const options = {
    intraOpNumThreads: threads,
    interOpNumThreads: 1,
    logSeverityLevel: 3,
  } as const;
  const session = await ort.InferenceSession.create(product.bytes, options);
  const square = new ort.Tensor("float32", new Float32Array(size * size).fill(0.5), [size, size]);
  const step = await stepper(bytes, batch, example, threads);
  const [rates, peaks]: [number[], number[]] = [[], []];
  for (let i = 0; i <= repetitions; i++) {
    const own = await seconds(step.run);
    const matrix = await seconds(() => session.run({ input: square }));
    if (i === 0) continue;
    rates.push(batch / own);
    peaks.push((size * product.flopsPerImage) / matrix / 1e9);
  }
  await step.close();
  await session.release();
  return { rate: median(rates), peak: median(peaks) };
}

async function stepper(
  bytes: Uint8Array,
  batch: number,
  example: readonly number[],
  threads: number,
) {
  const trainer = await openTrainer(bytes, {
    batch,
    loss: { name: "cross-entropy" },
    optimizer: { name: "sgd", momentum: 0.9, weightDecay: 5e-4 },
    threads,
    seed: 1,
  });
  const data = new Float32Array(example.reduce((a, b) => a * b, batch));
  new RandomSource(1).stream("examples").fillNormal(data);
  const labels = Int32Array.from({ length: batch }, (_, i) => i % classes);
  return {
    run: () => trainer.step([{ data, shape: example }], labels, 0.01),
    close: () => trainer.close(),
  };
}

function fromZoo(name: string, example: readonly number[]): Uint8Array {
  const architecture = architectures.find((a) => a.name === name) as unknown as Architecture;
  const defaults = architecture.params.parse({});
  return architecture.build(defaults, { example, classes }, new RandomSource(1));
}

function fiveConvolutions(): Uint8Array {
  const g = new OnnxGraphBuilder("five");
  const random = new RandomSource(1);
  const weights = (name: string, shape: number[], fanIn: number) => {
    const values = new Float32Array(shape.reduce((a, b) => a * b, 1));
    random.stream(name).fillNormal(values, Math.sqrt(2 / fanIn));
    return g.initializer(name, shape, values);
  };
  const zeros = (name: string, size: number) => g.initializer(name, [size], new Float32Array(size));
  let x = g.input("input", [null, 3, 32, 32]);
  for (let i = 0; i < 5; i++) {
    const ins = i === 0 ? 3 : 16;
    const kernel = weights(`conv${i}.weight`, [16, ins, 3, 3], 9 * ins);
    const y = g.node("Conv", [x, kernel, zeros(`conv${i}.bias`, 16)], {
      kernel_shape: { ints: [3, 3] },
      pads: { ints: [1, 1, 1, 1] },
    });
    x = g.node("Relu", [y]);
  }
  const flat = g.node("Flatten", [g.node("GlobalAveragePool", [x])]);
  const last = [flat, weights("fc.weight", [classes, 16], 16), zeros("fc.bias", classes)];
  g.output(g.node("Gemm", last, { transB: { int: 1 } }), [null, classes]);
  return g.build();
}

/** Two per multiply-add of convolutions and linear layers, of networks whose convolutions pad to the same size. */
function forwardFlops(bytes: Uint8Array, example: readonly number[]): number {
  const { graph } = decodeModel(bytes);
  const shapes = new Map(graph.initializer.map((t) => [t.name, t.dims]));
  let [side, flops] = [example[1]!, 0];
  const sides = new Map<string, number>([[graph.input[0]!.name, side]]);
  for (const { op_type, input, output, attribute } of graph.node) {
    const ints = (name: string) => attribute.find((a) => a.name === name)?.ints?.map(Number);
    side = sides.get(input[0]!) ?? side;
    const weight = shapes.get(input[1] ?? "");
    if (op_type === "Conv" || op_type === "MaxPool" || op_type === "AveragePool") {
      const [size] = ints("kernel_shape")!;
      const [top, , bottom] = ints("pads") ?? [0, 0, 0, 0];
      const [stride] = ints("strides") ?? [1];
      side = Math.floor((side + top! + bottom! - size!) / stride!) + 1;
    }
    if (weight !== undefined && op_type === "Conv") {
      flops += 2 * weight.reduce((a, b) => a * b, 1) * side * side;
    } else if (weight !== undefined && (op_type === "Gemm" || op_type === "MatMul")) {
      flops += 2 * weight.reduce((a, b) => a * b, 1);
    }
    for (const name of output) sides.set(name, side);
  }
  return flops;
}

async function seconds(work: () => Promise<unknown>): Promise<number> {
  const start = performance.now();
  await work();
  return (performance.now() - start) / 1000;
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)]!;
}

if (process.argv[2] === memoryArgument) {
  const { batch, example, build } = cases.at(-1)!;
  const step = await stepper(build(), batch, example, 2);
  for (let i = 0; i < 3; i++) await step.run();
  await step.close();
  process.stdout.write(String(process.resourceUsage().maxRSS * 1024));
} else if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) {
  printLines(await training());
}
