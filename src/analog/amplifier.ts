/**
 * Power amplifiers without memory and without phase distortion, small-signal gain 1. They scale a symbol
 * by a gain that depends on its envelope r (IQ mapping) or magnitude (real mapping):
 *
 *   linear        G = 1
 *   soft limiter  G = min(1, A/r)
 *   Rapp          G = (1 + (r/A)^(2p))^(−1/(2p)),  p the smoothness; a soft limiter as p grows
 *
 * The saturation A follows from the input back-off IBO = A² / E[r²] over the symbols that enter.
 *
 * Source: Rapp, "Effects of HPA-nonlinearity on a 4-DPSK/OFDM-signal for a digital sound broadcasting
 * system", Proc. 2nd European Conf. on Satellite Communications (1991) 179–184.
 */
import { z } from "zod";
import { dbToRatio, quantity } from "../units.js";
import type { Stage } from "./block.js";
import { clipper } from "./clipper.js";

export const amplifierParams = z
  .strictObject({
    name: z
      .enum(["linear", "soft-limiter", "rapp"])
      .describe("how the envelope saturates; linear: not at all"),
    inputBackoffDb: quantity("dB", z.number().min(-100).max(100))
      .optional()
      .describe("saturation power over mean power at the amplifier's input [dB]; not for linear"),
    smoothness: quantity(undefined, z.number().min(0.5).max(100))
      .prefault(2)
      .describe("p of the Rapp amplifier: how sharply it saturates; only for rapp"),
  })
  .superRefine(({ name, inputBackoffDb }, context) => {
    if (name === "linear" || inputBackoffDb !== undefined) return;
    const message = `is missing: ${name} needs it [dB]`;
    context.addIssue({ code: "custom", path: ["inputBackoffDb"], message, input: undefined });
  });

export type AmplifierParams = z.output<typeof amplifierParams>;

/** `meanPower` is that of the real components that enter; a complex symbol has twice as much. */
export function amplifier(params: AmplifierParams, meanPower: number, complex: boolean): Stage {
  const { name, inputBackoffDb, smoothness } = params;
  if (name === "linear") return () => {};
  const symbolPower = complex ? 2 * meanPower : meanPower;
  const saturation = Math.sqrt(symbolPower * dbToRatio(inputBackoffDb!));
  if (name === "rapp") return (complex ? rappEnvelope : rappMagnitude)(saturation, smoothness);
  return complex ? limitEnvelope(saturation) : clipper(saturation);
}

// The loops differ in one line each. A loop that calls its gain as a function runs at half the speed.

function limitEnvelope(saturation: number): Stage {
  return (block) => {
    for (let k = 0; k + 1 < block.length; k += 2) {
      const i = block[k]!;
      const q = block[k + 1]!;
      const envelope = Math.sqrt(i * i + q * q);
      const gain = (2 * saturation) / (envelope + saturation + Math.abs(envelope - saturation));
      block[k] = gain * i;
      block[k + 1] = gain * q;
    }
  };
}

function rappEnvelope(saturation: number, smoothness: number): Stage {
  const table = rappTable(smoothness);
  return (block) => {
    const perPoint = pointsPerSaturation / saturation;
    for (let k = 0; k + 1 < block.length; k += 2) {
      const i = block[k]!;
      const q = block[k + 1]!;
      const place = Math.sqrt(i * i + q * q) * perPoint;
      const gain = place < tableEnd ? between(table, place) : beyond(place, smoothness);
      block[k] = gain * i;
      block[k + 1] = gain * q;
    }
  };
}

function rappMagnitude(saturation: number, smoothness: number): Stage {
  const table = rappTable(smoothness);
  return (block) => {
    const perPoint = pointsPerSaturation / saturation;
    for (let k = 0; k < block.length; k++) {
      const v = block[k]!;
      const place = Math.abs(v) * perPoint;
      block[k] = v * (place < tableEnd ? between(table, place) : beyond(place, smoothness));
    }
  };
}

/** Points of Rapp's curve per saturation amplitude, and where its table ends. */
const pointsPerSaturation = 1024;
const tableEnd = 4 * pointsPerSaturation;

function rappTable(smoothness: number): Float64Array {
  return Float64Array.from({ length: tableEnd + 1 }, (_, point) => {
    return rappGain(point / pointsPerSaturation, smoothness);
  });
}

/** Linear interpolation: powers are slow. */
function between(table: Float64Array, place: number): number {
  const point = place | 0;
  const gain = table[point]!;
  return gain + (table[point + 1]! - gain) * (place - point);
}

function beyond(place: number, smoothness: number): number {
  return rappGain(place / pointsPerSaturation, smoothness);
}

/** Gain at r/A. The power is that of a number up to 1, so that it cannot overflow. */
function rappGain(ratio: number, smoothness: number): number {
  const power = Math.min(ratio, 1 / ratio) ** (2 * smoothness);
  return (1 + power) ** (-0.5 / smoothness) / Math.max(1, ratio);
}
