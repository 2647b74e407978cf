import jstat from "jstat";
import { describe, expect, test } from "vitest";
import { quantizedAnalog } from "../../channels/quantized-analog.js";
import type { Channel } from "../../src/channel.js";
import { RandomSource } from "../../src/kernel/index.js";
import type { Cells, Observation } from "../../src/observation.js";
import { mmse } from "../../src/receiver/mmse.js";
import { quantizedPosterior } from "../../src/receiver/quantized-posterior.js";
import { Collector } from "../../src/receiver/receiver.js";
import { transmit } from "../../src/study/transmission.js";
import {
  allocatePacket,
  transmitterParams,
  weightStatistics,
} from "../../src/transmitter/transmitter.js";
import { density, integral } from "../analog/decomposition.js";
import { assertWithin } from "../within.js";

const cdf = (z: number) => jstat.normal.cdf(z, 0, 1);

/** Edges of cell j. */
function edges({ step, count }: Cells, j: number): [number, number] {
  const half = count / 2;
  return [
    j === 0 ? -Infinity : (j - half) * step,
    j === count - 1 ? Infinity : (j + 1 - half) * step,
  ];
}

/** What a receiver finds in each cell. */
const centres = ({ step, count, rescale }: Cells) =>
  Float32Array.from({ length: count }, (_, j) => rescale * step * (j + 0.5 - count / 2));

function estimateOf(
  r: Float32Array,
  cells: Cells,
  prior: { mean: number; variance: number },
): Float32Array {
  const out = new Float32Array(r.length);
  quantizedPosterior.estimate(r, { noiseVariance: 0.5, prior, cells }, {}, out);
  return out;
}

describe("posterior means of every cell against integrals over the weights", () => {
  test.each([
    [1, 1.7, 0.6, 1.3, 0.2],
    [1, 0.4, 1.2, 0.01, -0.9],
    [2, 0.9, 0.8, 0.5, 0.3],
    [3, 0.5, 1, 0.09, -0.2],
    [4, 0.31, 0.95, 2.2, 0],
    [6, 0.07, 1.1, 0.004, 0.5],
  ])(
    "%d bits, step %d, rescale %d, noise variance %d, mean %d",
    (bits, step, rescale, noise, mean) => {
      const variance = 1.1;
      const cells = { step, count: 2 ** bits, noiseVariance: noise, rescale };
      const found = estimateOf(centres(cells), cells, { mean, variance });
      const deviation = Math.sqrt(variance);
      for (let j = 0; j < cells.count; j++) {
        const [a, b] = edges(cells, j);
        // Chance of the cell given w = mean + t, times the prior; both tails by the smaller one.
        const joint = (t: number) => {
          const [low, high] = [a, b].map((edge) => (edge - mean - t) / Math.sqrt(noise));
          const chance = low > 0 ? cdf(-low) - cdf(-high) : cdf(high) - cdf(low);
          return chance * density(t / deviation);
        };
        const mass = integral(joint, -9, 9, 6000);
        if (mass < 1e-9) continue; // jstat's tails have no more digits; the next test goes there
        const theory = mean + integral((t) => t * joint(t), -9, 9, 6000) / mass;
        expect(Math.abs(found[j] - theory)).toBeLessThan(2e-6 * Math.max(1, Math.abs(theory)));
      }
    },
  );

  test.each([
    [4, 12],
    [5, 40],
    [6, 900],
  ])("%d bits, cells of %d deviations of the prior: far out in its tails", (bits, width) => {
    const [mean, variance, noise] = [0.1, 0.04, 0.02];
    const total = Math.sqrt(variance + noise);
    const cells = { step: width * 0.2, count: 2 ** bits, noiseVariance: noise, rescale: 0.7 };
    const found = estimateOf(centres(cells), cells, { mean, variance });
    for (let j = 0; j < cells.count; j++) {
      // E[w | v] is linear in v = w + n, whose density in the cell falls off from the edge nearest to the mean.
      const [a, b] = edges(cells, j).map((edge) => (edge - mean) / total);
      const near = Math.max(0, a, -b);
      const side = a + b < 0 ? -1 : 1;
      const z = (u: number) => side * (near + u);
      const inside = (u: number) => (z(u) >= a && z(u) <= b ? 1 : 0);
      const fall = (u: number) => inside(u) * Math.exp(-u * (near + u / 2));
      const reach = near === 0 ? 0 : Math.min(38 / near, b - a);
      if (reach === 0) continue; // the cell with the mean, which the test above has
      const mass = integral(fall, 0, reach);
      const meanZ = integral((u) => z(u) * fall(u), 0, reach) / mass;
      const theory = mean + (variance / total) * meanZ;
      expect(Math.abs(found[j] / theory - 1)).toBeLessThan(2e-6);
    }
  });
});

const count = 2 ** 17; // all of which the transmitter looks at
const spread = 0.7;

/** Gaussian weights, sent. */
function sendGaussian(params: object, { mean = 0.2, transmitter = {} } = {}) {
  const weights = new Float32Array(count);
  new RandomSource(31).stream("weights").fillNormal(weights, spread, mean);
  const statistics = weightStatistics(weights);
  const entries = [
    { name: "all", shape: [count], size: count, role: "weight" as const, offset: 0 },
  ];
  const { observation } = transmit(
    {
      weights,
      layout: { entries, size: count },
      statistics,
      transmitter: transmitterParams.parse(transmitter),
      channel: quantizedAnalog as unknown as Channel,
      channelParams: quantizedAnalog.params.parse(params) as never,
      trial: 0,
      random: new RandomSource(32),
    },
    new Float32Array(count),
  );
  return { weights, statistics, observation };
}

/** Squared errors of both estimators, in float64. */
function errorsOf({ weights, statistics, observation }: ReturnType<typeof sendGaussian>) {
  const { r, ...told } = observation;
  const known = { ...told, prior: statistics };
  const out = new Float32Array(count);
  const errors = (estimator: typeof mmse | typeof quantizedPosterior) => {
    estimator.estimate(r, known, {}, out);
    return Float64Array.from(out, (v, k) => (v - weights[k]) ** 2);
  };
  return { posterior: errors(quantizedPosterior), linear: errors(mmse) };
}

function meanOf(values: Float64Array): { mean: number; se: number } {
  const mean = values.reduce((sum, v) => sum + v, 0) / count;
  const square = values.reduce((sum, v) => sum + (v - mean) ** 2, 0) / count;
  return { mean, se: Math.sqrt(square / count) };
}

describe.each([
  [1, 6, 1.2],
  [2, 3, 1.9],
  [2, 25, 2.4],
  [3, 12, 2.2],
  [4, 20, 2.7],
])("Gaussian weights through %d bits at %d dB, full scale %d", (adcBits, snrDb, adcClipSigma) => {
  const sent = sendGaussian({ snrDb, adcBits, adcClipSigma });
  const { posterior, linear } = errorsOf(sent);
  const { mean, variance, meanSquare } = sent.statistics;
  const noise = meanSquare / 10 ** (snrDb / 10);

  test("the mean square error is V − Σ E[(w − μ) 1{cell}]² / P(cell), integrated", () => {
    // In units of weights: the full scale counts from signal and noise together.
    const step = (2 * adcClipSigma * Math.sqrt(meanSquare + noise)) / 2 ** adcBits;
    const cells = { step, count: 2 ** adcBits, noiseVariance: noise, rescale: 1 };
    const deviation = Math.sqrt(variance);
    let theory = variance;
    for (let j = 0; j < cells.count; j++) {
      const [a, b] = edges(cells, j);
      const joint = (t: number) =>
        (density(t / deviation) / deviation) *
        (cdf((b - mean - t) / Math.sqrt(noise)) - cdf((a - mean - t) / Math.sqrt(noise)));
      const reach = 9 * deviation;
      const chance = integral(joint, -reach, reach, 4000);
      theory -= integral((t) => t * joint(t), -reach, reach, 4000) ** 2 / chance;
    }
    const found = meanOf(posterior);
    assertWithin(found.mean, theory, found.se);
  });

  test("mmse is no better", () => {
    const gain = meanOf(linear.map((v, k) => v - posterior[k]));
    expect(gain.mean).toBeGreaterThan(-5 * gain.se);
  });
});

test("hard clipping: mmse is worse by a fifth, since outer cells tell less than inner ones", () => {
  const { posterior, linear } = errorsOf(sendGaussian({ snrDb: 25, adcBits: 4, adcClipSigma: 1 }));
  const gain = meanOf(linear.map((v, k) => v - posterior[k]));
  expect(gain.mean / meanOf(linear).mean).toBeGreaterThan(0.2);
});

test.each([0, 15])("with 14 bits it agrees with mmse, at %d dB", (snrDb) => {
  const { statistics, observation } = sendGaussian({ snrDb, adcBits: 14, adcClipSigma: 8 });
  const { r, ...told } = observation;
  const [posterior, linear] = [quantizedPosterior, mmse].map((estimator) => {
    const out = new Float32Array(count);
    estimator.estimate(r, { ...told, prior: statistics }, {}, out);
    return out;
  });
  const furthest = posterior.reduce((most, v, k) => Math.max(most, Math.abs(v - linear[k])), 0);
  // The stated noise variance of mmse is a measured one, to 0.2 %, and a cell is 0.001 of the full scale.
  expect(furthest / spread).toBeLessThan(0.01);
});

/** How far r lies from rescaled centres at most, in steps. */
function offCentre({ r, cells }: Observation): number {
  const { step, rescale } = cells!;
  let off = 0;
  for (const v of r) {
    const place = v / (rescale * step) - 0.5;
    off = Math.max(off, Math.abs(place - Math.round(place)));
  }
  return off;
}

describe("cells in units of weights", () => {
  test("step, noise and rescaling are those of the chain, and r lies at rescaled centres", () => {
    const { observation, statistics } = sendGaussian({ snrDb: 9, adcBits: 3, adcClipSigma: 2 });
    const { step, count: cells, noiseVariance } = observation.cells!;
    const noise = statistics.meanSquare / 10 ** 0.9;
    expect(cells).toBe(8);
    expect(noiseVariance / noise).toBeCloseTo(1, 5);
    expect(step / ((4 * Math.sqrt(statistics.meanSquare + noise)) / 8)).toBeCloseTo(1, 5);
    expect(offCentre(observation)).toBeLessThan(1e-5);
  });

  test("what the transmitter's devices do is undone by their gain and counts as noise", () => {
    const pa = { name: "soft-limiter", inputBackoffDb: 0 };
    const { observation } = sendGaussian({ snrDb: 20, adcBits: 3, pa }, { mean: 0 });
    const { noiseVariance, rescale } = observation.cells!;
    // A Gaussian clipped at its own deviation: α = erf(1/√2), and its power as in clipper.test.ts.
    const inside = 2 * cdf(1) - 1;
    const power = inside - 2 * density(1) + (1 - inside);
    const theory = (power * 1.01 - inside ** 2) / inside ** 2;
    expect(noiseVariance / spread ** 2 / theory).toBeCloseTo(1, 1);
    expect(rescale).toBeGreaterThan(1);
    expect(offCentre(observation)).toBeLessThan(1e-5);
  });

  test.each([
    ["an ideal converter", { snrDb: 9 }, {}],
    ["one that only clips", { snrDb: 9, adcClipSigma: 2 }, {}],
    ["a code", { snrDb: 9, adcBits: 3 }, { code: [{ name: "power-allocation", by: "equal" }] }],
    ["a code without effect", { snrDb: 9, adcBits: 3 }, { code: [{ name: "pruning", keep: 1 }] }],
  ])("%s: none", (_, params, transmitter) => {
    const { observation } = sendGaussian(params, { transmitter });
    expect(observation.cells).toBeUndefined();
  });

  test("packets that did not all leave one converter have none", () => {
    const one = { step: 0.6, count: 4, noiseVariance: 0.5, rescale: 0.8 };
    const cellsOf = (...packets: (Cells | undefined)[]) => {
      const collector = new Collector(new Float32Array(packets.length), {
        scale: 2,
        order: undefined,
      });
      packets.forEach((cells, first) => {
        const packet = allocatePacket(1);
        collector.take({ ...packet, first, reception: { ...packet.reception, cells }, tries: 1 });
      });
      return collector.finish().cells;
    };
    expect(cellsOf(one, one)).toEqual({ ...one, step: 0.3, noiseVariance: 0.125 });
    expect(cellsOf(one, { ...one, step: 0.7 })).toBeUndefined();
    expect(cellsOf(one, undefined)).toBeUndefined();
    expect(cellsOf(undefined, one, one)).toBeUndefined();
  });

  test("interleaving and IQ symbols leave them as they are", () => {
    const params = { snrDb: 9, adcBits: 3 };
    const transmitter = { mapping: "iq", interleaving: "random" };
    const plain = errorsOf(sendGaussian(params));
    const mixed = errorsOf(sendGaussian(params, { transmitter }));
    const [a, b] = [meanOf(plain.posterior), meanOf(mixed.posterior)];
    assertWithin(a.mean, b.mean, Math.hypot(a.se, b.se));
    expect(meanOf(mixed.linear).mean).toBeGreaterThan(b.mean);
  });
});

describe("edges of the estimator", () => {
  const cells = { step: 0.5, count: 4, noiseVariance: 0.2, rescale: 0.9 };

  test("values beyond the outermost centres belong to the outermost cells", () => {
    const prior = { mean: 0.1, variance: 0.6 };
    const r = Float32Array.of(-9, -0.675, 0.675, 9);
    const out = estimateOf(r, cells, prior);
    expect(out[0]).toBe(out[1]);
    expect(out[3]).toBe(out[2]);
  });

  test("weights that are all equal, or never arrived, are the prior mean", () => {
    const r = Float32Array.of(0.2, 0.2, 0.2);
    expect([...estimateOf(r, cells, { mean: 0.25, variance: 0 })]).toEqual([0.25, 0.25, 0.25]);
    const still = { ...cells, noiseVariance: 0 };
    expect([...estimateOf(r, still, { mean: 0.25, variance: 0 })]).toEqual([0.25, 0.25, 0.25]);
    const out = new Float32Array(3);
    const noiseVariance = Float32Array.of(0.3, Infinity, 0.3);
    const prior = { mean: 0.75, variance: 0.6 };
    quantizedPosterior.estimate(r, { noiseVariance, prior, cells }, {}, out);
    expect(out[1]).toBe(0.75);
    expect(out[0]).toBe(out[2]);
    expect(out[0]).toBeLessThan(0.7);
  });

  test("each tensor has its own prior", () => {
    const parts = [
      { from: 0, to: 2, mean: 0.1, variance: 0.6 },
      { from: 2, to: 4, mean: -0.4, variance: 0.05 },
    ];
    const r = Float32Array.of(0.225, -0.225, 0.225, -0.225);
    const prior = { mean: 0, variance: 1, parts };
    const out = new Float32Array(4);
    quantizedPosterior.estimate(r, { noiseVariance: 0.5, prior, cells }, {}, out);
    for (const { from, to, ...own } of parts) {
      const alone = estimateOf(r.subarray(from, to), cells, own);
      expect([...out.subarray(from, to)]).toEqual([...alone]);
    }
  });

  test("without cells it is mmse", () => {
    const known: Omit<Observation, "r"> = { noiseVariance: Float32Array.of(0.3, 0.1, Infinity) };
    const r = Float32Array.of(0.2, -0.6, 0.4);
    const prior = { mean: 0.25, variance: 0.6 };
    const [posterior, linear] = [quantizedPosterior, mmse].map((estimator) => {
      const out = new Float32Array(3);
      estimator.estimate(r, { ...known, prior }, {}, out);
      return [...out];
    });
    expect(posterior).toEqual(linear);
  });
});
