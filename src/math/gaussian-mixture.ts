/**
 * A mixture of Gaussians, w ~ Σ π_j N(m_j, v_j): its posterior mean behind Gaussian noise, and its fit to noisy
 * observations r = w + n with known noise variances σ_k².
 *
 *   E[w | r] = Σ q_j(r) (m_j + v_j / (v_j + σ²) (r − m_j)),   q_j(r) ∝ π_j N(r; m_j, v_j + σ²)
 *
 * The fit is expectation maximisation with the noise in the model, so that what comes out describes the weights
 * and not their observations; with σ² = 0 it is the usual EM.
 *
 * Source: Bovy, Hogg & Roweis, "Extreme deconvolution", Annals of Applied Statistics 5 (2011) 1657–1677, in one
 * dimension; Dempster, Laird & Rubin, JRSS B 39 (1977) 1–38.
 * Limits: a local maximum of the likelihood, the better one of two starts; component variances of at least
 * 1e-6 of the whole variance, below which the likelihood would grow without bound.
 */

/** Shares π (they add up to 1), means m and variances v of the components. */
export interface Mixture {
  readonly shares: Float64Array;
  readonly means: Float64Array;
  readonly variances: Float64Array;
}

export function gaussian(mean: number, variance: number): Mixture {
  return {
    shares: Float64Array.of(1),
    means: Float64Array.of(mean),
    variances: Float64Array.of(variance),
  };
}

/** Mean and variance of the whole mixture. */
export function mixtureMoments({ shares, means, variances }: Mixture): {
  mean: number;
  variance: number;
} {
  let mean = 0;
  for (let j = 0; j < shares.length; j++) mean += shares[j] * means[j];
  let variance = 0;
  for (let j = 0; j < shares.length; j++) {
    variance += shares[j] * (variances[j] + (means[j] - mean) ** 2);
  }
  return { mean, variance };
}

/** Fit of a mixture: undefined `mixture` where it failed, for the `reason` given. */
export type MixtureFit =
  | { readonly mixture: Mixture; readonly iterations: number }
  | { readonly mixture: undefined; readonly reason: string };

export interface FitOptions {
  readonly components: number;
  /** EM iterations at most. */
  readonly iterations: number;
  /** Of all observations that arrived: what standardises them. */
  readonly mean: number;
  readonly variance: number;
}

/** Fewer observations than this for each component say nothing about it. */
const leastPerComponent = 20;
/**
 * EM has converged when an iteration adds less than this to the mean log likelihood [nats per weight]: what more
 * iterations would change no longer shows in posterior means.
 */
const tolerance = 1e-5;
/** Iterations after which the better start goes on alone. */
const trialIterations = 20;
const leastVariance = 1e-6;

/**
 * Fits a mixture to observations `r` with noise variances `noise` (one each; erased ones left out by the
 * caller). Deterministic: no random starts.
 */
export function fitMixture(r: Float64Array, noise: Float64Array, options: FitOptions): MixtureFit {
  const { components, iterations, mean, variance } = options;
  if (r.length < leastPerComponent * components) {
    return { mixture: undefined, reason: `only ${r.length} weights arrived` };
  }
  if (!(variance > 0)) return { mixture: undefined, reason: "no variance beyond the noise" };
  const scale = Math.sqrt(variance);
  const z = r.map((v) => (v - mean) / scale);
  const s = noise.map((v) => v / variance);
  const starts = [scales(components), places(components, z)].map((start) =>
    climb(start, z, s, Math.min(trialIterations, iterations)),
  );
  let best = starts[0].logLikelihood >= starts[1].logLikelihood ? starts[0] : starts[1];
  if (!best.converged && iterations > trialIterations) {
    const spent = best.iterations;
    best = climb(best.mixture, z, s, iterations - spent);
    best.iterations += spent;
  }
  if (!Number.isFinite(best.logLikelihood)) {
    return { mixture: undefined, reason: "the likelihood is not finite" };
  }
  if (!best.converged) {
    return { mixture: undefined, reason: `not converged after ${iterations} iterations` };
  }
  const { shares, means, variances } = best.mixture;
  return {
    mixture: {
      shares,
      means: means.map((m) => mean + scale * m),
      variances: variances.map((v) => variance * v),
    },
    iterations: best.iterations,
  };
}

/** One centre, widths a factor of two apart: a peak with heavy tails, as trained weights have. */
function scales(components: number): Mixture {
  return {
    shares: new Float64Array(components).fill(1 / components),
    means: Float64Array.from({ length: components }, (_, j) => 0.1 * (j - (components - 1) / 2)),
    variances: Float64Array.from(
      { length: components },
      (_, j) => 4 ** (j - (components - 1) / 2) / Math.sqrt(components),
    ),
  };
}

/** Centres at the quantiles: separate clusters. */
function places(components: number, z: Float64Array): Mixture {
  const sorted = z.toSorted();
  return {
    shares: new Float64Array(components).fill(1 / components),
    means: Float64Array.from(
      { length: components },
      (_, j) => sorted[Math.floor(((j + 0.5) / components) * z.length)],
    ),
    variances: new Float64Array(components).fill(1 / components ** 2),
  };
}

interface Climb {
  mixture: Mixture;
  logLikelihood: number;
  converged: boolean;
  iterations: number;
}

/** EM from `start` on standardised observations. */
function climb(start: Mixture, z: Float64Array, s: Float64Array, most: number): Climb {
  const n = z.length;
  const count = start.shares.length;
  const shares = start.shares.slice();
  const means = start.means.slice();
  const variances = start.variances.slice();
  const mixture = { shares, means, variances };
  const q = new Float64Array(count);
  const odds = new ComponentOdds(count);
  const sums = [new Float64Array(count), new Float64Array(count), new Float64Array(count)];
  let last = -Infinity;
  for (let i = 1; i <= most; i++) {
    for (const sum of sums) sum.fill(0);
    const [weight, first, second] = sums;
    let logLikelihood = 0;
    let prepared = Number.NaN;
    for (let k = 0; k < n; k++) {
      const noise = s[k];
      if (noise !== prepared) odds.prepare(mixture, noise);
      prepared = noise;
      const log = odds.of(mixture, z[k], q);
      let sum = 0;
      for (let j = 0; j < count; j++) sum += q[j];
      logLikelihood += log + Math.log(sum) - halfLogTwoPi;
      for (let j = 0; j < count; j++) {
        q[j] /= sum;
        const v = variances[j];
        const g = v / (v + noise);
        const b = means[j] + g * (z[k] - means[j]);
        weight[j] += q[j];
        first[j] += q[j] * b;
        second[j] += q[j] * (b * b + g * noise);
      }
    }
    logLikelihood /= n;
    for (let j = 0; j < count; j++) {
      shares[j] = weight[j] / n;
      // A component that nothing belongs to stays where it is.
      if (!(weight[j] > 0)) continue;
      means[j] = first[j] / weight[j];
      variances[j] = Math.max(second[j] / weight[j] - means[j] ** 2, leastVariance);
    }
    if (!Number.isFinite(logLikelihood)) {
      return { mixture, logLikelihood: Number.NaN, converged: false, iterations: i };
    }
    // Never in the first iteration, whose `last` is no likelihood.
    if (Math.abs(logLikelihood - last) < tolerance) {
      return { mixture, logLikelihood, converged: true, iterations: i };
    }
    last = logLikelihood;
  }
  return { mixture, logLikelihood: last, converged: false, iterations: most };
}

/** How likely components are behind an observation, with what depends on its noise alone computed beforehand. */
export class ComponentOdds {
  /** ln π_j − ½ ln(v_j + σ²). */
  readonly #logs: Float64Array;
  /** −½ / (v_j + σ²). */
  readonly #rates: Float64Array;

  constructor(components: number) {
    this.#logs = new Float64Array(components);
    this.#rates = new Float64Array(components);
  }

  /** An infinite noise variance tells nothing of the component. */
  prepare({ shares, variances }: Mixture, noise: number): void {
    for (let j = 0; j < shares.length; j++) {
      const v = variances[j] + noise;
      this.#logs[j] = Math.log(shares[j]) - (noise === Infinity ? 0 : 0.5 * Math.log(v));
      this.#rates[j] = -0.5 / v;
    }
  }

  /** Fills `q` with odds of which the largest is 1; returns ln π_j N(r; m_j, v_j + σ²) of that one, but for −½ ln 2π. */
  of({ means }: Mixture, r: number, q: Float64Array): number {
    const count = means.length;
    let largest = -Infinity;
    for (let j = 0; j < count; j++) {
      const d = r - means[j];
      q[j] = this.#logs[j] + this.#rates[j] * d * d;
      if (q[j] > largest) largest = q[j];
    }
    for (let j = 0; j < count; j++) q[j] = Math.exp(q[j] - largest);
    return largest;
  }
}

const halfLogTwoPi = 0.5 * Math.log(2 * Math.PI);
