/**
 * The scenario of federated training: what `weightlink run` takes with `kind: federated`. Validates, gives the types, the
 * JSON Schema for editors and the reference page, as `schema.ts` does for inference.
 *
 * Uplinks, partitions, speeds, architectures, data sets, optimizers, schedules, augmentations and estimators bring
 * their own parameters.
 */
import { z } from "zod";
import { channels } from "../../channels/index.js";
import { datasets } from "../datasets/index.js";
import { partitions } from "../federated/partitions/index.js";
import type { Partition } from "../federated/partitions/partition.js";
import { speeds } from "../federated/speeds/index.js";
import type { Speed } from "../federated/speeds/speed.js";
import type { Uplink } from "../federated/uplink.js";
import { uplinks } from "../federated/uplinks/index.js";
import { named } from "../named.js";
import { estimators } from "../receiver/index.js";
import { withPreset } from "../receiver/mmse-pb-presets.js";
import { transmitterParams } from "../transmitter/transmitter.js";
import { quantity } from "../units.js";
import { isMap } from "./paths.js";
import {
  choiceParams,
  expandReceiver,
  modelSchema,
  partOf,
  receiverLabel,
  type SearchSettings,
  studyShape,
} from "./schema.js";
import { loopParts, nameOrMap, networkSchema, wholeNumber } from "./training-schema.js";

const fraction = (rule = z.number().min(0).max(1)) => quantity(undefined, rule);

/** Keys that every uplink takes beside its own. */
export const airParams = {
  label: choiceParams.label,
  symbolRateHz: quantity("Hz", z.number().positive())
    .prefault(1e6)
    .describe("complex symbols per second on the air [Hz]"),
};

/** Keys that every receiver takes beside its estimator's own. */
const { refine: _, ...federatedChoice } = choiceParams;
export const federatedChoiceParams = {
  ...federatedChoice,
  kappa: quantity(undefined, z.number().int().positive())
    .prefault(100)
    .describe("κ: labelled images of the server that choose the setting, drawn anew in each round"),
};

/** Nobody knows the moments of a sum before it is there, so a prior comes from r where nothing is said. */
function withOwnPrior(entry: unknown): unknown {
  const receiver = withPreset(expandReceiver(entry));
  if (!isMap(receiver) || receiver.prior !== undefined) return receiver;
  const estimator = estimators.find((e) => e.name === receiver.name);
  return estimator !== undefined && "prior" in estimator.params.shape
    ? { ...receiver, prior: "estimated" }
    : receiver;
}

const receiverEntry = z.preprocess(
  withOwnPrior,
  named(
    estimators.map((e) => ({
      ...e,
      params: (e.params as z.ZodObject).safeExtend(federatedChoiceParams),
    })),
  ),
);

/** A broadcast has nobody to answer to, so nothing is sent again. */
const broadcastParams = transmitterParams.omit({ arq: true, statisticsBits: true });

const downlinkSchema = z.strictObject({
  channel: named(channels).describe(
    "the link to a device, as in inference; every device has its own",
  ),
  transmitter: broadcastParams
    .prefault({})
    .describe("how the model becomes symbols, as in inference without arq and statisticsBits"),
  receiver: nameOrMap(estimators)
    .prefault("ml")
    .describe("how a device estimates the model: an estimator with one setting, a name or a map"),
});

export type Downlink = z.output<typeof downlinkSchema>;

/** What belongs to one point; every key in here can be swept. */
export const federatedPointShape = {
  model: networkSchema
    .safeExtend({ travel: modelSchema.shape.travel })
    .describe(
      "the network that is trained, and which of its tensors go over the uplink, and over a downlink",
    ),
  dataset: named(datasets).describe("images that train it, and others that score it"),
  devices: z
    .strictObject({
      count: wholeNumber().describe("devices in all, N"),
      active: wholeNumber().describe("devices that are drawn for a round, K"),
      dropout: fraction(z.number().min(0).lt(1))
        .prefault(0)
        .describe("probability that a device that was drawn takes no part in its round"),
      deadlineS: quantity("s", z.number().positive())
        .optional()
        .describe(
          "time after the broadcast at which the uplink begins without those who are not ready [s]",
        ),
      speed: nameOrMap(speeds)
        .prefault("constant")
        .describe("how fast devices train: a name, or a map"),
    })
    .refine(({ active, count }) => active <= count, {
      error: "must be at most devices.count",
      path: ["active"],
    })
    .describe("who takes part in a round, and how fast they are"),
  partition: nameOrMap(partitions)
    .prefault("iid")
    .describe("which images lie on which device: a name, or a map"),
  training: z
    .strictObject({
      rounds: wholeNumber().describe("rounds of training"),
      epochs: wholeNumber()
        .prefault(1)
        .describe("passes of a device over its own images in a round"),
      batch: wholeNumber()
        .prefault(32)
        .describe("images in a step; an incomplete last batch is left out of its epoch"),
      ...loopParts,
      schedule: loopParts.schedule.describe("learning rate from round to round: a name, or a map"),
    })
    .describe("how devices train"),
  server: z
    .strictObject({
      learningRate: quantity(undefined, z.number().positive())
        .prefault(1)
        .describe("what the estimate of the mean update is multiplied by before it is added"),
      validationImages: quantity(undefined, z.number().int().nonnegative())
        .prefault(0)
        .describe(
          "training images that the server keeps to choose settings with; 0: those of the data set's validation split",
        ),
      evaluateEvery: wholeNumber().prefault(1).describe("rounds between two scorings"),
      evaluateImages: wholeNumber()
        .optional()
        .describe("test images that score it, from the first (default: all)"),
      broadcastS: quantity("s", z.number().nonnegative())
        .prefault(0)
        .describe(
          "time that the broadcast of the model takes, beside that of a downlink on the air [s]",
        ),
    })
    .prefault({})
    .describe("what the server does"),
  downlink: downlinkSchema
    .optional()
    .describe("the channel that the model is broadcast through; absent: it arrives without errors"),
  uplink: nameOrMap(
    (uplinks as unknown as readonly Uplink[]).map((u) => ({
      ...u,
      params: u.params.safeExtend(airParams),
    })),
  ).describe("how updates reach the server: a name, or a map"),
  receivers: z
    .array(receiverEntry)
    .min(1)
    .superRefine((receivers, context) => {
      const seen = new Set<string>();
      receivers.forEach((receiver, i) => {
        const label = receiverLabel(receiver);
        const issue = (path: PropertyKey[], message: string, input: unknown) =>
          context.addIssue({ code: "custom", path, message, input });
        if (seen.has(label))
          issue([i, "label"], "must differ from the other receivers' labels", label);
        seen.add(label);
        if ((receiver as { prior?: unknown }).prior === "sent") {
          issue(
            [i, "prior"],
            "must be estimated or genie in federated training, where nobody can send the moments of a sum",
            "sent",
          );
        }
        const estimator = estimators.find((e) => e.name === receiver.name)!;
        if ((estimator.needs as readonly string[]).includes("cells")) {
          issue(
            [i, "name"],
            "must be an estimator that needs no cells of a converter, which no uplink gives",
            receiver.name,
          );
        }
      });
    })
    .prefault(["ml"])
    .describe(
      "how the server estimates the sum: each receiver is a training of its own, all else being equal",
    ),
};

/** What belongs to the study as a whole. */
export const federatedStudyShape = {
  title: studyShape.title,
  description: studyShape.description,
  kind: z
    .literal("federated")
    .describe("federated: devices train, their updates go over an uplink, round by round"),
  seed: studyShape.seed,
  trials: quantity(undefined, z.number().int().positive())
    .prefault(1)
    .describe(
      "trainings at each point: with their own initial weights, partition, devices, fading and noise",
    ),
  sweep: studyShape.sweep,
  zip: studyShape.zip,
  constraints: studyShape.constraints,
  analysis: z
    .strictObject({
      baseline: studyShape.analysis.unwrap().shape.baseline,
      gainAt: studyShape.analysis.unwrap().shape.gainAt,
      targets: z
        .array(fraction(z.number().gt(0).lt(1)))
        .default([0.6, 0.8, 0.9])
        .describe(
          "test accuracies: rounds, time, airtime and energy up to the first scoring that reaches them",
        ),
      lastRounds: wholeNumber()
        .prefault(10)
        .describe("rounds at the end whose mean accuracy stands for a training"),
    })
    .prefault({})
    .describe("what is derived from the curves; changing it does not change any training"),
  batch: studyShape.batch.describe("images in one inference when the network is scored"),
  threads: quantity(undefined, z.number().int().positive().max(256))
    .prefault(1)
    .describe(
      "threads of one step and of one inference; another number may change the last bits of results",
    ),
};

export const federatedStudySchema = z.strictObject(federatedStudyShape);
export const federatedPointSchema = z.strictObject(federatedPointShape);
/** The whole file, for editors and for TypeScript scenarios. */
export const federatedSchema = z.strictObject({ ...federatedStudyShape, ...federatedPointShape });

export type FederatedStudy = z.output<typeof federatedStudySchema>;
export type FederatedPoint = z.output<typeof federatedPointSchema>;
export type FederatedReceiver = FederatedPoint["receivers"][number] &
  SearchSettings & {
    readonly name: string;
    readonly label?: string;
  };
/** What a scenario file may hold. */
export type FederatedInput = z.input<typeof federatedSchema>;

/** Types a TypeScript scenario: `export default defineFederated({ kind: "federated", ... })`. */
export function defineFederated(scenario: FederatedInput): FederatedInput {
  return scenario;
}

// The schema has checked names and parameters, so each definition gets the parameters it declares.
export const uplinkOf = ({ uplink }: FederatedPoint) => partOf<Uplink>(uplinks, uplink);
export const partitionOf = ({ partition }: FederatedPoint) =>
  partOf<Partition>(partitions, partition);
export const speedOf = ({ devices }: FederatedPoint) => partOf<Speed>(speeds, devices.speed);
export const symbolRateHz = ({ uplink }: FederatedPoint) =>
  (uplink as unknown as { symbolRateHz: number }).symbolRateHz;
