/**
 * One graph for a training step: forward, loss, gradients, the optimizer's update and the running averages.
 *
 * Parameters, statistics and the optimizer's memories are inputs, their next values outputs; so are the step's
 * numbers, such as the learning rate. Nothing is held by the graph.
 *
 * Running averages keep the batch's population variance, as ONNX defines BatchNormalization; PyTorch keeps the
 * unbiased one, M / (M − 1) times as large over M images and positions.
 *
 * The runtime orders nodes by a depth-first search that begins with the last output of the file. Updates stand at
 * the end from the first parameter to the last, so that it goes through the network backwards once, and each
 * activation is freed when its layer is done; the other way around all gradients would be held at once.
 */
import { InputError } from "../../errors.js";
import { DataType, encodeModel, type OnnxValueInfo } from "../../weights/onnx-proto.js";
import { valuesBehind, writeGradients } from "./backward.js";
import { blockConvolutions, blockedDomain } from "./blocked-convolutions.js";
import type { ForwardGraph } from "./forward-graph.js";
import { own } from "./forward-node.js";
import { sum } from "./gradients/parts.js";
import { GraphWriter } from "./graph-writer.js";
import type { Loss } from "./losses/loss.js";
import type { Optimizer } from "./optimizers/optimizer.js";
import type { TrainedTensor } from "./trainer.js";

/** A part of the graph with the parameters that were chosen for it. */
export interface Chosen<T> {
  readonly part: T;
  readonly params: Readonly<Record<string, unknown>>;
}

/** Something that training changes: an input of the graph under its name, and the output that follows it. */
export interface StateTensor extends TrainedTensor {
  readonly next: string;
  /** Before the first step. */
  readonly initial: Float32Array;
}

export interface TrainingGraph {
  readonly bytes: Uint8Array;
  readonly state: readonly StateTensor[];
  readonly labels: string;
  /** Inputs for the optimizer's numbers, by their names. */
  readonly factors: Readonly<Record<string, string>>;
  readonly loss: string;
  readonly correct: string;
}

/** `block`: width of the blocks that convolutions may use (`blocked-convolutions.ts`). */
export function writeTrainingGraph(
  forward: ForwardGraph,
  batch: number,
  loss: Chosen<Loss>,
  optimizer: Chosen<Optimizer>,
  block?: number,
): TrainingGraph {
  const { model, scores, shapes, parameters } = forward;
  const needing = valuesBehind(
    forward,
    parameters.map(({ name }) => name),
  );
  const graph = new GraphWriter(forward, needing);
  const shape = shapes.get(scores)!;
  if (shape.length !== 2 || shape[0] !== batch) {
    throw new InputError(
      `training: the model's output "${scores}" must hold scores [batch, classes], ` +
        `with a batch of ${batch} its shape is [${shape.join(", ")}]`,
    );
  }
  const labels = graph.declare(`${own}labels`, [batch]);

  const measured = loss.part.write(loss.params, scores, labels, graph);
  const correct = countCorrect(graph, scores, labels);
  const gradients = writeGradients(forward, graph, measured.gradient);
  const trained = parameters.filter(({ name }) => gradients.has(name));
  if (trained.length === 0) {
    throw new InputError(`training: no weight of the model leads to its output "${scores}"`);
  }
  const statistics = forward.statistics.map(({ name, shape, values, measured }): StateTensor => {
    const next = measured.reduce(
      (running, { value, momentum }) => averaged(graph, running, value, momentum),
      name,
    );
    return { name, shape, role: "statistic", next, initial: values };
  });

  const { part, params } = optimizer;
  const factors = Object.fromEntries(
    Object.keys(part.factors(params, 0, 1)).map((name) => [
      name,
      graph.declare(`${own}${name}`, []),
    ]),
  );
  const updates = trained.map(({ name, shape, values, decays }): StateTensor[] => {
    const memories = part.memories(params).map((memory) => `${name}.${memory}`);
    for (const memory of memories) graph.declare(memory, shape);
    const gradient = gradients.get(name)!;
    const decay = decays || params.decayNormalization === true;
    const parameter = { value: name, gradient, memories, decays: decay };
    const next = part.update(params, parameter, factors, graph);
    return [
      { name, shape, role: "parameter", next: next.value, initial: values },
      ...memories.map(
        (memory, i): StateTensor => ({
          name: memory,
          shape,
          role: "optimizer",
          next: next.memories[i]!,
          initial: new Float32Array(values.length),
        }),
      ),
    ];
  });
  const state = [
    ...updates.map(([parameter]) => parameter!),
    ...statistics,
    ...updates.flatMap(([, ...memories]) => memories),
  ];

  const changing = new Set(state.map(({ name }) => name));
  const floats = [
    ...state.map(({ name, shape }) => valueInfo(name, shape)),
    ...forward.masks.map(({ name, shape }) => valueInfo(name, shape)),
    ...Object.values(factors).map((name) => valueInfo(name, [])),
  ];
  const nodes = [...model.graph.node, ...graph.nodes];
  const faster =
    block === undefined
      ? { nodes, constants: [] }
      : blockConvolutions(nodes, (value) => graph.shapeOf(value), block);
  const bytes = encodeModel({
    ...model,
    opset_import: [...model.opset_import, blockedDomain],
    graph: {
      ...model.graph,
      node: faster.nodes,
      initializer: [
        ...model.graph.initializer.filter(({ name }) => !changing.has(name ?? "")),
        ...graph.constants,
        ...faster.constants,
      ],
      input: [...model.graph.input, valueInfo(labels, [batch], DataType.INT64), ...floats],
      output: [measured.loss, correct, ...state.map(({ next }) => next)].map((name) => ({ name })),
      value_info: [],
    },
  });
  return { bytes, state, labels, factors, loss: measured.loss, correct };
}

/** Examples whose largest score is at their label; of equal scores the first counts. */
function countCorrect(graph: GraphWriter, scores: string, labels: string): string {
  const batch = [graph.shapeOf(scores)[0]!];
  const attributes = { axis: { int: 1 }, keepdims: { int: 0 } };
  const largest = graph.node("ArgMax", [scores], batch, attributes);
  const right = graph.node("Equal", [largest, labels], batch);
  const counted = graph.node("Cast", [right], batch, { to: { int: DataType.FLOAT } });
  return sum(graph, counted, [0]);
}

function averaged(graph: GraphWriter, running: string, value: string, momentum: number): string {
  const shape = graph.shapeOf(running);
  const weighted = (name: string, weight: number) =>
    graph.node("Mul", [name, graph.floats([weight], [])], shape);
  return graph.node("Add", [weighted(running, momentum), weighted(value, 1 - momentum)], shape);
}

function valueInfo(
  name: string,
  shape: readonly number[],
  elem_type: number = DataType.FLOAT,
): OnnxValueInfo {
  const dim = shape.map((size) => ({ dim_value: size }));
  return { name, type: { tensor_type: { elem_type, shape: { dim } } } };
}
