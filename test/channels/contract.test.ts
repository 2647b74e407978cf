/** What every channel must do, run over the list of channels. */
import { describe, expect, test } from "vitest";
import { channels } from "../../channels/index.js";
import type { Channel } from "../../src/channel.js";
import { noiseFile } from "./noise-file.js";
import { contextOf, receptionInto } from "./sending.js";

/** Parameters to open each channel with; a channel without an entry here fails the suite. */
const examples: Record<string, () => object> = {
  awgn: () => ({ snrDb: 7 }),
  recorded: () => ({ path: noiseFile(4096), snrDb: 7 }),
};

function send(channel: Channel, params: object, x: Float32Array, seed = 1) {
  const link = channel.open(
    channel.params.parse(params),
    contextOf({ seed, components: x.length }),
  );
  const reception = receptionInto(new Float32Array(x.length));
  link.transmit(x, 0, reception);
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
      const link = channel.open(channel.params.parse(params), contextOf({ components: 1000 }));
      const parts = new Float32Array(1000);
      for (const [from, to] of [
        [0, 300],
        [300, 301],
        [301, 1000],
      ]) {
        const reception = receptionInto(parts.subarray(from, to));
        link.transmit(x.subarray(from, to), from, reception);
      }
      expect(parts).toEqual(whole);
    });

    test("states the noise variance per real component", () => {
      const params = { ...examples[name](), snrDb: 7 };
      expect(send(channel, params, x).noiseVariance).toBeCloseTo(4 / 10 ** 0.7, 12);
      const { snrDb: _, ...rest } = params;
      const byWnr = { ...rest, wnrDb: 7 };
      expect(send(channel, byWnr, x).noiseVariance).toBeCloseTo(3 / 10 ** 0.7, 12);
    });

    test("parameters are strict, and exactly one noise level is given", () => {
      const params = examples[name]();
      expect(channel.params.safeParse({ ...params, snrDB: 7 }).success).toBe(false);
      expect(channel.params.safeParse({ ...params, wnrDb: 7 }).error?.issues[0].message).toBe(
        "takes snrDb or wnrDb, not both",
      );
      expect(channel.params.safeParse({ ...params, snrDb: Infinity }).success).toBe(false);
      expect(channel.params.safeParse({ ...params, snrDb: "ten" }).success).toBe(false);
    });
  },
);
