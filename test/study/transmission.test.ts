import { describe, expect, test } from "vitest";
import { awgn } from "../../channels/awgn.js";
import type { Channel, ChannelContext } from "../../src/channel.js";
import { RandomSource } from "../../src/kernel/index.js";
import { type Transmission, transmit } from "../../src/study/transmission.js";
import { transmitterParams, weightStatistics } from "../../src/transmitter/transmitter.js";
import { assertWithin } from "../within.js";

function weightsOf(count: number): Float32Array {
  const weights = new Float32Array(count);
  new RandomSource(5).stream("weights").fillNormal(weights, 0.07, 0.02);
  return weights;
}

function transmission(
  weights: Float32Array,
  transmitter: object,
  channelParams: object = { snrDb: 6 },
  channel: Channel = awgn as unknown as Channel,
): Transmission {
  return {
    weights,
    layout: {
      size: weights.length,
      entries: [
        { name: "w", shape: [weights.length], size: weights.length, role: "weight", offset: 0 },
      ],
    },
    statistics: weightStatistics(weights),
    transmitter: transmitterParams.parse(transmitter),
    channel,
    channelParams: channelParams as never,
    trial: 0,
    random: new RandomSource(9),
  };
}

test("statistics: population variance and mean square, about a mean far from zero too", () => {
  const { mean, variance, meanSquare } = weightStatistics(Float32Array.of(1001, 1003, 1005, 1007));
  expect([mean, variance, meanSquare]).toEqual([1004, 5, 1004 ** 2 + 5]);
});

describe("framing", () => {
  test.each([
    // 1,001 weights, packets of 100 symbols, 1 kHz
    ["real", 11, 1001, 1.001],
    ["iq", 6, 501, 0.501],
  ])("%s: %d packets, %d symbols, %d s on the air", (mapping, packets, symbols, airtimeS) => {
    const weights = weightsOf(1001);
    const params = { mapping, packetSymbols: 100, symbolRateHz: 1000 };
    const r = new Float32Array(1001);
    const sent = transmit(transmission(weights, params), r);
    expect(sent.packets).toBe(packets);
    expect(sent.airtimeS).toBeCloseTo(symbols / 1000, 9);
    expect(sent.airtimeS).toBeCloseTo(airtimeS, 9);
    // Scaled to mean square 1 per component, the padding adds nothing.
    expect(sent.energy).toBeCloseTo(1001, 2);
  });

  test("results do not depend on the packet size", () => {
    const weights = weightsOf(1001);
    const receive = (packetSymbols: number) => {
      const r = new Float32Array(1001);
      transmit(transmission(weights, { packetSymbols }), r);
      return r;
    };
    expect(receive(17)).toEqual(receive(4096));
  });
});

test.each([
  ["real", { snrDb: 6 }],
  ["iq", { wnrDb: -3 }],
])("%s %o: the noise of r is what the observation says, in weight units", (mapping, channel) => {
  const weights = weightsOf(200_001);
  const statistics = weightStatistics(weights);
  const r = new Float32Array(weights.length);
  const { observation } = transmit(transmission(weights, { mapping }, channel), r);
  const stated = observation.noiseVariance as number;
  const theory =
    "snrDb" in channel ? statistics.meanSquare / 10 ** 0.6 : statistics.variance / 10 ** -0.3;
  expect(stated / theory).toBeCloseTo(1, 12);
  let sum = 0;
  for (let k = 0; k < r.length; k++) sum += (r[k] - weights[k]) ** 2;
  assertWithin(sum / r.length, theory, theory * Math.sqrt(2 / r.length));
});

test("where packets meet different noise, each weight has its own variance", () => {
  const stepped = {
    ...awgn,
    open: () => {
      let packet = 0;
      return {
        transmit(
          x: Float32Array,
          _t: number,
          reception: { y: Float32Array; noiseVariance: number },
        ) {
          reception.y.set(x);
          reception.noiseVariance = packet++ < 2 ? 1 : 4;
        },
      };
    },
  } as unknown as Channel;
  const weights = Float32Array.from({ length: 35 }, (_, k) => (k % 2 ? 2 : -2));
  const r = new Float32Array(35);
  const sent = transmit(transmission(weights, { packetSymbols: 10 }, {}, stepped), r);
  const expected = Float32Array.from({ length: 35 }, (_, k) => (k < 20 ? 4 : 16));
  expect(sent.observation.noiseVariance).toEqual(expected);
  expect(r).toEqual(weights);
});

test.each([
  ["real", 4, [0, 2, 4, 6]], // 9 symbols: every 9/4-th, rounded down
  ["iq", 6, [0, 1, 2, 3, 6, 7]], // 5 symbols: every 5/3-rd
  ["iq", 99, [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]], // all of them, the last with padding
])(
  "%s: a sample of at most %d components is whole symbols from everywhere",
  (mapping, most, places) => {
    let sample: Float32Array = new Float32Array(0);
    const looking = {
      ...awgn,
      open: (params: never, context: ChannelContext) => {
        sample = context.sample(most);
        return awgn.open(params, context);
      },
    } as unknown as Channel;
    const weights = Float32Array.from({ length: 9 }, (_, k) => k + 1);
    transmit(transmission(weights, { mapping }, { snrDb: 6 }, looking), new Float32Array(9));
    const scale = Math.sqrt(9 / 285); // 1² + ... + 9² = 285
    expect(sample).toHaveLength(places.length);
    sample.forEach((v, i) => {
      expect(v).toBeCloseTo(places[i] < 9 ? (places[i] + 1) * scale : 0, 6);
    });
  },
);

test("packets go on the air one after another", () => {
  const times: number[] = [];
  const clock = {
    ...awgn,
    open: () => ({
      transmit(
        x: Float32Array,
        timeS: number,
        reception: { y: Float32Array; noiseVariance: number },
      ) {
        times.push(timeS);
        reception.y.set(x);
      },
    }),
  } as unknown as Channel;
  const params = { packetSymbols: 10, symbolRateHz: 10 };
  transmit(transmission(weightsOf(35), params, {}, clock), new Float32Array(35));
  expect(times).toEqual([0, 1, 2, 3]);
});

test("weights that are all zero arrive as they are", () => {
  const r = new Float32Array(5).fill(9);
  const { observation } = transmit(transmission(new Float32Array(5), {}), r);
  expect(r).toEqual(new Float32Array(5));
  expect(observation.noiseVariance).toBe(0);
});

test("a channel's variances of single components reach the observation in weight units, mixed with numbers", () => {
  const weights = weightsOf(1001);
  // Odd packets state one number, even ones a variance for each component.
  let packet = 0;
  const uneven: Channel = {
    ...(awgn as unknown as Channel),
    open: () => ({
      transmit(x, _timeS, reception) {
        reception.y.set(x);
        if (packet++ % 2 === 1) reception.noiseVariance = 0.5;
        else {
          for (let k = 0; k < x.length; k++) reception.variances[k] = 1 + k;
          reception.noiseVariance = reception.variances;
        }
      },
    }),
  };
  const r = new Float32Array(weights.length);
  const sent = transmission(weights, { packetSymbols: 100 }, {}, uneven);
  const { observation } = transmit(sent, r);
  const power = weightStatistics(weights).meanSquare;
  const variances = observation.noiseVariance as Float32Array;
  for (const [k, stated] of [
    [0, 1],
    [99, 100],
    [100, 0.5],
    [199, 0.5],
    [205, 6],
    [1000, 1],
  ]) {
    expect(variances[k] / power).toBeCloseTo(stated, 5);
  }
});

test("a channel learns where tensors lie and how large their largest component is", () => {
  const weights = Float32Array.of(0.5, -2, 1, 0, 0, 3);
  const entry = (name: string, offset: number, size: number) =>
    ({ name, shape: [size], size, role: "weight", offset }) as const;
  const layout = { size: 6, entries: [entry("a", 0, 3), entry("b", 3, 2), entry("c", 5, 1)] };
  let stretches: unknown;
  const curious: Channel = {
    ...(awgn as unknown as Channel),
    open: (params, context) => {
      stretches = context.stretches;
      return (awgn as unknown as Channel).open(params, context);
    },
  };
  transmit({ ...transmission(weights, {}, { snrDb: 6 }, curious), layout }, new Float32Array(6));
  const scale = 1 / Math.sqrt(weightStatistics(weights).meanSquare);
  expect(stretches).toEqual([
    { first: 0, components: 3, peak: 2 * scale },
    { first: 3, components: 2, peak: 0 },
    { first: 5, components: 1, peak: 3 * scale },
  ]);
});
