/**
 * The transmitter: scales the weight vector to unit mean square per real component and sends it in
 * packets.
 *
 *   x = w / sqrt(mean(w²))
 *
 * Real mapping: one weight per channel use (arXiv 2105.10699), Es = 1. IQ mapping: two neighbouring
 * weights are the I and Q of one symbol, Es = 2, half as many channel uses; energy per weight, and so
 * SNR per real dimension, are the same. An odd last weight travels beside a zero.
 *
 * The receiver is told the scale and the mean; both are one number for the whole transmission.
 *
 * With `arq`, packets of which something was lost are sent again, between packets that are new (selective
 * repeat): the receiver's answer takes its time to come back, and meanwhile the next ones go out.
 */
import { z } from "zod";
import { type Packet, receptionOf } from "../channel.js";
import type { ProcessGenerator, Simulation, Store } from "../kernel/index.js";
import { named } from "../named.js";
import { quantity } from "../units.js";
import { bitsPerNumber } from "./coding.js";
import { codings } from "./codings/index.js";

/** `power-allocation` is short for `{ name: power-allocation }`. */
const codeEntry = z.preprocess(
  (entry) => (typeof entry === "string" ? { name: entry } : entry),
  named(codings),
);

export const transmitterParams = z.strictObject({
  mapping: z
    .enum(["real", "iq"])
    .default("real")
    .describe("real: one weight per channel use; iq: two weights per complex symbol"),
  packetSymbols: quantity(
    undefined,
    z
      .number()
      .int()
      .min(1)
      .max(2 ** 24),
  )
    .prefault(4096)
    .describe("symbols in a packet"),
  symbolRateHz: quantity("Hz", z.number().positive())
    .prefault(1e6)
    .describe("symbols per second on the air [Hz]"),
  code: z
    .array(codeEntry)
    .default([])
    .describe("codes that the weights go through, one after another, before they are sent"),
  sideBitsPerSymbol: quantity(undefined, z.number().positive().max(64))
    .prefault(1)
    .describe(
      "bits of side information that one symbol carries without errors; what receivers must be told is sent at this rate",
    ),
  statisticsBits: quantity(undefined, z.number().int().min(4).max(bitsPerNumber))
    .prefault(8)
    .describe(
      "bits of a number that refinements are sent, 4 to 32, in block floating point; 32 sends float32 (docs/refinements.md)",
    ),
  interleaving: z
    .enum(["off", "block", "random"])
    .default("off")
    .describe(
      "order in which weights are sent: as they lie, block by block of one weight for each place in a packet, or at random",
    ),
  arq: z
    .strictObject({
      tries: quantity(undefined, z.number().int().min(1).max(1000))
        .prefault(4)
        .describe("transmissions of a packet at most, the first included"),
      feedbackDelayS: quantity("s", z.number().nonnegative())
        .prefault(0)
        .describe("from a packet's arrival until the transmitter knows what was lost [s]"),
      deadlineS: quantity("s", z.number().positive())
        .optional()
        .describe(
          "no packet begins that would end later than this after the start; what is missing stays so [s]",
        ),
    })
    .optional()
    .describe("selective repeat of packets of which something was lost; absent: each goes once"),
});

export type TransmitterParams = z.output<typeof transmitterParams>;
/** What concerns the sending of weights, and nothing beside them. */
export type SendingParams = Omit<TransmitterParams, "statisticsBits">;

/** What the transmitter knows of the weights that it sends. */
export interface WeightStatistics {
  readonly mean: number;
  /** Population variance σ_w². */
  readonly variance: number;
  /** mean(w²). */
  readonly meanSquare: number;
}

export function weightStatistics(weights: Float32Array): WeightStatistics {
  const n = weights.length;
  let sum = 0;
  for (let k = 0; k < n; k++) sum += weights[k];
  const mean = sum / n;
  let squares = 0;
  let deviations = 0; // about the mean, since a difference of large squares would lose digits
  for (let k = 0; k < n; k++) {
    const w = weights[k];
    squares += w * w;
    deviations += (w - mean) * (w - mean);
  }
  return { mean, variance: deviations / n, meanSquare: squares / n };
}

/** Size of a transmission. */
export interface Framing {
  readonly componentsPerSymbol: 1 | 2;
  /** Real components sent, padding included. */
  readonly components: number;
  readonly symbols: number;
  readonly packets: number;
}

export function frame(weightCount: number, params: SendingParams): Framing {
  const componentsPerSymbol = params.mapping === "iq" ? 2 : 1;
  const symbols = Math.ceil(weightCount / componentsPerSymbol);
  return {
    componentsPerSymbol,
    symbols,
    components: symbols * componentsPerSymbol,
    packets: Math.ceil(symbols / params.packetSymbols),
  };
}

/** Room for one packet. */
export function allocatePacket(components: number): Packet {
  return {
    first: 0,
    x: new Float32Array(components),
    reception: receptionOf(components),
    tries: 0,
    sentAtS: 0,
    durationS: 0,
  };
}

/** Factor from weights to components; 1 when all weights are zero and nothing needs scaling. */
export function transmitScale({ meanSquare }: WeightStatistics): number {
  return meanSquare > 0 ? 1 / Math.sqrt(meanSquare) : 1;
}

/** What there is to send. */
export interface Payload {
  readonly weights: Float32Array;
  /** Factor from weights to components. */
  readonly scale: number;
  /** Weight that each component carries (interleaver.ts); as they lie where absent. */
  readonly order: Uint32Array | undefined;
}

/**
 * The transmitter's process: packets one after another, each as long on the air as `durationOf` its symbols [s].
 * Takes packets from `ready`, where unused ones lie and used ones come back with the receiver's answer, and
 * gives filled ones to `air`. Returns when nothing is left to send or to wait for.
 */
export function* transmitterProcess(
  sim: Simulation,
  payload: Payload,
  params: SendingParams,
  durationOf: (symbols: number) => number,
  ready: Store<Packet>,
  air: Store<Packet>,
): ProcessGenerator {
  const { components, componentsPerSymbol } = frame(payload.weights.length, params);
  const full = params.packetSymbols * componentsPerSymbol;
  const { tries, deadlineS = Infinity } = params.arq ?? { tries: 1 };
  let next = 0; // first component that was never sent
  let unanswered = 0;
  while (next < components || unanswered > 0) {
    const packet = yield* ready.get();
    if (packet.tries > 0) unanswered--;
    const lost = packet.tries > 0 && packet.reception.erased > 0;
    const again = lost && packet.tries < tries;
    if (!again && next === components) continue;
    const length = again ? packet.x.length : Math.min(full, components - next);
    const durationS = durationOf(length / componentsPerSymbol);
    if (sim.now + durationS > deadlineS) {
      next = components; // and this one goes no more
      continue;
    }
    if (!again) {
      load(packet, length, next, payload);
      next += length;
    }
    packet.tries++;
    packet.sentAtS = sim.now;
    packet.durationS = durationS;
    unanswered++;
    yield* air.put(packet);
    yield* sim.timeout(durationS);
  }
}

/** Makes an unused packet, or one that is done with, the next one of the transmission. */
function load(packet: Packet, length: number, first: number, payload: Payload): void {
  if (packet.x.length !== length) {
    packet.x = packet.x.subarray(0, length);
    const { y, variances, ...rest } = packet.reception;
    packet.reception = {
      ...rest,
      y: y.subarray(0, length),
      variances: variances.subarray(0, length),
    };
  }
  packet.first = first;
  packet.tries = 0;
  const { x } = packet;
  const { weights, scale, order } = payload;
  for (let k = 0; k < length; k++) {
    const w = order === undefined ? first + k : order[first + k];
    x[k] = w < weights.length ? weights[w] * scale : 0; // behind the last weight is padding
  }
}
