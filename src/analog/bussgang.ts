/**
 * Bussgang decomposition of what a device makes of its input: y = αx + d with d uncorrelated with x,
 *
 *   α = E[xy] / E[x²],   E[d²] = E[y²] − α² E[x²]
 *
 * Both hold for any input; for a Gaussian one α is also the mean slope of the device.
 *
 * Source: Bussgang, "Crosscorrelation functions of amplitude-distorted Gaussian signals", MIT RLE report
 * 216 (1952); Demir & Björnson, "The Bussgang decomposition of nonlinear systems", IEEE Signal Processing
 * Magazine 38 (2021) 131–136, for inputs that are not Gaussian.
 */
import { RandomSource } from "../kernel/index.js";
import { meanSquare } from "../math/statistics.js";
import { scale } from "./block.js";
import { type Converter, frontEnd } from "./front-end.js";

export interface Decomposition {
  /** α; exactly 1 where nothing changes x. */
  readonly gain: number;
  /** E[d²]. */
  readonly distortion: number;
}

/** Of blocks of inputs and outputs, one after another. */
export class Bussgang {
  #count = 0;
  #inputs = 0; // Σ x²
  #errors = 0; // Σ (y − x)²
  #products = 0; // Σ x (y − x)

  /** Adds what came out as `y` where `x` went in. */
  add(x: Float32Array, y: Float32Array): void {
    this.#count += x.length;
    for (let k = 0; k < x.length; k++) {
      const input = x[k]!;
      const error = y[k]! - input;
      this.#inputs += input * input;
      this.#errors += error * error;
      this.#products += input * error;
    }
  }

  /** E[d²] as E[(y − x)²] − (1 − α)² E[x²], which loses no digits where the device is nearly ideal. */
  result(): Decomposition {
    const lost = -this.#products / this.#inputs; // 1 − α
    const distortion = (this.#errors - lost * lost * this.#inputs) / this.#count;
    return { gain: 1 - lost, distortion: Math.max(0, distortion) };
  }
}

/** Components that the noise is averaged over, at least. */
const fewestComponents = 2 ** 17;

/**
 * Of a link that turns `x` into `sent`, adds noise and converts the sum.
 *
 * The noise is the same in every call, has exactly its variance, and is added and subtracted in turn, so
 * that only what the converter makes of it is left to chance: about 0.2 % of E[d²].
 */
export function decomposeLink(
  x: Float32Array,
  sent: Float32Array,
  noiseVariance: number,
  adc: Converter,
): Decomposition {
  const bussgang = new Bussgang();
  if (adc.fullScale === undefined) {
    bussgang.add(x, sent);
    const { gain, distortion } = bussgang.result();
    return { gain, distortion: distortion + noiseVariance };
  }
  const receive = frontEnd(adc, 1);
  const stream = new RandomSource("Bussgang decomposition").stream("noise");
  const noise = new Float32Array(x.length);
  const y = new Float32Array(x.length);
  for (let seen = 0; seen < fewestComponents; seen += x.length) {
    stream.fillNormal(noise);
    scale(noise, Math.sqrt(noiseVariance / meanSquare(noise)));
    for (const _sign of [+1, -1]) {
      y.set(sent);
      receive(y, noise);
      bussgang.add(x, y);
      scale(noise, -1);
    }
  }
  return bussgang.result();
}
