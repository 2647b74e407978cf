/**
 * An analog link through real converters and a real power amplifier:
 *
 *   x → clip at ±c, DAC of b bits → amplifier → + n, n ~ N(0, σ²) → ADC of b bits → y / α
 *
 * σ² is that of `awgn` for the power that leaves the amplifier (distortion included), so that snrDb is the
 * SNR at the ADC's input. The transmitter sends a sample of its own symbols through this chain on paper and
 * finds the Bussgang decomposition y = αx + d; the receiver is told α and Var[d], divides by α and so has
 * observations whose error is uncorrelated with x, of variance
 *
 *   E[(y/α − x)²] = (E[y²] − α² E[x²]) / α²
 *
 * The sample counts, not a Gaussian model of it: trained weights have kurtosis 13 and more, and Gaussian
 * formulas understate the error by up to 18 dB (docs/channels/quantized-analog.md).
 *
 * Behind an ADC of few bits the receiver is also told its cells, with the noise before it (src/observation.ts).
 *
 * Source: Demir & Björnson, IEEE Signal Processing Magazine 38 (2021) 131–136; the devices in src/analog/.
 * Limits: symbol rate, no pulse shaping, no memory, no phase distortion, ideal gain control; the stated
 * variance is the mean over all components, whereas large ones are clipped and small ones are not.
 */
import { z } from "zod";
import { amplifier, amplifierParams } from "../src/analog/amplifier.js";
import type { Stage } from "../src/analog/block.js";
import { Bussgang, decomposeLink } from "../src/analog/bussgang.js";
import { clipper } from "../src/analog/clipper.js";
import { type Converter, frontEnd } from "../src/analog/front-end.js";
import { cells as cellsOf, leastErrorFullScale, quantizer } from "../src/analog/quantizer.js";
import { defineChannel } from "../src/channel.js";
import { noiseLevel, noiseVarianceOf, oneNoiseLevel } from "../src/channel-noise.js";
import { InputError } from "../src/errors.js";
import { RandomSource } from "../src/kernel/index.js";
import { meanSquare } from "../src/math/statistics.js";
import type { Cells } from "../src/observation.js";
import { quantity } from "../src/units.js";

/** Components that the transmitter looks at: all of a small network, 2 % of 11 million. */
const sampleComponents = 2 ** 18;

const bits = quantity(undefined, z.number().int().min(1).max(16)).optional();
/** Outside, float32 holds either the full scale or the signal. */
const clipSigma = quantity(undefined, z.number().min(0.01).max(1000)).optional();

export const quantizedAnalog = defineChannel({
  name: "quantized-analog",
  summary: "AWGN between converters of few bits, behind a power amplifier that saturates",

  params: z
    .strictObject({
      snrDb: noiseLevel.snrDb.describe(
        "mean square of the signal behind the amplifier over noise variance, per real component [dB]",
      ),
      wnrDb: noiseLevel.wnrDb.describe(
        "variance of the signal behind the amplifier over noise variance, per real component [dB]",
      ),
      budget: noiseLevel.budget.describe(
        "link budget; its transmit power is that of the signal behind the amplifier",
      ),
      dacBits: bits.describe("bits of the digital-to-analog converter; absent: ideal"),
      clipSigma: clipSigma.describe(
        "full scale of that converter, in root mean squares of the components sent; " +
          "absent: that of the least square error, or without dacBits no clipping",
      ),
      pa: amplifierParams
        .prefault({ name: "linear" })
        .describe("power amplifier; acts on the envelope with IQ mapping"),
      adcBits: bits.describe("bits of the analog-to-digital converter; absent: ideal"),
      adcClipSigma: clipSigma.describe(
        "full scale of that converter, in root mean squares of what arrives; " +
          "absent: that of the least square error, or without adcBits no clipping",
      ),
    })
    .superRefine(oneNoiseLevel),

  open(params, context) {
    const { signal, sample, complex, random } = context;
    const x = sample(sampleComponents);
    const power = meanSquare(x);
    if (!(power > 0)) {
      throw new InputError(
        "quantized-analog: all weights that travel are zero, so the converters have no full scale",
      );
    }

    const sent = x.slice();
    const rms = Math.sqrt(signal.meanSquare);
    const convert = digitalToAnalog(converter(params.dacBits, params.clipSigma, rms, () => x));
    convert(sent);
    const amplify = amplifier(params.pa, meanSquare(sent), complex);
    amplify(sent);
    const sentPower = meanSquare(sent);
    const awgnVariance = noiseVarianceOf(params, context) * (sentPower / power);
    const sigma = Math.sqrt(awgnVariance);

    const receivedRms = Math.sqrt(sentPower + awgnVariance);
    const adc = converter(params.adcBits, params.adcClipSigma, receivedRms, () =>
      withNoise(sent, sigma),
    );
    const { gain, distortion } = decomposeLink(x, sent, awgnVariance, adc);
    if (!(gain > 0)) {
      throw new InputError(
        "quantized-analog: at this noise level nothing of the signal is left behind the receiver's " +
          "converter; raise channel.snrDb or channel.wnrDb, or channel.adcBits",
      );
    }
    const noiseVariance = distortion / gain ** 2;

    const cells = arrivingIn(adc, x, sent, awgnVariance, gain);

    const receive = frontEnd(adc, 1 / gain);
    const stream = random.stream("noise");
    let room = new Float32Array(0); // for the noise of the longest packet so far

    return {
      transmit(x, _timeS, reception) {
        const { y } = reception;
        if (room.length < y.length) room = new Float32Array(y.length);
        const noise = room.subarray(0, y.length);
        y.set(x);
        convert(y);
        amplify(y);
        stream.fillNormal(noise, sigma);
        receive(y, noise);
        reception.noiseVariance = noiseVariance;
        reception.cells = cells;
      },
    };
  },
});

/** The full scale is `clipSigma` times the root mean square, or that of the least error on `values`. */
function converter(
  bits: number | undefined,
  clipSigma: number | undefined,
  rms: number,
  values: () => Float32Array,
): Converter {
  if (clipSigma !== undefined) return { bits, fullScale: clipSigma * rms };
  return bits === undefined ? {} : { bits, fullScale: leastErrorFullScale(bits, values()) };
}

function digitalToAnalog({ bits, fullScale }: Converter): Stage {
  if (fullScale === undefined) return () => {};
  return bits === undefined ? clipper(fullScale) : quantizer(bits, fullScale);
}

/**
 * The cells that x itself meets: what the transmitter makes of it, αₜ x + dₜ, and the noise are divided by αₜ, so that
 * dₜ counts as noise before the converter.
 */
function arrivingIn(
  { bits, fullScale }: Converter,
  x: Float32Array,
  sent: Float32Array,
  awgnVariance: number,
  gain: number,
): Cells | undefined {
  if (bits === undefined || fullScale === undefined) return undefined;
  const transmitter = new Bussgang();
  transmitter.add(x, sent);
  const { gain: sentGain, distortion } = transmitter.result();
  return {
    step: cellsOf(bits, fullScale).step / sentGain,
    count: 2 ** bits,
    noiseVariance: (distortion + awgnVariance) / sentGain ** 2,
    rescale: sentGain / gain,
  };
}

/** What may arrive where `sent` leaves. */
function withNoise(sent: Float32Array, sigma: number): Float32Array {
  const arriving = new Float32Array(sent.length);
  new RandomSource("quantized-analog").stream("arriving").fillNormal(arriving, sigma);
  for (let k = 0; k < sent.length; k++) arriving[k]! += sent[k]!;
  return arriving;
}
