/**
 * What a point is simulated with: the model, its weights, the images, the runtime. Opened once and kept
 * for all points that share them.
 */
import { basename } from "node:path";
import type { Examples } from "../datasets/dataset.js";
import { InputError } from "../errors.js";
import { embeddedModels } from "../models/embedded/index.js";
import { fitExamples, pickExamples, shareExamples } from "../models/fit-inputs.js";
import { type LayerMoments, measureInputMoments } from "../models/input-moments.js";
import type { Model, Scorer } from "../models/model.js";
import { openModelFile } from "../models/open.js";
import { measureProbe, type ProbeMeasurements } from "../models/probe.js";
import { checkScores, countCorrect } from "../models/score.js";
import {
  checkChain,
  unlabelledImages,
  usesMoments,
  usesProbe,
} from "../receiver/refinements/chain.js";
import type { NetworkPlan } from "../receiver/refinements/refinement.js";
import { travellingLayers } from "../receiver/refinements/travelling.js";
import {
  datasetOf,
  estimatorOf,
  type PointSettings,
  type ReceiverSettings,
  receiverLabel,
} from "../scenario/schema.js";
import { type WeightStatistics, weightStatistics } from "../transmitter/transmitter.js";
import { type Layout, layOut } from "../weights/layout.js";
import { codingOf } from "./encode.js";
import { measureSensitivities } from "./sensitivity.js";

export interface Bench {
  readonly modelName: string;
  readonly model: Model;
  readonly layout: Layout;
  /** The weight vector w. */
  readonly weights: Float32Array;
  readonly statistics: WeightStatistics;
  /** Population variance of each tensor, in the order of the layout. */
  readonly tensorVariances: readonly number[];
  /** Mean square of each tensor. */
  readonly meanSquares: readonly number[];
  /** Means and variances that the batch normalizations came with, in the order of `Model.layers`. */
  readonly runningStatistics: Float32Array;
  /** Biases of linear layers and scales of batch normalizations, by the name of their tensor. */
  readonly parameters: ReadonlyMap<string, Float32Array>;
  readonly scorer: Scorer;
  readonly datasetName: string;
  readonly classes: number;
  readonly test: Examples;
  /** Loaded when a receiver chooses by validation images, or when they are measured on. */
  readonly validation: Examples | undefined;
  readonly files: readonly string[];
  /** How the loss grows with noise on each tensor, where a code asks for it. */
  readonly sensitivities: ReadonlyMap<string, number> | undefined;
  /** Moments of each linear layer's inputs, where a refinement is sent some; undefined for what does not travel. */
  readonly moments: readonly (LayerMoments | undefined)[] | undefined;
  /** The clean network on random images, where a refinement tries the received one on them. */
  readonly probe: ProbeMeasurements | undefined;
  /** Test images that the model gets right as it leaves the transmitter. */
  readonly cleanCorrect: number;
}

export interface BenchOptions {
  readonly threads: number;
  readonly batch: number;
  readonly stopped?: () => void;
  /** Puts the images where worker threads can read them. */
  readonly share?: boolean;
}

/** The part of a bench that worker threads share: all but the network. */
export type LoadedBench = Pick<
  Bench,
  | "test"
  | "validation"
  | "datasetName"
  | "classes"
  | "files"
  | "sensitivities"
  | "moments"
  | "probe"
  | "cleanCorrect"
>;

export function loadedPart(bench: Bench): LoadedBench {
  const { test, validation, datasetName, classes, files } = bench;
  const { sensitivities, moments, probe, cleanCorrect } = bench;
  return {
    test,
    validation,
    datasetName,
    classes,
    files,
    sensitivities,
    moments,
    probe,
    cleanCorrect,
  };
}

/** What refinements know of the network; undefined where they cannot work on it. */
export function networkPlan({
  modelName,
  model: { layers, inputs },
  layout,
}: Pick<Bench, "modelName" | "model" | "layout">): NetworkPlan | undefined {
  return layers && { modelName, layers, layout, inputs };
}

/** Equal for points that share a bench. */
export function benchKey(point: PointSettings): string {
  return JSON.stringify([
    point.model,
    point.dataset,
    needsValidation(point),
    needsSensitivities(point),
    needsMoments(point),
    needsProbe(point),
  ]);
}

/** Opens model and data, checks that they fit, and scores the model as it is. Throws InputError. */
export async function openBench(point: PointSettings, options: BenchOptions): Promise<Bench> {
  const network = await openNetwork(point.model);
  const { model, modelName, layout, weights } = network;
  checkRefinements(point, network);
  const images = loadImages(point, model, modelName, options.share ?? false);
  const scorer = await model.openScorer(layout, { threads: options.threads });
  await scorer.setWeights(weights);
  await checkScores(scorer, images.test, images.classes, modelName);
  const { batch, stopped } = options;
  const cleanCorrect = await countCorrect(scorer, images.test, batch, stopped);
  const sensitivities = needsSensitivities(point)
    ? await measureSensitivities(
        { ...network, scorer, normalizes: (model.layers?.normalization.length ?? 0) > 0 },
        images.validation!,
        batch,
        stopped,
      )
    : undefined;
  const own = needsMoments(point) ? transmitterImages(images.validation!) : undefined;
  const moments = own && (await measureMoments({ ...network, scorer }, own, batch));
  const probe = needsProbe(point) ? await measureProbe({ ...network, scorer }, own!) : undefined;
  const files = [...model.files, ...images.files];
  return { ...network, scorer, ...images, files, sensitivities, moments, probe, cleanCorrect };
}

/** The bench once more for another thread, with its own copy of the network. */
export async function reopenBench(
  point: PointSettings,
  loaded: LoadedBench,
  threads: number,
): Promise<Bench> {
  const network = await openNetwork(point.model);
  const scorer = await network.model.openScorer(network.layout, { threads });
  return { ...network, scorer, ...loaded };
}

async function openNetwork(settings: PointSettings["model"]) {
  const { model, modelName } = await openModel(settings);
  const layout = layOut(model.tensors, settings.travel);
  const weights = model.readWeights(layout);
  checkFinite(weights, layout, modelName);
  const tensors = layout.entries.map(({ offset, size }) =>
    weightStatistics(weights.subarray(offset, offset + size)),
  );
  return {
    model,
    modelName,
    layout,
    weights,
    statistics: weightStatistics(weights),
    tensorVariances: tensors.map(({ variance }) => variance),
    meanSquares: tensors.map(({ meanSquare }) => meanSquare),
    runningStatistics: runningStatistics(model),
    parameters: parametersOf(model),
  };
}

function runningStatistics({ layers, readTensor }: Model): Float32Array {
  const statistics = new Float32Array(layers?.statisticsSize ?? 0);
  for (const { mean, variance, offset, channels } of layers?.normalization ?? []) {
    statistics.set(readTensor!(mean), offset);
    statistics.set(readTensor!(variance), offset + channels);
  }
  return statistics;
}

/** Biases of linear layers and scales of batch normalizations, by the name of their tensor. */
function parametersOf({ layers, readTensor }: Model): Map<string, Float32Array> {
  if (layers === undefined) return new Map();
  const names = [
    ...layers.linear.map(({ bias }) => bias),
    ...layers.normalization.map(({ scale }) => scale),
  ].filter((name) => name !== undefined);
  return new Map(names.map((name) => [name, readTensor!(name)]));
}

/** The running statistics that a receiver has: of those that travel, what `received` holds. */
export function ownStatistics(
  { model, layout, runningStatistics }: Bench,
  received: Float32Array,
): Float32Array {
  const statistics = runningStatistics.slice();
  const places = new Map(layout.entries.map((entry) => [entry.name, entry.offset]));
  for (const { mean, variance, offset, channels } of model.layers!.normalization) {
    [mean, variance].forEach((name, part) => {
      const place = places.get(name);
      if (place === undefined) return;
      statistics.set(received.subarray(place, place + channels), offset + part * channels);
    });
  }
  return statistics;
}

/** Images that the transmitter measures moments on, at most: its own, spread over the validation images. */
const momentImages = 500;

function transmitterImages(validation: Examples): Examples {
  const count = Math.min(momentImages, validation.count);
  const spread = Array.from({ length: count }, (_, i) =>
    Math.floor((i * validation.count) / count),
  );
  return pickExamples(validation, spread);
}

async function measureMoments(
  network: Pick<Bench, "model" | "layout" | "weights" | "parameters" | "scorer">,
  images: Examples,
  batch: number,
): Promise<(LayerMoments | undefined)[]> {
  const { model, layout, weights, parameters, scorer } = network;
  const layers = model.layers!;
  const travelling = travellingLayers({ layers, layout });
  const moments: (LayerMoments | undefined)[] = layers.linear.map(() => undefined);
  const measured = await measureInputMoments(
    scorer,
    weights,
    travelling,
    ({ bias }) => parameters.get(bias ?? ""),
    images,
    batch,
  );
  travelling.forEach(({ index }, i) => {
    moments[index] = measured[i];
  });
  return moments;
}

function loadImages(point: PointSettings, model: Model, modelName: string, share: boolean) {
  const format = datasetOf(point);
  const dataset = format.open(point.dataset);
  const load = (split: "test" | "validation") => {
    const examples = fitExamples(dataset.load(split), model, modelName);
    return share ? shareExamples(examples) : examples;
  };
  return {
    datasetName: format.name,
    classes: dataset.classes,
    files: dataset.files,
    test: load("test"),
    validation: needsValidation(point) ? load("validation") : undefined,
  };
}

function needsValidation(point: PointSettings): boolean {
  return (
    point.receivers.some(usesValidation) ||
    refining(point).some(({ refine }) => unlabelledImages(refine) > 0) ||
    needsSensitivities(point) ||
    needsMoments(point)
  );
}

const refining = ({ receivers }: PointSettings) =>
  (receivers as ReceiverSettings[]).filter(({ refine }) => refine.length > 0);

/** True where a refinement is sent what the transmitter measures on its network. */
function needsMoments(point: PointSettings): boolean {
  return refining(point).some(({ refine }) => usesMoments(refine));
}

/** True where a refinement tries the network on random images. */
function needsProbe(point: PointSettings): boolean {
  return refining(point).some(({ refine }) => usesProbe(refine));
}

/** True where a code shares out by what noise on each tensor does to the network. */
function needsSensitivities({ transmitter }: PointSettings): boolean {
  return transmitter.code.some(
    (settings) => codingOf(settings).needsSensitivities?.(settings as never) ?? false,
  );
}

/** True where a receiver has a grid and looks at validation images to choose from it. */
function usesValidation(receiver: Record<string, unknown>): boolean {
  return searchesGrid(receiver) && (receiver as ReceiverSettings).choose === "validation";
}

/** True where a receiver has more than one setting to choose from. */
export function searchesGrid(receiver: Record<string, unknown>): boolean {
  return estimatorOf(receiver).settings(receiver as never).length > 1;
}

async function openModel({ name, path, weightsPath }: PointSettings["model"]) {
  const embedded = embeddedModels.find((m) => m.name === name);
  const file = path ?? embedded!.path;
  return {
    model: await openModelFile(file, weightsPath),
    modelName: embedded?.name ?? basename(file),
  };
}

/** Throws InputError where a receiver wants more validation images than there are, or cannot refine the network. */
export function checkKappa(point: PointSettings, bench: Bench): void {
  checkRefinements(point, bench);
  const { validation } = bench;
  const check = (receiver: ReceiverSettings, key: string, images: number) => {
    if (images > validation!.count) {
      throw new InputError(
        `receivers.${receiverLabel(receiver)}.${key} must be at most the ${validation!.count} validation images, got ${images}`,
      );
    }
  };
  for (const receiver of point.receivers.filter(usesValidation) as ReceiverSettings[]) {
    check(receiver, "kappa", receiver.kappa);
  }
  for (const receiver of refining(point)) {
    const images = unlabelledImages(receiver.refine);
    if (images > 0) check(receiver, "refine.images", images);
  }
}

function checkRefinements(
  point: PointSettings,
  network: Pick<Bench, "model" | "modelName" | "layout">,
): void {
  const plan = networkPlan(network);
  for (const receiver of refining(point)) {
    if (plan === undefined) {
      throw new InputError(
        `receivers.${receiverLabel(receiver)}: refinements work on ONNX models, and ${network.modelName} is none; export the network to ONNX`,
      );
    }
    checkChain(receiver.refine, plan);
  }
}

function checkFinite(weights: Float32Array, layout: Layout, modelName: string): void {
  const bad = weights.findIndex((w) => !Number.isFinite(w));
  if (bad < 0) return;
  const tensor = layout.entries.findLast((entry) => entry.offset <= bad)!;
  throw new InputError(
    `${modelName}: weights must be finite, got ${weights[bad]} in tensor "${tensor.name}" at index ${bad - tensor.offset}`,
  );
}
