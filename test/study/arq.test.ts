/** Selective repeat on the virtual clock, against the geometric law and timelines worked out by hand. */
import { describe, expect, test } from "vitest";
import { erasure } from "../../channels/erasure.js";
import type { Channel } from "../../src/channel.js";
import { RandomSource } from "../../src/kernel/index.js";
import { type Arrival, type Transmission, transmit } from "../../src/study/transmission.js";
import { transmitterParams, weightStatistics } from "../../src/transmitter/transmitter.js";
import { assertWithin } from "../within.js";

const weightsOf = (count: number) => Float32Array.from({ length: count }, (_, k) => 3 + (k % 7));

/** Packets of one weight at one per second. */
function transmission(
  weights: Float32Array,
  transmitter: object,
  channel: Channel,
  channelParams: object,
): Transmission {
  const { length } = weights;
  return {
    weights,
    layout: {
      size: length,
      entries: [{ name: "w", shape: [length], size: length, role: "weight", offset: 0 }],
    },
    statistics: weightStatistics(weights),
    transmitter: transmitterParams.parse({ packetSymbols: 1, symbolRateHz: 1, ...transmitter }),
    channel,
    channelParams: channel.params.parse(channelParams) as never,
    trial: 0,
    random: new RandomSource(9),
  };
}

const lossy = erasure as unknown as Channel;

/** Loses the transmissions of these numbers, from 0. */
function losing(numbers: readonly number[]): Channel {
  return {
    ...lossy,
    open: () => {
      let sent = 0;
      return {
        transmit(x, _timeS, reception) {
          const lost = numbers.includes(sent++);
          reception.y.set(x);
          reception.noiseVariance = lost ? reception.variances.fill(Infinity) : 0;
          if (lost) {
            reception.y.fill(0);
            reception.erased = x.length;
          }
        },
      };
    },
  };
}

function sendLosing(count: number, numbers: readonly number[], arq: object | undefined) {
  const weights = weightsOf(count);
  const arrivals: Arrival[] = [];
  const r = new Float32Array(count);
  const t = transmission(weights, { ...(arq && { arq }) }, losing(numbers), { lossRate: 0 });
  const result = transmit(t, r, arrivals);
  return { ...result, weights, r, arrivals };
}

/** But for the rounding of the scale. */
function expectClose(r: Float32Array, weights: Float32Array): void {
  expect(weights.every((w, k) => Math.abs(w - r[k]!) < 1e-5)).toBe(true);
}

describe("the geometric law", () => {
  test.each([
    [0.3, 1],
    [0.3, 3],
    [0.6, 5],
  ])("loss rate %d, %d tries: (1 − p^N) / (1 − p) transmissions a packet, p^N lost", (p, tries) => {
    const n = 40_000;
    const t = transmission(weightsOf(n), { arq: { tries } }, lossy, { lossRate: p });
    const { packets, retransmissions, outageRate, observation } = transmit(t, new Float32Array(n));
    expect(packets).toBe(n);
    const residual = p ** tries;
    const perPacket = (1 - residual) / (1 - p);
    // Tries of a packet lie between 1 and N, so their standard deviation is at most N / 2.
    assertWithin(
      (packets + retransmissions) / n,
      perPacket,
      Math.max(1e-9, (tries - 1) / 2) / Math.sqrt(n),
    );
    const lost = (observation.noiseVariance as Float32Array).filter((v) => v === Infinity).length;
    assertWithin(lost / n, residual, Math.sqrt((residual * (1 - residual)) / n));
    assertWithin(outageRate, p, Math.sqrt((p * (1 - p)) / n / perPacket));
  });
});

describe("the clock", () => {
  test("without delay a lost packet goes again as soon as the next ones are on their way", () => {
    const { r, weights, arrivals, airtimeS, latencyS, energy } = sendLosing(3, [0], { tries: 2 });
    expectClose(r, weights);
    expect(airtimeS).toBe(4);
    expect(latencyS).toBe(4);
    expect(arrivals.map((a) => [a.sentAtS, a.arrivedAtS, a.attempt, a.erased])).toEqual([
      [0, 1, 1, 1],
      [1, 2, 1, 0],
      [2, 3, 1, 0],
      [3, 4, 2, 0],
    ]);
    const { meanSquare } = weightStatistics(weights);
    const squares = weights.reduce((sum, w) => sum + w * w, 0) + weights[0]! ** 2;
    expect(energy).toBeCloseTo(squares / meanSquare, 5);
  });

  test("feedback takes its time, and the link sends new packets meanwhile", () => {
    const { arrivals, latencyS, r, weights } = sendLosing(5, [0], {
      tries: 2,
      feedbackDelayS: 2.5,
    });
    expectClose(r, weights);
    // Lost at 1 s, known at 3.5 s; the packet on the air then ends at 4 s, and one more may be before it.
    const again = arrivals.find((a) => a.attempt === 2)!;
    expect(again.sentAtS).toBeGreaterThanOrEqual(4);
    expect(again.sentAtS).toBeLessThanOrEqual(5);
    expect(latencyS).toBe(6); // five packets and one again, without a pause
  });

  test("the last packet lost: the link waits for the answer", () => {
    const { arrivals, airtimeS, latencyS } = sendLosing(2, [1], { tries: 3, feedbackDelayS: 10 });
    expect(arrivals.at(-1)).toMatchObject({ sentAtS: 12, arrivedAtS: 13, attempt: 2 });
    expect(airtimeS).toBe(3);
    expect(latencyS).toBe(13);
  });

  test("tries run out: the mean of the weights stands in, with infinite variance", () => {
    const { r, weights, observation, retransmissions } = sendLosing(3, [0, 3, 4], { tries: 3 });
    const mean = (weights[0]! + weights[1]! + weights[2]!) / 3;
    expectClose(r, Float32Array.of(mean, weights[1]!, weights[2]!));
    expect([...(observation.noiseVariance as Float32Array)]).toEqual([Infinity, 0, 0]);
    expect(retransmissions).toBe(2);
  });

  test("a deadline: no packet that would end later begins, new or again", () => {
    const late = sendLosing(5, [0], { tries: 4, deadlineS: 3.9 });
    expect(late.packets).toBe(3);
    expect(late.latencyS).toBe(3);
    expect([...(late.observation.noiseVariance as Float32Array)]).toEqual([
      Infinity,
      0,
      0,
      Infinity,
      Infinity,
    ]);
    const inTime = sendLosing(3, [0], { tries: 4, deadlineS: 4 });
    expect(inTime.retransmissions).toBe(1);
    expectClose(inTime.r, inTime.weights);
  });

  test("a deadline shorter than the first packet: nothing is sent, and a note says so", () => {
    const { packets, airtimeS, outageRate, notes, observation } = sendLosing(3, [], {
      deadlineS: 0.5,
    });
    expect([packets, airtimeS, outageRate]).toEqual([0, 0, 0]);
    expect(notes).toEqual([expect.stringMatching(/^nothing was sent: .*deadlineS is shorter/)]);
    expect([...(observation.noiseVariance as Float32Array)]).toEqual([
      Infinity,
      Infinity,
      Infinity,
    ]);
  });

  test("without arq every packet goes once", () => {
    const { packets, retransmissions, latencyS } = sendLosing(3, [0, 2], undefined);
    expect([packets, retransmissions, latencyS]).toEqual([3, 0, 3]);
  });
});

test("what arrived stays, and a packet that comes again fills in the rest", () => {
  // The first half of the first try arrives, then the second half of the next, with other noise.
  let sent = 0;
  const halves: Channel = {
    ...lossy,
    open: () => ({
      transmit(x, _timeS, { y, variances, ...rest }) {
        void rest;
        const first = sent++ % 2 === 0;
        for (let k = 0; k < x.length; k++) {
          const arrives = k < x.length / 2 === first;
          y[k] = arrives ? x[k]! + (first ? 0 : 100) : 0;
          variances[k] = arrives ? (first ? 1 : 2) : Infinity;
        }
      },
    }),
  };
  const counted: Channel = {
    ...halves,
    open: (params, context) => {
      const link = halves.open(params, context);
      return {
        transmit(x, timeS, reception, first) {
          link.transmit(x, timeS, reception, first);
          reception.noiseVariance = reception.variances;
          reception.erased = x.length / 2;
        },
      };
    },
  };
  const weights = weightsOf(4);
  const t = transmission(weights, { packetSymbols: 4, arq: { tries: 2 } }, counted, {
    lossRate: 0,
  });
  const r = new Float32Array(4);
  const { observation } = transmit(t, r);
  const { meanSquare } = weightStatistics(weights);
  const shift = 100 * Math.sqrt(meanSquare);
  [weights[0]!, weights[1]!, weights[2]! + shift, weights[3]! + shift].forEach((w, k) => {
    expect(r[k]).toBeCloseTo(w, 3);
  });
  expect([...(observation.noiseVariance as Float32Array)].map((v) => v / meanSquare)).toEqual([
    expect.closeTo(1, 5),
    expect.closeTo(1, 5),
    expect.closeTo(2, 5),
    expect.closeTo(2, 5),
  ]);
});

test.each(["block", "random"])("%s interleaving is undone, and spreads a lost packet", (kind) => {
  const weights = weightsOf(1000);
  const r = new Float32Array(1000);
  const t = transmission(weights, { packetSymbols: 10, interleaving: kind }, losing([3]), {
    lossRate: 0,
  });
  const { observation } = transmit(t, r);
  const variances = observation.noiseVariance as Float32Array;
  const lost = [...variances.keys()].filter((w) => variances[w] === Infinity);
  expect(lost).toHaveLength(10);
  expect(lost.every((w, i) => i === 0 || w - lost[i - 1]! > 1)).toBe(true);
  for (const w of lost) r[w] = weights[w]!;
  expectClose(r, weights);
});
