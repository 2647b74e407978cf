/**
 * Over-the-air sum of updates that arrive misaligned: each device is late by a part of a symbol and turned by a phase of
 * its own. The server samples between all symbol edges (misaligned/sampling.ts), knows delays and gains, and estimates
 * the sum of the symbols:
 *
 *   aligned-sample   where all devices send the same symbol, gains taken for 1       misaligned/aligned-sample.ts
 *   ml               weighted least squares, in closed form                          misaligned/maximum-likelihood.ts
 *   sp-ml            the same by the sum-product algorithm                           misaligned/sum-product.ts
 *   lmmse            linear MMSE, which also knows the devices' mean squares,
 *                    then unshrunk to an observation                                 misaligned/linear-mmse.ts
 *
 * Components 2i and 2i + 1 of an update are I and Q of symbol i. An update travels in packets of at most
 * `packetSymbols` symbols, all of one length, the last one filled up with zeros; a guard symbol behind each lets the late
 * devices end. Delays and gains are those of the round. σ² is the noise variance per real component of a filter that is
 * one symbol long, by `snrDb` or `deviceSnrDb` (uplink-noise.ts; the sum in `snrDb` is the aligned one). The variance
 * that is stated is that of the error of every component; that of `aligned-sample` counts what phases do to the
 * symbols as noise, for which the server is told the devices' mean squares.
 *
 * Without phase offsets `ml` has almost exactly the error of `aligned-sample`, σ²/(1 − τ_M). With them its error grows
 * along the packet to both sides and exceeds the sum itself at low SNR: this is the noise enhancement of the paper,
 * heavy-tailed over the delays. `lmmse` avoids it.
 *
 * Source: Shao, Gündüz & Liew, "Federated edge learning with misaligned over-the-air computation", IEEE Trans.
 * Wireless Commun. 21 (2022) 3951–3964, arXiv 2102.13604.
 * Limits: rectangular pulses, delays below one symbol, perfect knowledge of delays and gains, which last for a round;
 * no frequency offset. `lmmse` takes devices' updates for uncorrelated.
 */
import { z } from "zod";
import { InputError } from "../../errors.js";
import { meanSquare, sumOfSquares } from "../../math/statistics.js";
import { numberList, quantity } from "../../units.js";
import { addUp } from "../analog-sum.js";
import { alignedSample } from "../misaligned/aligned-sample.js";
import { type Arrival, arrivalsOf, type Misalignment } from "../misaligned/arrivals.js";
import { linearMmse } from "../misaligned/linear-mmse.js";
import { maximumLikelihood } from "../misaligned/maximum-likelihood.js";
import { packetModel, sample, sampleCount } from "../misaligned/sampling.js";
import { sumProduct } from "../misaligned/sum-product.js";
import { defineUplink } from "../uplink.js";
import { levelOf, oneUplinkNoise, uplinkNoise } from "../uplink-noise.js";

const estimators = {
  "aligned-sample": alignedSample,
  ml: maximumLikelihood,
  "sp-ml": sumProduct,
  lmmse: linearMmse,
};
const estimatorNames = ["aligned-sample", "ml", "sp-ml", "lmmse"] as const;

const delay = z.number().min(0).lt(1);

const params = z
  .strictObject({
    ...uplinkNoise,
    estimator: z
      .enum(estimatorNames)
      .default("ml")
      .describe("how the server estimates the sum from the samples between symbol edges"),
    maxDelay: quantity(undefined, delay)
      .optional()
      .describe("delay of the last device, in symbols; the others are uniform below (default 0)"),
    delays: numberList(undefined, delay)
      .optional()
      .describe("delay of each device instead, in symbols, by its number"),
    maxPhaseRad: quantity("rad", z.number().min(0))
      .optional()
      .describe("phases are uniform from 0 to this (default 0) [rad]"),
    phasesRad: numberList("rad").optional().describe("phase of each device instead [rad]"),
    gainDeviationDb: quantity("dB", z.number().min(0))
      .optional()
      .describe("standard deviation of the gains that power control leaves (default 0) [dB]"),
    gains: numberList(undefined, z.number().positive())
      .optional()
      .describe("amplitude of each device instead"),
    packetSymbols: quantity(undefined, z.number().int().min(1).max(65_536))
      .default(1000)
      .describe("most symbols in a packet, the guard symbol not counted"),
  })
  .superRefine(oneUplinkNoise)
  .superRefine((given, context) => {
    const pairs = [
      ["maxDelay", "delays"],
      ["maxPhaseRad", "phasesRad"],
      ["gainDeviationDb", "gains"],
    ] as const;
    for (const [drawn, list] of pairs) {
      if (given[drawn] === undefined || given[list] === undefined) continue;
      const message = `takes one of ${drawn} and ${list}, not both`;
      context.addIssue({ code: "custom", message, input: given, path: [list] });
    }
  });

export const oacMisaligned = defineUplink({
  name: "oac-misaligned",
  summary: "over-the-air sum of updates with delays and phases of their own",
  params,

  open(given, { size, devices }) {
    const misalignment: Misalignment = {
      maxDelay: given.maxDelay ?? 0,
      maxPhaseRad: given.maxPhaseRad ?? 0,
      gainDeviationDb: given.gainDeviationDb ?? 0,
      delays: given.delays,
      phasesRad: given.phasesRad,
      gains: given.gains,
    };
    checkLists(misalignment, devices);
    if (given.estimator === "ml" || given.estimator === "sp-ml") {
      checkSeparable(misalignment, given.estimator, devices);
    }
    const allSymbols = Math.ceil(size / 2);
    const packets = Math.ceil(allSymbols / given.packetSymbols);
    const symbols = Math.ceil(allSymbols / packets);

    const r = new Float32Array(size);
    const variances = new Float32Array(size);
    const sums = new Float64Array(2 * symbols);
    let t = new Float64Array(0);
    let y = new Float64Array(0);
    let noise = new Float32Array(0);

    return {
      send(updates, { active, random }) {
        const powers = updates.map(meanSquare);
        const level = levelOf(given, powers, () => {
          addUp(updates, r);
          return meanSquare(r);
        });
        const arrivals = arrivalsOf(active, misalignment, random);
        const guard = arrivals.some(({ delay }) => delay > 0) ? 1 : 0;
        const told = {
          divisor: active.length,
          heard: active,
          symbols: packets * (symbols + guard),
          energy: updates.map((update) => level.scale * sumOfSquares(update)),
          noiseVariance: level.noiseVariance,
        };
        if (active.length === 0) return { ...told, observation: undefined };
        const strongest = Math.max(...powers);
        if (strongest === 0) return { ...told, observation: { r: r.fill(0), noiseVariance: 0 } };

        const model = packetModel(arrivals, symbols, level.variance);
        // A device with nothing to say still needs a prior.
        const eachPower = Float64Array.from(arrivals, (arrival) =>
          Math.max(1e-9 * strongest, powerOf(arrival, powers)),
        );
        const estimator = estimators[given.estimator](model, eachPower);
        if (y.length !== 2 * sampleCount(model)) {
          t = new Float64Array(2 * symbols * arrivals.length);
          y = new Float64Array(2 * sampleCount(model));
          noise = new Float32Array(y.length);
        }
        const stream = random.stream("noise");
        for (let first = 0; first < size; first += 2 * symbols) {
          arrivals.forEach((arrival, m) => {
            fillSymbols(arrival, updates, first, symbols, t.subarray(2 * m), arrivals.length);
          });
          stream.fillNormal(noise, Math.sqrt(level.variance));
          sample(model, t, noise, y);
          estimator.estimate(y, sums);
          const count = Math.min(2 * symbols, size - first);
          for (let k = 0; k < count; k++) {
            r[first + k] = sums[k];
            variances[first + k] = estimator.variances[k >> 1];
          }
        }
        return { ...told, observation: { r, noiseVariance: variances } };
      },
    };
  },
});

/** Mean square of a component of what an arrival's devices send together. */
function powerOf({ devices }: Arrival, powers: readonly number[]): number {
  return devices.reduce((sum, k) => sum + powers[k], 0);
}

/** Writes h s of one arrival into every `stride`-th complex place of `t`; zeros beyond the update's end. */
function fillSymbols(
  { re, im, devices }: Arrival,
  updates: readonly Float32Array[],
  first: number,
  symbols: number,
  t: Float64Array,
  stride: number,
): void {
  for (let i = 0; i < symbols; i++) t[2 * i * stride] = t[2 * i * stride + 1] = 0;
  for (const device of devices) {
    const update = updates[device];
    for (let i = 0, k = first; i < symbols && k < update.length; i++, k += 2) {
      const inPhase = update[k];
      const quadrature = k + 1 < update.length ? update[k + 1] : 0;
      t[2 * i * stride] += re * inPhase - im * quadrature;
      t[2 * i * stride + 1] += re * quadrature + im * inPhase;
    }
  }
}

function checkLists(misalignment: Misalignment, devices: number): void {
  for (const key of ["delays", "phasesRad", "gains"] as const) {
    const list = misalignment[key];
    if (list === undefined || list.length === devices) continue;
    throw new InputError(
      `oac-misaligned: ${key} must have one number for each of the ${devices} devices, got ${list.length}`,
    );
  }
}

/** Devices with one delay and different gains look like one: their sum is not in the samples. */
function checkSeparable(misalignment: Misalignment, estimator: string, devices: number): void {
  const { delays, phasesRad, gains, maxDelay, maxPhaseRad, gainDeviationDb } = misalignment;
  for (let a = 0; a < devices; a++) {
    for (let b = 0; b < a; b++) {
      if (delays === undefined ? maxDelay > 0 : delays[a] !== delays[b]) continue;
      const onePhase = phasesRad === undefined ? maxPhaseRad === 0 : phasesRad[a] === phasesRad[b];
      const oneGain = gains === undefined ? gainDeviationDb === 0 : gains[a] === gains[b];
      if (onePhase && oneGain) continue;
      throw new InputError(
        `oac-misaligned: estimator ${estimator} cannot tell devices ${b} and ${a} apart, which have ` +
          `the same delay, ${delays?.[a] ?? 0}, and different ${onePhase ? "gains" : "phases"}; use lmmse or aligned-sample, or give them delays (maxDelay)`,
      );
    }
  }
}
