/**
 * Where the paths of an OFDM link come from: a power delay profile whose taps fade by Clarke's model, or a record
 * of complex gains, measured or made by another program.
 *
 *   profile   delays and powers of tap-profiles.ts; Doppler shift fD = speedMps · carrierHz / c; a line of sight in
 *             the first tap has the shift 0.7 fD (3GPP TR 38.901, 7.7.2)
 *   gains     a .npy of shape (times, taps), one row each intervalS, taps tapSpacingS apart from delay 0 on
 *             (recorded-gains.ts)
 *
 * Limits of records: taps count as uncorrelated with each other in what is stated for `none` and for pilots; between
 * rows, and within an OFDM symbol, gains are straight lines.
 */
import { basename } from "node:path";
import { z } from "zod";
import type { ChannelContext } from "../channel.js";
import { InputError } from "../errors.js";
import { clarkeGains } from "../fading/clarke-gains.js";
import { recordedTaps, recordLengthS, seconds } from "../fading/recorded-gains.js";
import { profileParams, scaledProfile, type Tap, tapsOf } from "../fading/tap-profiles.js";
import { quantity } from "../units.js";
import { type Path, pathsOf } from "./paths.js";

const speedOfLightMps = 299_792_458;
const losDopplerRatio = 0.7;
/** Of a Doppler period, that an OFDM symbol may last: beyond, straight lines are no gains any more. */
const mostTurn = 0.1;
/** FFTs that an echo may last; delays in another unit end here. */
const longestEcho = 16;

const record = z.strictObject({
  path: z.string().describe("file with the gains: .npy of complex numbers, shape (times, taps)"),
  intervalS: quantity("s", z.number().positive()).describe("time between rows of the record [s]"),
  tapSpacingS: quantity("s", z.number().positive()).describe(
    "delay from one tap to the next, the first having none [s]",
  ),
  stepS: quantity("s", z.number().min(0)).describe(
    "time in the record from one trial's start to the next one's; 0: all trials meet the same gains [s]",
  ),
  wrap: z
    .boolean()
    .default(false)
    .describe("start again at the beginning when the record is used up"),
  normalize: z
    .boolean()
    .default(true)
    .describe("scale the gains to a mean of 1 of their powers' sum over the taps"),
});

/** Keys for a channel's schema; `pathRules` checks them together. */
export const pathParams = {
  profile: profileParams.profile.optional(),
  delaySpreadS: profileParams.delaySpreadS,
  speedMps: quantity("m/s", z.number().min(0).max(1e6))
    .optional()
    .describe(
      "with profile: speed of the receiver; 0: the gains of a trial stay what they are [m/s]",
    ),
  carrierHz: quantity("Hz", z.number().positive())
    .optional()
    .describe("with profile: carrier frequency [Hz]"),
  gains: record.optional().describe("recorded gains of the taps, instead of profile"),
};

export type PathParams = z.output<z.ZodObject<typeof pathParams>>;

/** Refinement: a profile with its motion, or a record. */
export function pathRules(params: PathParams, context: z.core.$RefinementCtx<PathParams>): void {
  const { profile, gains } = params;
  const issue = (path: string[], message: string, input: unknown) =>
    context.addIssue({ code: "custom", path, message, input });
  if ((profile === undefined) === (gains === undefined)) {
    const message =
      profile === undefined ? "needs profile or gains" : "takes profile or gains, not both";
    issue([], message, params);
    return;
  }
  for (const key of ["speedMps", "carrierHz"] as const) {
    if (profile !== undefined && params[key] === undefined) {
      issue([key], "is missing: profile needs it", undefined);
    }
    if (gains !== undefined && params[key] !== undefined) {
      issue(
        [key],
        "goes with profile only: recorded gains move as they were recorded",
        params[key],
      );
    }
  }
  if (profile !== undefined) scaledProfile({ ...params, profile }, context as never);
  else if (params.delaySpreadS !== undefined) {
    issue(["delaySpreadS"], "goes with profile only", params.delaySpreadS);
  }
}

export interface SymbolTiming {
  readonly fftSize: number;
  readonly sampleRateHz: number;
  /** From the start of an OFDM symbol to its end [s]. */
  readonly symbolS: number;
}

/** Throws InputError where the paths do not fit the OFDM symbols. */
export function fadingPaths(
  params: PathParams,
  timing: SymbolTiming,
  context: ChannelContext,
): Path[] {
  const paths =
    params.gains === undefined
      ? clarkePaths(params, timing, context)
      : recordedPaths(params.gains, timing, context);
  const longest = Math.max(...paths.map(({ delay }) => delay));
  if (!(longest <= longestEcho * timing.fftSize)) {
    throw new InputError(
      "multipath-ofdm: the delays of the channel must end within " +
        `${longestEcho} FFTs, ${longestEcho * timing.fftSize} samples, got ${longest} samples`,
    );
  }
  return paths;
}

function clarkePaths(params: PathParams, timing: SymbolTiming, { random }: ChannelContext): Path[] {
  const dopplerHz = (params.speedMps! * params.carrierHz!) / speedOfLightMps;
  if (!(dopplerHz * timing.symbolS <= mostTurn)) {
    throw new InputError(
      "multipath-ofdm: channel.speedMps x channel.carrierHz / c must be at most " +
        `${mostTurn} of an OFDM symbol's rate, ${mostTurn / timing.symbolS} Hz, got ${dopplerHz} Hz`,
    );
  }
  const source = random.child("gains");
  const taps = tapsOf({ ...params, profile: params.profile! });
  return pathsOf(taps, timing.sampleRateHz, ({ kFactorDb }, tap) =>
    clarkeGains({ dopplerHz, kFactorDb, losDopplerRatio }, source.stream(`tap ${tap}`)),
  );
}

function recordedPaths(
  { path, intervalS, tapSpacingS, stepS, wrap, normalize }: z.output<typeof record>,
  { sampleRateHz }: SymbolTiming,
  { trial }: ChannelContext,
): Path[] {
  const columns = recordedTaps(path, { intervalS, startS: trial * stepS, wrap, normalize });
  const taps = columns.map((_, tap): Tap => ({ delayS: tap * tapSpacingS, power: 1 }));
  return pathsOf(taps, sampleRateHz, (_, tap) => columns[tap]!);
}

/**
 * Throws InputError where the record ends before a transmission of at least `leastS` does. How packets fill OFDM
 * symbols is known later; what they need beyond that is found out on the air.
 */
export function checkRecord({ gains }: PathParams, trial: number, leastS: number): void {
  if (gains === undefined || gains.wrap) return;
  const recordS = recordLengthS(gains.path, gains.intervalS);
  const startS = trial * gains.stepS;
  if (startS + leastS <= recordS + 1e-6 * gains.intervalS) return;
  throw new InputError(
    `${basename(gains.path)}: the record spans ${seconds(recordS)} s, and trial ${trial}, which begins at ` +
      `${seconds(startS)} s, lasts at least ${seconds(leastS)} s; run fewer trials, set a smaller ` +
      "channel.gains.stepS, or set channel.gains.wrap: true",
  );
}
