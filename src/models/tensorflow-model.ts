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
import { type OpenTensorFlow, openTensorFlow, type TensorFlow } from "./tensorflow-backend.js";

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
      new TensorFlowScorer(await build(file, runtime), inputs, layout, runtime, file.path),
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
    const reason = (error as Error).message.trim().split("\n")[0]!;
    throw new InputError(`${file.path}: TensorFlow.js cannot build the network: ${reason}`);
  }
}

function describeInputs(network: LayersModel): ModelInput[] {
  return network.inputs.map(({ shape, dtype }, i) => ({
    name: network.inputNames[i]!,
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
  const shapes = inputs.map((input) => input.shape.slice(1));
  if (!shapes.every((shape) => shape.every((n) => n !== null))) return;
  tf.tidy(() => {
    const zeros = inputs.map((input, i) => tf.zeros([1, ...(shapes[i] as number[])], dtype(input)));
    try {
      predict(network, zeros).dataSync();
    } catch (error) {
      throw new InputError(`${path}: ${whyItFails(error as Error, runtime)}`);
    }
  });
}

/** The first output, [count, …]. Call it in `tf.tidy`: everything else it makes is then freed. */
function predict(network: LayersModel, inputs: readonly Tensor[]): Tensor {
  const outputs = network.predictOnBatch(inputs.length === 1 ? inputs[0]! : [...inputs]);
  return Array.isArray(outputs) ? outputs[0]! : outputs;
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
const batchSize = 100;

class TensorFlowScorer implements Scorer {
  readonly runtime: string;
  readonly #tf: TensorFlow;

  constructor(
    readonly network: LayersModel,
    readonly inputs: readonly ModelInput[],
    readonly layout: Layout,
    readonly openTensorFlow: OpenTensorFlow,
    readonly path: string,
  ) {
    const { tf, version, description } = openTensorFlow;
    this.#tf = tf;
    this.runtime = `TensorFlow.js ${version} (${description})`;
  }

  async setWeights(weights: Float32Array): Promise<void> {
    const { size, entries } = this.layout;
    if (weights.length !== size) {
      throw new RangeError(`setWeights: needs ${size} weights, got ${weights.length}`);
    }
    this.#tf.tidy(() => {
      const named: Record<string, Tensor> = {};
      for (const entry of entries) {
        // A copy: all backends but WebAssembly keep the array, which is the caller's.
        const values = weights.slice(entry.offset, entry.offset + entry.size);
        named[entry.name] = this.#tf.tensor(values, [...entry.shape], "float32");
      }
      // TensorFlow.js's own loader knows which variable a name in the file means, even when a
      // second model in the process makes it add suffixes to the variables' names.
      this.network.loadWeights(named, false);
    });
  }

  async run(inputs: readonly ExampleInput[], count: number): Promise<Float32Array> {
    if (inputs.length !== this.inputs.length) {
      throw new InputError(
        `${this.path}: the network takes ${this.inputs.length} inputs, got ${inputs.length}`,
      );
    }
    const batchShapes = inputs.map((input, i) => this.#exampleShape(input, this.inputs[i]!, count));
    const tf = this.#tf;
    let scores: Float32Array | undefined;
    for (let start = 0; start < count; start += batchSize) {
      const size = Math.min(batchSize, count - start);
      const output = tf.tidy(() => {
        const batch = inputs.map(({ data }, i) => {
          const shape = batchShapes[i]!;
          const length = product(shape);
          const part = data.subarray(start * length, (start + size) * length);
          return tf.tensor(toNumbers(part), [size, ...shape], dtype(this.inputs[i]!));
        });
        try {
          return predict(this.network, batch);
        } catch (error) {
          throw new InputError(`${this.path}: ${whyItFails(error as Error, this.openTensorFlow)}`);
        }
      });
      const values = await output.data();
      output.dispose();
      scores ??= new Float32Array((values.length / size) * count);
      scores.set(values, (values.length / size) * start);
    }
    return scores ?? new Float32Array(0);
  }

  /** The model's shape of one example, with the dimensions it leaves open taken from the data. */
  #exampleShape(
    { data, shape }: ExampleInput,
    { name, shape: declared }: ModelInput,
    count: number,
  ) {
    const wanted = declared.slice(1);
    const open = wanted.includes(null);
    const fits = open
      ? wanted.length === shape.length && wanted.every((n, i) => n === null || n === shape[i])
      : product(wanted as number[]) === product(shape);
    if (!fits) {
      throw new InputError(
        `${this.path}: input "${name}" takes examples of shape [${wanted.map((n) => n ?? "any").join(", ")}], ` +
          `got [${shape.join(", ")}]`,
      );
    }
    if (data.length !== count * product(shape)) {
      throw new RangeError(
        `run: ${count} examples of shape [${shape.join(", ")}] are ${count * product(shape)} values, got ${data.length}`,
      );
    }
    return open ? shape : (wanted as number[]);
  }

  async close(): Promise<void> {
    this.network.dispose();
  }
}

function product(shape: readonly number[]): number {
  return shape.reduce((total, n) => total * n, 1);
}

/** TensorFlow.js has no 64-bit integers; labels, token ids and masks fit into 32 bits. */
function toNumbers(data: ExampleInput["data"]): Float32Array | Int32Array {
  return data instanceof BigInt64Array ? Int32Array.from(data, Number) : data;
}
