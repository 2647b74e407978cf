/**
 * Mean outputs of a layer as the received weights predict them from the input means that were sent: Σ ŵ m + b̂.
 */
import { outputMeans } from "../../models/filters.js";
import type { RefinementContext } from "./refinement.js";
import type { TravellingLayer } from "./travelling.js";

export function predictedMeans(
  { layer, index, offset, size }: TravellingLayer,
  weights: Float32Array,
  { moments, parameter }: RefinementContext,
): Float64Array {
  const { inputMean } = moments[index]!;
  const bias = layer.bias === undefined ? undefined : parameter(layer.bias);
  return outputMeans(layer, weights.subarray(offset, offset + size), inputMean, bias);
}
