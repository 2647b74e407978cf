/** How far what a link states of its noise is from the errors it makes, over independent transmissions. */
import type { Channel } from "../../src/channel.js";
import { RandomSource } from "../../src/kernel/index.js";
import { contextOf, receptionInto } from "./sending.js";

const power = 1.7; // mean square of a component; not 1, so that a forgotten Es shows

export interface Calibration {
  /** For each transmission: mean of error² / stated variance. */
  readonly ratios: Float64Array;
  /** For each transmission: mean of error². */
  readonly errors: Float64Array;
  /** For each transmission: mean stated variance. */
  readonly stated: Float64Array;
}

/**
 * `transmissions` of one packet of Gaussian components, each with gains of its own, sent `startS` after the
 * link was opened.
 */
export function calibrate(
  channel: Channel,
  params: object,
  complex: boolean,
  { transmissions = 400, components = 128, startS = 0 } = {},
): Calibration {
  const parsed = channel.params.parse(params) as never;
  const x = new Float32Array(components);
  const random = new RandomSource(21).stream("x");
  const result = {
    ratios: new Float64Array(transmissions),
    errors: new Float64Array(transmissions),
    stated: new Float64Array(transmissions),
  };
  for (let i = 0; i < transmissions; i++) {
    random.fillNormal(x, Math.sqrt(power));
    const signal = { meanSquare: power, variance: power };
    const link = channel.open(parsed, contextOf({ components, signal, complex, seed: i }));
    const reception = receptionInto(new Float32Array(components));
    link.transmit(x, startS, reception, 0);
    const { noiseVariance: stated } = reception;
    let count = 0;
    for (let k = 0; k < components; k++) {
      const variance = typeof stated === "number" ? stated : stated[k];
      if (variance === Infinity) continue;
      const error = (reception.y[k] - x[k]) ** 2;
      result.ratios[i] += error / variance;
      result.errors[i] += error;
      result.stated[i] += variance;
      count++;
    }
    result.ratios[i] /= count;
    result.errors[i] /= count;
    result.stated[i] /= count;
  }
  return result;
}
