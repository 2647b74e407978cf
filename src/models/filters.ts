/**
 * Where the weights of one output channel lie in the tensor of a linear layer.
 */
import type { LinearLayer } from "./layers.js";

/** Weight j of the filter lies at `start + j * stride` and meets input channel `firstInput + ⌊j / taps⌋`. */
export interface Filter {
  readonly start: number;
  readonly stride: number;
  /** Weights in the filter. */
  readonly size: number;
  readonly firstInput: number;
  /** Weights that meet the same input channel. */
  readonly taps: number;
}

/** The filter of output channel `out`. */
export function filterOf(layer: LinearLayer, out: number): Filter {
  const { window, ins, outs, inputsFirst } = layer;
  if (inputsFirst) return { start: out, stride: outs, size: ins, firstInput: 0, taps: 1 };
  const group = window?.group ?? 1;
  const taps = window === undefined ? 1 : window.kernel[0] * window.kernel[1];
  const perGroup = ins / group;
  return {
    start: out * perGroup * taps,
    stride: 1,
    size: perGroup * taps,
    firstInput: Math.floor(out / (outs / group)) * perGroup,
    taps,
  };
}

/** Output means Σ weight · input mean + bias of all output channels. */
export function outputMeans(
  layer: LinearLayer,
  weights: Float32Array,
  inputMean: Float32Array,
  bias: Float32Array | undefined,
): Float64Array {
  return Float64Array.from({ length: layer.outs }, (_, out) => {
    const { start, stride, size, firstInput, taps } = filterOf(layer, out);
    let sum = bias?.[out] ?? 0;
    for (let j = 0; j < size; j++) {
      sum += weights[start + j * stride] * inputMean[firstInput + Math.floor(j / taps)];
    }
    return sum;
  });
}
