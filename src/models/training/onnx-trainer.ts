/**
 * Trains ONNX models with ONNX Runtime: a step is one run of one graph (`training-graph.ts`).
 *
 * What training changes lies in two sets of tensors that the runtime reads and writes in turn, so that a step
 * allocates nothing large here, and a step that is not accepted leaves everything as it was.
 */
import * as ort from "onnxruntime-node";
import type { ExampleInput } from "../../datasets/dataset.js";
import { InputError, unknownName } from "../../errors.js";
import { RandomSource } from "../../kernel/index.js";
import type { NamedPart } from "../../named.js";
import { decodeModel, encodeModel, type OnnxModel } from "../../weights/onnx-proto.js";
import { blockWidth } from "./blocked-convolutions.js";
import { type ForwardGraph, readForwardGraph, separateCopies } from "./forward-graph.js";
import { losses } from "./losses/index.js";
import type { Loss } from "./losses/loss.js";
import { optimizers } from "./optimizers/index.js";
import type { Optimizer } from "./optimizers/optimizer.js";
import { floatTensor, sizeOf } from "./tensor-values.js";
import type { StepResult, TrainedTensor, Trainer } from "./trainer.js";
import { type Chosen, type TrainingGraph, writeTrainingGraph } from "./training-graph.js";

/** A loss or an optimizer by its name, with its parameters. */
export interface NamedChoice {
  readonly name: string;
  readonly [parameter: string]: unknown;
}

export interface TrainerOptions {
  /** Examples in a step. */
  readonly batch: number;
  readonly loss: NamedChoice;
  readonly optimizer: NamedChoice;
  /** Threads of a step; 0 lets the runtime choose. */
  readonly threads: number;
  /** Of the random masks of Dropout. */
  readonly seed: number | string;
  /** Shapes of one example, in the model's order, for inputs that leave more than the batch open. */
  readonly example?: readonly (readonly number[])[];
}

/** Throws InputError where the model cannot be trained, or where options are wrong. */
export async function openTrainer(
  modelBytes: Uint8Array,
  options: TrainerOptions,
): Promise<Trainer> {
  const { batch, threads, example } = options;
  if (!(Number.isInteger(batch) && batch >= 1)) {
    throw new InputError(`training: batch must be an integer >= 1, got ${batch}`);
  }
  const loss = choose<Loss>("loss", losses as unknown as readonly Loss[], options.loss);
  const optimizer = choose<Optimizer>(
    "optimizer",
    optimizers as unknown as readonly Optimizer[],
    options.optimizer,
  );
  const model = readModel(modelBytes);
  const forward = await readForwardGraph(model, { batch, example });
  const graph = writeTrainingGraph(forward, batch, loss, optimizer, await blockWidth());
  let session: ort.InferenceSession;
  try {
    session = await ort.InferenceSession.create(graph.bytes, {
      executionProviders: ["cpu"],
      graphOptimizationLevel: "all",
      intraOpNumThreads: threads,
      interOpNumThreads: 1,
      logSeverityLevel: 3,
    });
  } catch (error) {
    throw new InputError(
      `training: ONNX Runtime cannot train this model: ${(error as Error).message}`,
    );
  }
  return new OnnxTrainer(modelBytes.slice(), session, forward, graph, optimizer, options);
}

class OnnxTrainer implements Trainer {
  readonly batch: number;
  readonly tensors: readonly TrainedTensor[];
  #steps = 0;
  /** Index of the set that holds the values now; the other takes the next ones. */
  #now = 0;
  readonly #sets: readonly Float32Array[][];
  readonly #feeds: readonly Record<string, ort.Tensor>[];
  readonly #fetches: readonly Record<string, ort.Tensor>[];
  readonly #indices: ReadonlyMap<string, number>;
  readonly #factors: Readonly<Record<string, Float32Array>>;
  readonly #masks: readonly Float32Array[];
  readonly #labels: BigInt64Array;
  readonly #classes: number;
  readonly #loss = new Float32Array(1);
  readonly #correct = new Float32Array(1);
  readonly #random: RandomSource;

  constructor(
    readonly modelBytes: Uint8Array,
    readonly session: ort.InferenceSession,
    readonly forward: ForwardGraph,
    readonly graph: TrainingGraph,
    readonly optimizer: Chosen<Optimizer>,
    { batch, seed }: TrainerOptions,
  ) {
    const { state } = graph;
    this.batch = batch;
    this.tensors = state.map(({ name, shape, role }) => ({ name, shape, role }));
    this.#indices = new Map(state.map(({ name }, i) => [name, i]));
    this.#classes = forward.shapes.get(forward.scores)![1]!;
    this.#random = new RandomSource(seed).child("dropout");
    this.#labels = new BigInt64Array(batch);
    this.#masks = forward.masks.map(({ shape }) => new Float32Array(sizeOf(shape)));
    this.#factors = Object.fromEntries(
      Object.keys(graph.factors).map((name) => [name, new Float32Array(1)]),
    );
    this.#sets = [
      state.map(({ initial }) => initial),
      state.map(({ initial }) => new Float32Array(initial.length)),
    ];
    const common: Record<string, ort.Tensor> = {
      [graph.labels]: new ort.Tensor("int64", this.#labels, [batch]),
    };
    for (const [name, input] of Object.entries(graph.factors)) {
      common[input] = new ort.Tensor("float32", this.#factors[name]!, []);
    }
    forward.masks.forEach(({ name, shape }, i) => {
      common[name] = new ort.Tensor("float32", this.#masks[i]!, shape);
    });
    const tensors = this.#sets.map((values) =>
      state.map(({ shape }, i) => new ort.Tensor("float32", values[i]!, shape)),
    );
    this.#feeds = tensors.map((set) => ({
      ...common,
      ...Object.fromEntries(state.map(({ name }, i) => [name, set[i]!])),
    }));
    this.#fetches = tensors.map((set) => ({
      [graph.loss]: new ort.Tensor("float32", this.#loss, []),
      [graph.correct]: new ort.Tensor("float32", this.#correct, []),
      ...Object.fromEntries(state.map(({ next }, i) => [next, set[i]!])),
    }));
  }

  get steps(): number {
    return this.#steps;
  }

  async step(
    inputs: readonly ExampleInput[],
    labels: Int32Array,
    learningRate: number,
  ): Promise<StepResult> {
    const feeds = this.#feeds[this.#now]!;
    this.#takeExamples(feeds, inputs);
    this.#takeLabels(labels);
    const factors = this.optimizer.part.factors(
      this.optimizer.params,
      learningRate,
      this.#steps + 1,
    );
    for (const [name, value] of Object.entries(factors)) this.#factors[name]![0] = value;
    this.#drawMasks();
    await this.session.run(feeds, this.#fetches[1 - this.#now]!);
    const [loss, correct] = [this.#loss[0]!, this.#correct[0]!];
    if (Number.isFinite(loss)) {
      this.#now = 1 - this.#now;
      this.#steps++;
    }
    return { loss, correct };
  }

  read(tensor: string): Float32Array {
    return this.#sets[this.#now]![this.#index(tensor)]!;
  }

  write(tensor: string, values: Float32Array): void {
    const own = this.read(tensor);
    if (values.length !== own.length) {
      throw new RangeError(
        `trainer: tensor "${tensor}" has ${own.length} values, got ${values.length}`,
      );
    }
    own.set(values);
  }

  setSteps(steps: number): void {
    if (!(Number.isInteger(steps) && steps >= 0)) {
      throw new RangeError(`trainer: steps must be an integer >= 0, got ${steps}`);
    }
    this.#steps = steps;
  }

  exportModel(): Uint8Array {
    const model = readModel(this.modelBytes);
    for (const [i, tensor] of model.graph.initializer.entries()) {
      const index = this.#indices.get(tensor.name ?? "");
      if (index === undefined) continue;
      const values = this.#sets[this.#now]![index]!;
      model.graph.initializer[i] = floatTensor(tensor.name!, tensor.dims, values);
    }
    return encodeModel(model);
  }

  async close(): Promise<void> {
    await this.session.release();
  }

  #index(tensor: string): number {
    const index = this.#indices.get(tensor);
    if (index === undefined) throw new RangeError(`trainer: no tensor "${tensor}"`);
    return index;
  }

  #takeExamples(feeds: Record<string, ort.Tensor>, inputs: readonly ExampleInput[]): void {
    if (inputs.length !== this.forward.inputs.length) {
      throw new RangeError(
        `trainer: the model takes ${this.forward.inputs.length} inputs, got ${inputs.length}`,
      );
    }
    this.forward.inputs.forEach(({ name, type, shape }, i) => {
      const { data } = inputs[i]!;
      if (data.length !== sizeOf(shape)) {
        throw new RangeError(
          `trainer: input "${name}" takes [${shape.join(", ")}], ${sizeOf(shape)} values, got ${data.length}`,
        );
      }
      // ONNX Runtime refuses views of shared memory.
      const own = data.buffer instanceof SharedArrayBuffer ? data.slice() : data;
      feeds[name] = new ort.Tensor(type, own as Float32Array, shape);
    });
  }

  #takeLabels(labels: Int32Array): void {
    if (labels.length !== this.batch) {
      throw new RangeError(`trainer: a batch has ${this.batch} labels, got ${labels.length}`);
    }
    for (let i = 0; i < labels.length; i++) {
      const label = labels[i]!;
      if (!(label >= 0 && label < this.#classes)) {
        throw new InputError(
          `training: labels must be classes 0 to ${this.#classes - 1} of the model, got ${label}`,
        );
      }
      this.#labels[i] = BigInt(label);
    }
  }

  /** Masks depend on the seed, the place and the step alone, so that training resumes exactly. */
  #drawMasks(): void {
    this.forward.masks.forEach(({ name, ratio }, i) => {
      const stream = this.#random.child(name).stream(`step ${this.#steps + 1}`);
      const mask = this.#masks[i]!;
      const kept = 1 / (1 - ratio);
      for (let k = 0; k < mask.length; k++) mask[k] = stream.uniform() < ratio ? 0 : kept;
    });
  }
}

/** The model, with a tensor of its own for every parameter. */
function readModel(bytes: Uint8Array): OnnxModel {
  let model: OnnxModel;
  try {
    model = decodeModel(bytes);
  } catch (error) {
    throw new InputError(`training: ${(error as Error).message}`);
  }
  separateCopies(model);
  return model;
}

function choose<T extends NamedPart>(
  kind: string,
  parts: readonly T[],
  choice: NamedChoice,
): Chosen<T> {
  const part = parts.find(({ name }) => name === choice.name);
  if (part === undefined) {
    const names = parts.map(({ name }) => name);
    throw new InputError(`training: ${unknownName(kind, choice.name, names)}`);
  }
  const { name: _name, ...given } = choice;
  const parsed = part.params.safeParse(given);
  if (parsed.success) return { part, params: parsed.data };
  const known = ["name", ...Object.keys(part.params.shape)];
  const problems = parsed.error.issues.map((issue) => {
    if (issue.code === "unrecognized_keys") {
      return `${kind}: ${issue.keys.map((key) => unknownName("key", key, known)).join("; ")}`;
    }
    const key = issue.path.map(String).join(".");
    return `${kind}.${key}: ${issue.message}, got ${JSON.stringify(given[key])}`;
  });
  throw new InputError(problems.map((problem) => `training: ${problem}`).join("\n"));
}
