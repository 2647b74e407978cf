/** Share of packets that are lost, and how long bursts of losses are. */
import { erasure } from "../../../channels/erasure.js";
import { type Check, meanOfIndependent } from "../check.js";
import { sendPackets } from "../send.js";

const packets = 20_000;

/** 1 where a packet was lost. */
function losses(params: object, seed: string, effort: number): Uint8Array {
  const x = new Float32Array(2 * Math.ceil(packets * effort)).fill(1);
  const sent = sendPackets({ channel: erasure, params, x, complex: true, seed, packet: 2 });
  return Uint8Array.from(sent, ({ erased }) => (erased > 0 ? 1 : 0));
}

export const erasureRate: Check = {
  channel: "erasure",
  name: "loss rate, independent losses",
  x: "lossRate",
  y: "share of packets lost",
  continuous: true,
  source: "by definition",
  at: [0.02, 0.1, 0.35, 0.8],
  theory: (lossRate) => lossRate,
  simulate: (lossRate, seed, effort) => meanOfIndependent(losses({ lossRate }, seed, effort)),
};

export const burstLength: Check = {
  channel: "erasure",
  name: "mean length of a burst, loss rate 0.2",
  x: "burstPackets",
  y: "packets lost in a row",
  continuous: true,
  source: "1 / P(burst ends): Gilbert, Bell Syst. Tech. J. 39 (1960) 1253–1265",
  at: [1.5, 3, 8],
  theory: (burstPackets) => burstPackets,
  simulate(burstPackets, seed, effort) {
    const runs: number[] = [];
    let length = 0;
    for (const lost of losses({ lossRate: 0.2, burstPackets }, seed, 4 * effort)) {
      if (lost) length++;
      else if (length > 0) runs.push(length);
      if (!lost) length = 0;
    }
    return meanOfIndependent(runs);
  },
};
