/**
 * Traces of recorded noise: little-endian float32 (`.f32`), or a one-dimensional `.npy` of floats.
 */
import { extname } from "node:path";
import { InputError } from "../errors.js";
import { fileBytes, readBytes } from "./bytes.js";
import { readNpy } from "./npy.js";

/** The last trace read, since every trial of every point opens the same one. */
let latest: { key: string; trace: Float32Array } | undefined;

/**
 * Reads a trace and checks that its variance is 1, or makes it so. Throws InputError for a file that holds
 * something else.
 */
export function readTrace(path: string, normalize: boolean): Float32Array {
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
