import { describe, expect, test } from "vitest";
import { RandomSource } from "../../src/kernel/index.js";
import { fitMixture, type Mixture, mixtureMoments } from "../../src/math/gaussian-mixture.js";
import { assertWithin } from "../within.js";

const truth = { shares: [0.7, 0.3], means: [-4, 16], variances: [9, 30] };
const count = 30_000;

/** Observations of weights of the mixture; noise variances alternate. */
function draw(noises: readonly number[]) {
  const random = new RandomSource(3).stream("mixture");
  const r = new Float64Array(count);
  const noise = new Float64Array(count);
  for (let k = 0; k < count; k++) {
    const j = random.uniform() < truth.shares[0] ? 0 : 1;
    noise[k] = noises[k % noises.length];
    r[k] = truth.means[j] + Math.sqrt(truth.variances[j] + noise[k]) * random.normal();
  }
  return { r, noise };
}

const options = { components: 2, iterations: 500, mean: 2, variance: 90 };

function sorted({ shares, means, variances }: Mixture) {
  const order = [...means.keys()].sort((a, b) => means[a] - means[b]);
  return order.map((j) => ({ share: shares[j], mean: means[j], variance: variances[j] }));
}

describe.each([[[0]], [[20]], [[10, 50]]])("noise variances %j", (noises) => {
  const { r, noise } = draw(noises);
  const fit = fitMixture(r, noise, options);

  test("finds the mixture of the weights, not of the observations", () => {
    const found = sorted(fit.mixture!);
    const worst = Math.max(...noises);
    for (const j of [0, 1]) {
      // Overlap costs information: twice the standard errors that known components would have.
      const n = count * truth.shares[j];
      const spread = truth.variances[j] + worst;
      assertWithin(found[j].share, truth.shares[j], 2 * Math.sqrt(0.21 / count));
      assertWithin(found[j].mean, truth.means[j], 2 * Math.sqrt(spread / n));
      assertWithin(found[j].variance, truth.variances[j], 2 * spread * Math.sqrt(2 / n));
    }
  });

  test("shares add up to 1, and its moments are those of r less the noise", () => {
    const { mixture } = fit;
    expect(mixture!.shares.reduce((a, b) => a + b)).toBeCloseTo(1, 12);
    const meanNoise = noises.reduce((a, b) => a + b) / noises.length;
    const mean = r.reduce((a, b) => a + b) / count;
    const square = r.reduce((a, b) => a + (b - mean) ** 2, 0) / count;
    const moments = mixtureMoments(mixture!);
    const se = Math.sqrt(square / count);
    // With one noise variance a fit keeps the mean; it stops a fraction of a standard error before.
    assertWithin(moments.mean, mean, noises.length === 1 ? se / 10 : se);
    assertWithin(moments.variance, square - meanNoise, square * Math.sqrt(2 / count));
  });
});

test("says why there is no fit", () => {
  const { r, noise } = draw([20]);
  const reason = (o: object, n = count) => {
    const fit = fitMixture(r.subarray(0, n), noise.subarray(0, n), { ...options, ...o });
    return fit.mixture === undefined ? fit.reason : "found";
  };
  expect(reason({})).toBe("found");
  expect(reason({ iterations: 3 })).toBe("not converged after 3 iterations");
  expect(reason({}, 39)).toBe("only 39 weights arrived");
  expect(reason({ variance: 0 })).toBe("no variance beyond the noise");
});

test("peaked weights with heavy tails: three components have a higher likelihood than one", () => {
  const random = new RandomSource(4).stream("laplace");
  const r = Float64Array.from({ length: count }, () => {
    const sign = random.uniform() < 0.5 ? -1 : 1;
    return -sign * Math.log(1 - random.uniform());
  });
  const fit = fitMixture(r, new Float64Array(count), {
    ...options,
    components: 3,
    mean: 0,
    variance: 2,
  });
  const { shares, means, variances } = fit.mixture!;
  const logLikelihood = (density: (x: number) => number) =>
    r.reduce((a, x) => a + Math.log(density(x)), 0) / count;
  const normal = (x: number, m: number, v: number) =>
    Math.exp(-((x - m) ** 2) / (2 * v)) / Math.sqrt(2 * Math.PI * v);
  const found = logLikelihood((x) =>
    shares.reduce((a, p, j) => a + p * normal(x, means[j], variances[j]), 0),
  );
  // Entropies: the Laplacian's own is 1 + ln 2, a Gaussian of its variance has ½ ln(2πe·2).
  expect(found).toBeLessThan(-(1 + Math.log(2)) + 5 / Math.sqrt(count));
  expect(found).toBeGreaterThan(-0.5 * Math.log(2 * Math.PI * Math.E * 2) + 0.05);
});
