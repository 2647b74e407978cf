/**
 * What a transmitter measures on random images with its own network, so that a receiver of noisy weights can compare:
 * ln(v / v_p) of every channel of every batch normalization, v its running variance and v_p the population variance of
 * its input over the images and all positions, with all running statistics as they are.
 */
import type { Examples } from "../datasets/dataset.js";
import { firstChannel } from "./layers.js";
import type { Model, Scorer } from "./model.js";
import {
  makeProbeImages,
  type PixelStatistics,
  pixelStatistics,
  probeImages,
} from "./probe-images.js";

export interface ProbeMeasurements {
  /** [channels, rows, columns] of an image. */
  readonly shape: readonly number[];
  /** What the images' pixels are like. */
  readonly pixels: PixelStatistics;
  /** A number of each channel, in the order of `Model.layers`. */
  readonly logRatios: Float32Array;
}

/** With the images themselves, which both ends make and nobody sends. */
export interface Probe extends ProbeMeasurements {
  readonly images: Pick<Examples, "inputs" | "count">;
}

/** Beyond this a channel sees next to nothing on the images, or in the data, and its ratio says nothing. */
const mostLogRatio = 4;

/** Images whose pixels are like those of `examples`, and the network on them. Uses up what `setWeights` has prepared. */
export async function measureProbe(
  {
    model,
    weights,
    runningStatistics,
    scorer,
  }: { model: Model; weights: Float32Array; runningStatistics: Float32Array; scorer: Scorer },
  { inputs: [{ data, shape }] }: Examples,
): Promise<ProbeMeasurements> {
  const logRatios = new Float32Array(runningStatistics.length / 2);
  const pixels = pixelStatistics(data as Float32Array, shape);
  const { inputs, count } = imagesLike(shape, pixels);
  // Exponents of 0: all layers use the running statistics.
  const exponents = new Float32Array(logRatios.length);
  const measured = await scorer.measureVariances!(
    weights,
    runningStatistics,
    exponents,
    inputs,
    count,
  );
  for (const layer of model.layers!.normalization) {
    const { channels, offset } = layer;
    for (let c = 0; c < channels; c++) {
      const channel = firstChannel(layer) + c;
      const ratio = Math.log(runningStatistics[offset + channels + c] / measured[channel]);
      // Not a number where neither varies.
      logRatios[channel] = Math.max(-mostLogRatio, Math.min(mostLogRatio, ratio || 0));
    }
  }
  return { shape, pixels, logRatios };
}

export function withImages(measurements: ProbeMeasurements): Probe {
  return { ...measurements, images: imagesLike(measurements.shape, measurements.pixels) };
}

function imagesLike(shape: readonly number[], pixels: PixelStatistics): Probe["images"] {
  return { count: probeImages, inputs: [{ data: makeProbeImages(shape, pixels), shape }] };
}
