/**
 * Gains from a file: complex gains at times 0, intervalS, 2 intervalS, …, with straight lines between them.
 *
 *   h(t) = (1 − u) h_i + u h_(i+1),   t = (i + u) intervalS
 *
 * The file is a .npy of complex64 or complex128, of shape (times), or (times, taps) for a delay line. With
 * `normalize` all are scaled by one factor, so that the mean of Σ over taps |h|² over the record is 1.
 *
 * The correlation is estimated from the record, R[k] = (1/N) Σ_i h_(i+k) h_i*, and linear between whole lags:
 * dividing by N, not by N − k, keeps it a correlation (no negative spectrum), and so does the interpolation.
 *
 * Source: Kay, Modern Spectral Estimation (1988), 4.2: the biased estimator.
 * Limits: straight lines are weaker than the gain between its samples, on average by (1 − Re R[1]/R[0])/3 of the
 * power; that is 0.8 % for 20 samples per period of the largest Doppler shift (Clarke).
 */
import { basename } from "node:path";
import { InputError } from "../errors.js";
import { readComplexNpy } from "../files/npy.js";
import type { GainsWithMean } from "./rician.js";

export interface RecordedGainsOptions {
  /** Time between neighbouring gains of the record. */
  readonly intervalS: number;
  /** Where in the record the transmission's time 0 lies [s]; default 0. */
  readonly startS?: number;
  /** Scales to a mean of Σ|h|² of 1; default true. */
  readonly normalize?: boolean;
  /** The first gain follows the last one; default false: an error when the record is used up. */
  readonly wrap?: boolean;
}

/** One column of a record as functions of time, with what the record tells of them. */
export interface RecordedGains extends GainsWithMean {
  /** Mean of 1/|h|² over gains with |h|² of at least `threshold`, as a share of all gains. */
  meanInverse(threshold: number): number;
  /** Share of the power that is missing halfway between the samples, on average over time. */
  readonly interpolationLoss: number;
}

/** A record as it lies in its file. */
interface GainRecord {
  readonly path: string;
  readonly times: number;
  readonly taps: number;
  /** By tap, then by time: re, im, re, im, … */
  readonly columns: readonly Float64Array[];
  /** Mean of Σ over taps |h|². */
  readonly power: number;
}

/**
 * The gain of a flat channel: the record's only column, or column `column` of several, counted from 0 and
 * normalized by itself. Throws InputError for a file that holds something else.
 */
export function recordedGains(
  path: string,
  options: RecordedGainsOptions & { readonly column?: number | undefined },
): RecordedGains {
  const record = readRecord(path);
  const { column } = options;
  if (column === undefined && record.taps > 1) {
    throw new InputError(
      `${path}: holds ${record.taps} gains at each time; a flat channel has one: name it (channel.gains.column), ` +
        "or give the file to multipath-ofdm as an impulse response",
    );
  }
  const values = record.columns[column ?? 0];
  if (values === undefined) {
    throw new InputError(
      `${path}: there is no column ${column}: the record holds ${record.taps}, counted from 0`,
    );
  }
  return gainsOf(record, values, options, powerOf(values));
}

/** One gain per tap of the record's delay line, normalized together. */
export function recordedTaps(path: string, options: RecordedGainsOptions): RecordedGains[] {
  const record = readRecord(path);
  return record.columns.map((values) => gainsOf(record, values, options, record.power));
}

/** Time between the first and the last gain of a record [s]. */
export function recordLengthS(path: string, intervalS: number): number {
  return (readRecord(path).times - 1) * intervalS;
}

/** `power` is what becomes 1 where gains are normalized. */
function gainsOf(
  { path, times }: GainRecord,
  values: Float64Array,
  { intervalS, startS = 0, normalize = true, wrap = false }: RecordedGainsOptions,
  power: number,
): RecordedGains {
  if (!(power > 0)) throw new InputError(`${path}: all gains are 0`);
  const scale = normalize ? 1 / Math.sqrt(power) : 1;
  const lags = lagsOf(values);
  const last = times - 1;
  const [meanRe, meanIm] = meanOf(values);

  /** Throws where the record ends before `timeS`. */
  function check(timeS: number): void {
    const place = (startS + timeS) / intervalS;
    if (!(place >= 0)) throw new RangeError(`recordedGains: time must be >= 0, got ${timeS} s`);
    if (wrap || place <= last + 1e-6) return; // times are sums of floating-point numbers
    throw new InputError(
      `${basename(path)}: the record ends ${seconds(last * intervalS)} s after its first gain, and the transmission, ` +
        `which begins at ${seconds(startS)} s, needs gains up to ${seconds(startS + timeS)} s; ` +
        "send less, run fewer trials or set channel.gains.wrap: true",
    );
  }

  return {
    fill(timeS, stepS, out) {
      const symbols = out.length / 2;
      if (symbols === 0) return;
      check(timeS);
      check(timeS + (symbols - 1) * stepS);
      const start = (startS + timeS) / intervalS;
      const step = stepS / intervalS;
      for (let k = 0; k < symbols; k++) {
        let place = start + k * step;
        // Times are sums of floating-point numbers; on a sample it is that sample.
        const nearest = Math.round(place);
        if (Math.abs(place - nearest) < 1e-6) place = nearest;
        if (wrap) place %= times;
        else if (place > last) place = last;
        const i = Math.floor(place);
        const u = place - i;
        const from = 2 * i;
        const to = i === last ? (wrap ? 0 : from) : from + 2;
        out[2 * k] = scale * (values[from] + u * (values[to] - values[from]));
        out[2 * k + 1] = scale * (values[from + 1] + u * (values[to + 1] - values[from + 1]));
      }
    },

    correlation(t1S, t2S) {
      const lag = Math.abs(t1S - t2S) / intervalS;
      const whole = Math.floor(lag);
      const u = lag - whole;
      const [re0, im0] = lags(whole);
      const [re1, im1] = u === 0 ? [0, 0] : lags(whole + 1);
      const sign = t1S < t2S ? -1 : 1; // R(−τ) = R(τ)*
      const square = scale * scale;
      return [square * ((1 - u) * re0 + u * re1), sign * square * ((1 - u) * im0 + u * im1)];
    },

    mean() {
      return [scale * meanRe, scale * meanIm];
    },
    steadyMean: true,

    meanInverse(threshold) {
      let sum = 0;
      for (let k = 0; k < values.length; k += 2) {
        const gain = scale * scale * (values[k] * values[k] + values[k + 1] * values[k + 1]);
        if (gain >= threshold) sum += 1 / gain;
      }
      return sum / times;
    },

    get interpolationLoss() {
      return (1 - lags(1)[0] / lags(0)[0]) / 3;
    },
  };
}

type Lags = (lag: number) => readonly [number, number];

/** R[k] by column, computed when asked for, since a long record's lags take long and few are needed. */
const knownLags = new WeakMap<Float64Array, Lags>();

function lagsOf(values: Float64Array): Lags {
  let lags = knownLags.get(values);
  if (lags === undefined) {
    const found = new Map<number, readonly [number, number]>();
    lags = (lag) => {
      let value = found.get(lag);
      if (value === undefined) {
        value = correlationAt(values, lag);
        found.set(lag, value);
      }
      return value;
    };
    knownLags.set(values, lags);
  }
  return lags;
}

function correlationAt(values: Float64Array, lag: number): readonly [number, number] {
  let re = 0;
  let im = 0;
  for (let i = 0, j = 2 * lag; j < values.length; i += 2, j += 2) {
    re += values[j] * values[i] + values[j + 1] * values[i + 1];
    im += values[j + 1] * values[i] - values[j] * values[i + 1];
  }
  return [(2 * re) / values.length, (2 * im) / values.length];
}

function meanOf(values: Float64Array): readonly [number, number] {
  let re = 0;
  let im = 0;
  for (let k = 0; k < values.length; k += 2) {
    re += values[k];
    im += values[k + 1];
  }
  return [(2 * re) / values.length, (2 * im) / values.length];
}

function powerOf(values: Float64Array): number {
  let sum = 0;
  for (let k = 0; k < values.length; k++) sum += values[k] * values[k];
  return (2 * sum) / values.length;
}

/** The last record read, since every trial of every point opens the same one. */
let latest: GainRecord | undefined;

function readRecord(path: string): GainRecord {
  if (latest?.path === path) return latest;
  const { data, shape, dtype } = readComplexNpy(path);
  const [times, taps = 1] = shape;
  if (!(shape.length === 1 || shape.length === 2) || times < 2 || taps < 1) {
    throw new InputError(
      `${path}: recorded gains must have shape (times) or (times, taps) with two times or more, ` +
        `got (${shape.join(", ")}) of ${dtype}`,
    );
  }
  if (!data.every(Number.isFinite)) throw new InputError(`${path}: gains must be finite numbers`);
  const columns = Array.from({ length: taps }, (_, tap) => {
    const values = new Float64Array(2 * times);
    for (let i = 0; i < times; i++) {
      values[2 * i] = data[2 * (i * taps + tap)];
      values[2 * i + 1] = data[2 * (i * taps + tap) + 1];
    }
    return values;
  });
  const power = columns.reduce((sum, values) => sum + powerOf(values), 0);
  latest = { path, times, taps, columns, power };
  return latest;
}

/** A time in messages, without the last digits of a sum. */
export function seconds(time: number): string {
  return String(Number(time.toPrecision(6)));
}
