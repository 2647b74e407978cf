/**
 * What refinements are sent, as it arrives: rounded to `transmitter.statisticsBits`.
 */

import { outputMeans } from "../models/filters.js";
import type { LayerMoments } from "../models/input-moments.js";
import { firstChannel, type Layers } from "../models/layers.js";
import { type Probe, type ProbeMeasurements, withImages } from "../models/probe.js";
import { travellingLayers } from "../receiver/refinements/travelling.js";
import { roundToBlockFloat } from "../transmitter/block-float.js";
import type { Bench } from "./bench.js";

/** The bench with the numbers that receivers have of it in place of the true ones. */
export interface AnnouncedBench extends Bench {
  readonly probe: Probe | undefined;
}

export function announced(bench: Bench, bits: number): AnnouncedBench {
  const { moments, probe, meanSquares } = bench;
  return {
    ...bench,
    moments: moments && roundedMoments(bench, moments, bits),
    probe: probe && roundedProbe(bench.model.layers!, probe, bits),
    meanSquares: meanSquares.map((square) => roundToBlockFloat(Float32Array.of(square), bits)[0]),
  };
}

/** With the images that a receiver makes of what arrives. */
function roundedProbe(
  { normalization }: Layers,
  { shape, pixels, logRatios }: ProbeMeasurements,
  bits: number,
): Probe {
  const rounded = logRatios.slice();
  for (const layer of normalization) {
    const first = firstChannel(layer);
    const own = logRatios.subarray(first, first + layer.channels);
    rounded.set(roundToBlockFloat(own, bits), first);
  }
  const arrived = {
    mean: roundToBlockFloat(pixels.mean, bits),
    deviation: roundToBlockFloat(pixels.deviation, bits),
  };
  return withImages({ shape, pixels: arrived, logRatios: rounded });
}

function roundedMoments(
  { model, layout, weights, parameters }: Bench,
  moments: readonly (LayerMoments | undefined)[],
  bits: number,
): (LayerMoments | undefined)[] {
  const rounded = moments.slice();
  for (const { layer, index, offset, size } of travellingLayers({
    layers: model.layers!,
    layout,
  })) {
    const { inputMean, inputVariance } = moments[index]!;
    const m = roundToBlockFloat(inputMean, bits);
    // Of the means as they arrive, so that both ends compute with the same.
    const s = outputMeans(
      layer,
      weights.subarray(offset, offset + size),
      m,
      parameters.get(layer.bias ?? ""),
    );
    rounded[index] = {
      inputMean: m,
      inputVariance: roundToBlockFloat(Float32Array.of(inputVariance), bits)[0],
      outputMean: roundToBlockFloat(Float32Array.from(s), bits),
    };
  }
  return rounded;
}
