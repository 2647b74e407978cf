/**
 * A network in the layers format of TensorFlow.js, scored by TensorFlow.js.
 *
 * The network is built once. A new weight vector is assigned to its variables, by the names that
 * the file gives them; whatever does not travel keeps the file's values. A network with several
 * outputs is scored by the first.
 */
import type { io, LayersModel, Tensor } from "@tensorflow/tfjs";
import type { ExampleInput } from "../datasets/dataset.js";
import { InputError } from "../errors.js";
import type { Layout } from "../weights/layout.js";
import { readTfjsLayers, type TfjsLayersFile } from "../weights/tfjs-layers.js";
import type { Model, ModelInput, Scorer } from "./model.js";
import { type OpenTensorFlow, openTensorFlow } from "./tensorflow-backend.js";

/** Opens the model at `path`: a `model.json`, or the folder that holds it. */
export async function openTfjsLayersModel(path: string): Promise<Model> {
  const file = readTfjsLayers(path);
  const runtime = await openTensorFlow();
  // Built once here too, so that a network that cannot run is refused before anything is sent.
  const network = await build(file, runtime);
  let inputs: readonly ModelInput[];
  try {
    inputs = describeInputs(network);
    tryOut(network, inputs, runtime, file.path);
  } finally {
    network.dispose();
  }
  return {
    format: "tfjs-layers",
    files: file.files,
    tensors: file.tensors.map(({ name, shape, size, role }) => ({ name, shape, size, role })),
    inputs,
    readWeights: (layout) => readWeights(file, layout),
    // The threads are the backend's own: one on WebAssembly, TensorFlow's choice on tfjs-node.
    openScorer: async (layout) =>
      openScorer(await build(file, runtime), inputs, layout, runtime, file.path),
  };
}

function readWeights(file: TfjsLayersFile, layout: Layout): Float32Array {
  const byName = new Map(file.tensors.map((tensor) => [tensor.name, tensor]));
  const weights = new Float32Array(layout.size);
  for (const { name, size, offset } of layout.entries) {
    const tensor = byName.get(name);
    if (tensor?.size !== size) {
      throw new InputError(`${file.path}: has no weight "${name}" of ${size} values`);
    }
    weights.set(tensor.values, offset);
  }
  return weights;
}

async function build(file: TfjsLayersFile, { tf }: OpenTensorFlow): Promise<LayersModel> {
  // Constraints belong to training. Left in, they would bend every noisy weight that is assigned.
  const topology = JSON.parse(JSON.stringify(file.topology), (key, value) =>
    key.endsWith("_constraint") ? null : value,
  );
  const artifacts = {
    modelTopology: topology,
    weightSpecs: [...file.weightSpecs] as io.WeightsManifestEntry[],
    weightData: [...file.weightData],
  };
  try {
    return await tf.loadLayersModel(tf.io.fromMemory(artifacts));
  } catch (error) {
    const reason = (error as Error).message.trim().split("\n")[0];
    throw new InputError(`${file.path}: TensorFlow.js cannot build the network: ${reason}`);
  }
}

function describeInputs(network: LayersModel): ModelInput[] {
  return network.inputs.map(({ shape, dtype }, i) => ({
    name: network.inputNames[i],
    type: dtype === "int32" ? "int32" : "float32",
    shape: [null, ...shape.slice(1)],
  }));
}

function dtype({ type }: ModelInput): "float32" | "int32" {
  return type === "float32" ? "float32" : "int32";
}

/** Scores one example of zeros, where the model fixes the shape of an example. */
function tryOut(
  network: LayersModel,
  inputs: readonly ModelInput[],
  runtime: OpenTensorFlow,
  path: string,
): void {
  const { tf } = runtime;
  const shapes = inputs.map(({ shape }) => shape.slice(1).filter((n) => n !== null));
  if (shapes.some((shape, i) => shape.length < inputs[i].shape.length - 1)) return;
  tf.tidy(() => {
    const zeros = inputs.map((input, i) => tf.zeros([1, ...shapes[i]], dtype(input)));
    try {
      predict(network, zeros).dataSync();
    } catch (error) {
      throw new InputError(`${path}: ${whyItFails(error as Error, runtime)}`);
    }
  });
}

/** The first output, [count, …]. Call it in `tf.tidy`: everything else it makes is then freed. */
function predict(network: LayersModel, inputs: readonly Tensor[]): Tensor {
  // Not predictOnBatch, which insists on the batch size that a model may fix for its training.
  const outputs = network.predict(inputs.length === 1 ? inputs[0] : [...inputs], {
    batchSize: inputs[0].shape[0],
  });
  return Array.isArray(outputs) ? outputs[0] : outputs;
}

function whyItFails({ message }: Error, { backend, description }: OpenTensorFlow): string {
  const kernel = /Kernel '(\w+)' not registered/.exec(message)?.[1];
  if (kernel === undefined) return `TensorFlow.js cannot run the network: ${message.trim()}`;
  const advice = backend === "node" ? "" : "install @tensorflow/tfjs-node, or ";
  return (
    `the network needs the operation "${kernel}", which TensorFlow.js lacks on ${description}; ` +
    `${advice}export the network to ONNX`
  );
}

/** Examples computed at once: larger batches are no faster on WebAssembly, whose heap is small. */
const batchSize = 64;

/** Takes over `network`: closing the scorer frees it. */
function openScorer(
  network: LayersModel,
  inputs: readonly ModelInput[],
  layout: Layout,
  runtime: OpenTensorFlow,
  path: string,
): Scorer {
  const { tf, version, description } = runtime;

  /** Scores of the examples from `start` on. */
  const runBatch = (
    examples: readonly ExampleInput[],
    shapes: readonly (readonly number[])[],
    start: number,
    count: number,
  ): Tensor =>
    tf.tidy(() => {
      const tensors = examples.map(({ data }, i) => {
        const length = product(shapes[i]);
        const part = data.subarray(start * length, (start + count) * length);
        return tf.tensor(toNumbers(part), [count, ...shapes[i]], dtype(inputs[i]));
      });
      try {
        return predict(network, tensors);
      } catch (error) {
        throw new InputError(`${path}: ${whyItFails(error as Error, runtime)}`);
      }
    });

  return {
    runtime: `TensorFlow.js ${version} (${description})`,

    async setWeights(weights) {
      if (weights.length !== layout.size) {
        throw new RangeError(`setWeights: needs ${layout.size} weights, got ${weights.length}`);
      }
      tf.tidy(() => {
        const named: Record<string, Tensor> = {};
        for (const { name, shape, size, offset } of layout.entries) {
          // A copy: all backends but WebAssembly keep the array, which is the caller's.
          named[name] = tf.tensor(weights.slice(offset, offset + size), [...shape], "float32");
        }
        // TensorFlow.js's own loader knows which variable a name in the file means, even when a
        // second model in the process makes it add suffixes to the variables' names.
        network.loadWeights(named, false);
      });
    },

    async run(examples, count) {
      if (examples.length !== inputs.length) {
        throw new InputError(
          `${path}: the network takes ${inputs.length} inputs, got ${examples.length}`,
        );
      }
      const shapes = examples.map((example, i) => exampleShape(example, inputs[i], count, path));
      let scores = new Float32Array(0);
      for (let start = 0; start < count; start += batchSize) {
        const batch = Math.min(batchSize, count - start);
        const output = runBatch(examples, shapes, start, batch);
        const values = await output.data();
        output.dispose();
        const classes = values.length / batch;
        if (start === 0) scores = new Float32Array(classes * count);
        scores.set(values, classes * start);
      }
      return scores;
    },

    async close() {
      network.dispose();
    },
  };
}

/** The model's shape of one example, with the dimensions it leaves open taken from the data. */
function exampleShape(
  { data, shape }: ExampleInput,
  input: ModelInput,
  count: number,
  path: string,
): readonly number[] {
  const wanted = input.shape.slice(1);
  const fixed = wanted.every((n) => n !== null);
  const fits = fixed
    ? product(wanted) === product(shape)
    : wanted.length === shape.length && wanted.every((n, i) => n === null || n === shape[i]);
  if (!fits) {
    throw new InputError(
      `${path}: input "${input.name}" takes examples of shape ` +
        `[${wanted.map((n) => n ?? "any").join(", ")}], got [${shape.join(", ")}]`,
    );
  }
  const values = count * product(shape);
  if (data.length !== values) {
    throw new RangeError(
      `run: ${count} examples of shape [${shape.join(", ")}] are ${values} values, got ${data.length}`,
    );
  }
  return fixed ? wanted : shape;
}

function product(shape: readonly number[]): number {
  return shape.reduce((total, n) => total * n, 1);
}

/** TensorFlow.js has no 64-bit integers; labels, token ids and masks fit into 32 bits. */
function toNumbers(data: ExampleInput["data"]): Float32Array | Int32Array {
  return data instanceof BigInt64Array ? Int32Array.from(data, Number) : data;
}
