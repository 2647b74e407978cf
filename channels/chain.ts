/**
 * One channel after another: what leaves the first enters the second, such as weights that were held in a
 * memory and are then sent.
 *
 *   y₁ = x + n₁,  y₂ = y₁ + n₂, …    Var[n] = Var[n₁] + Var[n₂] + …
 *
 * The noises are independent and every link is unbiased, so their variances add; what any link loses is lost.
 * Every link has random streams of its own. The noise level of each refers to the signal that enters the
 * chain: a link forwards what it receives without amplifying it again. The links are stages of one transmission:
 * the slowest sets its airtime, and the one that spends most on its symbols (pilots, prefixes) its energy.
 *
 * A memory holds the weights in their order, so it can only come first, and it is read once: a packet that is
 * sent again is the reading that was sent before.
 *
 * Limits: no link decodes; an equalizer that is biased (mmse) biases what follows.
 */
import { z } from "zod";
import {
  airtimeOf,
  type Channel,
  defineChannel,
  type Link,
  type Reception,
  receptionOf,
  sendThrough,
} from "../src/channel.js";
import { sumOfSquares } from "../src/math/statistics.js";
import { named } from "../src/named.js";

type Settings = { name: string };

/** The chain of any of these channels. */
export function chainOf(channels: readonly Channel[]) {
  const byName = new Map(channels.map((channel) => [channel.name, channel]));
  const channelOf = ({ name }: Settings) => byName.get(name)!;
  const holds = (link: Settings) => channelOf(link).stores?.(link as never) ?? false;

  return defineChannel({
    name: "chain",
    summary: "one channel after another, e.g. stored, then sent",

    params: z
      .strictObject({
        links: z
          .array(named(channels))
          .min(2, "must be a list of at least two channels")
          .describe("channels in the order in which the weights meet them"),
      })
      .superRefine(({ links }, context) => {
        links.forEach((link, i) => {
          const { name } = link as Settings;
          if (i === 0 || !holds(link as Settings)) return;
          const message = `must come first in a chain: it holds weights as they leave, not symbols as they arrive`;
          context.addIssue({ code: "custom", path: ["links", i, "name"], message, input: name });
        });
      }),

    stores: ({ links }) => holds(links[0] as Settings),

    inverts: ({ links }) =>
      links.some((link) => channelOf(link as Settings).inverts?.(link as never) ?? false),

    files: ({ links }) =>
      links.flatMap((link) => channelOf(link as Settings).files?.(link as never) ?? []),

    open({ links }, context) {
      const parts = links.map((settings, i) => {
        const channel = channelOf(settings as Settings);
        const random = context.random.child(`${i} ${channel.name}`);
        const link = channel.open(settings as never, { ...context, random });
        return new Part(link, holds(settings as Settings));
      });
      const senders = parts.filter(({ stores }) => !stores);

      return {
        transmit(x, timeS, reception, first) {
          const { y, variances } = reception;
          variances.fill(0);
          let arriving = x;
          let sentEnergy = sumOfSquares(x);
          let factor = 1; // energy that a link spends over that of what enters it
          for (const part of parts) {
            const own = part.transmit(arriving, timeS, first);
            addVariances(variances, own.noiseVariance);
            if (part.stores) sentEnergy = sumOfSquares(own.y);
            else if (own.energy > 0) factor = Math.max(factor, own.energy / sumOfSquares(arriving));
            arriving = own.y;
          }
          reception.energy = factor * sentEnergy;
          y.set(arriving);
          reception.erased = markErased(y, variances);
          reception.noiseVariance = variances;
          for (const part of parts) part.settle(first, reception.erased > 0);
        },
        // Links forward while they receive, so the slowest one sets the pace.
        durationS: (symbols) =>
          Math.max(...senders.map(({ link }) => airtimeOf(link, symbols, context.symbolRateHz))),
        shrunk: parts.some(({ link }) => link.shrunk === true),
        notes: parts.flatMap(({ link }) => link.notes ?? []),
      };
    },
  });
}

/** One link of the chain with room for what leaves it. */
class Part {
  #reception = receptionOf(0);
  /** Readings of packets that may be sent again, by first component. */
  readonly #readings = new Map<number, Reception>();

  constructor(
    readonly link: Link,
    readonly stores: boolean,
  ) {}

  transmit(x: Float32Array, timeS: number, first: number): Reception {
    const kept = this.#readings.get(first);
    if (kept !== undefined) return kept;
    if (this.#reception.y.length !== x.length) this.#reception = receptionOf(x.length);
    sendThrough(this.link, x, timeS, this.#reception, first);
    return this.#reception;
  }

  /** Whether the packet may come again. */
  settle(first: number, mayComeAgain: boolean): void {
    if (!this.stores) return;
    if (!mayComeAgain) this.#readings.delete(first);
    else if (!this.#readings.has(first)) {
      this.#readings.set(first, this.#reception);
      this.#reception = receptionOf(0);
    }
  }
}

function addVariances(total: Float32Array, one: number | Float32Array): void {
  if (typeof one === "number") for (let k = 0; k < total.length; k++) total[k] += one;
  else for (let k = 0; k < total.length; k++) total[k] += one[k];
}

/** What one link has lost, later ones cannot bring back; returns how many components those are. */
function markErased(y: Float32Array, variances: Float32Array): number {
  let erased = 0;
  for (let k = 0; k < y.length; k++) {
    if (variances[k] !== Infinity) continue;
    y[k] = 0;
    erased++;
  }
  return erased;
}
