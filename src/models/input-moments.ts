/**
 * Moments of the inputs of linear layers, as their kernels see them: what the transmitter measures on its own
 * network and sends, so that a receiver can tell what noise in the weights does to a layer's output.
 *
 * A kernel's tap meets the input at every position of the output, and zeros where it reaches over the edge. Means
 * and variances are over examples, positions and those zeros:
 *
 *   inputMean[i]   mean over taps of E[a_i,tap]
 *   inputVariance  mean over input channels and taps of Var[a_i,tap]
 *   outputMean[c]  Σ w[c,i,tap] · inputMean[i] + bias[c], of the weights as they are sent
 *
 * Memory: two numbers for every position of every layer's input, summed over examples.
 */
import type { Examples } from "../datasets/dataset.js";
import { outputMeans } from "./filters.js";
import { sliceExamples } from "./fit-inputs.js";
import type { ConvolutionWindow, LinearLayer } from "./layers.js";
import type { InnerValue, Scorer } from "./model.js";

export interface LayerMoments {
  /** [ins] */
  readonly inputMean: Float32Array;
  readonly inputVariance: number;
  /** [outs] */
  readonly outputMean: Float32Array;
}

/** A layer, and where its weights lie in the weight vector. */
export interface PlacedLayer {
  readonly layer: LinearLayer;
  readonly offset: number;
  readonly size: number;
}

/**
 * Moments of `layers` over `examples`, `batch` at a time; `bias` gives a layer's own. Uses up what `setWeights` has
 * prepared.
 */
export async function measureInputMoments(
  scorer: Scorer,
  weights: Float32Array,
  layers: readonly PlacedLayer[],
  bias: (layer: LinearLayer) => Float32Array | undefined,
  examples: Examples,
  batch: number,
): Promise<LayerMoments[]> {
  const sums = layers.map(() => new PositionSums());
  const names = [...new Set(layers.map(({ layer }) => layer.input))];
  for (let start = 0; start < examples.count; start += batch) {
    const count = Math.min(batch, examples.count - start);
    const inputs = sliceExamples(examples, start, count);
    const values = await scorer.innerValues!(weights, names, inputs, count);
    layers.forEach(({ layer }, l) => {
      sums[l].add(values.get(layer.input)!, layer);
    });
  }
  return layers.map(({ layer, offset, size }, l) => {
    const { inputMean, inputVariance } = sums[l].moments(layer);
    const own = weights.subarray(offset, offset + size);
    return {
      inputMean,
      inputVariance,
      outputMean: Float32Array.from(outputMeans(layer, own, inputMean, bias(layer))),
    };
  });
}

/** Sums over examples of a layer's input and of its square, at every position of every channel. */
class PositionSums {
  #count = 0;
  #rows = 1;
  #columns = 1;
  #sum = new Float64Array(0);
  #squares = new Float64Array(0);

  add({ data, shape }: InnerValue, { window, ins }: LinearLayer): void {
    // A convolution has its channels first, a product has them last and any dimensions before.
    const size = window === undefined ? ins : data.length / shape[0];
    if (window !== undefined) {
      this.#columns = shape.at(-1)!;
      this.#rows = shape.length === 4 ? shape[2] : 1;
    }
    if (this.#count === 0) {
      this.#sum = new Float64Array(size);
      this.#squares = new Float64Array(size);
    }
    const sum = this.#sum;
    const squares = this.#squares;
    for (let from = 0; from < data.length; from += size) {
      for (let k = 0; k < size; k++) {
        const value = data[from + k];
        sum[k] += value;
        squares[k] += value * value;
      }
      this.#count++;
    }
  }

  moments({ window, ins }: LinearLayer): Pick<LayerMoments, "inputMean" | "inputVariance"> {
    const positions = this.#rows * this.#columns;
    const rows = window === undefined ? [[0]] : tapPositions(window, 0, this.#rows);
    const columns = window === undefined ? [[0]] : tapPositions(window, 1, this.#columns);
    const inputMean = new Float32Array(ins);
    let inputVariance = 0;
    const taps = rows.length * columns.length;
    for (let i = 0; i < ins; i++) {
      const channel = this.#sum.subarray(i * positions, (i + 1) * positions);
      const squared = this.#squares.subarray(i * positions, (i + 1) * positions);
      let meanOverTaps = 0;
      for (const ys of rows) {
        for (const xs of columns) {
          const seen = this.#count * ys.length * xs.length;
          let sum = 0;
          let squares = 0;
          for (const y of ys) {
            if (y < 0) continue; // a zero beyond the edge
            for (const x of xs) {
              if (x < 0) continue;
              sum += channel[y * this.#columns + x];
              squares += squared[y * this.#columns + x];
            }
          }
          const mean = sum / seen;
          meanOverTaps += mean / taps;
          inputVariance += (squares / seen - mean * mean) / (taps * ins);
        }
      }
      inputMean[i] = meanOverTaps;
    }
    return { inputMean, inputVariance };
  }
}

/** Of each tap along one axis (0: rows, 1: columns) the positions that it meets, -1 beyond the edge. */
function tapPositions(window: ConvolutionWindow, axis: 0 | 1, length: number): number[][] {
  const kernel = window.kernel[axis];
  const stride = window.strides[axis];
  const dilation = window.dilations[axis];
  const reach = dilation * (kernel - 1) + 1;
  let before: number;
  let outputs: number;
  if (typeof window.pads === "string") {
    outputs = Math.ceil(length / stride);
    const total = Math.max(0, (outputs - 1) * stride + reach - length);
    before = window.pads === "same-upper" ? Math.floor(total / 2) : Math.ceil(total / 2);
  } else {
    const [first, last] = axis === 0 ? window.pads.rows : window.pads.columns;
    before = first;
    outputs = Math.floor((length + first + last - reach) / stride) + 1;
  }
  return Array.from({ length: kernel }, (_, tap) =>
    Array.from({ length: outputs }, (_, out) => {
      const at = out * stride + tap * dilation - before;
      return at < length ? Math.max(at, -1) : -1;
    }),
  );
}
