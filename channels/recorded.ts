/**
 * Noise from a file: y[k] = x[k] + σ z[k], with z the recorded trace and σ set by SNR or WNR as in `awgn`.
 * For measured noise, and for exact comparison with other programs.
 *
 * The trace is little-endian float32 (`.f32`) or a one-dimensional `.npy` of floats, one value per real
 * component, with unit variance. Trial t reads components t·n to (t+1)·n − 1, where n is the length of
 * a transmission, so that no two trials share noise.
 *
 * Limits: the noise does not depend on time or on the signal.
 */
import { basename, extname } from "node:path";
import { z } from "zod";
import { defineChannel } from "../src/channel.js";
import { noiseLevel, noiseVarianceOf, oneNoiseLevel } from "../src/channel-noise.js";
import { InputError } from "../src/errors.js";
import { fileBytes, readBytes } from "../src/files/bytes.js";
import { readNpy } from "../src/files/npy.js";

export const recorded = defineChannel({
  name: "recorded",
  summary: "adds noise recorded in a file, scaled to the wanted SNR",

  params: z
    .strictObject({
      path: z.string().describe("file with the noise: .f32 (little-endian) or .npy, unit variance"),
      ...noiseLevel,
      wrap: z
        .boolean()
        .default(false)
        .describe("start again at the beginning when the trace is used up"),
      normalize: z
        .boolean()
        .default(false)
        .describe("scale the trace to mean 0 and variance 1 before use"),
    })
    .superRefine(oneNoiseLevel),

  files: ({ path }) => [path],

  open(params, { signal, components, trial }) {
    const trace = readTrace(params.path, params.normalize);
    const needed = (trial + 1) * components;
    if (!params.wrap && needed > trace.length) {
      throw new InputError(
        `${basename(params.path)}: the trace holds ${trace.length} values and trial ${trial} needs values ` +
          `up to ${needed} (${components} a trial); run fewer trials or set channel.wrap: true`,
      );
    }
    const noiseVariance = noiseVarianceOf(params, signal);
    const sigma = Math.sqrt(noiseVariance);
    let next = (trial * components) % trace.length;

    return {
      transmit(x, _timeS, reception) {
        const { y } = reception;
        for (let k = 0; k < x.length; k++) {
          y[k] = x[k]! + sigma * trace[next]!;
          if (++next === trace.length) next = 0;
        }
        reception.noiseVariance = noiseVariance;
      },
    };
  },
});

/** The last trace read, since every trial of every point opens the same one. */
let latest: { key: string; trace: Float32Array } | undefined;

function readTrace(path: string, normalize: boolean): Float32Array {
  const key = `${path} ${normalize}`;
  if (latest?.key === key) return latest.trace;
  const trace = extname(path) === ".npy" ? readNpyTrace(path) : readRawTrace(path);
  let sum = 0;
  let squares = 0;
  for (let k = 0; k < trace.length; k++) {
    sum += trace[k];
    squares += trace[k] * trace[k];
  }
  const mean = sum / trace.length;
  const variance = squares / trace.length - mean * mean;
  if (!(variance > 0 && variance < Infinity)) {
    throw new InputError(`${path}: a noise trace must hold finite, varying numbers`);
  }
  if (normalize) {
    const scale = 1 / Math.sqrt(variance);
    for (let k = 0; k < trace.length; k++) trace[k] = (trace[k] - mean) * scale;
  } else if (Math.abs(variance - 1) > 0.1) {
    throw new InputError(
      `${path}: a noise trace must have unit variance, got ${variance.toPrecision(4)}; ` +
        "scale it, or set channel.normalize: true",
    );
  }
  latest = { key, trace };
  return trace;
}

function readRawTrace(path: string): Float32Array {
  const bytes = fileBytes(path);
  if (bytes === 0 || bytes % 4 !== 0) {
    throw new InputError(`${path}: ${bytes} bytes is not a whole number of float32 values`);
  }
  // Every machine that runs Node is little-endian, as the file is.
  return new Float32Array(readBytes(path, 0, bytes).buffer);
}

function readNpyTrace(path: string): Float32Array {
  const { data, shape, dtype } = readNpy(path);
  if (shape.length !== 1 || !(data instanceof Float32Array || data instanceof Float64Array)) {
    throw new InputError(
      `${path}: a noise trace must be one-dimensional floats, got shape (${shape.join(", ")}) of ${dtype}`,
    );
  }
  return Float32Array.from(data);
}
