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
 * The receiver is told the scale; it is one number for the whole transmission.
 */
import { z } from "zod";
import type { Packet } from "../channel.js";
import type { ProcessGenerator, Simulation, Store } from "../kernel/index.js";
import { quantity } from "../units.js";

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
});

export type TransmitterParams = z.output<typeof transmitterParams>;

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

export function frame(weightCount: number, params: TransmitterParams): Framing {
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
    reception: {
      y: new Float32Array(components),
      noiseVariance: 0,
      variances: new Float32Array(components),
      erased: 0,
      energy: 0,
    },
    sentAtS: 0,
    durationS: 0,
  };
}

/** Factor from weights to components; 1 when all weights are zero and nothing needs scaling. */
export function transmitScale({ meanSquare }: WeightStatistics): number {
  return meanSquare > 0 ? 1 / Math.sqrt(meanSquare) : 1;
}

export interface Sent {
  packets: number;
  symbols: number;
  /** Sum of squared components: mean symbol energy x symbols. */
  energy: number;
}

/**
 * The transmitter's process: packets one after another, each for symbols / symbolRate seconds.
 * Takes empty packets from `free` and gives filled ones to `air`; returns what it sent.
 */
export function* transmitterProcess(
  sim: Simulation,
  weights: Float32Array,
  scale: number,
  params: TransmitterParams,
  free: Store<Packet>,
  air: Store<Packet>,
): ProcessGenerator<Sent> {
  const { components, componentsPerSymbol } = frame(weights.length, params);
  const full = params.packetSymbols * componentsPerSymbol;
  const sent: Sent = { packets: 0, symbols: 0, energy: 0 };
  for (let first = 0; first < components; first += full) {
    const packet = yield* free.get();
    const length = Math.min(full, components - first);
    if (packet.x.length !== length) {
      packet.x = packet.x.subarray(0, length);
      const { y, variances } = packet.reception;
      packet.reception = {
        y: y.subarray(0, length),
        noiseVariance: 0,
        variances: variances.subarray(0, length),
        erased: 0,
        energy: 0,
      };
    }
    sent.energy += fill(packet.x, weights, first, scale);
    const symbols = length / componentsPerSymbol;
    packet.first = first;
    packet.sentAtS = sim.now;
    packet.durationS = symbols / params.symbolRateHz;
    sent.packets++;
    sent.symbols += symbols;
    yield* air.put(packet);
    yield* sim.timeout(packet.durationS);
  }
  return sent;
}

/** Scaled weights from `first` on into `x`, zeros behind the last weight; returns their energy. */
function fill(x: Float32Array, weights: Float32Array, first: number, scale: number): number {
  let energy = 0;
  for (let k = 0; k < x.length; k++) {
    const w = first + k;
    const v = w < weights.length ? weights[w] * scale : 0;
    x[k] = v;
    energy += v * v;
  }
  return energy;
}
