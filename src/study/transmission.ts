/**
 * One transmission on the event kernel: transmitter, channel and receiver as processes.
 */
import { type Channel, channelProcess, type Packet } from "../channel.js";
import { type RandomSource, Simulation, Store } from "../kernel/index.js";
import { meanOf } from "../math/statistics.js";
import { type Observation, receiverProcess } from "../receiver/receiver.js";
import {
  allocatePacket,
  type Framing,
  frame,
  type TransmitterParams,
  transmitScale,
  transmitterProcess,
  type WeightStatistics,
} from "../transmitter/transmitter.js";
import type { Layout } from "../weights/layout.js";

export interface Transmission {
  readonly weights: Float32Array;
  /** Where each tensor lies in the weight vector. */
  readonly layout: Layout;
  readonly statistics: WeightStatistics;
  readonly transmitter: TransmitterParams;
  readonly channel: Channel;
  /** As the channel's schema gives them. */
  readonly channelParams: never;
  readonly trial: number;
  readonly random: RandomSource;
}

export interface TransmissionResult {
  readonly observation: Observation;
  /** From the first packet's start to the last packet's arrival [s]. */
  readonly airtimeS: number;
  /** Mean symbol energy x symbols. */
  readonly energy: number;
  readonly packets: number;
}

/** Packets in flight: one being filled, one on the air, one being read. */
const packetsInFlight = 3;

/** Opens the channel for a transmission; throws InputError where they do not fit together. */
export function openLink(t: Transmission) {
  const framing = frame(t.weights.length, t.transmitter);
  const { components, componentsPerSymbol } = framing;
  const scale = transmitScale(t.statistics);
  return t.channel.open(t.channelParams, {
    signal: {
      meanSquare: t.statistics.meanSquare * scale * scale,
      variance: t.statistics.variance * scale * scale,
    },
    components,
    stretches: t.layout.entries.map(({ offset, size }) => ({
      first: offset,
      components: size,
      peak: largestMagnitude(t.weights, offset, size) * scale,
    })),
    sample: (most) => sampleComponents(t.weights, scale, framing, most),
    complex: componentsPerSymbol === 2,
    symbolRateHz: t.transmitter.symbolRateHz,
    trial: t.trial,
    random: t.random.child("channel"),
  });
}

/** One packet's journey, in weight units. */
export interface Arrival {
  readonly sentAtS: number;
  readonly arrivedAtS: number;
  readonly symbols: number;
  /** Variance of the noise per real weight. */
  readonly noiseVariance: number;
}

/**
 * Sends the weights and fills `r` with what arrives, in weight order. Every packet's journey is appended
 * to `arrivals` where that is given.
 */
export function transmit(
  t: Transmission,
  r: Float32Array,
  arrivals?: Arrival[],
): TransmissionResult {
  const framing = frame(t.weights.length, t.transmitter);
  const scale = transmitScale(t.statistics);
  const packetComponents = Math.min(
    t.transmitter.packetSymbols * framing.componentsPerSymbol,
    framing.components,
  );

  const sim = new Simulation();
  const free = new Store<Packet>(sim, packetsInFlight);
  const air = new Store<Packet>(sim, 1);
  const arrived = new Store<Packet>(sim);
  for (let i = 0; i < packetsInFlight; i++) free.put(allocatePacket(packetComponents));

  const sender = sim.process(transmitterProcess(sim, t.weights, scale, t.transmitter, free, air));
  sim.process(channelProcess(sim, openLink(t), air, arrived));
  const onArrival =
    arrivals &&
    ((packet: Packet) =>
      arrivals.push({
        sentAtS: packet.sentAtS,
        arrivedAtS: sim.now,
        symbols: packet.x.length / framing.componentsPerSymbol,
        noiseVariance: meanOf(packet.reception.noiseVariance) / (scale * scale),
      }));
  const receiver = sim.process(
    receiverProcess(r, framing.components, scale, arrived, free, onArrival),
  );
  const observation = sim.run(receiver);
  const sent = sim.run(sender);
  return { observation, airtimeS: sim.now, energy: sent.energy, packets: sent.packets };
}

function largestMagnitude(weights: Float32Array, first: number, count: number): number {
  let largest = 0;
  for (let k = first; k < first + count; k++) largest = Math.max(largest, Math.abs(weights[k]));
  return largest;
}

function sampleComponents(
  weights: Float32Array,
  scale: number,
  { componentsPerSymbol, symbols }: Framing,
  most: number,
): Float32Array {
  const count = Math.min(symbols, Math.floor(most / componentsPerSymbol));
  const sample = new Float32Array(count * componentsPerSymbol);
  for (let k = 0; k < sample.length; k++) {
    const symbol = Math.floor((Math.floor(k / componentsPerSymbol) * symbols) / count);
    const weight = weights[symbol * componentsPerSymbol + (k % componentsPerSymbol)];
    sample[k] = (weight ?? 0) * scale; // behind the last weight is padding
  }
  return sample;
}
