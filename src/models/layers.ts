/**
 * The layers of a network that refinements work on: batch normalizations, and the linear layers whose
 * weights travel. What a file format knows of them, without its values.
 */

/** A batch normalization y = γ (x − mean) / √(variance + ε) + β, per channel. */
export interface NormalizationLayer {
  readonly name: string;
  readonly channels: number;
  /** Tensors [channels] that hold its running mean and variance, and γ. */
  readonly mean: string;
  readonly variance: string;
  readonly scale: string | undefined;
  /** Index of its means in a statistics vector; its variances follow `channels` later. */
  readonly offset: number;
}

/** Index of its first channel in a vector with one number for each channel of all batch normalizations. */
export const firstChannel = ({ offset }: NormalizationLayer): number => offset / 2;

/** A convolution or a product with a matrix: out[c] = Σ weight[c, i, tap] in[i, tap] + bias[c]. */
export interface LinearLayer {
  readonly name: string;
  /** Tensor [out, ins / group, ...kernel], or [ins, out] where `inputsFirst`. */
  readonly weight: string;
  readonly inputsFirst: boolean;
  /** Tensor [out] that is added to its output, where it has one. */
  readonly bias: string | undefined;
  readonly outs: number;
  /** Input channels of all groups. */
  readonly ins: number;
  /** Present in a convolution; then its input is [examples, ins, rows, columns]. */
  readonly window: ConvolutionWindow | undefined;
  /** Value of the graph that it takes: how its inputs are asked for. */
  readonly input: string;
  /** Index of the batch normalization that takes its output. */
  readonly normalization: number | undefined;
}

/** How a kernel slides, in [rows, columns]; one-dimensional convolutions have one row. */
export interface ConvolutionWindow {
  readonly group: number;
  readonly kernel: readonly [number, number];
  readonly strides: readonly [number, number];
  readonly dilations: readonly [number, number];
  /** Zeros around the input: before and after its rows, before and after its columns. */
  readonly pads:
    | { readonly rows: readonly [number, number]; readonly columns: readonly [number, number] }
    | "same-upper"
    | "same-lower";
}

/** A value of the graph and those that it comes from, without constants of the file. */
export interface ValueStep {
  readonly output: string;
  readonly inputs: readonly string[];
  /** Index of the batch normalization whose output it is. */
  readonly normalization: number | undefined;
}

/** The layers of a network in the order of its graph. */
export interface Layers {
  readonly normalization: readonly NormalizationLayer[];
  /** Length of a statistics vector: means and variances of all batch normalizations. */
  readonly statisticsSize: number;
  readonly linear: readonly LinearLayer[];
  /** How values come from values, in an order in which they can be computed. */
  readonly flow: readonly ValueStep[];
  /** Other kinds of normalization that the network has, by the name of their operator. */
  readonly otherNormalizations: readonly string[];
}
