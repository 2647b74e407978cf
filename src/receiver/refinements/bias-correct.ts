/**
 * Takes away the shift that errors in the weights give to a layer's mean output.
 *
 *   E[ẑ[c]] − E[z[c]] = Σ_j ŵ_j m_j + b̂[c] − s[c],   s[c] = Σ_j w_j m_j + b[c]
 *
 * with the mean inputs m of the clean network. m (one number per input channel) and s (one per output channel) are
 * sent; ŵ and b̂ are what arrived, so the shift is known as far as the inputs have their clean means. It is
 * subtracted from the layer's bias where the bias travels. Where a batch normalization follows, its running mean
 * is set as batch-norm-datafree sets it (data-free.ts), and its variance stays.
 *
 * Source: Nagel, van Baalen, Blankevoort, Welling, "Data-Free Quantization Through Weight Equalization and Bias
 * Correction", ICCV 2019 (arXiv 1906.04721), sec. 4.2, where the error is that of quantization and known whole.
 * Limits: layers without a travelling bias and without a batch normalization behind them stay as they are.
 * Behind a refinement that has set the statistics of batch normalizations, only biases are corrected: the means
 * of the others fit already.
 */
import { z } from "zod";
import { filterOf } from "../../models/filters.js";
import { receptionOf } from "./filter-reception.js";
import { predictedMeans } from "./predicted-means.js";
import { defineRefinement, type NetworkPlan } from "./refinement.js";
import { meansSent } from "./sent.js";
import { travellingLayers } from "./travelling.js";

export const biasCorrect = defineRefinement({
  name: "bias-correct",
  summary:
    "subtracts the shift of each layer's mean output, from input means that the transmitter sends",
  params: z.strictObject({}),

  sends: (_params, plan) => correctable(plan).map(({ layer }) => meansSent(layer)),

  lacks: (plan) =>
    correctable(plan).length > 0
      ? undefined
      : "has no layer with travelling weights and a travelling bias or a BatchNormalization behind it",

  refine(network, context) {
    const { ownStatistics, observation, moments, layers } = context;
    const { weights } = network;
    const fitted = network.statistics !== undefined;
    let statistics = network.statistics;
    for (const { bias, ...placed } of correctable(context)) {
      const { layer, index, offset } = placed;
      if (layer.normalization !== undefined && fitted) continue;
      const { outputMean } = moments[index]!;
      const means = predictedMeans(placed, weights, context);
      if (layer.normalization === undefined) {
        for (let c = 0; c < layer.outs; c++) weights[bias! + c] -= means[c] - outputMean[c];
        continue;
      }
      statistics ??= ownStatistics.slice();
      const at = layers.normalization[layer.normalization].offset;
      for (let c = 0; c < layer.outs; c++) {
        const { gain, share } = receptionOf(filterOf(layer, c), offset, observation, weights);
        statistics[at + c] = means[c] + gain * share * (statistics[at + c] - outputMean[c]);
      }
    }
    network.statistics = statistics;
  },
});

/** Layers that can take a correction; `bias` is the place of their bias in the weight vector. */
function correctable(plan: NetworkPlan) {
  const places = new Map(plan.layout.entries.map(({ name, offset }) => [name, offset]));
  return travellingLayers(plan).flatMap((travelling) => {
    const { bias, normalization } = travelling.layer;
    const place = bias === undefined ? undefined : places.get(bias);
    return normalization === undefined && place === undefined
      ? []
      : [{ ...travelling, bias: place }];
  });
}
