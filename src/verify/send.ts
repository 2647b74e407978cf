/** Sends symbols through a channel as a run does, without weights. */
import { airtimeOf, type Channel, type Reception, receptionOf, sendThrough } from "../channel.js";
import { RandomSource } from "../kernel/index.js";
import { meanSquare } from "../math/statistics.js";

export interface Sending {
  readonly channel: unknown;
  /** As a scenario has them, without the name. */
  readonly params: object;
  /** Components; with `complex`, I and Q of a symbol are neighbours. */
  readonly x: Float32Array;
  readonly complex: boolean;
  /** Mean square that the channel is told of, which a random `x` has on average; that of `x` where absent. */
  readonly meanSquare?: number;
  readonly seed: string;
  readonly trial?: number;
  readonly symbolRateHz?: number;
  /** Components of a packet; all where absent. */
  readonly packet?: number;
}

/** What arrives of each packet, in order. */
export function* sendPackets(sending: Sending): Generator<Reception> {
  const { x, complex, seed, trial = 0, symbolRateHz = 1e6, packet = x.length } = sending;
  const channel = sending.channel as Channel;
  const power = sending.meanSquare ?? meanSquare(x);
  const peak = x.reduce((largest, v) => Math.max(largest, Math.abs(v)), 0);
  const link = channel.open(channel.params.parse(sending.params), {
    signal: { meanSquare: power, variance: power },
    components: x.length,
    stretches: [{ first: 0, components: x.length, peak }],
    sample: (most) => x.subarray(0, most),
    complex,
    symbolRateHz,
    trial,
    random: new RandomSource(seed, `trial ${trial}`, "channel"),
  });
  let timeS = 0;
  for (let first = 0; first < x.length; first += packet) {
    const part = x.subarray(first, first + packet);
    const reception = receptionOf(part.length);
    sendThrough(link, part, timeS, reception, first);
    timeS += airtimeOf(link, complex ? part.length / 2 : part.length, symbolRateHz);
    yield reception;
  }
}

/** The same in one packet. */
export function send(sending: Omit<Sending, "packet">): Reception {
  return sendPackets(sending).next().value as Reception;
}

/** Normal numbers of unit variance, one stream per name. */
export function gaussian(count: number, seed: string, name: string): Float32Array {
  const x = new Float32Array(count);
  new RandomSource(seed, "verify").stream(name).fillNormal(x);
  return x;
}
