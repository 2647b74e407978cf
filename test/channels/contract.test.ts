/** What every channel must do, run over the list of channels. */
import { describe, expect, test } from "vitest";
import { channels } from "../../channels/index.js";
import type { Channel, Stretch } from "../../src/channel.js";
import { assertWithin } from "../within.js";
import { noiseFile } from "./noise-file.js";
import { contextOf, receptionInto } from "./sending.js";

/** Parameters to open each channel with; a channel without an entry here fails the suite. */
const examples: Record<string, () => object> = {
  awgn: () => ({ snrDb: 7 }),
  "block-fading": () => ({ snrDb: 7, coherenceS: "37 us", kFactorDb: 2 }),
  doppler: () => ({ snrDb: 7, speedMps: 300, carrierHz: "3.5 GHz" }),
  chain: () => ({
    links: [
      { name: "pcm-storage", readAfterS: "1 day" },
      { name: "awgn", snrDb: 7 },
    ],
  }),
  erasure: () => ({ lossRate: 0.3, burstPackets: 2 }),
  "multipath-ofdm": () => ({
    snrDb: 7,
    profile: "tdl-c",
    delaySpreadS: "1 us",
    speedMps: 30,
    carrierHz: "3.5 GHz",
    subcarrierSpacingHz: "30 kHz",
    fftSize: 128,
    cyclicPrefix: 9,
  }),
  "pcm-storage": () => ({ readAfterS: "1 day" }),
  "quantized-analog": () => ({
    snrDb: 7,
    dacBits: 6,
    pa: { name: "rapp", inputBackoffDb: 4 },
    adcBits: 5,
    adcClipSigma: 3,
  }),
  recorded: () => ({ path: noiseFile(4096), snrDb: 7 }),
  "reram-storage": () => ({ readAfterS: "1 day" }),
};

/** Channels whose only noise is white, of the level that is given. */
const whiteNoise = ["awgn", "recorded"];

/** Channels that treat a packet as a whole, so that its length matters. */
const wholePackets = ["erasure", "multipath-ofdm"];

/** Channels that call a function for every device, whose result the engine puts on the heap for a moment. */
const devices = ["chain", "pcm-storage", "reram-storage"];

/** Two tensors, which packets do not end with; the largest magnitude is that of `x` below. */
function tensors(components: number): Stretch[] {
  const first = Math.floor(0.4 * components);
  return [
    { first: 0, components: first, peak: 2 },
    { first, components: components - first, peak: 2 },
  ];
}

/** Of `x` below; the variance is set apart, so that it is not taken for the mean square. */
const signal = { meanSquare: 2, variance: 1.5 };

function send(channel: Channel, params: object, x: Float32Array, seed = 1) {
  const link = channel.open(
    channel.params.parse(params),
    contextOf({ seed, components: x.length, stretches: tensors(x.length), sample: x, signal }),
  );
  const reception = receptionInto(new Float32Array(x.length));
  link.transmit(x, 0, reception, 0);
  return reception;
}

describe.each(channels.map((c) => [c.name, c as unknown as Channel] as const))(
  "%s",
  (name, channel) => {
    const x = Float32Array.from({ length: 1000 }, (_, k) => 2 * Math.cos(k));

    test("same seed, same output; the input is untouched", () => {
      const params = examples[name]();
      const before = x.slice();
      expect(send(channel, params, x).y).toEqual(send(channel, params, x).y);
      expect(x).toEqual(before);
    });

    if (!wholePackets.includes(name)) {
      test("packets in sequence meet what one long packet meets", () => {
        const params = examples[name]();
        const whole = send(channel, params, x).y;
        const link = channel.open(
          channel.params.parse(params),
          contextOf({ components: 1000, stretches: tensors(1000), sample: x, signal }),
        );
        const parts = new Float32Array(1000);
        for (const [from, to] of [
          [0, 300],
          [300, 301],
          [301, 1000],
        ]) {
          const reception = receptionInto(parts.subarray(from, to));
          link.transmit(x.subarray(from, to), from / 1e6, reception, from);
        }
        expect(parts).toEqual(whole);
      });
    }

    test("what is lost is 0, has infinite variance and is counted; all else has a variance", () => {
      for (let seed = 1; seed <= 4; seed++) {
        const { y, noiseVariance, erased } = send(channel, examples[name](), x, seed);
        const each = typeof noiseVariance === "number" ? y.map(() => noiseVariance) : noiseVariance;
        expect(each).toHaveLength(x.length);
        expect(each.every((variance) => variance >= 0)).toBe(true);
        expect(each.filter((variance) => variance === Infinity)).toHaveLength(erased);
        expect(y.every((v, k) => Number.isFinite(v) && (each[k] < Infinity || v === 0))).toBe(true);
      }
    });

    test("what arrives has the size of what was sent, in the mean", () => {
      let [received, sent, noise] = [0, 0, 0];
      for (let seed = 1; seed <= 40; seed++) {
        const { y, noiseVariance } = send(channel, examples[name](), x, seed);
        for (let k = 0; k < x.length; k++) {
          const variance = typeof noiseVariance === "number" ? noiseVariance : noiseVariance[k];
          if (variance === Infinity) continue;
          // Weighted as an estimator would, since the error of a deep fade has no variance.
          const weight = 1 / (1 + variance);
          received += weight * y[k] * x[k];
          sent += weight * x[k] * x[k];
          noise += weight * weight * variance * x[k] * x[k];
        }
      }
      const slack = 0.02 * sent; // drift and clipping are compensated to about that
      assertWithin(received, sent, slack / 5 + Math.sqrt(noise));
    });

    test("nothing is allocated per symbol", () => {
      const count = 4096;
      const stretches = [{ first: 0, components: Number.MAX_SAFE_INTEGER, peak: 2 }];
      const link = channel.open(
        channel.params.parse(examples[name]()),
        contextOf({ components: count, stretches }),
      );
      const packet = Float32Array.from({ length: count }, (_, k) => 2 * Math.cos(k));
      const reception = receptionInto(new Float32Array(count));
      let sent = 0;
      const allocatedBy = (packets: number) => {
        const before = process.memoryUsage();
        for (let i = 0; i < packets; i++, sent++) {
          reception.erased = 0;
          link.transmit(packet, (sent * count) / 1e6, reception, sent * count);
        }
        const after = process.memoryUsage();
        return after.heapUsed - before.heapUsed + after.arrayBuffers - before.arrayBuffers;
      };
      allocatedBy(60); // compiled by then
      // The largest of several: a collection in between hides what was allocated.
      const most = Math.max(...Array.from({ length: 6 }, () => allocatedBy(20)));
      expect(most / (20 * count)).toBeLessThan(devices.includes(name) ? 250 : 4);
    });

    test("parameters are strict", () => {
      const params = { ...examples[name](), unknown: 7 };
      expect(channel.params.safeParse(params).error?.issues[0].code).toBe("unrecognized_keys");
    });

    // A law that does not hold for a channel is no test of it, so it is not there to be skipped.
    if (whiteNoise.includes(name)) {
      test("the stated noise variance per real component is that of snrDb or wnrDb", () => {
        const params = { ...examples[name](), snrDb: 7 };
        expect(send(channel, params, x).noiseVariance).toBeCloseTo(2 / 10 ** 0.7, 12);
        const { snrDb: _, ...rest } = params;
        const byWnr = { ...rest, wnrDb: 7 };
        expect(send(channel, byWnr, x).noiseVariance).toBeCloseTo(1.5 / 10 ** 0.7, 12);
      });
    }

    if ("snrDb" in channel.params.shape) {
      test("exactly one noise level is given", () => {
        const params = examples[name]();
        expect(channel.params.safeParse({ ...params, wnrDb: 7 }).error?.issues[0].message).toBe(
          "takes one of snrDb, wnrDb and budget, not several",
        );
        expect(channel.params.safeParse({ ...params, snrDb: Infinity }).success).toBe(false);
        expect(channel.params.safeParse({ ...params, snrDb: "ten" }).success).toBe(false);
      });
    }
  },
);
