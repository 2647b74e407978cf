/**
 * OFDM over a channel of several delayed, fading taps (multipath):
 *
 *   r(n) = Σ_l g_l(n) x(n − d_l) + noise,   Y(k) = H(k) X(k) + interference + noise
 *
 * Taps fade by Clarke's model with the delays and powers of a profile, or as recorded (src/ofdm/fading-paths.ts).
 * The channel acts on time samples: taps later than the prefix and gains that change within a symbol interfere
 * as they do on the air (src/ofdm/delay-line.ts), and what is stated of that is in src/ofdm/window.ts.
 *
 * snrDb is the SNR on a subcarrier per real component, averaged over the fading: Σ E|g_l|² = 1. Real symbols
 * x travel as (x, 0). Packets fill whole OFDM symbols of (fftSize + cyclicPrefix)/(fftSize · subcarrierSpacingHz)
 * seconds; the transmitter's symbol rate plays no part.
 *
 * Sources: 3GPP TR 38.901 v17.0.0, 7.7.2; Tse & Viswanath, Fundamentals of Wireless Communication (2005), 3.4.4.
 * Limits: one antenna; taps on whole samples (src/ofdm/paths.ts); gains are straight lines within an OFDM symbol,
 * which for T from its start to its end lose (2π fD T)²/12 of their power and err by (2π fD T)⁴/320; ideal timing
 * and frequency; no coding or interleaving; estimates from one OFDM symbol.
 */
import { z } from "zod";
import { defineChannel } from "../src/channel.js";
import { noiseVarianceOf } from "../src/channel-noise.js";
import { flatLinkParams, flatLinkRules, type Pilots } from "../src/fading/knowledge.js";
import { checkRecord, fadingPaths, pathParams, pathRules } from "../src/ofdm/fading-paths.js";
import { ofdmLink } from "../src/ofdm/link.js";
import { quantity } from "../src/units.js";

const { inversion: _, ...linkParams } = flatLinkParams;
const count = (least: number, most: number) =>
  quantity(undefined, z.number().int().min(least).max(most));

export const multipathOfdm = defineChannel({
  name: "multipath-ofdm",
  summary: "OFDM over taps that fade: TDL-A to TDL-E, EPA, EVA, ETU, own or recorded ones",

  params: z
    .strictObject({
      ...linkParams,
      knowledge: flatLinkParams.knowledge.describe(
        "what the receiver knows of the gains: perfect, none, or " +
          "{ name: pilots, spacing: SUBCARRIERS, estimator: ls or lmmse, boostDb: DB }",
      ),
      ...pathParams,
      subcarrierSpacingHz: quantity("Hz", z.number().positive()).describe(
        "distance between subcarriers [Hz]",
      ),
      fftSize: count(64, 8192).describe("subcarriers of the FFT, a power of two"),
      cyclicPrefix: count(0, 8191).describe("length of the prefix [samples]"),
      occupiedSubcarriers: count(2, 8192)
        .optional()
        .describe("subcarriers around the carrier that are used, pilots included; absent: all"),
    })
    .superRefine((params, context) => {
      flatLinkRules({ ...params, inversion: { name: "none" } }, context as never);
      pathRules(params, context as never);
      const issue = (path: string[], message: string, input: unknown) =>
        context.addIssue({ code: "custom", path, message, input });
      const { fftSize, cyclicPrefix, knowledge, occupiedSubcarriers = fftSize } = params;
      if (!Number.isInteger(Math.log2(fftSize))) {
        issue(["fftSize"], "must be a power of two", fftSize);
      }
      if (cyclicPrefix >= fftSize) {
        issue(["cyclicPrefix"], `must be below fftSize, ${fftSize}`, cyclicPrefix);
      }
      if (occupiedSubcarriers > fftSize) {
        const rule = `must be at most fftSize, ${fftSize}`;
        issue(["occupiedSubcarriers"], rule, occupiedSubcarriers);
      } else if (knowledge.name === "pilots" && !(knowledge.spacing! < occupiedSubcarriers)) {
        const rule = `must be below the number of subcarriers in use, ${occupiedSubcarriers}`;
        issue(["knowledge", "spacing"], rule, knowledge.spacing);
      }
    }),

  files: ({ gains }) => (gains === undefined ? [] : [gains.path]),

  open(params, context) {
    const { fftSize, cyclicPrefix, subcarrierSpacingHz, knowledge } = params;
    const { signal, complex, random } = context;
    const occupied = params.occupiedSubcarriers ?? fftSize;
    const sampleRateHz = fftSize * subcarrierSpacingHz;
    const symbolS = (fftSize + cyclicPrefix) / sampleRateHz;
    // The noise of a link budget is that of the band that carries the power.
    const band = { ...context, symbolRateHz: occupied * subcarrierSpacingHz };
    const link = ofdmLink({
      fftSize,
      spacingHz: subcarrierSpacingHz,
      prefix: cyclicPrefix,
      occupied,
      paths: fadingPaths(params, { fftSize, sampleRateHz, symbolS }, context),
      knowledge:
        knowledge.name === "pilots"
          ? (knowledge as Pilots)
          : (knowledge.name as "perfect" | "none"),
      equalizer: params.equalizer,
      level: { noiseVariance: noiseVarianceOf(params, band), power: signal.meanSquare, complex },
      random,
    });
    const symbols = complex ? context.components / 2 : context.components;
    checkRecord(params, context.trial, link.durationS!(symbols));
    return { ...link, shrunk: params.equalizer === "mmse" };
  },
});
