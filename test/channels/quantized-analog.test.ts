import { describe, expect, test } from "vitest";
import { awgn } from "../../channels/awgn.js";
import { quantizedAnalog } from "../../channels/quantized-analog.js";
import type { Channel } from "../../src/channel.js";
import { RandomSource } from "../../src/kernel/index.js";
import { embeddedModels } from "../../src/models/embedded/index.js";
import { openModelFile } from "../../src/models/open.js";
import { transmit } from "../../src/study/transmission.js";
import { transmitterParams, weightStatistics } from "../../src/transmitter/transmitter.js";
import { defaultTravelRules, layOut } from "../../src/weights/layout.js";
import { density, erf, gaussian, meanOf } from "../analog/decomposition.js";
import { assertWithin } from "../within.js";
import { contextOf, receptionInto } from "./sending.js";

const components = 2 ** 18; // all of which the transmitter looks at

/** Sends x, which is its own sample, and gives what arrives with what is said of it. */
function send(
  params: object,
  x: Float32Array,
  complex: boolean,
  channel: Channel = quantizedAnalog,
) {
  const power = meanOf(Float64Array.from(x, (v) => v * v)).value;
  const link = channel.open(
    channel.params.parse(params) as never,
    contextOf({
      components: x.length,
      signal: { meanSquare: power, variance: 0.9 * power },
      sample: x,
      complex,
    }),
  );
  const reception = receptionInto(new Float32Array(x.length));
  link.transmit(x, 0, reception, 0);
  return { y: reception.y, noiseVariance: reception.noiseVariance as number, power };
}

/** Tensors of unequal power, as layers of a network have: kurtosis about 12. */
function layered(): Float32Array {
  return gaussian(components, 1.3).map((v, k) => v * (k < components / 10 ? 2.8 : 0.5));
}

const settings = [
  ["coarse converters", { snrDb: 12, dacBits: 4, clipSigma: 2, adcBits: 3, adcClipSigma: 2.5 }],
  ["full scales of least error", { snrDb: 25, dacBits: 6, adcBits: 5 }],
  ["one-bit receiver", { wnrDb: 3, adcBits: 1 }],
  ["clipping alone, at both ends", { snrDb: 20, clipSigma: 1.2, adcClipSigma: 1 }],
  ["soft limiter", { snrDb: 15, pa: { name: "soft-limiter", inputBackoffDb: 1 } }],
  ["Rapp", { snrDb: 15, pa: { name: "rapp", inputBackoffDb: 3, smoothness: 1.5 }, adcBits: 8 }],
  [
    "everything",
    {
      wnrDb: 20,
      dacBits: 6,
      clipSigma: 3,
      pa: { name: "rapp", inputBackoffDb: 4 },
      adcBits: 6,
      adcClipSigma: 3,
    },
  ],
] as const;

describe.each(settings)("%s", (_, params) => {
  test.each([
    ["Gaussian, real", gaussian(components, 1.3), false],
    ["Gaussian, IQ", gaussian(components, 1.3), true],
    ["layers of unequal power, real", layered(), false],
    ["layers of unequal power, IQ", layered(), true],
  ] as const)("%s: unbiased, with the stated noise variance", (_, x, complex) => {
    const { y, noiseVariance, power } = send(params, x, complex);
    // I and Q are distorted together, so a mean over components may have half as many terms.
    const terms = complex ? Math.SQRT2 : 1;
    const error = meanOf(Float64Array.from(y, (v, k) => (v - x[k]) ** 2));
    // Beside the measurement, 0.2 % for the noise that the transmitter averages over.
    assertWithin(error.value, noiseVariance, Math.hypot(error.se * terms, 0.002 * noiseVariance));
    const product = meanOf(Float64Array.from(y, (v, k) => ((v - x[k]) * x[k]) / power));
    assertWithin(product.value, 0, product.se * terms);
  });
});

test("the stated variance of a Gaussian behind a soft limiter is the closed form", () => {
  const x = gaussian(components, 1.3);
  const { noiseVariance, power } = send(
    { snrDb: 9, pa: { name: "soft-limiter", inputBackoffDb: 2 } },
    x,
    true,
  );
  const c = 10 ** 0.1;
  const alpha = 1 - Math.exp(-c * c) + (Math.sqrt(Math.PI) / 2) * c * (1 - erf(c));
  const output = 1 - Math.exp(-c * c);
  // The noise is 9 dB below the power that leaves the amplifier, not below that which enters.
  const theory = ((output + output / 10 ** 0.9) / alpha ** 2 - 1) * 1.3 ** 2;
  assertWithin(noiseVariance, theory, theory * Math.sqrt(4 / components));
  expect(power).toBeCloseTo(1.69, 1);
});

/** Share of values whose magnitude is above a limit. */
function shareAbove(values: Float32Array, limit: number): number {
  return values.reduce((count, v) => count + (Math.abs(v) > limit ? 1 : 0), 0) / values.length;
}

test("full scales: of what is sent before the DAC, of signal and noise together at the ADC", () => {
  const x = gaussian(components, 1.3);
  const outside = (c: number) => 1 - erf(c / Math.SQRT2);
  const clipped = send({ snrDb: 300, clipSigma: 1.1 }, x, false).y;
  const edge = clipped.reduce((most, v) => Math.max(most, v), 0);
  const p = outside(1.1);
  assertWithin(shareAbove(clipped, 0.999 * edge), p, Math.sqrt((p * (1 - p)) / components));

  // Two bits at full scale 1.6 σ: the outer levels begin at 0.8 σ.
  const quantized = send({ snrDb: 0, adcBits: 2, adcClipSigma: 1.6 }, x, false).y;
  const outermost = quantized.reduce((most, v) => Math.max(most, v), 0);
  const q = outside(0.8);
  assertWithin(shareAbove(quantized, outermost / 2), q, Math.sqrt((q * (1 - q)) / components));
});

test("back-off counts from the power that enters the amplifier, behind the converter", () => {
  const x = gaussian(components, 1.3);
  const pa = { name: "soft-limiter", inputBackoffDb: -4 };
  const { y } = send({ snrDb: 300, clipSigma: 1.1, pa }, x, false);
  const edge = y.reduce((most, v) => Math.max(most, v), 0);
  // A Gaussian of variance 1 clipped at 1.1 has power P(|x| < 1.1) − 2.2 φ(1.1) + 1.21 P(|x| > 1.1).
  const inside = erf(1.1 / Math.SQRT2);
  const power = inside - 2.2 * density(1.1) + 1.21 * (1 - inside);
  const p = 1 - erf(Math.sqrt(power * 10 ** -0.4) / Math.SQRT2);
  assertWithin(shareAbove(y, 0.999 * edge), p, Math.sqrt((p * (1 - p)) / components));
});

test("more than 14 bits, no clipping and a linear amplifier are awgn, to the last bits", () => {
  const x = gaussian(2000, 1.3);
  const params = { snrDb: 6, dacBits: 16, clipSigma: 8, adcBits: 16, adcClipSigma: 8 };
  const fine = send(params, x, true);
  const ideal = send({ snrDb: 6 }, x, true, awgn as unknown as Channel);
  expect(Math.abs(fine.noiseVariance / ideal.noiseVariance - 1)).toBeLessThan(1e-5);
  fine.y.forEach((v, k) => {
    expect(Math.abs(v - ideal.y[k])).toBeLessThan(0.001);
  });
});

test.each([{ snrDb: 6 }, { wnrDb: 6 }, { snrDb: 6, pa: { name: "linear" } }])(
  "%o: without converters the channel is awgn, noise by noise",
  (params) => {
    const x = gaussian(2000, 1.3);
    const { y, noiseVariance } = send(params, x, true);
    const { pa: _, ...level } = params as { pa?: object };
    const ideal = send(level, x, true, awgn as unknown as Channel);
    expect(noiseVariance).toBe(ideal.noiseVariance);
    expect(y.every((v, k) => v === ideal.y[k])).toBe(true);
  },
);

describe.each(["real", "iq"])("trained weights, %s mapping", (mapping) => {
  test.each(settings.filter(([name]) => name !== "one-bit receiver"))(
    "%s: the stated noise variance",
    async (_, params) => {
      const model = await openModelFile(embeddedModels[0].path);
      const layout = layOut(model.tensors, defaultTravelRules);
      const weights = model.readWeights(layout);
      const r = new Float32Array(weights.length);
      const { observation } = transmit(
        {
          weights,
          layout,
          statistics: weightStatistics(weights),
          transmitter: transmitterParams.parse({ mapping }),
          channel: quantizedAnalog as unknown as Channel,
          channelParams: quantizedAnalog.params.parse(params) as never,
          trial: 3,
          random: new RandomSource(7),
        },
        r,
      );
      const stated = observation.noiseVariance as number;
      const error = meanOf(Float64Array.from(r, (v, k) => (v - weights[k]) ** 2));
      const terms = mapping === "iq" ? Math.SQRT2 : 1;
      assertWithin(error.value, stated, Math.hypot(error.se * terms, 0.002 * stated));
    },
  );
});

describe("parameters", () => {
  const problem = (params: object) => {
    const issue = quantizedAnalog.params.safeParse({ snrDb: 6, ...params }).error?.issues[0];
    return issue && `${issue.path.join(".")}: ${issue.message}`;
  };

  test.each([
    [{ dacBits: 0 }, /^dacBits: .*>=1/],
    [{ adcBits: 0 }, /^adcBits: .*>=1/],
    [{ adcBits: 2.5 }, /^adcBits: .*expected int/],
    [{ dacBits: 17 }, /^dacBits: .*<=16/],
    [{ clipSigma: 0 }, /^clipSigma: .*>=0.01/],
    [{ clipSigma: -3 }, /^clipSigma: .*>=0.01/],
    [{ adcClipSigma: Number.NaN }, /^adcClipSigma: /],
    [{ adcClipSigma: Infinity }, /^adcClipSigma: /],
    [{ pa: { name: "rapp" } }, /^pa\.inputBackoffDb: is missing: rapp needs it \[dB\]/],
    [{ pa: { name: "soft-limiter" } }, /^pa\.inputBackoffDb: is missing: soft-limiter needs it/],
    [{ pa: { name: "rapp", inputBackoffDb: Infinity } }, /^pa\.inputBackoffDb: /],
    [{ pa: { name: "rapp", inputBackoffDb: 3, smoothness: 0 } }, /^pa\.smoothness: .*>=0.5/],
    [{ pa: { name: "saleh", inputBackoffDb: 3 } }, /^pa\.name: /],
    [{ pa: { name: "linear", backoffDb: 3 } }, /^pa: .*backoffDb/],
    [{ bits: 4 }, /bits/],
  ])("%o is refused", (params, message) => {
    expect(problem(params)).toMatch(message);
  });

  test("a back-off that linear does not need is allowed, so that amplifiers can be swept", () => {
    expect(problem({ pa: { name: "linear", inputBackoffDb: 3, smoothness: 2 } })).toBeUndefined();
  });

  test("a signal that a one-bit converter cannot show is refused", () => {
    expect(() => send({ snrDb: -200, adcBits: 1 }, gaussian(1000), false)).toThrow(
      /nothing of the signal is left .* raise channel\.snrDb/,
    );
  });

  test("weights that are all zero are refused", () => {
    const context = contextOf({ components: 8, sample: new Float32Array(8) });
    const params = quantizedAnalog.params.parse({ snrDb: 6, adcBits: 4 });
    expect(() => quantizedAnalog.open(params, context)).toThrow(
      "quantized-analog: all weights that travel are zero, so the converters have no full scale",
    );
  });
});
