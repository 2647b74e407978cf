/**
 * From stored values to model inputs and labels.
 */
import { z } from "zod";
import { InputError } from "../errors.js";
import { integer } from "../files/bytes.js";
import type { NpyData } from "../files/npy.js";

const perChannel = z.union([z.number(), z.array(z.number()).min(1)], {
  error: "must be a number or a list of numbers",
});
const positivePerChannel = z.union([z.number().positive(), z.array(z.number().positive()).min(1)], {
  error: "must be a positive number or a list of positive numbers",
});

/** Schema keys `mean` and `std` of the readers whose number of channels the file tells. */
export const normalizationParams = {
  mean: perChannel
    .default(0)
    .describe("subtracted from every value: one number, or one per channel [pixel / 255]"),
  std: positivePerChannel
    .default(1)
    .describe("divides after the mean is subtracted: one number, or one per channel [pixel / 255]"),
};

export interface Normalization {
  readonly mean: number | readonly number[];
  readonly std: number | readonly number[];
}

/** Model input of every pixel 0 to 255: (pixel / 255 − mean) / std, rounded once to float32. */
export function pixelTable(mean: number, std: number): Float32Array {
  return Float32Array.from({ length: 256 }, (_, pixel) => (pixel / 255 - mean) / std);
}

/** What 0 becomes by normalization: one number, or one per channel. */
export function blackOf({ mean, std }: Normalization): number[] {
  const [means, stds] = [mean, std].map((v) => (typeof v === "number" ? [v] : v));
  const channels = Math.max(means.length, stds.length);
  return Array.from(
    { length: channels },
    (_, c) => -means[c % means.length] / stds[c % stds.length],
  );
}

type NumberArray = Exclude<NpyData, BigInt64Array | BigUint64Array>;

/**
 * (v − mean) / std of every value, where v is pixel / 255 for bytes and the value itself for other
 * types. `shape` is that of one example; its first dimension counts the channels.
 */
export function normalize(
  path: string,
  values: NumberArray,
  shape: readonly number[],
  { mean, std }: Normalization,
): Float32Array {
  const channels = shape[0] ?? 1;
  const means = ofChannels(path, "mean", mean, channels);
  const stds = ofChannels(path, "std", std, channels);
  const channelSize = shape.slice(1).reduce((a, b) => a * b, 1);
  const out = new Float32Array(values.length);
  const tables = values instanceof Uint8Array ? means.map((m, c) => pixelTable(m, stds[c])) : [];
  for (let i = 0, c = 0; i < out.length; c = (c + 1) % channels) {
    const end = i + channelSize;
    if (values instanceof Uint8Array) {
      const table = tables[c];
      for (; i < end; i++) out[i] = table[values[i]];
    } else {
      const m = means[c];
      const s = stds[c];
      for (; i < end; i++) {
        out[i] = (values[i] - m) / s;
        if (!Number.isFinite(out[i])) throw notFinite(path, values[i], i, shape);
      }
    }
  }
  return out;
}

function ofChannels(
  path: string,
  key: keyof Normalization,
  value: number | readonly number[],
  channels: number,
): readonly number[] {
  if (typeof value === "number") return Array<number>(channels).fill(value);
  if (value.length === channels) return value;
  throw new InputError(
    `dataset.${key}: a list needs one number per channel, got ${value.length} for ${channels} (${path})`,
  );
}

function notFinite(path: string, value: number, at: number, shape: readonly number[]): InputError {
  const index: number[] = [];
  let rest = at;
  for (const size of shape.toReversed()) {
    index.unshift(rest % size);
    rest = Math.floor(rest / size);
  }
  return new InputError(
    `${path}: inputs must be finite float32 numbers, got ${value} at index [${[rest, ...index].join(", ")}]`,
  );
}

/** Labels as Int32Array, each checked to be a class; `first` is the index of the first in the file. */
export function checkLabels(
  path: string,
  values: ArrayLike<number | bigint>,
  classes: number,
  first = 0,
): Int32Array {
  const labels = new Int32Array(values.length);
  for (let i = 0; i < labels.length; i++) {
    const label = values[i];
    if (!(label >= 0 && label < classes)) {
      throw new InputError(
        `${path}: labels must be 0 to ${classes - 1}, got ${label} in record ${integer(first + i)} (counted from 0)`,
      );
    }
    labels[i] = Number(label);
  }
  return labels;
}
