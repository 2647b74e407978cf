/**
 * Speed of the channels: real components per second through packets of 4,096 on one core, as one component
 * is one weight; for complex symbols halve it. Channels are opened beforehand, as once per transmission.
 */
import { pathToFileURL } from "node:url";
import { channels as list } from "../../channels/index.js";
import { airtimeOf, type Channel } from "../../src/channel.js";
import { RandomSource } from "../../src/kernel/index.js";
import { contextOf, receptionInto } from "../channels/sending.js";
import { type BenchLine, medianOf, printLines } from "./bench-line.js";

const block = 4096; // components in a packet
const seconds = 0.25; // a repetition takes about that long

interface Example {
  readonly params: object;
  /** Millions per second. */
  readonly target?: number;
  /** Components in a complex symbol, where the target counts those. */
  readonly complex?: boolean;
}

export const ofdm = {
  snrDb: 20,
  profile: "tdl-c",
  delaySpreadS: 300e-9,
  speedMps: 30,
  carrierHz: 3.5e9,
  subcarrierSpacingHz: 30e3,
  fftSize: 1024,
  cyclicPrefix: 96,
};

/** By name, what each channel is timed with. A channel that is not here is left out. */
const examples: Record<string, readonly Example[]> = {
  awgn: [{ params: { snrDb: 7 }, target: 40, complex: true }],
  "block-fading": [{ params: { snrDb: 7, coherenceS: 1e-4 }, target: 30, complex: true }],
  doppler: [{ params: { snrDb: 7, speedMps: 30, carrierHz: 3.5e9 }, target: 10, complex: true }],
  "multipath-ofdm": [
    { params: ofdm, target: 3, complex: true },
    { params: { ...ofdm, knowledge: { name: "pilots", spacing: 8 } }, complex: true },
    {
      params: { ...ofdm, knowledge: { name: "pilots", spacing: 8, estimator: "lmmse" } },
      complex: true,
    },
  ],
  "pcm-storage": [
    { params: { readAfterS: 86_400 }, target: 3 },
    { params: { readAfterS: 86_400, preset: "hermes-pair" } },
  ],
  "quantized-analog": [
    { params: { snrDb: 20, dacBits: 6, adcBits: 6 }, target: 30, complex: true },
  ],
  "reram-storage": [
    { params: { readAfterS: 86_400 } },
    { params: { readAfterS: 86_400, preset: "cmo" } },
  ],
};

export async function channels(): Promise<BenchLine[]> {
  return (list as readonly unknown[] as readonly Channel[]).flatMap((channel) =>
    (examples[channel.name] ?? []).map((example) => line(channel, example)),
  );
}

function line(channel: Channel, { params, target, complex = false }: Example): BenchLine {
  const perSecond = componentsPerSecond(channel, params, complex);
  const { snrDb: _, ...told } = params as Record<string, unknown>;
  const settings = Object.entries(told).map(
    ([key, value]) => `${key} ${typeof value === "object" ? JSON.stringify(value) : value}`,
  );
  const perSymbol = complex ? 2 : 1;
  return {
    name: [`channel ${channel.name}`, ...settings, `blocks of ${block}`].join(", "),
    value: perSecond / perSymbol / 1e6,
    unit: complex ? "million complex symbols/s" : "million components/s",
    ...(target !== undefined && { target: `>= ${target}` }),
  };
}

function componentsPerSecond(channel: Channel, params: object, complex: boolean): number {
  const x = new Float32Array(block);
  new RandomSource(1).stream("weights").fillNormal(x);
  const peak = x.reduce((a, b) => Math.max(a, Math.abs(b)), 0);
  // One tensor that never ends, as most packets lie within one.
  const stretches = [{ first: 0, components: Number.MAX_SAFE_INTEGER, peak }];
  const context = contextOf({
    components: block,
    signal: momentsOf(x),
    stretches,
    complex,
    sample: x,
  });
  const link = channel.open(channel.params.parse(params) as never, context);
  const reception = receptionInto(new Float32Array(block));
  const symbols = block / (complex ? 2 : 1);
  const packetS = airtimeOf(link, symbols, context.symbolRateHz);
  let sent = 0; // over all repetitions, since packets come in the order of time
  const packets = (count: number) => {
    const start = performance.now();
    for (let i = 0; i < count; i++) link.transmit(x, sent++ * packetS, reception, 0);
    return (performance.now() - start) / 1000;
  };
  packets(50); // compiled by then
  const count = Math.max(1, Math.ceil((50 * seconds) / packets(50)));
  return medianOf(7, () => (count * block) / packets(count));
}

function momentsOf(x: Float32Array): { meanSquare: number; variance: number } {
  let sum = 0;
  let squares = 0;
  for (const v of x) {
    sum += v;
    squares += v * v;
  }
  const meanSquare = squares / x.length;
  return { meanSquare, variance: meanSquare - (sum / x.length) ** 2 };
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) printLines(await channels());
