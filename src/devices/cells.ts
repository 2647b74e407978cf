/**
 * Weights as conductances. A weight is a fraction u of the largest magnitude of its tensor.
 *
 *   pair     g⁺ = max(u, 0) g_max,  g⁻ = max(−u, 0) g_max,  read (g⁺ − g⁻) / g_max
 *   single   g = middle + u (g_max − g_min)/2,              read (g − middle) / ((g_max − g_min)/2)
 *
 * With n devices per weight each conductance is written n times and the readings are averaged.
 */
import type { RandomSource } from "../kernel/random.js";
import type { Moments } from "./clipped-normal.js";

/** A device that was programmed to a conductance and is read once, at a fixed time. */
export interface Device {
  /** What is random about it. Each is a stream that gives every device one normal number. */
  readonly sources: readonly string[];
  /** Conductance read [µS] where `target` [µS] was wanted; `z[s][at]` is its number from source s. */
  read(target: number, z: readonly Float32Array[], at: number): number;
  /** Mean and variance of `read` [µS, µS²]. */
  moments(target: number): Moments;
}

/** Devices that hold weights. */
export interface Cells {
  /** Writes weights u in [−1, 1] and fills `readings` with what is read of them. */
  store(u: Float64Array, readings: Float64Array): void;
  /** Mean and variance of the reading for u. */
  moments(u: number): Moments;
}

export function pairCells(
  device: Device,
  gMaxMicroS: number,
  devicesPerWeight: number,
  random: RandomSource,
): Cells {
  const perWeight = 2 * devicesPerWeight;
  const normals = new Normals(device.sources, random);
  const unused = device.moments(0);
  return {
    store(u, readings) {
      const z = normals.next(u.length * perWeight);
      for (let k = 0, at = 0; k < u.length; k++) {
        const target = Math.abs(u[k]) * gMaxMicroS;
        let sum = 0;
        for (let i = 0; i < devicesPerWeight; i++, at += 2) {
          sum += device.read(target, z, at) - device.read(0, z, at + 1);
        }
        const reading = sum / (devicesPerWeight * gMaxMicroS);
        readings[k] = u[k] < 0 ? -reading : reading;
      }
    },
    moments(u) {
      const used = device.moments(Math.abs(u) * gMaxMicroS);
      return {
        mean: (Math.sign(u) * (used.mean - unused.mean)) / gMaxMicroS,
        variance: (used.variance + unused.variance) / (devicesPerWeight * gMaxMicroS ** 2),
      };
    },
  };
}

/** `offsetMicroS` is what the reader adds to a conductance. */
export function singleCells(
  device: Device,
  { minMicroS, maxMicroS }: { minMicroS: number; maxMicroS: number },
  offsetMicroS: number,
  devicesPerWeight: number,
  random: RandomSource,
): Cells {
  const normals = new Normals(device.sources, random);
  const half = (maxMicroS - minMicroS) / 2;
  const middle = minMicroS + half;
  return {
    store(u, readings) {
      const z = normals.next(u.length * devicesPerWeight);
      for (let k = 0, at = 0; k < u.length; k++) {
        let sum = 0;
        for (let i = 0; i < devicesPerWeight; i++, at++) {
          sum += device.read(middle + u[k] * half, z, at);
        }
        readings[k] = (sum / devicesPerWeight + offsetMicroS - middle) / half;
      }
    },
    moments(u) {
      const { mean, variance } = device.moments(middle + u * half);
      return {
        mean: (mean + offsetMicroS - middle) / half,
        variance: variance / (devicesPerWeight * half ** 2),
      };
    },
  };
}

/** The numbers of a device's sources, in blocks. */
class Normals {
  readonly #streams;
  #blocks: Float32Array[] = [];

  constructor(sources: readonly string[], random: RandomSource) {
    this.#streams = sources.map((name) => random.stream(name));
  }

  /** The next `count` numbers of each source; the arrays may be longer, and are reused. */
  next(count: number): readonly Float32Array[] {
    if (!(this.#blocks[0]?.length >= count)) {
      this.#blocks = this.#streams.map(() => new Float32Array(count));
    }
    this.#streams.forEach((stream, s) => {
      stream.fillNormal(this.#blocks[s].subarray(0, count));
    });
    return this.#blocks;
  }
}
