/**
 * What a point is simulated with: the model, its weights, the images, the runtime. Opened once and kept
 * for all points that share them.
 */
import { basename } from "node:path";
import type { Examples } from "../datasets/dataset.js";
import { InputError } from "../errors.js";
import { embeddedModels } from "../models/embedded/index.js";
import { fitExamples, shareExamples } from "../models/fit-inputs.js";
import type { Model, Scorer } from "../models/model.js";
import { openModelFile } from "../models/open.js";
import { checkScores, countCorrect } from "../models/score.js";
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
  readonly scorer: Scorer;
  readonly datasetName: string;
  readonly classes: number;
  readonly test: Examples;
  /** Loaded when a receiver chooses by validation images. */
  readonly validation: Examples | undefined;
  readonly files: readonly string[];
  /** How the loss grows with noise on each tensor, where a code asks for it. */
  readonly sensitivities: ReadonlyMap<string, number> | undefined;
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
  "test" | "validation" | "datasetName" | "classes" | "files" | "sensitivities" | "cleanCorrect"
>;

export function loadedPart(bench: Bench): LoadedBench {
  const { test, validation, datasetName, classes, files, sensitivities, cleanCorrect } = bench;
  return { test, validation, datasetName, classes, files, sensitivities, cleanCorrect };
}

/** Equal for points that share a bench. */
export function benchKey(point: PointSettings): string {
  return JSON.stringify([
    point.model,
    point.dataset,
    needsValidation(point),
    needsSensitivities(point),
  ]);
}

/** Opens model and data, checks that they fit, and scores the model as it is. Throws InputError. */
export async function openBench(point: PointSettings, options: BenchOptions): Promise<Bench> {
  const network = await openNetwork(point.model);
  const { model, modelName, layout, weights } = network;
  const images = loadImages(point, model, modelName, options.share ?? false);
  const scorer = await model.openScorer(layout, { threads: options.threads });
  await scorer.setWeights(weights);
  await checkScores(scorer, images.test, images.classes, modelName);
  const { batch, stopped } = options;
  const cleanCorrect = await countCorrect(scorer, images.test, batch, stopped);
  const sensitivities = needsSensitivities(point)
    ? await measureSensitivities({ ...network, scorer }, images.validation!, batch, stopped)
    : undefined;
  const files = [...model.files, ...images.files];
  return { ...network, scorer, ...images, files, sensitivities, cleanCorrect };
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
  const tensorVariances = layout.entries.map(
    ({ offset, size }) => weightStatistics(weights.subarray(offset, offset + size)).variance,
  );
  const statistics = weightStatistics(weights);
  return { model, modelName, layout, weights, statistics, tensorVariances };
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
  return point.receivers.some(usesValidation) || needsSensitivities(point);
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

/** Throws InputError where a receiver wants more validation images than there are. */
export function checkKappa(point: PointSettings, { validation }: Bench): void {
  for (const receiver of point.receivers.filter(usesValidation) as ReceiverSettings[]) {
    if (receiver.kappa > validation!.count) {
      throw new InputError(
        `receivers.${receiverLabel(receiver)}.kappa must be at most the ${validation!.count} validation images, got ${receiver.kappa}`,
      );
    }
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
