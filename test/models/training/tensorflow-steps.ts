/**
 * Training steps by TensorFlow.js on the graph of an ONNX file: an independent implementation of the networks'
 * operators, of their gradients (its own), and of SGD with momentum.
 */
import type { Tensor, Tensor4D, Variable } from "@tensorflow/tfjs";
import { openTensorFlow, type TensorFlow } from "../../../src/models/tensorflow-backend.js";
import { forwardNode } from "../../../src/models/training/forward-node.js";
import type { ForwardNode } from "../../../src/models/training/rule.js";
import { tensorFloats, tensorInts } from "../../../src/models/training/tensor-values.js";
import { DataType, decodeModel } from "../../../src/weights/onnx-proto.js";

export interface SgdSettings {
  readonly learningRate: (step: number) => number;
  readonly momentum: number;
  readonly weightDecay: number;
}

export interface Batch {
  readonly data: Float32Array;
  /** The batch first. */
  readonly shape: readonly number[];
  readonly labels: Int32Array;
}

let fastest: string | undefined;

export interface Trained {
  readonly losses: readonly number[];
  readonly tensors: ReadonlyMap<string, Float32Array>;
}

/**
 * Softmax cross-entropy; batch normalizations by the batch, their running averages as ONNX defines them.
 * The fastest backend may lack the gradient of a pool; "cpu" has all.
 */
export async function tensorflowSteps(
  modelBytes: Uint8Array,
  batches: readonly Batch[],
  settings: SgdSettings,
  backend: "fastest" | "cpu",
): Promise<Trained> {
  const { tf } = await openTensorFlow();
  fastest ??= tf.getBackend();
  await tf.setBackend(backend === "cpu" ? "cpu" : fastest);
  const { graph } = decodeModel(modelBytes);
  const nodes = graph.node.map(forwardNode);
  const running = new Set(
    nodes.filter((n) => n.operator === "BatchNormalization").flatMap((n) => n.inputs.slice(3)),
  );
  const variables = new Map<string, Variable>();
  const statistics = new Map<string, Float32Array>();
  const ints = new Map<string, number[]>();
  for (const tensor of graph.initializer) {
    const name = tensor.name!;
    if (tensor.data_type !== DataType.FLOAT) ints.set(name, tensorInts(tensor));
    else if (running.has(name)) statistics.set(name, tensorFloats(tensor));
    else variables.set(name, tf.variable(tf.tensor(tensorFloats(tensor), tensor.dims)));
  }
  const trained = [...variables.values()];
  const velocities = trained.map((v) => tf.variable(tf.zerosLike(v), false));
  const losses: number[] = [];
  batches.forEach(({ data, shape, labels }, step) => {
    tf.tidy(() => {
      const measured: { node: ForwardNode; mean: Tensor; variance: Tensor }[] = [];
      const { value, grads } = tf.variableGrads(() => {
        const values = new Map<string, Tensor>(variables);
        values.set(graph.input[0]!.name, tf.tensor(data, [...shape]));
        for (const node of nodes) {
          values.set(node.outputs[0]!, evaluate(tf, node, values, ints, measured));
        }
        const scores = values.get(graph.output[0]!.name)!;
        const target = tf.oneHot(tf.tensor1d(labels, "int32"), scores.shape[1]!);
        return tf.losses.softmaxCrossEntropy(target, scores).asScalar();
      }, trained);
      losses.push(value.dataSync()[0]!);
      for (const { node, mean, variance } of measured) {
        const momentum = node.float("momentum", 0.9);
        for (const [name, batch] of [
          [node.inputs[3]!, mean],
          [node.inputs[4]!, variance],
        ] as const) {
          const values = batch.dataSync();
          const average = statistics.get(name)!;
          average.forEach((v, i) => {
            average[i] = momentum * v + (1 - momentum) * values[i]!;
          });
        }
      }
      trained.forEach((variable, i) => {
        const gradient = tf.add(grads[variable.name]!, tf.mul(variable, settings.weightDecay));
        const velocity = velocities[i]!;
        velocity.assign(tf.add(tf.mul(velocity, settings.momentum), gradient));
        variable.assign(tf.sub(variable, tf.mul(velocity, settings.learningRate(step))));
      });
    });
  });
  const tensors = new Map(statistics);
  for (const [name, variable] of variables) tensors.set(name, variable.dataSync() as Float32Array);
  tf.dispose([...trained, ...velocities]);
  return { losses, tensors };
}

function evaluate(
  tf: TensorFlow,
  node: ForwardNode,
  values: ReadonlyMap<string, Tensor>,
  ints: ReadonlyMap<string, number[]>,
  measured: { node: ForwardNode; mean: Tensor; variance: Tensor }[],
): Tensor {
  const [x, a, b] = node.inputs.map((name) => values.get(name)!) as [Tensor, Tensor, Tensor];
  const list = (i: number) => ints.get(node.inputs[i]!)!;
  const strides = (node.ints("strides") ?? [1, 1]) as [number, number];
  const pads = node.ints("pads") ?? [0, 0, 0, 0];
  const lastChannels = (value: Tensor, fill = 0) => {
    const padded = tf.pad(
      value,
      [
        [0, 0],
        [0, 0],
        [pads[0]!, pads[2]!],
        [pads[1]!, pads[3]!],
      ],
      fill,
    );
    return tf.transpose(padded, [0, 2, 3, 1]) as never;
  };
  const firstChannels = (value: Tensor) => tf.transpose(value, [0, 3, 1, 2]);
  const perChannel = (value: Tensor) => tf.reshape(value, [1, -1, 1, 1]);
  switch (node.operator) {
    case "Conv": {
      const y = firstChannels(convolve(tf, lastChannels(x), a as Tensor4D, strides));
      return b === undefined ? y : tf.add(y, perChannel(b));
    }
    case "BatchNormalization": {
      const { mean, variance } = tf.moments(x, [0, 2, 3]);
      measured.push({ node, mean: tf.keep(mean), variance: tf.keep(variance) });
      const deviation = tf.sqrt(tf.add(variance, node.float("epsilon", 1e-5)));
      const unit = tf.div(tf.sub(x, perChannel(mean)), perChannel(deviation));
      return tf.add(tf.mul(unit, perChannel(a)), perChannel(b));
    }
    case "MaxPool": {
      const size = node.ints("kernel_shape") as [number, number];
      return firstChannels(tf.maxPool(lastChannels(x, -1e9), size, strides, "valid"));
    }
    case "Gemm": {
      const product = tf.matMul(x as never, a as never, false, node.int("transB", 0) === 1);
      return tf.add(product, b);
    }
    case "Relu":
      return tf.relu(x);
    case "Add":
      return tf.add(x, a);
    case "GlobalAveragePool":
      return tf.mean(x, [2, 3], true);
    case "Flatten":
      return tf.reshape(x, [x.shape[0]!, -1]);
    case "Reshape":
      return tf.reshape(
        x,
        list(1).map((size, i) => (size === 0 ? x.shape[i]! : size)),
      );
    case "Pad": {
      const widths = list(1);
      const rank = widths.length / 2;
      return tf.pad(
        x,
        x.shape.map((_, i) => [widths[i]!, widths[i + rank]!]),
      );
    }
    case "Slice": {
      const steps = ints.get(node.inputs[4]!) ?? list(1).map(() => 1);
      const [begin, end, step] = [[] as number[], [] as number[], [] as number[]];
      x.shape.forEach((size, axis) => {
        const at = list(3).indexOf(axis);
        begin.push(at < 0 ? 0 : list(1)[at]!);
        end.push(at < 0 ? size : Math.min(size, list(2)[at]!));
        step.push(at < 0 ? 1 : steps[at]!);
      });
      return tf.stridedSlice(x, begin, end, step);
    }
    default:
      throw new Error(`tensorflowSteps: no operator ${node.operator}`);
  }
}

/** As a sum of matrix products over the kernel's taps, whose gradients all backends have. Channels last. */
function convolve(
  tf: TensorFlow,
  padded: Tensor4D,
  filter: Tensor4D,
  [down, across]: readonly [number, number],
): Tensor4D {
  const [outs, ins, rows, columns] = filter.shape;
  const [images, height, width] = padded.shape;
  const high = Math.floor((height - rows) / down) + 1;
  const wide = Math.floor((width - columns) / across) + 1;
  // So that every tap finds whole strides.
  const room = tf.pad(padded, [
    [0, 0],
    [0, down - 1],
    [0, across - 1],
    [0, 0],
  ]);
  const terms: Tensor[] = [];
  for (let r = 0; r < rows; r++) {
    for (let c = 0; c < columns; c++) {
      const met = tf.slice(room, [0, r, c, 0], [images, high * down, wide * across, ins]);
      const apart = tf.reshape(met, [images, high, down, wide, across * ins]);
      const kept = tf.slice(apart, [0, 0, 0, 0, 0], [images, high, 1, wide, ins]);
      const tap = tf.reshape(tf.slice(filter, [0, 0, r, c], [outs, ins, 1, 1]), [outs, ins]);
      const flat = tf.reshape(kept, [images * high * wide, ins]);
      terms.push(tf.matMul(flat as never, tap as never, false, true));
    }
  }
  return tf.reshape(tf.addN(terms), [images, high, wide, outs]);
}
