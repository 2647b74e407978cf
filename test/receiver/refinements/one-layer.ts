/** A layer with a batch normalization behind it, its inputs given by their moments alone. */
import { RandomSource } from "../../../src/kernel/index.js";
import type { Layers, LinearLayer } from "../../../src/models/layers.js";
import type { Observation } from "../../../src/observation.js";
import type { RefinementContext } from "../../../src/receiver/refinements/refinement.js";

export const ins = 8;
export const outs = 3;
export const taps = 9;
export const size = ins * taps; // of a filter

export const layer: LinearLayer = {
  name: "conv",
  weight: "w",
  inputsFirst: false,
  bias: "b",
  outs,
  ins,
  window: {
    group: 1,
    kernel: [3, 3],
    strides: [1, 1],
    dilations: [1, 1],
    pads: { rows: [0, 0], columns: [0, 0] },
  },
  input: "x",
  normalization: 0,
};

export const layers: Layers = {
  normalization: [
    { name: "bn", channels: outs, mean: "mu", variance: "v", scale: undefined, offset: 0 },
  ],
  statisticsSize: 2 * outs,
  linear: [layer],
  flow: [
    { output: "z", inputs: ["x"], normalization: undefined },
    { output: "y", inputs: ["z"], normalization: 0 },
  ],
  otherNormalizations: [],
};

export function normal(name: string, length: number, sigma = 1, mean = 0): Float32Array {
  const values = new Float32Array(length);
  new RandomSource(21).stream(name).fillNormal(values, sigma, mean);
  return values;
}

/** Weights of the filters, then the biases: what travels. */
export const weights = normal("weights", outs * size + outs, 0.3, 0.02);
/** Mean of each input channel, equal for the taps. */
export const inputMean = normal("means", ins, 0.5, 0.8);

/** E[z[c]] for any weights: Σ w M + b. */
export function meanOf(w: Float32Array, c: number): number {
  let sum = w[outs * size + c];
  for (let j = 0; j < size; j++) sum += w[c * size + j] * inputMean[Math.floor(j / taps)];
  return sum;
}

/** Standard deviation of input j: unequal inputs have mean square 1.7 too. */
export type Spread = (j: number) => number;
export const inputVariance = 1.7;
export const equal: Spread = () => Math.sqrt(inputVariance);
export const unequal: Spread = (j) => Math.sqrt(inputVariance * (j % 2 === 0 ? 0.4 : 1.6));

/** Var[z[c]] = wᵀ C w with C_jk = s_j s_k 0.6^|j − k|. */
export function varianceOf(w: Float32Array, c: number, spread: Spread): number {
  // u_j = Σ_{k < j} s_k w_k 0.6^(j − k)
  let [sum, u] = [0, 0];
  for (let j = 0; j < size; j++) {
    const term = spread(j) * w[c * size + j];
    u *= 0.6;
    sum += term * term + 2 * term * u;
    u += term;
  }
  return sum;
}

export function contextOf(observation: Observation, received: Float32Array, spread: Spread) {
  const means = Float32Array.from({ length: outs }, (_, c) => meanOf(weights, c));
  const variances = Float32Array.from({ length: outs }, (_, c) => varianceOf(weights, c, spread));
  const context: RefinementContext = {
    modelName: "one layer",
    layers,
    inputs: [],
    layout: {
      size: weights.length,
      entries: [
        { name: "w", shape: [outs, ins, 3, 3], size: outs * size, role: "weight", offset: 0 },
        { name: "b", shape: [outs], size: outs, role: "weight", offset: outs * size },
      ],
    },
    observation,
    ownStatistics: Float32Array.of(...means, ...variances),
    parameter: () => received.subarray(outs * size),
    moments: [{ inputMean, inputVariance, outputMean: means }],
    meanSquares: [0.0904, 0.1],
    measureStatistics: () => Promise.reject(new Error("no images here")),
    probe: undefined,
  };
  return context;
}
