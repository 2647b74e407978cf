/**
 * A network as the simulator sees it: named tensors, and something that scores examples with them.
 */
import type { ExampleInput } from "../datasets/dataset.js";
import type { Layout, NamedTensor } from "../weights/layout.js";
import type { Layers } from "./layers.js";

export interface ModelInput {
  readonly name: string;
  readonly type: "float32" | "int32" | "int64";
  /** Shape with the batch dimension first; null where the model leaves a dimension open. */
  readonly shape: readonly (number | null)[];
}

/** A model file, read and checked. */
export interface Model {
  readonly format: "onnx" | "tfjs-layers";
  /** Files it was read from, for provenance. */
  readonly files: readonly string[];
  /** Every tensor of the file in its order, with the part it plays. */
  readonly tensors: readonly NamedTensor[];
  readonly inputs: readonly ModelInput[];
  /** What refinements work on; undefined for formats that refinements do not work with. */
  readonly layers?: Layers;
  /** Values of a tensor of the file, whether it travels or not, row-major. */
  readTensor?(name: string): Float32Array;
  /** Values of the layout's tensors, one after another, row-major: the weight vector w. */
  readWeights(layout: Layout): Float32Array;
  /** Prepares to run the model; `setWeights` comes first, then any number of `run`. */
  openScorer(layout: Layout, options: ScorerOptions): Promise<Scorer>;
}

export interface ScorerOptions {
  /** Threads for one inference; 0 lets the runtime choose. */
  readonly threads: number;
}

/** Runs the model with replaced weights. Holds one copy of the model. */
export interface Scorer {
  /** What runs the model, e.g. "ONNX Runtime 1.30.0 (CPU)". */
  readonly runtime: string;
  /**
   * Takes the weight vector in the layout's order; later calls to `run` use it. With `statistics`, every batch
   * normalization takes its mean and variance from there, in the order of `Model.layers`.
   */
  setWeights(weights: Float32Array, statistics?: Float32Array): Promise<void>;
  /**
   * Scores of a batch of examples, row-major [count, classes].
   * `inputs` hold exactly `count` examples each; the result is valid until the next call.
   */
  run(inputs: readonly ExampleInput[], count: number): Promise<Float32Array>;
  /**
   * Mean and population variance of every batch normalization's input over a batch of examples and all
   * positions, each layer behind layers that use the statistics of this batch themselves. Ends what
   * `setWeights` has prepared. Absent for formats without `Model.layers`.
   */
  measureStatistics?(
    weights: Float32Array,
    inputs: readonly ExampleInput[],
    count: number,
  ): Promise<Float32Array>;
  /**
   * Population variance of every batch normalization's input over a batch of examples and all positions: a number of each
   * channel, in the order of `Model.layers`. Each layer stands behind layers that use a given mean and the variance f v^p,
   * with the v that they measure. `statistics` holds the means, and in place of the variances f; `exponents` holds p, of
   * each channel. Ends what `setWeights` has prepared. Absent for formats without `Model.layers`.
   */
  measureVariances?(
    weights: Float32Array,
    statistics: Float32Array,
    exponents: Float32Array,
    inputs: readonly ExampleInput[],
    count: number,
  ): Promise<Float32Array>;
  /**
   * Inner values of the network at `names` (`LinearLayer.input`) for a batch of examples, and their shapes.
   * Ends what `setWeights` has prepared. Absent for formats without `Model.layers`.
   */
  innerValues?(
    weights: Float32Array,
    names: readonly string[],
    inputs: readonly ExampleInput[],
    count: number,
  ): Promise<Map<string, InnerValue>>;
  close(): Promise<void>;
}

export interface InnerValue {
  readonly data: Float32Array;
  /** The batch dimension first. */
  readonly shape: readonly number[];
}
