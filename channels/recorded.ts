/**
 * Noise or gains from a file, for measured ones and for exact comparison with other programs.
 *
 * Noise (`path`): y[k] = x[k] + σ z[k], with z the recorded trace: little-endian float32 (`.f32`) or a
 * one-dimensional `.npy` of floats, one value per real component, with unit variance. Trial t reads components t·n
 * to (t+1)·n − 1, where n is the length of a transmission, so that no two trials share noise.
 *
 * Gains (`gains`): y = h(t) x + n with h from the file (src/fading/recorded-gains.ts) and n white. The receiver or
 * the transmitter knows h as in other flat fading (src/fading/flat-link.ts), and the receiver of pilots knows the
 * correlation that the whole record has. Trial t begins t · stepS into the record.
 *
 * σ is set as in `awgn`; with gains it is so on average over the record, E|h|² = 1.
 *
 * Limits: recorded noise depends neither on time nor on the signal; recorded gains have no delay spread.
 */
import { basename } from "node:path";
import { z } from "zod";
import { type ChannelContext, defineChannel, type Link } from "../src/channel.js";
import { noiseLevel, noiseVarianceOf, oneNoiseLevel } from "../src/channel-noise.js";
import { InputError } from "../src/errors.js";
import {
  type FlatLinkParams,
  flatLinkParams,
  flatLinkRules,
  invertsGains,
} from "../src/fading/knowledge.js";
import { recordedGainsParams, recordedLink } from "../src/fading/recorded-link.js";
import { readTrace } from "../src/files/noise-trace.js";

const withGains = "with gains only: ";

export const recorded = defineChannel({
  name: "recorded",
  summary: "noise from a file, or a flat link whose gains come from a file",

  params: z
    .strictObject({
      path: z
        .string()
        .optional()
        .describe("file with the noise: .f32 (little-endian) or .npy, unit variance"),
      gains: recordedGainsParams.optional().describe("recorded gains, instead of recorded noise"),
      ...noiseLevel,
      wrap: z
        .boolean()
        .default(false)
        .describe("start the noise again at the beginning when it is used up"),
      normalize: z
        .boolean()
        .default(false)
        .describe("scale the noise to mean 0 and variance 1 before use"),
      // Without their defaults, so that they show where they have no meaning.
      knowledge: flatLinkParams.knowledge
        .unwrap()
        .optional()
        .describe(
          `${withGains}what the receiver knows of them: perfect (default), or ` +
            "{ name: pilots, spacing: SYMBOLS, estimator: ls or lmmse, boostDb: DB }",
        ),
      equalizer: flatLinkParams.equalizer
        .unwrap()
        .optional()
        .describe(`${withGains}zf (default) divides by the gain; mmse: least mean square error`),
      inversion: flatLinkParams.inversion
        .unwrap()
        .optional()
        .describe(
          `${withGains}what the transmitter does about them: none (default), plain, or ` +
            "{ name: truncated, threshold: |h|² }",
        ),
    })
    .superRefine((params, context) => {
      const { path, gains, wrap, normalize } = params;
      const refuse = (message: string, ...key: string[]) =>
        context.addIssue({
          code: "custom",
          path: key,
          message,
          input: params,
          params: { noValue: true },
        });
      if (path !== undefined && gains !== undefined) {
        refuse("takes path (recorded noise) or gains (recorded gains), not both");
      } else if (path === undefined && gains === undefined) {
        refuse("needs path (recorded noise) or gains (recorded gains)");
      } else if (gains !== undefined) {
        if (wrap) refuse("is for noise; for gains it is channel.gains.wrap", "wrap");
        if (normalize) refuse("is for noise; gains have channel.gains.normalize", "normalize");
        if (params.knowledge?.name === "none") {
          refuse("none is not offered for recorded gains: perfect or pilots", "knowledge");
        }
        flatLinkRules(flatParams(params), context);
        return;
      } else {
        for (const key of ["knowledge", "equalizer", "inversion"] as const) {
          if (params[key] !== undefined) refuse("goes with gains; recorded noise has none", key);
        }
      }
      oneNoiseLevel(params, context as z.core.$RefinementCtx<typeof params>);
    }),

  inverts: invertsGains,

  files: ({ path, gains }) => [(path ?? gains?.path)!],

  open(params, context) {
    return params.gains === undefined
      ? noiseLink({ ...params, path: params.path! }, context)
      : recordedLink(params.gains, flatParams(params), context);
  },
});

type LevelParams = z.output<z.ZodObject<typeof noiseLevel>>;

interface FlatKeys extends LevelParams {
  readonly knowledge?: FlatLinkParams["knowledge"] | undefined;
  readonly equalizer?: FlatLinkParams["equalizer"] | undefined;
  readonly inversion?: FlatLinkParams["inversion"] | undefined;
}

/** The keys of a flat link, with its defaults. */
function flatParams(params: FlatKeys): FlatLinkParams {
  const { snrDb, wnrDb, budget, knowledge, equalizer, inversion } = params;
  return {
    snrDb,
    wnrDb,
    budget,
    knowledge: knowledge ?? flatLinkParams.knowledge.parse(undefined),
    equalizer: equalizer ?? flatLinkParams.equalizer.parse(undefined),
    inversion: inversion ?? flatLinkParams.inversion.parse(undefined),
  };
}

function noiseLink(
  params: LevelParams & { path: string; wrap: boolean; normalize: boolean },
  context: ChannelContext,
): Link {
  const { components, trial } = context;
  const trace = readTrace(params.path, params.normalize);
  const needed = (trial + 1) * components;
  if (!params.wrap && needed > trace.length) {
    throw new InputError(
      `${basename(params.path)}: the trace holds ${trace.length} values and trial ${trial} needs values ` +
        `up to ${needed} (${components} a trial); run fewer trials or set channel.wrap: true`,
    );
  }
  const noiseVariance = noiseVarianceOf(params, context);
  const sigma = Math.sqrt(noiseVariance);
  let next = (trial * components) % trace.length;

  return {
    transmit(x, _timeS, reception) {
      const { y } = reception;
      for (let k = 0; k < x.length; k++) {
        y[k] = x[k]! + sigma * trace[next]!;
        if (++next === trace.length) next = 0;
      }
      reception.noiseVariance = noiseVariance;
    },
  };
}
