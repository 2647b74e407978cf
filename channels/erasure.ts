/**
 * Packets that are lost, at random or in bursts. What arrives is exact; what is lost is known to be lost.
 *
 * Without `burstPackets` every packet is lost with probability `lossRate`, independently. With it the packets
 * walk through the two states of Gilbert and Elliott, one step per packet sent:
 *
 *   a packet in a burst is lost with probability `lossInBurst`, any other with `lossOutside`
 *   P(burst ends) = 1 / burstPackets,   P(burst begins) = P(burst ends) π / (1 − π)
 *   π = (lossRate − lossOutside) / (lossInBurst − lossOutside), the share of packets in bursts
 *
 * The first packet is in a burst with probability π, so that the loss rate is the same throughout.
 *
 * Sources: Gilbert, Bell System Technical Journal 39 (1960) 1253; Elliott, the same 42 (1963) 1977.
 * Limits: the chain steps with packets, not with time, so that a pause does not end a burst. Noise comes from
 * another channel in a `chain`.
 */
import { z } from "zod";
import { defineChannel } from "../src/channel.js";
import { quantity } from "../src/units.js";

const probability = () => z.number().min(0).max(1);

export const erasure = defineChannel({
  name: "erasure",
  summary: "packets lost at random or in bursts (Gilbert-Elliott)",

  params: z
    .strictObject({
      lossRate: quantity(undefined, probability()).describe("share of the packets that is lost"),
      burstPackets: quantity(undefined, z.number().min(1).max(1e9))
        .optional()
        .describe("mean length of a burst of losses [packets]; absent: losses are independent"),
      lossInBurst: quantity(undefined, probability())
        .prefault(1)
        .describe("share of the packets in a burst that is lost"),
      lossOutside: quantity(undefined, probability())
        .prefault(0)
        .describe("share of the packets outside of bursts that is lost"),
    })
    .superRefine(({ lossRate, burstPackets, lossInBurst, lossOutside }, context) => {
      const issue = (key: string, message: string, input: number) =>
        context.addIssue({ code: "custom", path: [key], message, input });
      if (burstPackets === undefined) {
        if (lossInBurst !== 1) issue("lossInBurst", "needs burstPackets", lossInBurst);
        if (lossOutside !== 0) issue("lossOutside", "needs burstPackets", lossOutside);
        return;
      }
      if (!(lossRate >= lossOutside && lossRate < lossInBurst)) {
        const range = `from lossOutside (${lossOutside}) to below lossInBurst (${lossInBurst})`;
        return issue("lossRate", `must lie ${range}`, lossRate);
      }
      const inBursts = (lossRate - lossOutside) / (lossInBurst - lossOutside);
      const least = inBursts / (1 - inBursts);
      if (burstPackets < least) {
        const shorter = `at least ${least.toPrecision(4)}: with this lossRate, shorter bursts would follow each other at once`;
        issue("burstPackets", `must be ${shorter}`, burstPackets);
      }
    }),

  open(params, { random }) {
    const losses = random.stream("losses");
    const walk = burstWalk(params, random.stream("bursts"));

    return {
      transmit(x, _timeS, reception) {
        const { y, variances } = reception;
        // Drawn for every packet, so that a larger rate loses what a smaller one does, and more.
        if (losses.uniform() < walk()) {
          y.fill(0);
          variances.fill(Infinity);
          reception.noiseVariance = variances;
          reception.erased = x.length;
        } else {
          y.set(x);
          reception.noiseVariance = 0;
        }
      },
    };
  },
});

interface Bursts {
  readonly lossRate: number;
  readonly burstPackets?: number | undefined;
  readonly lossInBurst: number;
  readonly lossOutside: number;
}

/** Loss probability of the next packet. */
function burstWalk(params: Bursts, stream: { uniform(): number }): () => number {
  const { lossRate, burstPackets, lossInBurst, lossOutside } = params;
  if (burstPackets === undefined) return () => lossRate;
  const inBursts = (lossRate - lossOutside) / (lossInBurst - lossOutside);
  const ends = 1 / burstPackets;
  const begins = (ends * inBursts) / (1 - inBursts);
  let inBurst: boolean | undefined;
  return () => {
    const draw = stream.uniform();
    if (inBurst === undefined) inBurst = draw < inBursts;
    else inBurst = inBurst ? draw >= ends : draw < begins;
    return inBurst ? lossInBurst : lossOutside;
  };
}
