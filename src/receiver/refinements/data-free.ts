/**
 * Batch normalization statistics from the received weights alone, without any image.
 *
 * A layer z[c] = Σ_j w[c,j] a_j + b[c], whose inputs have mean M_j and covariance C, has mean Σ w M + b and variance
 * wᵀ C w. The receiver has ŵ = g w + e on the weights A that arrived, with the estimator's gain g and noise e. It sets
 *
 *   mean[c]      Σ ŵ_j m_j + b̂[c] + g ρ (μ[c] − s[c]),   s[c] = Σ w_j m_j + b[c]
 *   variance[c]  g² ( q ρ² v[c] + D Σ_A σ_j² + (1 − q ρ) D Σ_A (r_j² − σ_j²) ) + (1 − ρ)⁸ v[c]
 *
 * with the clean network's running statistics μ and v, which the receiver has, and the share ρ that arrived. The
 * transmitter sends m, one mean for every input channel, s for every output channel, and D, the mean of C_jj, for
 * the layer. m stands for M, which differs between the taps of a kernel; s makes good for that. The mean is exact for
 * the noise received. The variance is its expectation: over the noise, nᵀ C n and 2 wᵀ C n being unknown where C is;
 * over patterns of lost weights, of which a pair arrives with ρ² and a square with ρ; and over the noise of the layers
 * before. Behind them only the share q of the inputs' variance is signal, which has the covariance C that w was
 * trained for. The rest counts as white. Each layer's q follows from those before it (signal-share.ts).
 *
 * Source: docs/refinements.md derives it. Nagel et al., ICCV 2019 (arXiv 1906.04721), correct means for
 * quantization errors in this way.
 * Limits: inputs are taken to have the clean network's means and variances, which holds as far as the layers before
 * are corrected. One D per layer: where the noise differs between the weights of a filter, inputs count as equally
 * strong. The variance that a constant shift of all weights (β of mmse-pb) adds is left out. Batch normalizations
 * behind anything else than a linear layer whose weights travel keep their statistics.
 */
import { z } from "zod";
import { filterOf } from "../../models/filters.js";
import { type FilterReception, receptionOf } from "./filter-reception.js";
import { predictedMeans } from "./predicted-means.js";
import { insteadOf } from "./recalibrate.js";
import {
  defineRefinement,
  type NetworkPlan,
  type ReceivedNetwork,
  type RefinementContext,
} from "./refinement.js";
import { meansSent, variancesSent } from "./sent.js";
import { SignalShares } from "./signal-share.js";
import { travellingLayers } from "./travelling.js";

export const batchNormDataFree = defineRefinement({
  name: "batch-norm-datafree",
  summary:
    "batch normalization statistics corrected for the noise, from input moments that the transmitter sends; no image",
  params: z.strictObject({}),

  setsStatistics: true,

  needsNoiseVariance: () => true,

  sends: (_params, plan) =>
    normalizedLayers(plan).flatMap(({ layer }) => [meansSent(layer), variancesSent(layer)]),

  lacks(plan) {
    if (normalizedLayers(plan).length > 0) return undefined;
    return `has no BatchNormalization operator behind a convolution or matrix product whose weights travel${insteadOf(plan.layers.otherNormalizations)}`;
  },

  refine: setExpectedStatistics,
});

export function setExpectedStatistics(network: ReceivedNetwork, context: RefinementContext): void {
  const { observation, ownStatistics, moments, layers } = context;
  const { weights } = network;
  const statistics = ownStatistics.slice();
  const shares = new SignalShares(context);
  const behind = new Map(normalizedLayers(context).map((p) => [p.layer.normalization, p]));
  for (const { output, inputs, normalization } of layers.flow) {
    const placed = behind.get(normalization);
    if (normalization === undefined || placed === undefined) {
      shares.mix(output, inputs);
      continue;
    }
    const { layer, index, offset } = placed;
    const { inputVariance, outputMean } = moments[index]!;
    const { channels, offset: at } = layers.normalization[normalization];
    const means = predictedMeans(placed, weights, context);
    const inputShare = shares.of(layer.input);
    let outputShare = 0;
    for (let c = 0; c < channels; c++) {
      const filter = receptionOf(filterOf(layer, c), offset, observation, weights);
      const { gain, share } = filter;
      const clean = Math.max(0, statistics[at + channels + c]);
      const { signal, total } = varianceBehind(filter, clean, inputShare, inputVariance);
      statistics[at + c] = means[c] + gain * share * (statistics[at + c] - outputMean[c]);
      statistics[at + channels + c] = gain * gain * total + (1 - share) ** lossPower * clean;
      outputShare += (total > 0 ? signal / total : inputShare) / channels;
    }
    shares.set(output, outputShare);
  }
  network.statistics = statistics;
}

/**
 * Of a filter that was lost, what the receiver fills in says nothing, and a variance of nothing would blow it up. So
 * it keeps the stored variance, and one of which little arrived a part of it: 0.4 % of it where half arrived.
 */
const lossPower = 8;

/**
 * Variance of an output channel with the weights r, and the part of it that the clean network's signal makes.
 * Never negative: the noise outweighs what it takes from the estimate of Σ w².
 */
export function varianceBehind(
  { share, noise, power }: FilterReception,
  clean: number,
  inputShare: number,
  inputVariance: number,
): { signal: number; total: number } {
  const kept = inputShare * share;
  const signal = kept * share * clean;
  return { signal, total: signal + inputVariance * (noise + (1 - kept) * power) };
}

/** Layers that a batch normalization follows. */
export const normalizedLayers = (plan: NetworkPlan) =>
  travellingLayers(plan).filter(({ layer }) => layer.normalization !== undefined);
