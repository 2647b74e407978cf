/**
 * A flat link whose gains come from a record: y = h(t) x + n, with what the receiver or the transmitter knows of h
 * as in flat-link.ts.
 *
 * What a law of fading tells elsewhere the record tells here: the correlation for the receiver's pilots, and the
 * mean of 1/|h|² over its gains for truncated inversion, which so keeps the mean power over the record.
 *
 * Limits: one gain per symbol (no delay spread); a receiver of pilots knows the correlation of the whole record.
 */
import { basename } from "node:path";
import { z } from "zod";
import type { ChannelContext, Link } from "../channel.js";
import { noiseVarianceOf } from "../channel-noise.js";
import { InputError } from "../errors.js";
import { quantity } from "../units.js";
import { flatLink } from "./flat-link.js";
import { invertedLink } from "./inversion.js";
import type { FlatLinkParams } from "./knowledge.js";
import { pilotCount } from "./pilot-pattern.js";
import { type RecordedGains, recordedGains, recordLengthS, seconds } from "./recorded-gains.js";
import { trackingEstimator } from "./tracking-estimator.js";

/** What a channel is told of recorded gains. */
export const recordedGainsParams = z.strictObject({
  path: z
    .string()
    .describe("file with the gains: .npy of complex numbers, shape (times) or (times, columns)"),
  intervalS: quantity("s", z.number().positive()).describe(
    "time between neighbouring gains of the record [s]",
  ),
  column: quantity(undefined, z.number().int().min(0))
    .optional()
    .describe("which of several columns, counted from 0"),
  stepS: quantity("s", z.number().min(0))
    .optional()
    .describe(
      "time in the record from one trial's start to the next one's; default: a transmission's symbols and " +
        "pilots, so that trials follow one another; 0: all trials meet the same gains [s]",
    ),
  wrap: z
    .boolean()
    .default(false)
    .describe("start again at the beginning when the record is used up"),
  normalize: z.boolean().default(true).describe("scale the gains to a mean |h|² of 1"),
});

export function recordedLink(
  { path, intervalS, column, stepS, wrap, normalize }: z.output<typeof recordedGainsParams>,
  params: FlatLinkParams,
  context: ChannelContext,
): Link {
  const { components, complex, symbolRateHz, trial } = context;
  const symbols = complex ? components / 2 : components;
  const { name, spacing } = params.knowledge;
  const onAir = symbols + (name === "pilots" ? pilotCount(symbols, spacing!) : 0);
  const startS = trial * (stepS ?? onAir / symbolRateHz);
  const gains = recordedGains(path, { intervalS, column, startS, wrap, normalize });
  const recordS = recordLengthS(path, intervalS);
  const neededS = startS + (onAir - 1) / symbolRateHz;
  if (!wrap && neededS > recordS + 1e-6 * intervalS) {
    throw new InputError(
      `${basename(path)}: the record spans ${seconds(recordS)} s, and trial ${trial}, which begins at ${seconds(startS)} s, needs gains ` +
        `up to ${seconds(neededS)} s (${onAir} symbols at ${symbolRateHz} per second); run fewer trials, set a smaller ` +
        "channel.gains.stepS, or set channel.gains.wrap: true",
    );
  }
  const link =
    params.inversion.name === "none"
      ? flatLink(
          {
            gains,
            kFactorDb: undefined, // which only inversion needs
            pilotEstimator: (setting) => trackingEstimator(setting, gains),
          },
          params,
          context,
        )
      : inversionOverRecord(path, gains, params, context);
  return { ...link, notes: interpolationNotes(path, gains, intervalS * symbolRateHz) };
}

/** Mean power is kept over the record's gains, not over a law that they need not follow. */
function inversionOverRecord(
  path: string,
  gains: RecordedGains,
  params: FlatLinkParams,
  context: ChannelContext,
): Link {
  const { name, threshold = 0 } = params.inversion;
  const plain = name === "plain";
  const inverse = gains.meanInverse(plain ? 0 : threshold);
  if (!(inverse > 0 && inverse < Infinity)) {
    throw new InputError(
      plain
        ? `${basename(path)}: holds a gain of 0, which plain inversion would need infinite power for`
        : `${basename(path)}: no gain has |h|² of at least channel.inversion.threshold = ${threshold}`,
    );
  }
  const { signal, complex, symbolRateHz, random } = context;
  const level = {
    noiseVariance: noiseVarianceOf(params, context),
    power: signal.meanSquare,
    complex,
  };
  const inversion = plain ? { threshold: 0, rho: 1 } : { threshold, rho: 1 / inverse };
  return invertedLink(gains, inversion, level, 1 / symbolRateHz, random.stream("noise"));
}

/** Straight lines lose power where symbols fall between gains that differ much. */
function interpolationNotes(path: string, gains: RecordedGains, symbolsPerGain: number): string[] {
  const between = Math.abs(1 / symbolsPerGain - Math.round(1 / symbolsPerGain)) > 1e-6;
  const loss = gains.interpolationLoss;
  if (!between || loss < 0.01) return [];
  return [
    `${basename(path)}: straight lines between the recorded gains lose ${(100 * loss).toFixed(1)} % of their power; ` +
      "record them more often",
  ];
}
