/**
 * Batch normalization statistics from the received weights, and from random images that both ends make.
 *
 * `batch-norm-datafree` knows the mean of a layer's output for the noise that was received, but its variance only in the
 * mean over the noise: with the weights ŵ = w + n it cannot know 2 wᵀ C n + nᵀ C n without the covariance C of the inputs. Inputs
 * that random images make have a covariance that is not C, yet not unlike it: neighbours are alike, and channels belong together as
 * the layers before make them. On such images the receiver measures the variance v̂_p[c] of every layer, the
 * transmitter has measured v_p[c] in the clean network, and sends ln(v[c] / v_p[c]) with the running variance v. Then
 *
 *   mean[c]      as batch-norm-datafree has it
 *   variance[c]  √( E[c] · v̂_p[c] v[c] / v_p[c] ),   E[c] the variance of batch-norm-datafree
 *
 * the geometric mean of an estimate that knows the noise and not quite the inputs, and one that knows the inputs'
 * strength and the noise in the mean alone. Without noise both are v. Each layer is measured behind layers that are corrected so.
 *
 * Source: docs/refinements.md, with what each of the two does alone. The images: probe-images.ts.
 * Limits: those of batch-norm-datafree for the means. Networks with one input, images as [channels, rows, columns]. The
 * images that the receiver makes have pixel means and deviations as they arrive, rounded; the transmitter's have the true ones.
 */
import { z } from "zod";
import { firstChannel } from "../../models/layers.js";
import { batchNormDataFree, normalizedLayers, setExpectedStatistics } from "./data-free.js";
import { defineRefinement, type NetworkPlan } from "./refinement.js";
import { pixelStatisticsSent, probeRatiosSent } from "./sent.js";

/** The weight of what the images say; the rest is that of the expectation. */
const share = 0.5;

export const batchNormProbe = defineRefinement({
  name: "batch-norm-probe",
  summary:
    "as batch-norm-datafree, with variances measured on random images that both ends make; no image of the data",
  params: z.strictObject({}),

  setsStatistics: true,
  usesProbe: true,

  needsNoiseVariance: () => true,

  sends: (params, plan) => [
    ...batchNormDataFree.sends!(params, plan),
    pixelStatisticsSent(plan.inputs[0].shape[1]!),
    ...normalizedLayers(plan).map(({ layer }) => probeRatiosSent(layer)),
  ],

  lacks: (plan) => batchNormDataFree.lacks(plan) ?? lacksImages(plan),

  async refine(network, context) {
    const { layers, probe, ownStatistics } = context;
    setExpectedStatistics(network, context);
    const statistics = network.statistics!;
    // Batch normalizations that keep their statistics have them as factors, with an exponent of 0.
    const given = ownStatistics.slice();
    const exponents = new Float32Array(statistics.length / 2);
    const corrected = normalizedLayers(context).map(
      ({ layer }) => layers.normalization[layer.normalization!],
    );
    for (const layer of corrected) {
      const { channels, offset } = layer;
      for (let c = 0; c < channels; c++) {
        const channel = firstChannel(layer) + c;
        const variance = offset + channels + c;
        const ratio = Math.exp(probe!.logRatios[channel]);
        given[offset + c] = statistics[offset + c];
        given[variance] = ratio ** share * statistics[variance] ** (1 - share);
        exponents[channel] = share;
      }
    }
    const measured = await probe!.measureVariances(network.weights, given, exponents);
    for (const layer of corrected) {
      const { channels, offset } = layer;
      for (let c = 0; c < channels; c++) {
        const variance = offset + channels + c;
        statistics[variance] = given[variance] * measured[firstChannel(layer) + c] ** share;
      }
    }
  },
});

function lacksImages({ inputs }: NetworkPlan): string | undefined {
  const [{ type, shape }] = inputs;
  if (inputs.length === 1 && type === "float32" && shape.length === 4 && shape[1] !== null) return;
  const shapes = inputs.map((i) => `[${i.shape.map((d) => d ?? "?").join(", ")}] of ${i.type}`);
  return `takes ${shapes.join(" and ")}, not images [?, channels, rows, columns] of float32`;
}
