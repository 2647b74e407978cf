/**
 * One transmission of a ResNet18 (11,164,362 weights) through each channel on one core: kernel, transmitter,
 * channel and receiver, as a trial does it.
 */
import { pathToFileURL } from "node:url";
import { channels as list } from "../../channels/index.js";
import type { Channel } from "../../src/channel.js";
import { RandomSource } from "../../src/kernel/index.js";
import { transmit } from "../../src/study/transmission.js";
import { transmitterParams, weightStatistics } from "../../src/transmitter/transmitter.js";
import { type BenchLine, medianOf, printLines } from "./bench-line.js";
import { ofdm } from "./channels.js";

const count = 11_164_362;
const tensors = 21;

/** By name, how each channel is set. */
const examples: Record<string, object> = {
  awgn: { snrDb: 7 },
  "block-fading": { snrDb: 20, coherenceS: 1e-4 },
  chain: {
    links: [
      { name: "pcm-storage", readAfterS: 86_400 },
      { name: "awgn", snrDb: 7 },
    ],
  },
  doppler: { snrDb: 20, speedMps: 30, carrierHz: 3.5e9 },
  erasure: { lossRate: 0.1 },
  "multipath-ofdm": ofdm,
  "pcm-storage": { readAfterS: 86_400 },
  "quantized-analog": { snrDb: 20, dacBits: 6, adcBits: 6 },
  "reram-storage": { readAfterS: 86_400 },
};

export async function transmission(): Promise<BenchLine[]> {
  const weights = new Float32Array(count);
  new RandomSource(1).stream("weights").fillNormal(weights, 0.02);
  const size = Math.ceil(count / tensors);
  const entries = Array.from({ length: tensors }, (_, i) => {
    const offset = i * size;
    const own = Math.min(size, count - offset);
    return { name: `w${i}`, shape: [own], size: own, role: "weight" as const, offset };
  });
  const r = new Float32Array(count);
  const channels = (list as readonly unknown[] as readonly Channel[]).filter(
    ({ name }) => name in examples,
  );
  return channels.map((channel) => {
    const value = medianOf(3, () => {
      const start = performance.now();
      transmit(
        {
          weights,
          layout: { size: count, entries },
          statistics: weightStatistics(weights),
          transmitter: transmitterParams.parse({ mapping: "iq" }),
          channel,
          channelParams: channel.params.parse(examples[channel.name]) as never,
          trial: 0,
          random: new RandomSource(2),
        },
        r,
      );
      return (performance.now() - start) / 1000;
    });
    return { name: `11.16 million weights through ${channel.name}, IQ mapping`, value, unit: "s" };
  });
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) printLines(await transmission());
