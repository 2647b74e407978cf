/**
 * The contract between a channel and the rest of the journey, and the channel's process on the kernel.
 *
 * A packet is a Float32Array of components: with real mapping one component is one symbol, with IQ
 * mapping a symbol is two neighbouring components (re, im). Noise is always stated **per real
 * component**; a complex symbol therefore meets N0 = 2 x that variance (docs/conventions.md).
 */
import type { z } from "zod";
import type { ProcessGenerator, Simulation, Store } from "./kernel/index.js";
import type { RandomSource } from "./kernel/random.js";
import { sumOfSquares } from "./math/statistics.js";
import type { Cells } from "./observation.js";

export interface Stretch {
  /** Index of its first component. */
  readonly first: number;
  readonly components: number;
  /** Largest magnitude, in symbol units; 0 where all are zero. */
  readonly peak: number;
}

/** What a channel is told when a transmission begins. It knows symbols, never weights. */
export interface ChannelContext {
  /** Statistics of the transmission's components, in symbol units squared. */
  readonly signal: { readonly meanSquare: number; readonly variance: number };
  /** Components that the whole transmission sends. */
  readonly components: number;
  /**
   * Stretches of components that belong together (a tensor each), in order and without gaps but for padding
   * at the end, with the largest magnitude in each. A device that scales what it stores scales each by itself.
   */
  readonly stretches: readonly Stretch[];
  /** Whole symbols spread evenly over the transmission, of at most this many components. */
  sample(mostComponents: number): Float32Array;
  /** True when neighbouring components are the I and Q of one symbol. */
  readonly complex: boolean;
  readonly symbolRateHz: number;
  /** Number of this trial, from 0. */
  readonly trial: number;
  /** Random streams of this trial's channel. */
  readonly random: RandomSource;
}

/** What arrives of one packet. The buffers are reused for later packets. */
export interface Reception {
  /** Received components, in the layout of the packet. */
  readonly y: Float32Array;
  /**
   * Variance of the noise in `y` per real component, as the receiver knows it: one number, or `variances`
   * where components differ.
   */
  noiseVariance: number | Float32Array;
  /** Room for one variance per component. */
  readonly variances: Float32Array;
  /** Components that are known not to have arrived: their variance is Infinity and their `y` 0. 0 beforehand. */
  erased: number;
  /**
   * Energy spent on the packet, in symbol units squared: Σ x² beforehand. A link that sends more than the
   * packet (pilots, prefixes) or at another power says so here.
   */
  energy: number;
  /**
   * Cells of the converter that `y` left last, in the units of components: the same object for all packets. Absent
   * where there was none.
   */
  cells?: Cells | undefined;
}

/** Room for what arrives of so many components. */
export function receptionOf(components: number): Reception {
  return {
    y: new Float32Array(components),
    noiseVariance: 0,
    variances: new Float32Array(components),
    erased: 0,
    energy: 0,
  };
}

/** A channel opened for one transmission. */
export interface Link {
  /**
   * Sends the packet `x`, which went on the air at `timeS`, and fills `reception`.
   * Leaves `x` as it is. Packets come in the order of time; `first` is the index of the packet's first
   * component in the transmission. A packet that was lost comes again, at a later time.
   */
  transmit(x: Float32Array, timeS: number, reception: Reception, first: number): void;
  /** Time on the air of a packet, pilots and prefixes included [s]; symbols / symbol rate where absent. */
  durationS?(symbols: number): number;
  /** True where what arrives is shrunk towards 0 and its variance is a mean square error, not that of noise. */
  readonly shrunk?: boolean;
  /** What the reader of the results should know, e.g. a prefix that is shorter than the channel. */
  readonly notes?: readonly string[];
}

/** Time on the air of a packet of so many symbols [s]. */
export function airtimeOf(link: Link, symbols: number, symbolRateHz: number): number {
  return link.durationS?.(symbols) ?? symbols / symbolRateHz;
}

/** Sends one packet through a link, with a reception that begins as the link expects it. */
export function sendThrough(
  link: Link,
  x: Float32Array,
  timeS: number,
  reception: Reception,
  first: number,
): void {
  reception.erased = 0;
  reception.energy = sumOfSquares(x);
  reception.cells = undefined;
  link.transmit(x, timeS, reception, first);
}

export interface Channel<P extends z.ZodObject = z.ZodObject> {
  readonly name: string;
  /** One line for `weightlink list channels`. */
  readonly summary: string;
  /** Strict schema of the parameters; `name` is added by the scenario. */
  readonly params: P;
  /** True for a memory: it holds the weights in their order and scales each tensor by itself. */
  stores?(params: z.output<P>): boolean;
  /** True where the transmitter makes what it sends fit this link's gains, so that nobody else can use it. */
  inverts?(params: z.output<P>): boolean;
  /** Files that it reads, for provenance; none where this is absent. */
  files?(params: z.output<P>): readonly string[];
  /** Throws InputError when parameters and transmission do not fit together. */
  open(params: z.output<P>, context: ChannelContext): Link;
}

/** Types a channel definition; add the result to the list in `channels/index.ts`. */
export function defineChannel<P extends z.ZodObject>(channel: Channel<P>): Channel<P> {
  return channel;
}

/** One packet on its way. */
export interface Packet {
  /** Index of its first component in the transmission. */
  first: number;
  /** Sent components. */
  x: Float32Array;
  reception: Reception;
  /** How often it was sent; 0 where it holds nothing yet. */
  tries: number;
  /** Of the latest try, as `reception` and `durationS` are. */
  sentAtS: number;
  /** Time on the air [s]. */
  durationS: number;
}

/** The channel's process: each packet arrives when its time on the air is over. */
export function* channelProcess(
  sim: Simulation,
  link: Link,
  air: Store<Packet>,
  arrived: Store<Packet>,
): ProcessGenerator {
  for (;;) {
    const packet = yield* air.get();
    yield* sim.timeout(packet.durationS);
    sendThrough(link, packet.x, packet.sentAtS, packet.reception, packet.first);
    yield* arrived.put(packet);
  }
}
