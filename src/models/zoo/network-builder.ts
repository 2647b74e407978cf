/**
 * Layers with PyTorch's names, shapes and initial values, as nodes of an ONNX graph in inference form.
 *
 * A layer `name` has tensors `name.weight`, `name.bias`, `name.running_mean`, `name.running_var`, and its node
 * is called `name`. Every tensor has a random stream of its own name, so a network's tensors do not depend on
 * what else it holds. Values are [batch, channels, rows, columns] or [batch, features].
 *
 * Initial values (PyTorch 2 and torchvision 0.20):
 *
 *   convolution, default   U(-b, b), b = 1/sqrt(fan_in); its bias too (nn.Conv2d.reset_parameters)
 *   convolution, "fan-out" N(0, 2/fan_out), fan_out = outs * rows * columns (torchvision's resnet.py:
 *                          kaiming_normal_(mode="fan_out", nonlinearity="relu")). As there, a grouped
 *                          convolution counts all its outputs.
 *   linear                 U(-b, b), b = 1/sqrt(fan_in); its bias too (nn.Linear.reset_parameters)
 *   normalization          scale 1, shift 0; running mean 0, running variance 1
 *
 * Source of 2/fan: He et al., Delving deep into rectifiers, arXiv 1502.01852, 2.2.
 */
import { InputError } from "../../errors.js";
import type { RandomSource } from "../../kernel/index.js";
import { OnnxGraphBuilder } from "../onnx-graph.js";
import type { Task } from "./architecture.js";

export interface ConvolutionOptions {
  readonly ins: number;
  readonly outs: number;
  /** Rows and columns of the kernel. */
  readonly kernel: number;
  readonly stride?: number;
  /** Zeros on every side; "same": as few as give ceil(rows / stride) rows, the odd one at the end (SAME_UPPER). */
  readonly padding?: number | "same";
  readonly groups?: number;
  readonly bias?: boolean;
  readonly initial?: "default" | "fan-out";
}

export class NetworkBuilder {
  readonly graph: OnnxGraphBuilder;
  readonly #random: RandomSource;

  constructor(name: string, random: RandomSource) {
    this.graph = new OnnxGraphBuilder(name);
    this.#random = random;
  }

  convolution(x: string, name: string, options: ConvolutionOptions): string {
    const { ins, outs, kernel, stride = 1, padding = 0, groups = 1 } = options;
    const shape = [outs, ins / groups, kernel, kernel];
    const fanIn = (ins / groups) * kernel ** 2;
    const inputs = [x];
    if (options.initial === "fan-out") {
      inputs.push(this.normal(`${name}.weight`, shape, Math.sqrt(2 / (outs * kernel ** 2))));
    } else {
      inputs.push(this.uniform(`${name}.weight`, shape, 1 / Math.sqrt(fanIn)));
    }
    if (options.bias) inputs.push(this.uniform(`${name}.bias`, [outs], 1 / Math.sqrt(fanIn)));
    const attributes = {
      kernel_shape: { ints: [kernel, kernel] },
      strides: { ints: [stride, stride] },
      ...(padding === "same"
        ? { auto_pad: { string: "SAME_UPPER" } }
        : { pads: { ints: [padding, padding, padding, padding] } }),
      group: { int: groups },
    };
    return this.graph.node("Conv", inputs, attributes, name);
  }

  batchNorm(x: string, name: string, channels: number): string {
    const inputs = [
      x,
      this.constant(`${name}.weight`, channels, 1),
      this.constant(`${name}.bias`, channels, 0),
      this.constant(`${name}.running_mean`, channels, 0),
      this.constant(`${name}.running_var`, channels, 1),
    ];
    // ONNX's momentum is the share of the old value, PyTorch's (0.1) that of the new one.
    const attributes = { epsilon: { float: 1e-5 }, momentum: { float: 0.9 } };
    return this.graph.node("BatchNormalization", inputs, attributes, name);
  }

  linear(x: string, name: string, ins: number, outs: number, output = name): string {
    const bound = 1 / Math.sqrt(ins);
    const weight = this.uniform(`${name}.weight`, [outs, ins], bound);
    const bias = this.uniform(`${name}.bias`, [outs], bound);
    return this.gemm(x, weight, bias, output);
  }

  /** x W^T + b for W [outs, ins]. */
  gemm(x: string, weight: string, bias: string, output: string): string {
    return this.graph.node("Gemm", [x, weight, bias], { transB: { int: 1 } }, output);
  }

  relu(x: string): string {
    return this.graph.node("Relu", [x]);
  }

  flatten(x: string): string {
    return this.graph.node("Flatten", [x], { axis: { int: 1 } });
  }

  /** A dropout that does nothing until the graph is trained; `ratio` 0 leaves it out. */
  dropout(x: string, name: string, ratio: number): string {
    if (ratio === 0) return x;
    return this.graph.node("Dropout", [x, this.scalar(`${name}.ratio`, ratio)], {}, name);
  }

  normal(name: string, shape: readonly number[], sigma: number): string {
    const values = new Float32Array(shape.reduce((a, b) => a * b, 1));
    this.#random.stream(name).fillNormal(values, sigma);
    return this.graph.initializer(name, shape, values);
  }

  /** Uniform in (-bound, bound). */
  uniform(name: string, shape: readonly number[], bound: number): string {
    const values = new Float32Array(shape.reduce((a, b) => a * b, 1));
    const stream = this.#random.stream(name);
    for (let i = 0; i < values.length; i++) values[i] = bound * (2 * stream.uniform() - 1);
    return this.graph.initializer(name, shape, values);
  }

  constant(name: string, size: number, value: number): string {
    return this.graph.initializer(name, [size], new Float32Array(size).fill(value));
  }

  /** A number of the graph that is no parameter. */
  scalar(name: string, value: number): string {
    return this.graph.initializer(name, [], Float32Array.of(value));
  }

  integers(name: string, values: readonly number[]): string {
    return this.graph.initializer(name, [values.length], BigInt64Array.from(values, BigInt));
  }

  /** The file: a last linear layer turns `features` of x into the output `logits` [batch, classes]. */
  classify(x: string, name: string, features: number, { classes }: Task): Uint8Array {
    this.graph.output(this.linear(x, name, features, classes, "logits"), [null, classes]);
    return this.graph.build();
  }
}

/** Channels, rows and columns of the task's images. Throws InputError where they are no images or too small. */
export function imageShape(
  architecture: string,
  { example }: Task,
  smallest: number,
): [channels: number, rows: number, columns: number] {
  const [channels, rows, columns] = example;
  if (example.length !== 3) {
    throw new InputError(
      `architecture "${architecture}": takes images of shape [channels, rows, columns], got examples of shape ` +
        `[${example.join(", ")}]`,
    );
  }
  if (!(Math.min(rows, columns) >= smallest)) {
    throw new InputError(
      `architecture "${architecture}": images must have at least ${smallest} rows and columns, got ${rows} x ${columns}`,
    );
  }
  return [channels, rows, columns];
}
