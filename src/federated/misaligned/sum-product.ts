/**
 * Sum-product algorithm for the sum of misaligned symbols (model and indices: sampling.ts). The samples form a chain:
 * sample n sees the window of symbols t_{n−M+1} … t_n, and neighbouring windows share M − 1 symbols, over which they
 * exchange Gaussian messages. Nothing is known of the symbols beforehand, so that a message is kept as a precision
 * matrix J and a vector η = J × mean, in which "nothing" is 0:
 *
 *   in window n      J ← J + (d_n/σ²) 1 1ᵀ,   η ← η + (d_n/σ²) y_n 1
 *   to the right     the oldest symbol is integrated out:  J_ab − J_a0 J_0b / J_00,   η_a − (J_a0/J_00) η_0
 *   to the left      the newest one, in the same way
 *
 * The window of the last sample of symbol period i holds exactly the M symbols of which the sum is wanted. With both
 * messages and its own sample, mean and variance of that sum are the marginal ones:
 *
 *   ŝ[i] = cᵀ J⁻¹ η,   Var ŝ[i] = cᴴ J⁻¹ c per real component,   c_m = 1/h_m
 *
 * A chain has no loops, so that this is exact, and since all is linear and Gaussian and the prior is flat, it is the
 * maximum likelihood estimate. J does not depend on what was received: it is computed once, in time linear in L and
 * cubic in M; a packet then takes 2 M operations per sample and direction. J is real, η complex.
 *
 * Source: arXiv 2102.13604 (SP-ML); Kschischang, Frey & Loeliger, "Factor graphs and the sum-product algorithm",
 * IEEE Trans. Inf. Theory 47 (2001) 498–519; Loeliger et al., Proc. IEEE 95 (2007) 1295–1322 for Gaussian messages.
 */
import { factorize, solve } from "../../transmitter/codings/cholesky.js";
import { inverseGains, type PacketModel, type SumEstimator, sampleCount } from "./sampling.js";

/** Every interval must have a positive length. Precisions are in units of 1/σ². */
export function sumProduct(model: PacketModel): SumEstimator {
  const { symbols, arrivals, shares } = model;
  const unknowns = symbols * arrivals;
  const samples = sampleCount(model);
  const chain: Chain = {
    unknowns,
    arrivals,
    shares,
    // Row n: J_a0/J_00 of window n, and J_a,M−1/J_M−1,M−1.
    right: new Float64Array(samples * arrivals),
    left: new Float64Array(samples * arrivals),
  };
  const marginals = marginalWeights(model, chain, leftwardPrecisions(chain, symbols));
  const rightward = new Float64Array(2 * unknowns); // η that enters the marginal windows
  const eta = new Float64Array(2 * arrivals);

  return {
    variances: marginals.variances,
    estimate(y, sums) {
      passRight(chain, y, eta, rightward);
      passLeft(chain, y, eta, (n) => {
        // η now has the message from the right; the one from the left and the sample join it.
        const i = (n + 1) / arrivals - 1;
        const at = 2 * i * arrivals;
        const share = shares[arrivals - 1];
        let re = 0;
        let im = 0;
        for (let a = 0; a < arrivals; a++) {
          const etaRe = eta[2 * a] + rightward[at + 2 * a] + share * y[2 * n];
          const etaIm = eta[2 * a + 1] + rightward[at + 2 * a + 1] + share * y[2 * n + 1];
          const wRe = marginals.weights[at + 2 * a];
          const wIm = marginals.weights[at + 2 * a + 1];
          re += wRe * etaRe - wIm * etaIm;
          im += wRe * etaIm + wIm * etaRe;
        }
        sums[2 * i] = re;
        sums[2 * i + 1] = im;
      });
    },
  };
}

interface Chain {
  /** Symbols of a packet in one line; window n holds those of n − M + 1 … n that exist. */
  readonly unknowns: number;
  readonly arrivals: number;
  readonly shares: Float64Array;
  readonly right: Float64Array;
  readonly left: Float64Array;
}

/** First and one past the last place in window n at which there is a symbol. */
function places({ unknowns, arrivals }: Chain, n: number): [number, number] {
  return [Math.max(0, arrivals - 1 - n), Math.min(arrivals, unknowns - 1 - n + arrivals)];
}

/** J of window n with its own sample. */
function addSample(chain: Chain, j: Float64Array, n: number): void {
  const { arrivals, shares } = chain;
  const [from, to] = places(chain, n);
  const share = shares[n % arrivals];
  for (let a = from; a < to; a++) for (let b = from; b < to; b++) j[a * arrivals + b] += share;
}

/**
 * Integrates the symbol out of J that the next window does not hold: the oldest one on the way to the right, the newest
 * one on the way to the left. The others move to their places there, and nothing is known yet of the one that joins.
 * Writes the column of the symbol over its pivot into `gains`.
 */
function integrateOut(
  { arrivals }: Chain,
  j: Float64Array,
  direction: "right" | "left",
  gains: Float64Array,
): void {
  const end = arrivals - 1;
  const out = direction === "right" ? 0 : end;
  const pivot = j[out * arrivals + out];
  // Before the packet there is no oldest symbol, and behind it no newest one.
  for (let a = 0; a < arrivals; a++) gains[a] = pivot > 0 ? j[a * arrivals + out] / pivot : 0;
  // In the order in which nothing is written over before it was read.
  const shift = direction === "right" ? -1 : 1;
  for (let step = 1; step < arrivals; step++) {
    const a = out - shift * step;
    const scaled = gains[a] * pivot;
    for (let other = 1; other < arrivals; other++) {
      const b = out - shift * other;
      j[(a + shift) * arrivals + b + shift] = j[a * arrivals + b] - scaled * gains[b];
    }
  }
  const joins = end - out;
  for (let a = 0; a < arrivals; a++) j[joins * arrivals + a] = j[a * arrivals + joins] = 0;
}

/** J of the messages from the right into the last window of every symbol period; fills `chain.left`. */
function leftwardPrecisions(chain: Chain, symbols: number): Float64Array {
  const { unknowns, arrivals, left } = chain;
  const kept = new Float64Array(symbols * arrivals * arrivals);
  const j = new Float64Array(arrivals * arrivals);
  for (let n = unknowns + arrivals - 2; n >= arrivals - 1; n--) {
    if ((n + 1) % arrivals === 0) kept.set(j, ((n + 1) / arrivals - 1) * arrivals * arrivals);
    addSample(chain, j, n);
    const row = left.subarray(n * arrivals, (n + 1) * arrivals);
    integrateOut(chain, j, "left", row);
  }
  return kept;
}

/** J⁻¹ c and cᴴ J⁻¹ c of the windows of whole symbol periods; fills `chain.right`. */
function marginalWeights(
  model: PacketModel,
  chain: Chain,
  leftward: Float64Array,
): { weights: Float64Array; variances: Float64Array } {
  const { unknowns, arrivals, right } = chain;
  const inverse = inverseGains(model);
  const weights = new Float64Array(2 * unknowns);
  const variances = new Float64Array(model.symbols);
  const j = new Float64Array(arrivals * arrivals);
  const all = new Float64Array(arrivals * arrivals);
  const column = new Float64Array(arrivals);
  for (let n = 0; n < unknowns; n++) {
    addSample(chain, j, n);
    if ((n + 1) % arrivals === 0) {
      const i = (n + 1) / arrivals - 1;
      const from = i * arrivals * arrivals;
      for (let k = 0; k < all.length; k++) all[k] = j[k] + leftward[from + k];
      const proper = factorize(all, arrivals, 0);
      variances[i] = proper ? 0 : Number.POSITIVE_INFINITY;
      for (let part = 0; proper && part < 2; part++) {
        for (let a = 0; a < arrivals; a++) column[a] = inverse[2 * a + part];
        solve(all, arrivals, column);
        for (let a = 0; a < arrivals; a++) {
          weights[2 * (i * arrivals + a) + part] = column[a];
          variances[i] += model.noiseVariance * column[a] * inverse[2 * a + part];
        }
      }
    }
    const row = right.subarray(n * arrivals, (n + 1) * arrivals);
    integrateOut(chain, j, "right", row);
  }
  return { weights, variances };
}

/** Messages from the left; keeps η that enters the last window of every symbol period in `kept`. */
function passRight(chain: Chain, y: Float64Array, eta: Float64Array, kept: Float64Array): void {
  const { unknowns, arrivals, shares, right } = chain;
  const newest = 2 * (arrivals - 1);
  eta.fill(0);
  for (let n = 0; n < unknowns; n++) {
    if ((n + 1) % arrivals === 0) kept.set(eta, 2 * (n + 1 - arrivals));
    const share = shares[n % arrivals];
    const re = share * y[2 * n];
    const im = share * y[2 * n + 1];
    // At the packet's start there is no oldest symbol: its gains are 0, and what stands in its place is not used.
    const oldRe = eta[0] + re;
    const oldIm = eta[1] + im;
    const row = n * arrivals;
    for (let a = 1; a < arrivals; a++) {
      const gain = right[row + a];
      eta[2 * a - 2] = eta[2 * a] + re - gain * oldRe;
      eta[2 * a - 1] = eta[2 * a + 1] + im - gain * oldIm;
    }
    eta[newest] = 0;
    eta[newest + 1] = 0;
  }
}

/** Messages from the right; calls `marginal` with the last window of every symbol period. */
function passLeft(
  chain: Chain,
  y: Float64Array,
  eta: Float64Array,
  marginal: (n: number) => void,
): void {
  const { unknowns, arrivals, shares, left } = chain;
  const newest = arrivals - 1;
  eta.fill(0);
  for (let n = unknowns + arrivals - 2; n >= newest; n--) {
    if ((n + 1) % arrivals === 0) marginal(n);
    const share = shares[n % arrivals];
    const re = share * y[2 * n];
    const im = share * y[2 * n + 1];
    const newRe = eta[2 * newest] + re;
    const newIm = eta[2 * newest + 1] + im;
    const row = n * arrivals;
    for (let a = newest - 1; a >= 0; a--) {
      const gain = left[row + a];
      eta[2 * a + 2] = eta[2 * a] + re - gain * newRe;
      eta[2 * a + 3] = eta[2 * a + 1] + im - gain * newIm;
    }
    eta[0] = 0;
    eta[1] = 0;
  }
}
