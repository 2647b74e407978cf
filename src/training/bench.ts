/**
 * What a training works with: the network in training, its batches, and the examples that score it. Opened and
 * checked before anything is written.
 */
import { createHash } from "node:crypto";
import { basename } from "node:path";
import type { Examples, OpenDataset } from "../datasets/dataset.js";
import { InputError } from "../errors.js";
import { RandomSource } from "../kernel/index.js";
import { embeddedModels } from "../models/embedded/index.js";
import { fitExamples } from "../models/fit-inputs.js";
import type { Model, Scorer } from "../models/model.js";
import { openOnnxBytes, readModelFile } from "../models/onnx-model.js";
import { checkScores, countCorrect } from "../models/score.js";
import { openTrainer } from "../models/training/onnx-trainer.js";
import type { Trainer } from "../models/training/trainer.js";
import type { Architecture, Task } from "../models/zoo/architecture.js";
import { architectures } from "../models/zoo/index.js";
import type { TrainingPlan } from "../scenario/load-training.js";
import { datasetOf } from "../scenario/schema.js";
import { augmentationOf, scheduleOf, type TrainingSettings } from "../scenario/training-schema.js";
import { hashFiles } from "../study/assemble.js";
import { everyTensor, layOut } from "../weights/layout.js";
import type { ImageForm } from "./augmentations/augmentation.js";
import { BatchSource, type NamedAugment } from "./batches.js";
import type { TrainingIdentity } from "./checkpoint.js";
import type { Count, EpochRecord } from "./history.js";
import type { Course } from "./schedules/schedule.js";

export interface TrainingBench {
  readonly plan: TrainingPlan;
  readonly identity: TrainingIdentity;
  readonly modelName: string;
  readonly trainer: Trainer;
  readonly batches: BatchSource;
  readonly course: Course;
  /** Learning rate of a step, counted from 0. */
  rate(step: number): number;
  readonly classes: number;
  readonly trainingExamples: number;
  readonly test: Examples;
  /** Undefined where the data set has no validation split of its own. */
  readonly validation: Examples | undefined;
  readonly runtime: string;
}

/** Opens model and data and checks that they fit and can be trained. Throws InputError. */
export async function openTrainingBench(
  plan: TrainingPlan,
  open: typeof openTrainer = openTrainer,
): Promise<TrainingBench> {
  const { settings } = plan;
  const { training, seed, threads } = settings;
  const dataset = datasetOf(settings).open(settings.dataset as never);
  const raw = dataset.load("train");
  const task = { example: raw.inputs[0].shape, classes: dataset.classes };
  const random = new RandomSource(seed).child("model");
  const { name: modelName, bytes, files } = startingModel(settings.model, task, random);
  const model = openOnnxBytes(modelName, bytes);
  const fitted = (examples: Examples) => fitExamples(examples, model, modelName);
  const examples = fitted(raw);
  const batches = new BatchSource(
    examples,
    training.batch,
    new RandomSource(seed).child("training"),
    openAugmentations(plan, raw, examples, dataset),
  );
  const test = fitted(dataset.load("test"));
  const validation = dataset.ownValidation ? fitted(dataset.load("validation")) : undefined;
  const runtime = await checkClasses(model, test, dataset.classes, modelName, threads);
  const trainer = await open(bytes, trainerOptions(training, examples, settings));
  const course = {
    learningRate: training.optimizer.learningRate as number,
    steps: training.epochs * batches.perEpoch,
    stepsPerEpoch: batches.perEpoch,
  };
  const schedule = scheduleOf(settings);
  return {
    plan,
    identity: {
      settings,
      model: createHash("sha256").update(bytes).digest("hex"),
      files: await hashFiles([...new Set([...files, ...dataset.files])]),
    },
    modelName,
    trainer,
    batches,
    course,
    rate: (step) => schedule.rate(training.schedule as never, step, course),
    classes: dataset.classes,
    trainingExamples: examples.count,
    test,
    validation,
    runtime,
  };
}

/** What a trainer is opened with: all of `training` but what varies from step to step. */
export function trainerOptions(
  {
    batch,
    loss,
    optimizer,
  }: { readonly batch: number; readonly loss: object; readonly optimizer: object },
  { inputs }: Examples,
  { seed, threads }: { readonly seed: number; readonly threads: number },
) {
  const { learningRate: _, ...rule } = optimizer as { name: string; learningRate: number };
  return {
    batch,
    loss: loss as { name: string },
    optimizer: rule,
    threads,
    seed,
    example: inputs.map(({ shape }) => shape),
  };
}

/** The model before its first step; `random` draws its weights where it is built. */
export function startingModel(
  { architecture, name, path, weightsPath }: TrainingSettings["model"],
  task: Task,
  random: RandomSource,
): { name: string; bytes: Uint8Array; files: readonly string[] } {
  if (architecture !== undefined) {
    const part = (architectures as unknown as readonly Architecture[]).find(
      (a) => a.name === architecture.name,
    )!;
    return { name: part.name, bytes: part.build(architecture, task, random), files: [] };
  }
  const embedded = embeddedModels.find((m) => m.name === name);
  const file = readModelFile(path ?? embedded!.path, weightsPath);
  return { name: embedded?.name ?? basename(file.path), bytes: file.bytes, files: file.files };
}

function openAugmentations(
  { settings }: TrainingPlan,
  raw: Examples,
  fitted: Examples,
  { black }: OpenDataset,
): NamedAugment[] {
  return settings.training.augmentation.map((entry) => {
    const part = augmentationOf(entry);
    const form = imageForm(part.name, raw, fitted, black);
    return { name: part.name, augment: part.open(entry as never, form) };
  });
}

/** Throws InputError unless the examples are images whose channels come first, as the model takes them. */
export function imageForm(
  augmentation: string,
  raw: Examples,
  fitted: Examples,
  black: readonly number[],
): ImageForm {
  const where = `training.augmentation.${augmentation}: needs images of shape [channels, rows, columns]`;
  const [{ data, shape }] = raw.inputs;
  if (raw.inputs.length !== 1 || !(data instanceof Float32Array) || shape.length !== 3) {
    const got = raw.inputs.map((input) => `[${input.shape.join(", ")}]`).join(" and ");
    throw new InputError(`${where}, got ${got}`);
  }
  // A model may take images as a flat vector, whose order is theirs.
  const taken = fitted.inputs[0].shape;
  if (taken.length === 3 && taken.join() !== shape.join()) {
    throw new InputError(`${where}, and the model takes them as [${taken.join(", ")}]`);
  }
  const [channels, rows, columns] = shape;
  const ofChannel = Array.from({ length: channels }, (_, c) => black[c % black.length]);
  return { channels, rows, columns, black: ofChannel };
}

/** Throws InputError unless the model scores every class; gives the name of what runs it. */
export async function checkClasses(
  model: Model,
  examples: Examples,
  classes: number,
  modelName: string,
  threads: number,
): Promise<string> {
  const scorer = await openScorer(model, threads);
  try {
    await checkScores(scorer, examples, classes, modelName);
    return scorer.runtime;
  } finally {
    await scorer.close();
  }
}

async function openScorer(model: Model, threads: number): Promise<Scorer> {
  const layout = layOut(model.tensors, everyTensor);
  const scorer = await model.openScorer(layout, { threads });
  await scorer.setWeights(model.readWeights(layout));
  return scorer;
}

/** Scores a model of the training on the test examples, and on validation examples where there are some. */
export async function scoreModel(
  { plan, modelName, test, validation }: TrainingBench,
  bytes: Uint8Array,
  stopped?: () => void,
): Promise<Pick<EpochRecord, "test" | "validation">> {
  const { batch, threads } = plan.settings;
  const scorer = await openScorer(openOnnxBytes(modelName, bytes), threads);
  const count = async (examples: Examples): Promise<Count> => ({
    correct: await countCorrect(scorer, examples, batch, stopped),
    total: examples.count,
  });
  try {
    return {
      ...(validation && { validation: await count(validation) }),
      test: await count(test),
    };
  } finally {
    await scorer.close();
  }
}
