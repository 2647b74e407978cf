/**
 * The race for a setting against the whole grid, and against successive halving on counts alone, which
 * has the same share of the grid's image inferences to spend.
 *
 * Alone it prints the tables of docs/search.md, for so many trials per point of either network and κ images
 * (the grids alone take 10 minutes of one core for the small network, 8 for ResNet20):
 *
 *   npx tsx test/bench/search.ts 12 4 100
 */
import { existsSync } from "node:fs";
import { fileURLToPath, pathToFileURL } from "node:url";
import { pickExamples } from "../../src/models/fit-inputs.js";
import { scoreMargins } from "../../src/models/score.js";
import { mmsePb } from "../../src/receiver/mmse-pb.js";
import { loadScenario, type Plan } from "../../src/scenario/load.js";
import { type Bench, openBench } from "../../src/study/bench.js";
import { type SearchTask, searchMethods } from "../../src/study/search.js";
import { transmit } from "../../src/study/transmission.js";
import { transmissionOf } from "../../src/study/trial.js";
import type { BenchLine } from "./bench-line.js";

const batch = 50; // the scenario's default

interface Case {
  readonly name: string;
  readonly scenario: string;
  readonly overrides: readonly string[];
  readonly grid: { readonly lambda: string; readonly beta: string };
}

const shared = fileURLToPath(new URL("../../../shared/", import.meta.url));

const glyphs: Case = {
  name: "glyphs-resnet",
  scenario: "quickstart",
  overrides: ["sweep.channel.wnrDb=[-4, -2, 0, 2, 4, 6, 8]"],
  grid: { lambda: "0.8:0.025:1.1", beta: "-2.2:0.2:2.2" },
};
/** Good settings lie on a ridge that is narrower than the steps of this grid. */
const coarse: Case = {
  ...glyphs,
  name: "glyphs-resnet, coarse grid",
  grid: { lambda: "0.5:0.05:1.2", beta: "-10:1:10" },
};
const resnet20: Case = {
  name: "ResNet20",
  scenario: "resnet20-cifar10",
  overrides: [
    `model.path=${shared}models/resnet20-cifar10.onnx`,
    `dataset.path=${shared}data`,
    "sweep.channel.snrDb=[2, 4, 6, 8, 10]",
  ],
  grid: { lambda: "0.94:0.01:1.06", beta: "-4:0.2:0.4" },
};

/** One search: images behind the best of the grid, and what it cost. */
interface Cost {
  readonly behind: number;
  readonly imageInferences: number;
  readonly swaps: number;
  readonly seconds: number;
}

/** One trial: how many images the best setting gets right, and what each way to find one made of it. */
interface Trial {
  readonly point: string;
  readonly best: number;
  readonly grid: Cost;
  readonly race: Cost;
  /** Counted on the grid's margins, so without a time. */
  readonly halving: Omit<Cost, "seconds">;
}

async function measure(
  { scenario, overrides, grid }: Case,
  trials: number,
  images: number,
): Promise<Trial[]> {
  const file = fileURLToPath(new URL(`../../scenarios/${scenario}.yaml`, import.meta.url));
  // Other noise than the constants of the race were chosen with.
  const plan = await loadScenario(file, { overrides, seed: 1000 });
  // One thread, as a worker of a study has.
  const bench = await openBench(plan.points[0].settings, { threads: 1, batch });
  const settings = mmsePb.settings(mmsePb.params.parse(grid));
  const out: Trial[] = [];
  for (const point of plan.points) {
    const name = Object.values(point.parameters).join(", ");
    for (let trial = 0; trial < trials; trial++) {
      out.push({ point: name, ...(await oneTrial(plan, bench, point, trial, settings, images)) });
    }
  }
  await bench.scorer.close();
  return out;
}

type LambdaBeta = ReturnType<typeof mmsePb.settings>[number];

async function oneTrial(
  plan: Plan,
  bench: Bench,
  point: Plan["points"][number],
  trial: number,
  settings: readonly LambdaBeta[],
  images: number,
): Promise<Omit<Trial, "point">> {
  const transmission = transmissionOf(plan, point, bench, trial);
  const r = new Float32Array(bench.layout.size);
  const estimate = new Float32Array(bench.layout.size);
  const { noiseVariance } = transmit(transmission, r).observation;
  const { mean, variance } = bench.statistics;
  const known = { noiseVariance, prior: { mean, variance } };
  const validation = bench.validation!;
  const picked = transmission.random.stream("validation").sample(validation.count, images);
  const examples = pickExamples(validation, picked);

  const margins = new Map<LambdaBeta, Float32Array>();
  const task: SearchTask<LambdaBeta> = {
    settings: settings.filter(mmsePb.isValid!(known)),
    images,
    departure: mmsePb.departure!,
    margins: async (setting) => {
      mmsePb.estimate(r, known, setting, estimate);
      await bench.scorer.setWeights(estimate);
      const found = await scoreMargins(bench.scorer, examples, batch);
      margins.set(setting, found);
      return found;
    },
  };
  const timed = async (method: keyof typeof searchMethods) => {
    const start = performance.now();
    const { correct, imageInferences } = await searchMethods[method](task);
    const seconds = (performance.now() - start) / 1000;
    return { correct, imageInferences, swaps: imageInferences / images, seconds };
  };
  const race = await timed("race");
  const grid = await timed("grid");
  const halving = halve(
    task.settings.map((s) => margins.get(s)!),
    grid.imageInferences / 10,
  );
  const best = grid.correct;
  return {
    best,
    grid: { ...grid, behind: 0 },
    race: { ...race, behind: best - race.correct },
    halving: { ...halving, behind: best - halving.correct },
  };
}

/**
 * Successive halving (Jamieson & Talwalkar, AISTATS 2016, Algorithm 1): each round has the same budget,
 * scores what is left on as many more images as that allows, and keeps the better half.
 */
function halve(margins: readonly Float32Array[], budget: number) {
  const images = margins[0].length;
  const rounds = Math.ceil(Math.log2(margins.length));
  let left = margins.map((row) => ({ row, correct: 0 }));
  let scored = 0;
  let imageInferences = 0;
  let swaps = 0;
  const score = (count: number) => {
    if (count === 0) return;
    for (const racer of left) {
      for (let i = scored; i < scored + count; i++) if (racer.row[i] > 0) racer.correct++;
    }
    imageInferences += left.length * count;
    swaps += left.length;
    scored += count;
  };
  for (let round = 0; round < rounds; round++) {
    // The winner's missing images are scored at the end.
    const share = (budget - images - imageInferences) / (rounds - round);
    score(Math.min(Math.floor(share / left.length), images - scored));
    left.sort((a, b) => b.correct - a.correct);
    left = left.slice(0, Math.ceil(left.length / 2));
  }
  score(images - scored);
  return { correct: left[0].correct, imageInferences, swaps };
}

const mean = (values: readonly number[]) => values.reduce((a, b) => a + b, 0) / values.length;
const beyondOne = (costs: readonly { behind: number }[]) =>
  costs.filter(({ behind }) => behind > 1).length;

export async function search(): Promise<BenchLine[]> {
  const lines: BenchLine[] = [];
  for (const [network, trials] of [
    [glyphs, 2],
    [resnet20, 1],
  ] as const) {
    if (network === resnet20 && !existsSync(shared)) continue;
    const all = await measure(network, trials, 100);
    const over = (cost: (t: Trial["grid"]) => number) =>
      mean(all.map(({ race, grid }) => cost(race) / cost(grid)));
    lines.push(
      {
        name: `race, ${network.name}, of ${all.length} trials more than one image behind the grid`,
        value: beyondOne(all.map((t) => t.race)),
        unit: "trials",
        target: "0",
      },
      {
        name: "  image inferences over the grid's",
        value: over((c) => c.imageInferences),
        unit: "x",
        target: "<= 0.1",
      },
      { name: "  time over the grid's", value: over((c) => c.seconds), unit: "x" },
    );
  }
  return lines;
}

function printTable(name: string, all: readonly Trial[]): void {
  const row = (what: string, trials: readonly Trial[], method: "grid" | "race" | "halving") => {
    const costs = trials.map((t) => t[method]);
    const seconds =
      method === "halving" ? "" : mean(trials.map((t) => t[method].seconds)).toFixed(2);
    const behind = [0, 1].map((d) => costs.filter((c) => c.behind === d).length);
    const cells = [
      what,
      trials.length,
      mean(trials.map((t) => t.best)).toFixed(0),
      ...behind,
      beyondOne(costs),
      Math.max(...costs.map((c) => c.behind)),
      Math.round(mean(costs.map((c) => c.imageInferences))),
      Math.max(...costs.map((c) => c.imageInferences)),
      Math.round(mean(costs.map((c) => c.swaps))),
      seconds,
    ];
    console.log(`| ${cells.join(" | ")} |`);
  };
  row(`${name}, grid`, all, "grid");
  row(`${name}, successive halving`, all, "halving");
  row(`${name}, race`, all, "race");
  for (const point of new Set(all.map((t) => t.point))) {
    const trials = all.filter((t) => t.point === point);
    row(`… race at ${point} dB`, trials, "race");
  }
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) {
  const [first = 2, second = 1, images = 100] = process.argv.slice(2).map(Number);
  console.log(
    `| κ = ${images} | trials | best | equal | 1 behind | more | worst | images | at most | settings | s |\n` +
      "| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |",
  );
  for (const network of first > 0 ? [glyphs, coarse] : []) {
    printTable(network.name, await measure(network, first, images));
  }
  if (second > 0 && existsSync(shared)) {
    printTable(resnet20.name, await measure(resnet20, second, images));
  }
}
