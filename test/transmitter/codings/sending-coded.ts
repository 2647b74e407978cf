/** A transmission of three tensors of very different size through codes. */
import type { z } from "zod";
import { awgn } from "../../../channels/awgn.js";
import type { Channel } from "../../../src/channel.js";
import { RandomSource, type RandomStream } from "../../../src/kernel/index.js";
import type { Observation } from "../../../src/observation.js";
import { type Transmission, transmit } from "../../../src/study/transmission.js";
import type { Block, Coded, Coding, CodingContext } from "../../../src/transmitter/coding.js";
import { transmitterParams, weightStatistics } from "../../../src/transmitter/transmitter.js";
import type { Layout } from "../../../src/weights/layout.js";

export const sizes = [40_000, 10_000, 50_001];
export const deviations = [0.5, 0.02, 0.1];

export const layout: Layout = {
  size: sizes.reduce((a, b) => a + b, 0),
  entries: sizes.map((size, i) => ({
    name: `tensor${i}`,
    shape: [size],
    size,
    role: "weight" as const,
    offset: sizes.slice(0, i).reduce((a, b) => a + b, 0),
  })),
};

/** Gaussian tensors with these standard deviations and a small mean. */
export function threeTensors(): Float32Array {
  const weights = new Float32Array(layout.size);
  layout.entries.forEach(({ offset, size }, i) => {
    const part = weights.subarray(offset, offset + size);
    const stream = new RandomSource(5).stream(`weights ${i}`);
    stream.fillNormal(part, deviations[i], 0.1 * deviations[i]!);
  });
  return weights;
}

export function sendCoded(
  code: readonly object[],
  options: {
    readonly weights?: Float32Array;
    readonly snrDb?: number;
    readonly channel?: Channel;
    readonly channelParams?: object;
    readonly sensitivities?: ReadonlyMap<string, number>;
    readonly transmitter?: object;
  } = {},
) {
  const { weights = threeTensors(), snrDb = 7, channel = awgn as unknown as Channel } = options;
  const t: Transmission = {
    weights,
    layout,
    statistics: weightStatistics(weights),
    sensitivities: options.sensitivities,
    transmitter: transmitterParams.parse({ code, ...options.transmitter }),
    channel,
    channelParams: channel.params.parse(options.channelParams ?? { snrDb }) as never,
    trial: 0,
    random: new RandomSource(9),
  };
  const r = new Float32Array(layout.size);
  return { weights, r, ...transmit(t, r) };
}

/** Mean of (r − w)² over one tensor, and the mean variance that was stated for it. */
export function errorOf(
  sent: Pick<ReturnType<typeof sendCoded>, "weights" | "r" | "observation">,
  tensor: number,
): { measured: number; stated: number } {
  const { offset, size } = layout.entries[tensor]!;
  const { noiseVariance } = sent.observation;
  let [measured, stated] = [0, 0];
  for (let k = offset; k < offset + size; k++) {
    measured += (sent.r[k]! - sent.weights[k]!) ** 2 / size;
    stated += (typeof noiseVariance === "number" ? noiseVariance : noiseVariance[k]!) / size;
  }
  return { measured, stated };
}

/** Tensors named tensor0, tensor1, …, one after another. */
export function blockOf(tensors: readonly ArrayLike<number>[]): Block {
  const values = Float32Array.from(tensors.flatMap((tensor) => Array.from(tensor)));
  let first = 0;
  const spans = tensors.map(({ length }, i) => {
    first += length;
    return { tensor: `tensor${i}`, first: first - length, size: length };
  });
  return { values, spans };
}

export const context = { random: new RandomSource("codebook") };

/** Encodes with parameters as a scenario gives them. */
export function encodeWith<P extends z.ZodObject>(
  coding: Coding<P>,
  params: object,
  block: Block,
  more: Partial<CodingContext> = {},
): Coded {
  return coding.encode(coding.params.parse(params), block, { ...context, ...more });
}

/** What of the schema's rules parameters break; empty where they break none. */
export function issuesOf(coding: Coding, params: object): string {
  const { error } = coding.params.safeParse(params);
  return error?.issues.map(({ message }) => message).join("; ") ?? "";
}

/** Values behind noise with these variances, lost where infinite. */
export function observe(
  values: Float32Array,
  noiseVariance: number | Float32Array,
  stream: RandomStream,
): Observation {
  const r = new Float32Array(values.length);
  stream.fillNormal(r);
  for (let k = 0; k < r.length; k++) {
    const v = typeof noiseVariance === "number" ? noiseVariance : noiseVariance[k]!;
    r[k] = v === Infinity ? 0.123 : values[k]! + Math.sqrt(v) * r[k]!;
  }
  return {
    r,
    noiseVariance: typeof noiseVariance === "number" ? noiseVariance : noiseVariance.slice(),
  };
}

/** Gaussian values from a stream of their own. */
export function gaussian(name: string, size: number, deviation = 1): Float32Array {
  const values = new Float32Array(size);
  new RandomSource(3).stream(name).fillNormal(values, deviation);
  return values;
}
