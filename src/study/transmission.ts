/**
 * One transmission on the event kernel: transmitter, channel and receiver as processes.
 */
import { airtimeOf, type Channel, channelProcess, type Link, type Packet } from "../channel.js";
import { InputError } from "../errors.js";
import { type RandomSource, Simulation, Store } from "../kernel/index.js";
import { meanOfFinite } from "../math/statistics.js";
import type { Observation } from "../observation.js";
import { Collector, fillLost, receiverProcess } from "../receiver/receiver.js";
import { interleaver } from "../transmitter/interleaver.js";
import {
  allocatePacket,
  type Framing,
  frame,
  type SendingParams,
  transmitScale,
  transmitterProcess,
  type WeightStatistics,
} from "../transmitter/transmitter.js";
import type { Layout } from "../weights/layout.js";
import { type Encoded, encode } from "./encode.js";

export interface Transmission {
  readonly weights: Float32Array;
  /** Where each tensor lies in the weight vector. */
  readonly layout: Layout;
  readonly statistics: WeightStatistics;
  /** Of every tensor, where a code asks for them. */
  readonly sensitivities?: ReadonlyMap<string, number> | undefined;
  readonly transmitter: SendingParams;
  readonly channel: Channel;
  /** As the channel's schema gives them. */
  readonly channelParams: never;
  readonly trial: number;
  readonly random: RandomSource;
  /** What is random on the air, where several receivers hear one transmission; of `random` where this is absent. */
  readonly air?: RandomSource;
}

export interface TransmissionResult {
  readonly observation: Observation;
  /** Time on the air, all tries of all packets [s]. */
  readonly airtimeS: number;
  /** From the first packet's start to the last packet's arrival [s]. */
  readonly latencyS: number;
  /** Sum of squared components sent, pilots and prefixes included, all tries. */
  readonly energy: number;
  /** Packets sent at least once. */
  readonly packets: number;
  /** Transmissions of packets beyond the first of each. */
  readonly retransmissions: number;
  /** Components that did not arrive over components sent, all tries. */
  readonly outageRate: number;
  /** What the receiver must be told to undo the codes [bits]. */
  readonly sideBits: number;
  /** True where the observation is shrunk towards 0 and its variance a mean square error. */
  readonly shrunk: boolean;
  /** What the channel has to say to the reader of the results. */
  readonly notes: readonly string[];
}

const nothingSent =
  "nothing was sent: transmitter.arq.deadlineS is shorter than the first packet is on the air";

const sideHeavy = (side: number, payload: number) =>
  `the side information of transmitter.code takes more symbols (${side.toLocaleString("en")}) than what it is sent for (${payload.toLocaleString("en")})`;

/** Packets in flight without feedback to wait for: one being filled, one on the air, one being read. */
const packetsInFlight = 3;

/** Opens the channel for a transmission; throws InputError where they do not fit together. */
export function openLink(t: Transmission): Link {
  return openLinkFor(t, encode(t, t.transmitter.code, t.sensitivities));
}

function openLinkFor(t: Transmission, { block, statistics, peaks }: Encoded): Link {
  const { values, spans } = block;
  const framing = frame(values.length, t.transmitter);
  const { components, componentsPerSymbol } = framing;
  const scale = transmitScale(statistics);
  if ((t.channel.stores?.(t.channelParams) ?? false) && t.transmitter.interleaving !== "off") {
    throw new InputError(
      `transmitter.interleaving must be off with ${t.channel.name}, which holds the weights as they lie, got ${t.transmitter.interleaving}`,
    );
  }
  return t.channel.open(t.channelParams, {
    signal: {
      meanSquare: statistics.meanSquare * scale * scale,
      variance: statistics.variance * scale * scale,
    },
    components,
    stretches: spans.map(({ first, size }, i) => ({
      first,
      components: size,
      peak: peaks[i] * scale,
    })),
    sample: (most) => sampleComponents(values, scale, framing, most),
    complex: componentsPerSymbol === 2,
    symbolRateHz: t.transmitter.symbolRateHz,
    trial: t.trial,
    random: t.air ?? t.random.child("channel"),
  });
}

/** One try of one packet. */
export interface Arrival {
  readonly sentAtS: number;
  readonly arrivedAtS: number;
  readonly symbols: number;
  /** 1 for the first transmission of a packet. */
  readonly attempt: number;
  /** Share of its components that did not arrive. */
  readonly erased: number;
  /** Mean variance of the noise per real weight, over those that arrived; NaN where none did. */
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
  const { weights, transmitter } = t;
  const encoded = encode(t, transmitter.code, t.sensitivities);
  const { statistics } = encoded;
  const { values } = encoded.block;
  const framing = frame(values.length, transmitter);
  const { components, componentsPerSymbol } = framing;
  const packetComponents = Math.min(transmitter.packetSymbols * componentsPerSymbol, components);
  const scale = transmitScale(statistics);
  const order = interleaver(values.length, transmitter, t.random.child("transmitter"));
  const { feedbackDelayS, deadlineS } = transmitter.arq ?? { feedbackDelayS: 0 };

  const link = openLinkFor(t, encoded);
  const durationOf = (symbols: number) => airtimeOf(link, symbols, transmitter.symbolRateHz);

  const sim = new Simulation();
  const ready = new Store<Packet>(sim);
  const air = new Store<Packet>(sim, 1);
  const arrived = new Store<Packet>(sim);
  // As many more as go out while an answer is awaited, so that the link does not idle.
  const awaiting = Math.ceil(feedbackDelayS / durationOf(packetComponents / componentsPerSymbol));
  const buffers = Math.min(packetsInFlight + awaiting, Math.max(framing.packets, packetsInFlight));
  for (let i = 0; i < buffers; i++) ready.put(allocatePacket(packetComponents));

  // Without codes the values are the weights, and r is where they go.
  const received = values === weights ? r : new Float32Array(values.length);
  const collector = new Collector(received, { scale, order }, { certain: deadlineS === undefined });
  const total = { airtimeS: 0, latencyS: 0, energy: 0, packets: 0, retransmissions: 0 };
  let sent = 0;
  let erased = 0;
  function take(packet: Packet): void {
    collector.take(packet);
    const { reception, x } = packet;
    total.airtimeS += packet.durationS;
    total.latencyS = sim.now;
    total.energy += reception.energy;
    if (packet.tries === 1) total.packets++;
    else total.retransmissions++;
    sent += x.length;
    erased += reception.erased;
    arrivals?.push({
      sentAtS: packet.sentAtS,
      arrivedAtS: sim.now,
      symbols: x.length / componentsPerSymbol,
      attempt: packet.tries,
      erased: reception.erased / x.length,
      noiseVariance: meanOfFinite(reception.noiseVariance) / (scale * scale),
    });
  }

  const payload = { weights: values, scale, order };
  const sender = sim.process(transmitterProcess(sim, payload, transmitter, durationOf, ready, air));
  sim.process(channelProcess(sim, link, air, arrived));
  sim.process(receiverProcess(sim, arrived, ready, feedbackDelayS, take));
  sim.run(sender);
  const side = sideSymbols(encoded.sideBits, transmitter);
  return {
    observation: decoded(encoded, collector.finish(), r, t.statistics.mean),
    ...withSideInformation({ ...total, sideBits: 0 }, encoded.sideBits, transmitter),
    outageRate: sent > 0 ? erased / sent : 0,
    shrunk: link.shrunk ?? false,
    notes: [
      ...(link.notes ?? []),
      ...(total.packets === 0 ? [nothingSent] : []),
      ...(side > framing.symbols ? [sideHeavy(side, framing.symbols)] : []),
    ],
  };
}

/** Back from the values sent to the weights, in `r`. */
function decoded(
  encoded: Encoded,
  observation: Observation,
  r: Float32Array,
  mean: number,
): Observation {
  const { r: values, ...told } = encoded.decode(observation);
  if (values !== r) r.set(values);
  const weights = { r, ...told };
  fillLost(weights, mean);
  return weights;
}

/** Symbols that carry so much side information. */
function sideSymbols(bits: number, { sideBitsPerSymbol }: SendingParams): number {
  return Math.ceil(bits / sideBitsPerSymbol);
}

/** What a transmission costs, and what a receiver was told for it. */
type Cost = Pick<TransmissionResult, "airtimeS" | "latencyS" | "energy" | "sideBits">;

/** The cost with so many bits of side information more, which whole symbols of the mean energy carry. */
export function withSideInformation<C extends Cost>(
  cost: C,
  bits: number,
  transmitter: SendingParams,
): C {
  const symbols = sideSymbols(bits, transmitter);
  const airtimeS = symbols / transmitter.symbolRateHz;
  return {
    ...cost,
    sideBits: cost.sideBits + bits,
    airtimeS: cost.airtimeS + airtimeS,
    latencyS: cost.latencyS + airtimeS,
    energy: cost.energy + symbols * frame(1, transmitter).componentsPerSymbol,
  };
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
