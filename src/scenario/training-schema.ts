/**
 * The scenario of a training: what `weightlink train` takes. Validates, gives the types, the JSON Schema for
 * editors and the reference page, as `schema.ts` does for inference.
 *
 * Architectures, data sets, losses, optimizers, schedules and augmentations bring their own parameters.
 */
import { z } from "zod";
import { datasets } from "../datasets/index.js";
import { embeddedModels } from "../models/embedded/index.js";
import { losses } from "../models/training/losses/index.js";
import { optimizers } from "../models/training/optimizers/index.js";
import { architectures } from "../models/zoo/index.js";
import { type NamedPart, named } from "../named.js";
import type { Augmentation } from "../training/augmentations/augmentation.js";
import { augmentations } from "../training/augmentations/index.js";
import { schedules } from "../training/schedules/index.js";
import type { Schedule } from "../training/schedules/schedule.js";
import { quantity } from "../units.js";
import { isMap } from "./paths.js";
import { partOf, studyShape } from "./schema.js";

/** One of `parts` as a map, or by its name alone; a map without a name has the name `usual`, where there is one. */
export const nameOrMap = (parts: readonly NamedPart[], usual?: string) =>
  z.preprocess((entry) => {
    if (typeof entry === "string") return { name: entry };
    return usual !== undefined && isMap(entry) ? { name: usual, ...entry } : entry;
  }, named(parts));

export const networkSchema = z
  .strictObject({
    architecture: nameOrMap(architectures)
      .optional()
      .describe("a network to build, with initial weights drawn from the seed: a name, or a map"),
    name: z
      .enum(embeddedModels.map((m) => m.name))
      .optional()
      .describe("a model that ships with Weightlink"),
    path: z.string().optional().describe("an ONNX file"),
    weightsPath: z
      .string()
      .optional()
      .describe("safetensors file whose tensors replace those of the same name in the ONNX file"),
  })
  .superRefine((model, context) => {
    const issue = (message: string) =>
      context.addIssue({ code: "custom", message, input: model, params: { noValue: true } });
    const given = (["architecture", "name", "path"] as const).filter((k) => model[k] !== undefined);
    if (given.length !== 1) {
      issue(
        given.length === 0
          ? "needs an architecture, the path of an ONNX file or the name of an embedded model"
          : `takes one of architecture, path and name, got ${given.join(" and ")}`,
      );
    }
    if (model.weightsPath !== undefined && model.path === undefined) {
      issue("takes a weightsPath only with a path");
    }
  });

export const learningRate = quantity(undefined, z.number().positive()).describe(
  "step along the gradient; the largest one where a schedule varies it",
);

export const wholeNumber = () => quantity(undefined, z.number().int().positive());

/** Keys of `training`, but for the parts that go by name. */
export const loopParams = {
  epochs: wholeNumber().describe("passes over the training examples"),
  batch: wholeNumber()
    .prefault(128)
    .describe("examples in a step; an incomplete last batch is left out of its epoch"),
  checkpointEvery: wholeNumber()
    .prefault(1)
    .describe("epochs between two checkpoints, from which a training goes on"),
  evaluateEvery: wholeNumber()
    .prefault(1)
    .describe("epochs between two scorings of the test and validation examples"),
};

/** Parts of `training` that go by name. */
export const loopParts = {
  loss: nameOrMap(losses, losses[0].name)
    .prefault(losses[0].name)
    .describe("what is made small: a name, or a map"),
  optimizer: named(
    optimizers.map((o) => ({ ...o, params: o.params.safeExtend({ learningRate }) })),
  ).describe("how gradients change weights"),
  schedule: nameOrMap(schedules)
    .prefault("constant")
    .describe("learning rate from step to step: a name, or a map"),
  augmentation: z
    .array(nameOrMap(augmentations))
    .default([])
    .describe("random changes of the training images, one after another: names, or maps"),
};

export const trainingShape = {
  title: studyShape.title,
  description: studyShape.description,
  kind: z.literal("training").describe("training: train a network, score it after each epoch"),
  seed: studyShape.seed,
  model: networkSchema.describe("the network that is trained"),
  dataset: named(datasets).describe("examples that train it, and others that score it"),
  training: z.strictObject({ ...loopParams, ...loopParts }).describe("how it is trained"),
  batch: studyShape.batch.describe("images in one inference when the network is scored"),
  threads: quantity(undefined, z.number().int().nonnegative().max(256))
    .prefault(0)
    .describe("threads of one step and of one inference; 0: the machine's cores"),
};

export const trainingSchema = z.strictObject(trainingShape);
export type TrainingSettings = z.output<typeof trainingSchema>;
/** What a scenario file may hold. */
export type TrainingInput = z.input<typeof trainingSchema>;

/** Types a TypeScript scenario: `export default defineTraining({ kind: "training", ... })`. */
export function defineTraining(scenario: TrainingInput): TrainingInput {
  return scenario;
}

// The schema has checked names and parameters, so each definition gets the parameters it declares.
export const scheduleOf = ({
  training,
}: {
  training: Pick<TrainingSettings["training"], "schedule">;
}) => partOf<Schedule>(schedules, training.schedule);
export const augmentationOf = (entry: object) => partOf<Augmentation>(augmentations, entry);
