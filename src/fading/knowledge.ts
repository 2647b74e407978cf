/**
 * What a receiver knows of the gains and what it does with them: keys that fading channels share.
 *
 * A part with settings may be written as a map, `{ name: pilots, spacing: 16 }`, or by its name alone.
 */
import { z } from "zod";
import { noiseLevel, oneNoiseLevel } from "../channel-noise.js";
import { dbToRatio, quantity } from "../units.js";

/** Wiener filters are tabulated for every place between two pilots. */
const mostSpacing = 4096;

/** By its name alone, or as a map of its keys. */
function namedPart<M extends z.ZodObject>(names: readonly string[], map: M) {
  const short = z
    .string()
    .pipe(z.enum(names))
    .transform((name) => ({ name }))
    .pipe(map as unknown as z.ZodType<z.output<M>, { name: string }>);
  const must = `must be one of ${names.join(", ")}, or a map with such a name`;
  return z.union([short, map], { error: must });
}

function isMissing(context: z.core.$RefinementCtx, key: string, reason: string): void {
  const message = `is missing: ${reason}`;
  context.addIssue({ code: "custom", path: [key], message, input: undefined });
}

const knowledgeNames = ["perfect", "none", "pilots"] as const;

const knowledge = namedPart(
  knowledgeNames,
  z
    .strictObject({
      name: z
        .enum(knowledgeNames)
        .describe("perfect: every gain; none: it takes each gain for 1; pilots: estimates"),
      spacing: quantity(undefined, z.number().int().min(2).max(mostSpacing))
        .optional()
        .describe("every how many symbols one is a pilot, the packet's first among them [symbols]"),
      estimator: z
        .enum(["ls", "lmmse"])
        .default("ls")
        .describe("ls: pilots alone; lmmse: with the noise level and the gains' correlation"),
      boostDb: quantity("dB", z.number().min(-30).max(30))
        .prefault(0)
        .describe("energy of a pilot over the mean energy of a symbol [dB]"),
    })
    .superRefine(({ name, spacing }, context) => {
      if (name === "pilots" && spacing === undefined) {
        isMissing(context, "spacing", "pilots need it [symbols]");
      }
    }),
);

const inversionNames = ["none", "plain", "truncated"] as const;

const inversion = namedPart(
  inversionNames,
  z
    .strictObject({
      name: z
        .enum(inversionNames)
        .describe("plain: the transmitter sends x/h; truncated: only where |h|² is large enough"),
      threshold: quantity(undefined, z.number().positive().max(100))
        .optional()
        .describe("least |h|² that truncated sends at, where E|h|² = 1"),
    })
    .superRefine(({ name, threshold }, context) => {
      if (name === "truncated" && threshold === undefined) {
        isMissing(context, "threshold", "truncated needs it, in units of E|h|² = 1");
      }
    }),
);

/** Keys for the schema of a channel with one gain per symbol. */
export const flatLinkParams = {
  ...noiseLevel,
  snrDb: noiseLevel.snrDb.describe(
    "mean square of the signal over noise variance, per real component, averaged over the fading [dB]",
  ),
  wnrDb: noiseLevel.wnrDb.describe(
    "variance of the signal over noise variance, per real component, averaged over the fading [dB]",
  ),
  knowledge: knowledge
    .prefault("perfect")
    .describe(
      "what the receiver knows of the gains: perfect, none, or " +
        "{ name: pilots, spacing: SYMBOLS, estimator: ls or lmmse, boostDb: DB }",
    ),
  equalizer: z
    .enum(["zf", "mmse"])
    .default("zf")
    .describe("zf: divides by the gain; mmse: least mean square error of each symbol, biased"),
  inversion: inversion
    .prefault("none")
    .describe(
      "what the transmitter, which knows the gains, does about them: none, plain, or " +
        "{ name: truncated, threshold: |h|² }",
    ),
};

export const invertsGains = ({ inversion }: { inversion?: { name: string } | undefined }) =>
  inversion !== undefined && inversion.name !== "none";

export type FlatLinkParams = z.output<z.ZodObject<typeof flatLinkParams>>;
export type Pilots = FlatLinkParams["knowledge"] & { readonly spacing: number };

/** Refinement: one noise level, and parts that go together. */
export function flatLinkRules(params: FlatLinkParams, context: z.core.$RefinementCtx): void {
  oneNoiseLevel(params, context as z.core.$RefinementCtx<FlatLinkParams>);
  const { knowledge, equalizer, inversion } = params;
  const issue = (key: string, message: string) =>
    context.addIssue({
      code: "custom",
      path: [key],
      message,
      input: params,
      params: { noValue: true },
    });
  if (inversion.name !== "none" && (knowledge.name !== "perfect" || equalizer !== "zf")) {
    issue(
      "inversion",
      `${inversion.name} leaves nothing to equalize: leave out knowledge and equalizer`,
    );
  } else if (knowledge.name === "none" && equalizer !== "zf") {
    issue("equalizer", `${equalizer} needs a gain, and knowledge none has none`);
  }
}

/** What signal and noise are at the receiver, in symbol units squared. */
export interface SignalLevel {
  /** Noise variance per real component, σ². */
  readonly noiseVariance: number;
  /** Mean square of a real component of the signal, p. */
  readonly power: number;
  readonly complex: boolean;
}

/** Energy of a pilot, in symbol units squared: Es of the mapping, boosted. */
export function pilotEnergy({ power, complex }: SignalLevel, boostDb: number): number {
  return (complex ? 2 : 1) * power * dbToRatio(boostDb);
}

/** Variance of one pilot's gain y/x − h = n/x, N0 over the pilot's energy. */
export function pilotNoise(level: SignalLevel, boostDb: number): number {
  // Weights that are all zero are sent without noise.
  if (level.noiseVariance === 0) return 0;
  return (2 * level.noiseVariance) / pilotEnergy(level, boostDb);
}
