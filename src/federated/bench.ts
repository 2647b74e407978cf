/**
 * What a federated training works with: the network, its trained tensors, the images, the partition. Opened and
 * checked before anything is written, and kept for all points that share it.
 */
import { createHash } from "node:crypto";
import type { Examples } from "../datasets/dataset.js";
import { InputError } from "../errors.js";
import { RandomSource } from "../kernel/index.js";
import { fitExamples, pickExamples, shareExamples, sliceExamples } from "../models/fit-inputs.js";
import type { Scorer } from "../models/model.js";
import { openOnnxBytes } from "../models/onnx-model.js";
import { openTrainer } from "../models/training/onnx-trainer.js";
import {
  type FederatedPoint,
  type FederatedReceiver,
  partitionOf,
} from "../scenario/federated-schema.js";
import { datasetOf, estimatorOf, receiverLabel } from "../scenario/schema.js";
import { augmentationOf } from "../scenario/training-schema.js";
import type { ImageForm } from "../training/augmentations/augmentation.js";
import { checkClasses, imageForm, startingModel, trainerOptions } from "../training/bench.js";
import { everyTensor, type Layout, layOut } from "../weights/layout.js";
import type { TrainedPlace, TrainingPart } from "./device-trainer.js";

export interface FederatedBench {
  readonly modelName: string;
  /** SHA-256 of the model before its first round, in trial 0. */
  readonly modelHash: string;
  /** Every floating-point tensor of the model: the model vector. */
  readonly whole: Layout;
  /** Tensors that go over the uplink, an update, and over a downlink. */
  readonly travelling: Layout;
  /** Where each tensor of an update lies in the model vector, in the order of `travelling`. */
  readonly travellingPlaces: readonly TrainedPlace[];
  /** Trained tensors that are averaged without errors beside the uplink. */
  readonly exact: readonly TrainedPlace[];
  readonly classes: number;
  readonly test: Examples;
  readonly validation: Examples | undefined;
  /** What worker threads are given. */
  readonly part: TrainingPart;
  readonly files: readonly string[];
  readonly runtime: string;
  /** The model vector before the first round of a trial, a copy. */
  initial(trial: number): Float32Array;
  /** Indices of the devices' training images in a trial, in shared memory. */
  partition(trial: number, point: FederatedPoint): readonly Int32Array[];
  openScorer(): Promise<Scorer>;
}

/** Equal for points that share a bench. */
export function benchKey({ model, dataset, training, server, receivers }: FederatedPoint): string {
  const { batch, loss, optimizer, augmentation } = training;
  const { learningRate: _, ...rule } = optimizer as object & { learningRate: number };
  return JSON.stringify([
    model,
    dataset,
    { batch, loss, rule, augmentation },
    server,
    receivers.some(usesValidation),
  ]);
}

/** Random streams of a trial: the same for all points and receivers, so that they are paired. */
export function trialSource(seed: number, trial: number): RandomSource {
  return new RandomSource(seed).child(`trial ${trial}`);
}

/** Opens model and data and checks that they fit and can be trained. Throws InputError. */
export async function openFederatedBench(
  point: FederatedPoint,
  { seed, threads }: { readonly seed: number; readonly threads: number },
): Promise<FederatedBench> {
  const { model: settings, training, server } = point;
  const dataset = datasetOf(point).open(point.dataset as never);
  const raw = dataset.load("train");
  const task = { example: raw.inputs[0].shape, classes: dataset.classes };
  const start = (trial: number) =>
    startingModel(settings, task, trialSource(seed, trial).child("model"));
  const { name: modelName, bytes: startBytes, files } = start(0);
  const fitted = fitExamples(raw, openOnnxBytes(modelName, startBytes), modelName);
  const options = trainerOptions(training, fitted, { seed, threads });
  const trainer = await openTrainer(startBytes, options);
  // With tensors of its own for every parameter, as training has them.
  const bytes = trainer.exportModel();
  const trained = trainer.tensors.filter(({ role }) => role !== "optimizer");
  await trainer.close();

  const model = openOnnxBytes(modelName, bytes);
  const whole = layOut(model.tensors, everyTensor);
  const places = new Map(
    whole.entries.map(({ name, offset, size }): [string, TrainedPlace] => [
      name,
      { name, from: offset, to: offset + size },
    ]),
  );
  const isTrained = new Set(trained.map(({ name }) => name));
  const travelling = layOut(
    model.tensors.filter(({ name }) => isTrained.has(name)),
    settings.travel,
  );
  const travels = new Set(travelling.entries.map(({ name }) => name));
  const test = fitExamples(dataset.load("test"), model, modelName);
  const train = shareExamples(fitted);
  const openScorer = () => model.openScorer(whole, { threads });
  const first = model.readWeights(whole);
  const runtime = await checkClasses(model, test, dataset.classes, modelName, threads);

  return {
    modelName,
    modelHash: createHash("sha256").update(startBytes).digest("hex"),
    whole,
    travelling,
    travellingPlaces: travelling.entries.map(({ name }) => places.get(name)!),
    exact: trained.filter(({ name }) => !travels.has(name)).map(({ name }) => places.get(name)!),
    classes: dataset.classes,
    test: firstExamples(test, server.evaluateImages),
    validation: openValidation(),
    part: {
      bytes,
      options,
      examples: train,
      places: trained.map(({ name }) => places.get(name)!),
      augmentation: training.augmentation.map((entry) => ({
        entry,
        form: formOf(entry as { name: string }),
      })),
    },
    files: [...new Set([...files, ...dataset.files])],
    runtime,
    initial: (trial) =>
      trial === 0 || settings.architecture === undefined
        ? first.slice()
        : openOnnxBytes(modelName, start(trial).bytes).readWeights(whole),
    partition: (trial, of) => divide(of, train, dataset.classes, { seed, trial }),
    openScorer,
  };

  /** Opens the augmentation once, so that what is wrong with it shows now. */
  function formOf(entry: { name: string }): ImageForm {
    const form = imageForm(entry.name, raw, fitted, dataset.black);
    augmentationOf(entry).open(entry as never, form);
    return form;
  }

  function openValidation(): Examples | undefined {
    const receiver = point.receivers.find(usesValidation);
    if (receiver === undefined) return undefined;
    const kept = server.validationImages;
    if (kept === 0 && !dataset.ownValidation) {
      throw new InputError(
        `receivers.${receiverLabel(receiver)}: chooses its setting on validation images, and the data set has none apart from the training images; server.validationImages sets some of these aside`,
      );
    }
    if (kept > 0)
      return pickExamples(fitted, keptImages(fitted.count, kept, new RandomSource(seed)));
    return fitExamples(dataset.load("validation"), model, modelName);
  }
}

/** True where a receiver has a grid and looks at validation images to choose from it. */
export function usesValidation(receiver: Record<string, unknown>): boolean {
  const searches = estimatorOf(receiver).settings(receiver as never).length > 1;
  return searches && (receiver as FederatedReceiver).choose === "validation";
}

/** Training images that the server keeps, the same in all trials: they are no part of what is random about a training. */
function keptImages(count: number, kept: number, random: RandomSource): Int32Array {
  if (kept >= count) {
    throw new InputError(
      `server.validationImages must be below the ${count} training images, got ${kept}`,
    );
  }
  return random.stream("server's images").sample(count, kept);
}

function divide(
  point: FederatedPoint,
  { count, labels }: Examples,
  classes: number,
  { seed, trial }: { readonly seed: number; readonly trial: number },
): Int32Array[] {
  const { partition, devices, server } = point;
  const { validationImages } = server;
  const kept = new Set(
    validationImages === 0 ? [] : keptImages(count, validationImages, new RandomSource(seed)),
  );
  const free = Int32Array.from({ length: count }, (_, i) => i).filter((i) => !kept.has(i));
  const parts = partitionOf(point).split(partition as never, {
    labels: free.map((i) => labels[i]),
    classes,
    devices: devices.count,
    random: trialSource(seed, trial).child("partition"),
  });
  return parts.map((part) => {
    const shared = new Int32Array(new SharedArrayBuffer(part.byteLength));
    shared.set(part.map((i) => free[i]));
    return shared;
  });
}

function firstExamples(examples: Examples, count = examples.count): Examples {
  if (count > examples.count) {
    throw new InputError(
      `server.evaluateImages must be at most the ${examples.count} test images, got ${count}`,
    );
  }
  return {
    count,
    inputs: sliceExamples(examples, 0, count),
    labels: examples.labels.subarray(0, count),
  };
}
