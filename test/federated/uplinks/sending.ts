/** Sessions, rounds and synthetic updates for tests of uplink schemes. */

import type {
  Aggregate,
  Uplink,
  UplinkLink,
  UplinkRound,
  UplinkSession,
} from "../../../src/federated/uplink.js";
import { RandomSource } from "../../../src/kernel/index.js";

export function sessionOf(size: number, devices: number): UplinkSession {
  const tensor = { name: "w", shape: [size], size, role: "weight", offset: 0 } as const;
  return { size, layout: { entries: [tensor], size }, devices, symbolRateHz: 1e6 };
}

/** Round number `round` of the run with this seed, in which the first `active` devices take part. */
export function roundOf(seed: number, active: number, round = 0): UplinkRound {
  return {
    round,
    active: Array.from({ length: active }, (_, k) => k),
    random: new RandomSource(seed, `round ${round}`),
  };
}

/** Gaussian updates; those of device k have the standard deviation sigma (1 + k/4), so that none are alike. */
export function gaussianUpdates(devices: number, size: number, sigma = 0.7, seed = 5) {
  return Array.from({ length: devices }, (_, k) => {
    const update = new Float32Array(size);
    new RandomSource(seed, "updates").stream(`device ${k}`).fillNormal(update, sigma * (1 + k / 4));
    return update;
  });
}

/** Opens a scheme as a scenario does. */
export function openUplink(
  uplink: unknown,
  params: object,
  session: UplinkSession,
  memory?: ReadonlyMap<string, Float32Array>,
): UplinkLink {
  const scheme = uplink as Uplink;
  return scheme.open(scheme.params.parse(params), session, memory);
}

/** One round of a scheme. */
export function sendOnce(
  uplink: unknown,
  params: object,
  updates: readonly Float32Array[],
  seed = 1,
): Aggregate {
  const session = sessionOf(updates[0].length, updates.length);
  return openUplink(uplink, params, session).send(updates, roundOf(seed, updates.length));
}

/** r, of a round that was not lost. */
export function received(aggregate: Aggregate): Float32Array {
  if (aggregate.observation === undefined) throw new Error("the round was lost");
  return aggregate.observation.r;
}

/** Sum of the updates of these devices, in double precision. */
export function sumOf(updates: readonly Float32Array[], devices?: readonly number[]): Float64Array {
  const total = new Float64Array(updates[0].length);
  for (const k of devices ?? updates.keys()) {
    for (let i = 0; i < total.length; i++) total[i] += updates[k][i];
  }
  return total;
}

export function meanSquareOf(values: ArrayLike<number>): number {
  let sum = 0;
  for (let i = 0; i < values.length; i++) sum += values[i] * values[i];
  return sum / values.length;
}

/** r minus what it should be. */
export function errorOf(r: ArrayLike<number>, theory: ArrayLike<number>): Float64Array {
  return Float64Array.from({ length: r.length }, (_, i) => r[i] - theory[i]);
}
