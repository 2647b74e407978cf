/**
 * Draws the figures of docs/theory.md and prints the numbers in it:
 *
 *   npx tsx docs/theory/draw-figures.ts [path of resnet20-cifar10.onnx]
 *
 * Without the path the figure of its tensors stays as it is.
 */
import { writeFileSync } from "node:fs";
import type { TopLevelSpec } from "vega-lite";
import { RandomSource } from "../../src/kernel/index.js";
import { openModelFile } from "../../src/models/open.js";
import { momentsOf } from "../../src/receiver/moments.js";
import { renderSvg } from "../../src/report/render.js";
import { dbToRatio } from "../../src/units.js";
import { defaultTravelRules, layOut } from "../../src/weights/layout.js";
import { outputPower, reluLosses } from "./relu-network.js";
import { tensorGains } from "./tensor-gains.js";

const config = {
  font: "DejaVu Sans",
  background: "#ffffff",
  axis: { labelFontSize: 11, titleFontSize: 11, titleFontWeight: "normal", gridColor: "#e4e4e4" },
  legend: { labelFontSize: 11, titleFontSize: 11, titleFontWeight: "normal" },
} as const;

/** As in src/report/paper-figure.ts: told apart in grey, too. */
const colours = ["#004488", "#bb5566", "#000000", "#997700"];

async function draw(name: string, spec: object): Promise<void> {
  const schema = "https://vega.github.io/schema/vega-lite/v6.json";
  const svg = await renderSvg({ $schema: schema, config, ...spec } as TopLevelSpec);
  writeFileSync(new URL(`${name}.svg`, import.meta.url), svg);
  console.log(`${name}.svg`);
}

function drawQuadratic(): Promise<void> {
  const values = [];
  for (let etaDb = -15; etaDb <= 15; etaDb += 0.5) {
    const eta = dbToRatio(etaDb);
    const losses = {
      ml: 4 / eta + 3 / eta ** 2,
      mmse: 3 - (3 * eta ** 2 + 2 * eta) / (eta + 1) ** 2,
      "best θ": 3 - (3 * eta + 1) ** 2 / (3 * (eta + 1) ** 2),
      "constant σ_w": 2,
    };
    for (const [estimate, loss] of Object.entries(losses)) values.push({ etaDb, estimate, loss });
  }
  const names = ["ml", "mmse", "best θ", "constant σ_w"];
  return draw("quadratic", {
    width: 420,
    height: 240,
    data: { values },
    mark: { type: "line", clip: true, strokeWidth: 2 },
    encoding: {
      x: {
        field: "etaDb",
        type: "quantitative",
        scale: { nice: false },
        title: "η = Var[w] / Var[n] [dB]",
      },
      y: {
        field: "loss",
        type: "quantitative",
        scale: { type: "log", domain: [0.1, 10] },
        title: "E(ŵ² − w²)² / σ_w⁴",
      },
      color: { field: "estimate", title: null, scale: { domain: names, range: colours } },
      strokeDash: {
        field: "estimate",
        title: null,
        scale: {
          domain: names,
          range: [
            [1, 0],
            [6, 3],
            [2, 2],
            [8, 2, 2, 2],
          ],
        },
      },
    },
  });
}

function drawRelu(): Promise<void> {
  const [hidden, inputs, etaDb] = [32, 8, -2];
  const steps = (from: number, to: number, step: number) =>
    Array.from({ length: Math.round((to - from) / step) + 1 }, (_, i) => from + i * step);
  const settings = steps(-0.2, 1.1, 0.05).flatMap((lambda) =>
    steps(-0.4, 0.4, 0.04).map((beta) => ({ lambda, beta })),
  );
  const study = { hidden, inputs, eta: dbToRatio(etaDb), networks: 4000, examplesPerNetwork: 4 };
  const losses = reluLosses({ ...study, random: new RandomSource(1) }, settings);
  const values = settings.map(({ lambda, beta }, i) => ({
    lambda: Number(lambda.toFixed(2)),
    beta: Number(beta.toFixed(2)),
    loss: losses[i].reduce((a, b) => a + b) / losses[i].length / outputPower(hidden, inputs),
  }));
  const best = values.reduce((a, b) => (b.loss < a.loss ? b : a));
  console.log("ReLU network, best:", best);
  for (const lambda of [0, 0.5, 1]) {
    const row = values.filter((v) => v.lambda === lambda);
    console.log(
      lambda,
      row.reduce((a, b) => (b.loss < a.loss ? b : a)),
      row.find((v) => v.beta === 0),
    );
  }
  const x = { field: "lambda", type: "quantitative", title: "λ'" };
  const y = { field: "beta", type: "quantitative", title: "β σ_w" };
  return draw("relu-loss", {
    width: 420,
    height: 260,
    data: { values },
    layer: [
      {
        transform: [
          { calculate: "datum.lambda - 0.025", as: "left" },
          { calculate: "datum.lambda + 0.025", as: "right" },
          { calculate: "datum.beta - 0.02", as: "low" },
          { calculate: "datum.beta + 0.02", as: "high" },
        ],
        mark: { type: "rect", clip: true },
        encoding: {
          x: {
            ...x,
            field: "left",
            scale: { domain: [-0.225, 1.125], nice: false },
            axis: { grid: false },
          },
          x2: { field: "right" },
          y: {
            ...y,
            field: "low",
            scale: { domain: [-0.42, 0.42], nice: false },
            axis: { grid: false },
          },
          y2: { field: "high" },
          color: {
            field: "loss",
            type: "quantitative",
            title: "loss / E f²",
            scale: {
              type: "log",
              domain: [0.8, 30],
              scheme: "viridis",
              reverse: true,
              clamp: true,
            },
          },
        },
      },
      {
        data: {
          values: [
            { lambda: 0, beta: 0, name: "mmse" },
            { lambda: 1, beta: 0, name: "ml" },
            { lambda: best.lambda, beta: best.beta, name: "least" },
          ],
        },
        encoding: { x, y },
        layer: [
          { mark: { type: "point", shape: "cross", filled: true, size: 60, color: "#000000" } },
          {
            mark: { type: "text", dy: { expr: "datum.name == 'least' ? 13 : -11" }, fontSize: 11 },
            encoding: { text: { field: "name" } },
          },
        ],
      },
    ],
  });
}

async function drawTensors(path: string): Promise<void> {
  const model = await openModelFile(path);
  const layout = layOut(model.tensors, defaultTravelRules);
  const weights = model.readWeights(layout);
  const { variance } = momentsOf(weights);
  const wnrDb = 4;
  const rows = tensorGains(weights, layout, variance / dbToRatio(wnrDb));
  const places = rows.map((row, i) => ({ ...row, place: i + 1 }));
  console.log(`variance of all weights ${variance.toPrecision(4)}, WNR ${wnrDb} dB`);
  for (const { tensor, weights, variance, ownGain, globalGain, ownError, globalError } of rows) {
    const numbers = [variance, ownGain, globalGain, ownError, globalError];
    console.log(tensor, weights, ...numbers.map((v) => v.toPrecision(3)));
  }
  const x = { field: "place", type: "quantitative", title: "tensor, from the input to the output" };
  const two = (own: string, global: string, title: string, scale: object) => ({
    width: 420,
    height: 170,
    transform: [
      { fold: [own, global], as: ["prior", "value"] },
      { calculate: `datum.prior == '${own}' ? 'of the tensor' : 'of all weights'`, as: "prior" },
    ],
    mark: { type: "point", filled: true, size: 55 },
    encoding: {
      x,
      y: { field: "value", type: "quantitative", title, scale },
      color: { field: "prior", title: "prior", scale: { range: ["#bb5566", "#004488"] } },
      shape: { field: "prior", title: "prior", scale: { range: ["circle", "triangle-up"] } },
    },
  });
  await draw("tensor-gains", {
    data: { values: places },
    vconcat: [
      {
        width: 420,
        height: 170,
        layer: [
          {
            mark: { type: "point", filled: true, size: 55, color: "#004488" },
            encoding: {
              x,
              y: {
                field: "variance",
                type: "quantitative",
                scale: { type: "log" },
                title: "variance",
              },
            },
          },
          {
            mark: { type: "rule", strokeDash: [5, 3], color: "#bb5566" },
            encoding: { y: { datum: variance } },
          },
        ],
      },
      two("ownGain", "globalGain", `gain g at ${wnrDb} dB WNR`, { zero: false }),
      two("ownError", "globalError", "error / variance", { type: "log" }),
    ],
  });
}

await drawQuadratic();
await drawRelu();
if (process.argv[2] !== undefined) await drawTensors(process.argv[2]);
