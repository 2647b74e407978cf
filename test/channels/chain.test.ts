import { describe, expect, test } from "vitest";
import { z } from "zod";
import { awgn } from "../../channels/awgn.js";
import { chainOf } from "../../channels/chain.js";
import { channels } from "../../channels/index.js";
import { pcmStorage } from "../../channels/pcm-storage.js";
import { type Channel, defineChannel, sendThrough } from "../../src/channel.js";
import { assertWithin } from "../within.js";
import { contextOf, receptionInto } from "./sending.js";

const chain = (channels as readonly unknown[] as readonly Channel[]).find(
  ({ name }) => name === "chain",
)!;

const count = 100_000;
const x = Float32Array.from({ length: count }, (_, k) => Math.cos(k));
const context = contextOf({ components: count, signal: { meanSquare: 0.5, variance: 0.5 } });
const open = (...links: object[]) => chain.open(chain.params.parse({ links }) as never, context);

test("noises add up, and each link has noise of its own", () => {
  const link = open({ name: "awgn", snrDb: 7 }, { name: "awgn", snrDb: 7 });
  const reception = receptionInto(new Float32Array(count));
  link.transmit(x, 0, reception, 0);
  const theory = (2 * 0.5) / 10 ** 0.7;
  const stated = reception.noiseVariance as Float32Array;
  expect(stated[17]).toBeCloseTo(theory, 6);
  let error = 0;
  for (let k = 0; k < count; k++) error += (reception.y[k]! - x[k]!) ** 2;
  // Equal noises would give twice that.
  assertWithin(error / count, theory, theory * Math.sqrt(2 / count));
});

test("stored, then sent: what is read is what is sent", () => {
  const stored = receptionInto(new Float32Array(count));
  const params = { preset: "nandakumar-2019", readAfterS: 3600 };
  const random = context.random.child("0 pcm-storage");
  pcmStorage
    .open(pcmStorage.params.parse(params), { ...context, random })
    .transmit(x, 0, stored, 0);
  const reception = receptionInto(new Float32Array(count));
  open({ name: "pcm-storage", ...params }, { name: "erasure", lossRate: 0 }).transmit(
    x,
    0,
    reception,
    0,
  );
  expect(Buffer.from(reception.y.buffer).equals(Buffer.from(stored.y.buffer))).toBe(true);
  const alike = (stored.noiseVariance as Float32Array).every(
    (v, k) => v === (reception.noiseVariance as Float32Array)[k],
  );
  expect(alike).toBe(true);
});

test("cells of a converter are not handed on: what comes before or behind them is not in them", () => {
  const converter = { name: "quantized-analog", snrDb: 12, adcBits: 3 };
  const noise = { name: "awgn", snrDb: 7 };
  const reception = receptionInto(new Float32Array(count));
  const cellsOf = (link: ReturnType<typeof open>) => {
    sendThrough(link, x, 0, reception, 0);
    return reception.cells;
  };
  const { name: _, ...params } = converter;
  const alone = (channels as readonly unknown[] as readonly Channel[])
    .find(({ name }) => name === converter.name)!
    .open({ pa: { name: "linear" }, ...params } as never, context);
  expect(cellsOf(alone)?.count).toBe(8);
  expect(cellsOf(open(converter, noise))).toBeUndefined();
  expect(cellsOf(alone)?.count).toBe(8);
  expect(cellsOf(open(noise, converter))).toBeUndefined();
});

/** Loses the first packet that is sent, and no other. */
const losesFirst = defineChannel({
  name: "loses-first",
  summary: "",
  params: z.strictObject({}),
  open: () => {
    let sent = 0;
    return {
      transmit(x, _timeS, reception) {
        const lost = sent++ === 0;
        if (!lost) reception.y.set(x);
        reception.noiseVariance = lost ? reception.variances.fill(Infinity) : 0;
        reception.erased = lost ? x.length : 0;
      },
    };
  },
});

test("a packet that comes again is the reading that was lost", () => {
  const chained = chainOf([pcmStorage, losesFirst] as readonly unknown[] as readonly Channel[]);
  const links = [{ name: "pcm-storage", readAfterS: 60 }, { name: "loses-first" }];
  const link = chained.open(chained.params.parse({ links }), context);
  const memory = pcmStorage.open(pcmStorage.params.parse({ readAfterS: 60 }), {
    ...context,
    random: context.random.child("0 pcm-storage"),
  });
  const send = (to: typeof link, packet: number) => {
    const reception = receptionInto(new Float32Array(4));
    to.transmit(x.subarray(4 * packet, 4 * packet + 4), 0, reception, 4 * packet);
    return reception;
  };
  const readings = [send(memory, 0), send(memory, 1)];
  const [lost, next, again] = [send(link, 0), send(link, 1), send(link, 0)];
  expect(lost.erased).toBe(4);
  expect(next.y).toEqual(readings[1]!.y);
  expect(again.y).toEqual(readings[0]!.y);
  expect(again.noiseVariance).toEqual(readings[0]!.noiseVariance);
});

test("a chain that begins with a memory holds the weights in their order, any other does not", () => {
  const stores = (...links: object[]) => chain.stores!(chain.params.parse({ links }) as never);
  const sent = { name: "awgn", snrDb: 3 };
  expect(stores({ name: "pcm-storage", readAfterS: 60 }, sent)).toBe(true);
  expect(stores(sent, { name: "erasure", lossRate: 0.1 })).toBe(false);
});

test("energy is that of the link that spends most on its symbols, without the noise of earlier ones", () => {
  const spent = (...links: object[]) => {
    const reception = receptionInto(new Float32Array(1000));
    open(...links).transmit(x.subarray(0, 1000), 0, reception, 0);
    return reception.energy / x.subarray(0, 1000).reduce((sum, v) => sum + v * v, 0);
  };
  const noisy = { name: "awgn", snrDb: 3 };
  expect(spent(noisy, { name: "erasure", lossRate: 0 })).toBeCloseTo(1, 6);
  const pilots = { name: "pilots", spacing: 5 };
  const faded = { name: "block-fading", snrDb: 9, coherenceS: 1e-3, knowledge: pilots };
  // 250 pilots of the mean energy beside 1000 symbols.
  expect(spent(faded, noisy)).toBeCloseTo(1.25, 2);
  expect(spent(noisy, faded)).toBeLessThan(1.25);
});

test("what any link loses is lost; energy counts what is sent, not what is stored", () => {
  const reception = receptionInto(new Float32Array(4));
  open(
    { name: "pcm-storage", readAfterS: 60 },
    { name: "erasure", lossRate: 1 },
    { name: "awgn", snrDb: 7 },
  ).transmit(x.subarray(0, 4), 0, reception, 0);
  expect(reception.erased).toBe(4);
  expect(reception.y).toEqual(new Float32Array(4));
  const alone = receptionInto(new Float32Array(4));
  open({ name: "pcm-storage", readAfterS: 60 }, { name: "erasure", lossRate: 0 }).transmit(
    x.subarray(0, 4),
    0,
    alone,
    0,
  );
  const sent = alone.y.reduce((sum, v) => sum + v * v, 0);
  expect(alone.energy).toBeCloseTo(sent, 6);
});

describe("bad input", () => {
  const issues = (links: unknown) => chain.params.safeParse({ links }).error?.issues[0];

  test("a memory that is not first", () => {
    const issue = issues([
      { name: "awgn", snrDb: 3 },
      { name: "pcm-storage", readAfterS: 60 },
    ]);
    expect(issue?.path).toEqual(["links", 1, "name"]);
    expect(issue?.message).toMatch(/^must come first in a chain/);
  });

  test("fewer than two channels, and a chain in a chain", () => {
    expect(issues([{ name: "awgn", snrDb: 3 }])?.message).toMatch(/at least two channels/);
    expect(
      issues([
        { name: "chain", links: [] },
        { name: "awgn", snrDb: 3 },
      ])?.path,
    ).toEqual(["links", 0, "name"]);
  });

  test("the parameters of a link are checked like those of a channel", () => {
    expect(issues([{ name: "awgn" }, { name: "erasure", lossRate: 0.1 }])?.message).toMatch(
      /needs snrDb/,
    );
    expect(awgn.params.safeParse({}).success).toBe(false);
  });
});
