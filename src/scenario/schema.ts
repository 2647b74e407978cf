/**
 * The scenario: one schema that validates, gives the types, the JSON Schema for editors
 * (docs/scenario.schema.json) and the reference page (docs/scenario.md).
 *
 * Channels, data sets and estimators bring their own parameters; this file only puts them together.
 */
import { z } from "zod";
import { channels } from "../../channels/index.js";
import type { Channel } from "../channel.js";
import type { DatasetFormat } from "../datasets/dataset.js";
import { datasets } from "../datasets/index.js";
import { embeddedModels } from "../models/embedded/index.js";
import { named } from "../named.js";
import type { Estimator } from "../receiver/estimator.js";
import { estimators } from "../receiver/index.js";
import { withPreset } from "../receiver/mmse-pb-presets.js";
import { orderIssue, type RefinementSettings } from "../receiver/refinements/chain.js";
import { refinements } from "../receiver/refinements/index.js";
import { transmitterParams } from "../transmitter/transmitter.js";
import { quantity } from "../units.js";
import { defaultTravelRules } from "../weights/layout.js";
import { isMap } from "./paths.js";

export const modelSchema = z
  .strictObject({
    name: z
      .enum(embeddedModels.map((m) => m.name))
      .optional()
      .describe("a model that ships with Weightlink"),
    path: z
      .string()
      .optional()
      .describe("an ONNX file, or a TensorFlow.js layers model (model.json)"),
    weightsPath: z
      .string()
      .optional()
      .describe("safetensors file whose tensors replace those of the same name in the ONNX file"),
    travel: z
      .strictObject({
        include: z
          .array(z.string())
          .default([...defaultTravelRules.include])
          .describe("glob patterns of the tensors that are sent; * matches any characters"),
        exclude: z
          .array(z.string())
          .default([...defaultTravelRules.exclude])
          .describe("glob patterns of tensors that stay home although included"),
        normalization: z
          .boolean()
          .default(defaultTravelRules.normalization)
          .describe("send the parameters of normalization layers too"),
      })
      .prefault({})
      .describe("which tensors are sent; integer tensors never are"),
  })
  .superRefine((model, context) => {
    const issue = (message: string) =>
      context.addIssue({ code: "custom", message, input: model, params: { noValue: true } });
    if ((model.name === undefined) === (model.path === undefined)) {
      issue(
        model.name === undefined
          ? `needs the path of a model file (--set model.path=FILE) or the name of an embedded model (${embeddedModels.map((m) => m.name).join(", ")})`
          : "takes a name or a path, not both",
      );
    }
  });

/** `scale-match` is short for `{ name: scale-match }`. */
const refinementEntry = z.preprocess(
  (entry) => (typeof entry === "string" ? { name: entry } : entry),
  named(refinements),
);

/** Keys that every receiver takes beside its estimator's own. */
export const choiceParams = {
  label: z.string().min(1).optional().describe("name in results and figures; default: the name"),
  choose: z
    .enum(["validation", "oracle"])
    .default("validation")
    .describe(
      "images that choose the setting from a grid: validation images, or the test images themselves (an upper bound, marked in results)",
    ),
  search: z
    .enum(["grid", "race"])
    .default("grid")
    .describe(
      "how a grid is searched: grid tries every setting on all κ images, race drops settings on the way and spends a tenth",
    ),
  kappa: quantity(undefined, z.number().int().positive())
    .prefault(100)
    .describe("κ: labelled images that choose the setting, drawn anew in each trial"),
  refine: z
    .array(refinementEntry)
    .superRefine((chain, context) => {
      const issue = orderIssue(chain as unknown as RefinementSettings[]);
      if (issue !== undefined) {
        context.addIssue({
          code: "custom",
          message: issue,
          input: chain,
          params: { noValue: true },
        });
      }
    })
    .default([])
    .describe(
      "refinements after the estimate, in this order: names, or maps with a name and parameters",
    ),
};

const receiverSchema = named(
  estimators.map((e) => ({ ...e, params: (e.params as z.ZodObject).safeExtend(choiceParams) })),
);

/** `ml` is short for `{ name: ml }`, and a preset for the keys that it gives. */
const receiverEntry = z.preprocess((entry) => withPreset(expandReceiver(entry)), receiverSchema);

/** `[mmse-pb, scale-match]` is short for `{ name: mmse-pb, refine: [scale-match] }`, and `ml` for `{ name: ml }`. */
export function expandReceiver(entry: unknown): unknown {
  if (typeof entry === "string") return { name: entry };
  if (!Array.isArray(entry) || entry.length === 0) return entry;
  const [first, ...rest] = entry;
  const estimator = typeof first === "string" ? { name: first } : first;
  if (!isMap(estimator)) return estimator;
  const { refine = [] } = estimator;
  // What is no list stays, to be refused.
  return { ...estimator, refine: Array.isArray(refine) ? [...refine, ...rest] : refine };
}

const sweepValues = z.union([z.string(), z.number(), z.array(z.unknown())], {
  error: "must be a list of values or a range such as 0:2:14",
});
const sweepSchema = z.record(z.string(), sweepValues);

/** What belongs to one point of a study; every key in here can be swept. */
export const pointShape = {
  model: modelSchema.describe("the network that is sent"),
  dataset: named(datasets).describe("the images that score it"),
  transmitter: transmitterParams.prefault({}).describe("how weights become symbols"),
  channel: named(channels).describe("the link"),
  receivers: z
    .array(receiverEntry)
    .min(1)
    .superRefine((receivers, context) => {
      const seen = new Set<string>();
      receivers.forEach((receiver, i) => {
        const label = receiverLabel(receiver);
        if (seen.has(label)) {
          context.addIssue({
            code: "custom",
            path: [i, "label"],
            message: `must differ from the other receivers' labels; "${label}" is there already, so give one of them a label of its own`,
            input: label,
            params: { noValue: true },
          });
        }
        seen.add(label);
      });
    })
    .describe("estimators to compare, on the same received symbols"),
};

const stoppingRule = z
  .strictObject({
    min: quantity(undefined, z.number().int().min(2))
      .prefault(10)
      .describe("trials that every point gets"),
    max: quantity(undefined, z.number().int().min(2)).describe("trials that no point exceeds"),
    halfWidth: quantity(undefined, z.number().positive().max(1)).describe(
      "a point stops once the 95 % interval of every receiver's accuracy is at most this far to either side, e.g. 0.01",
    ),
  })
  .refine(({ min, max }) => min <= max, { error: "must be at least min", path: ["max"] });

/** What belongs to the study as a whole. */
export const studyShape = {
  title: z.string().optional().describe("heading of figures and reports"),
  description: z.string().optional().describe("what the scenario asks"),
  kind: z
    .enum(["inference"])
    .default("inference")
    .describe("inference: send a trained network once, score what arrives"),
  seed: quantity(undefined, z.number().int().nonnegative())
    .prefault(1)
    .describe("seed of every random stream"),
  trials: z
    .union([quantity(undefined, z.number().int().positive()), stoppingRule], {
      error: "must be a number of trials, or a map of min, max and halfWidth",
    })
    .prefault(10)
    .transform((trials): TrialRule => {
      return typeof trials === "number" ? { min: trials, max: trials } : trials;
    })
    .describe(
      "transmissions at each point, each with its own noise: a number, or a map of min, max and halfWidth",
    ),
  commonNoise: z
    .boolean()
    .default(true)
    .describe(
      "trial k meets the same noise at every point, so that points and receivers are paired",
    ),
  sweep: sweepSchema
    .default({})
    .describe(
      "parameters to vary, by path: a list, start:step:stop, logspace(a, b, n) or linspace(a, b, n); several make a cross product",
    ),
  zip: z
    .union([sweepSchema.transform((group) => [group]), z.array(sweepSchema)], {
      error: "must be a map of lists that are walked in parallel, or a list of such maps",
    })
    .default([])
    .describe("groups of parameters whose lists are walked in parallel"),
  constraints: z
    .array(z.string())
    .default([])
    .describe(
      "conditions on parameters, e.g. channel.wnrDb >= 0; points that break one are dropped",
    ),
  analysis: z
    .strictObject({
      baseline: z
        .string()
        .optional()
        .describe(
          "label of the receiver that the others are compared with; default: ml, or the first receiver where there is no ml",
        ),
      gainAt: z
        .union([quantity(), z.array(quantity())], {
          error: "must be an accuracy between 0 and 1, or a list of them",
        })
        .transform((targets) => (Array.isArray(targets) ? targets : [targets]))
        .pipe(
          z.array(z.number().gt(0, "must lie between 0 and 1").lt(1, "must lie between 0 and 1")),
        )
        .prefault([])
        .describe(
          "target accuracies, 0 to 1: the SNR or WNR that each receiver needs for them, and its gain over the baseline in dB",
        ),
    })
    .prefault({})
    .describe("what is derived from the curves; changing it does not change any trial"),
  batch: quantity(undefined, z.number().int().positive())
    .prefault(50)
    .describe("images in one inference"),
  threads: quantity(undefined, z.number().int().nonnegative().max(256))
    .prefault(0)
    .describe("threads of one inference; 0: the machine's cores, shared among the workers"),
};

/** When a point has enough trials; with `halfWidth` absent, min = max. */
export interface TrialRule {
  readonly min: number;
  readonly max: number;
  readonly halfWidth?: number;
}

/** Label of the receiver that the others are compared with. */
export function baselineOf(study: StudySettings, receivers: readonly Record<string, unknown>[]) {
  const labels = receivers.map(receiverLabel);
  return study.analysis.baseline ?? (labels.includes("ml") ? "ml" : labels[0]);
}

export const studySchema = z.strictObject(studyShape);
export const pointSchema = z.strictObject(pointShape);
/** The whole file, for editors and for TypeScript scenarios. */
export const scenarioSchema = z.strictObject({ ...studyShape, ...pointShape });

export type StudySettings = z.output<typeof studySchema>;
export type PointSettings = z.output<typeof pointSchema>;
/** How a receiver with several settings chooses. */
export interface SearchSettings {
  readonly choose: "validation" | "oracle";
  readonly search: "grid" | "race";
  readonly kappa: number;
}
export type ReceiverSettings = PointSettings["receivers"][number] &
  SearchSettings & {
    name: string;
    label?: string;
    refine: readonly RefinementSettings[];
  };
/** What a scenario file may hold. */
export type ScenarioInput = z.input<typeof scenarioSchema>;

/** Types a TypeScript scenario: `export default defineScenario({ ... })`. */
export function defineScenario(scenario: ScenarioInput): ScenarioInput {
  return scenario;
}

/** The label of a checked receiver; the names of its estimator and refinements where it has none. */
export function receiverLabel({ label, name, refine }: Record<string, unknown>): string {
  if (label !== undefined) return String(label);
  const names = ((refine ?? []) as RefinementSettings[]).map((entry) => entry.name);
  return [name, ...names].join(" + ");
}

// The schema has checked names and parameters, so each definition gets the parameters it declares.
export const channelOf = ({ channel }: { channel: object }) => partOf<Channel>(channels, channel);
/** Files that the channel reads. */
export const channelFiles = (point: { channel: object }) =>
  channelOf(point).files?.(point.channel as never) ?? [];
export const datasetOf = ({ dataset }: { dataset: object }) =>
  partOf<DatasetFormat>(datasets, dataset);
export const estimatorOf = (receiver: Record<string, unknown>) =>
  partOf<Estimator>(estimators, receiver);

export function partOf<T extends { name: string }>(parts: readonly unknown[], settings: object): T {
  const { name } = settings as { name: string };
  return (parts as readonly T[]).find((part) => part.name === name)!;
}
