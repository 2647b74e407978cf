/** What every channel must do, run over the list of channels. */
import { describe, expect, test } from "vitest";
import { channels } from "../../channels/index.js";
import type { Channel, Stretch } from "../../src/channel.js";
import { noiseFile } from "./noise-file.js";
import { contextOf, receptionInto } from "./sending.js";

/** Parameters to open each channel with; a channel without an entry here fails the suite. */
const examples: Record<string, () => object> = {
  awgn: () => ({ snrDb: 7 }),
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

/** Two tensors, which packets do not end with; the largest magnitude is that of `x` below. */
function tensors(components: number): Stretch[] {
  const first = Math.floor(0.4 * components);
  return [
    { first: 0, components: first, peak: 2 },
    { first, components: components - first, peak: 2 },
  ];
}

function send(channel: Channel, params: object, x: Float32Array, seed = 1) {
  const link = channel.open(
    channel.params.parse(params),
    contextOf({ seed, components: x.length, stretches: tensors(x.length) }),
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

    test("packets in sequence meet what one long packet meets", () => {
      const params = examples[name]();
      const whole = send(channel, params, x).y;
      const link = channel.open(
        channel.params.parse(params),
        contextOf({ components: 1000, stretches: tensors(1000) }),
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

    test("states a noise variance for every real component", () => {
      const { noiseVariance } = send(channel, examples[name](), x);
      const each = typeof noiseVariance === "number" ? [noiseVariance] : noiseVariance;
      if (typeof noiseVariance !== "number") expect(noiseVariance).toHaveLength(x.length);
      for (const variance of each) expect(variance > 0 && variance < Infinity).toBe(true);
    });

    test("parameters are strict", () => {
      const params = { ...examples[name](), unknown: 7 };
      expect(channel.params.safeParse(params).error?.issues[0].code).toBe("unrecognized_keys");
    });

    // A law that does not hold for a channel is no test of it, so it is not there to be skipped.
    if (whiteNoise.includes(name)) {
      test("the stated noise variance per real component is that of snrDb or wnrDb", () => {
        const params = { ...examples[name](), snrDb: 7 };
        expect(send(channel, params, x).noiseVariance).toBeCloseTo(4 / 10 ** 0.7, 12);
        const { snrDb: _, ...rest } = params;
        const byWnr = { ...rest, wnrDb: 7 };
        expect(send(channel, byWnr, x).noiseVariance).toBeCloseTo(3 / 10 ** 0.7, 12);
      });
    }

    if ("snrDb" in channel.params.shape) {
      test("exactly one noise level is given", () => {
        const params = examples[name]();
        expect(channel.params.safeParse({ ...params, wnrDb: 7 }).error?.issues[0].message).toBe(
          "takes snrDb or wnrDb, not both",
        );
        expect(channel.params.safeParse({ ...params, snrDb: Infinity }).success).toBe(false);
        expect(channel.params.safeParse({ ...params, snrDb: "ten" }).success).toBe(false);
      });
    }
  },
);
