/**
 * How the devices of a round reach the server: delays, phases and residual gains.
 *
 * The symbol clock of the server starts with the first device, so delays run from 0 to below one symbol:
 * 0 = τ_1 ≤ … ≤ τ_M < 1. Drawn, the first device has delay 0, the last one `maxDelay`, and the others are uniform
 * between, as in the published code of arXiv 2102.13604: every device draws a uniform number, and the least and the
 * largest are stretched to 0 and `maxDelay`. Phases are uniform in [0, maxPhaseRad]; residual gains are what power
 * control leaves, log-normal with a standard deviation in dB.
 *
 * Devices of equal delay and equal complex gain are one to the server, which hears the sum of their symbols: they
 * make one arrival. Without any misalignment there is a single arrival, whose symbols are the sum that is wanted.
 */
import type { RandomSource } from "../../kernel/index.js";
import { dbToRatio } from "../../math/decibel.js";

/** Misalignment to be drawn, or as it is given by device number. */
export interface Misalignment {
  readonly maxDelay: number;
  readonly maxPhaseRad: number;
  readonly gainDeviationDb: number;
  readonly delays: readonly number[] | undefined;
  readonly phasesRad: readonly number[] | undefined;
  readonly gains: readonly number[] | undefined;
}

/** One or more devices with the same delay and gain. */
export interface Arrival {
  /** In symbols, in [0, 1). */
  readonly delay: number;
  /** h. */
  readonly re: number;
  readonly im: number;
  /** Places in the list of active devices. */
  readonly devices: readonly number[];
}

/** In the order of their delays. */
export function arrivalsOf(
  active: readonly number[],
  misalignment: Misalignment,
  random: RandomSource,
): Arrival[] {
  const delays = delaysOf(active, misalignment, random);
  const each = active.map((device, place): Arrival => {
    const gain =
      misalignment.gains?.[device] ??
      amplitude(
        misalignment.gainDeviationDb * random.child("gain").stream(`device ${device}`).normal(),
      );
    const phase =
      misalignment.phasesRad?.[device] ??
      misalignment.maxPhaseRad * random.child("phase").stream(`device ${device}`).uniform();
    const [re, im] = [gain * Math.cos(phase), gain * Math.sin(phase)];
    return { delay: delays[place], re, im, devices: [place] };
  });

  const arrivals: Arrival[] = [];
  for (const next of each.sort((a, b) => a.delay - b.delay)) {
    const same = arrivals.findIndex(
      (a) => a.delay === next.delay && a.re === next.re && a.im === next.im,
    );
    if (same < 0) arrivals.push(next);
    else arrivals[same] = { ...next, devices: [...arrivals[same].devices, ...next.devices] };
  }
  return arrivals;
}

function delaysOf(
  active: readonly number[],
  { delays, maxDelay }: Misalignment,
  random: RandomSource,
): number[] {
  const drawn = active.map(
    (device) => delays?.[device] ?? random.child("delay").stream(`device ${device}`).uniform(),
  );
  const first = Math.min(...drawn);
  const spread = Math.max(...drawn) - first;
  if (delays !== undefined) return drawn.map((delay) => delay - first);
  return drawn.map((delay) => (spread > 0 ? (maxDelay * (delay - first)) / spread : 0));
}

function amplitude(db: number): number {
  return Math.sqrt(dbToRatio(db));
}
