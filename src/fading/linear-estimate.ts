/**
 * Linear estimates of a channel gain from noisy observations of it at other places (pilots):
 *
 *   p_j = h_j + n_j,  E|n_j|² = pilotNoise        ĥ_i = Σ_j w_ij p_j
 *
 *   ls      w by linear interpolation between the two pilots around i; beyond the outer pilots the
 *           nearest one counts
 *   lmmse   w_i = r_i (R + pilotNoise I)⁻¹,  R_jk = E[h_j h_k*],  (r_i)_k = E[h_i h_k*]
 *
 * A place is a number on any axis: a subcarrier, a symbol, a time. What such an estimate is worth to the
 * receiver is the best linear description of h by ĥ, h = c ĥ + e with e uncorrelated with ĥ:
 *
 *   c = E[h ĥ*] / E|ĥ|²,   E|e|² = s = E|h|² − |c|² E|ĥ|²
 *
 * With lmmse c = 1 and s is the mean square error (orthogonality); with ls |c| < 1, since its noise is in ĥ.
 * For Gaussian h, e is independent of ĥ, so s holds whatever ĥ was.
 *
 * Source: Kay, Fundamentals of Statistical Signal Processing: Estimation Theory (1993), ch. 12;
 * Edfors et al., "OFDM channel estimation by singular value decomposition", IEEE Trans. Commun. 46 (1998).
 * Limits: one correlation for all realisations, known to the receiver, the mean's part included in it.
 */
import { InputError } from "../errors.js";

/** E[h_i h_j*] as [re, im]. */
export type Correlation = (i: number, j: number) => readonly [number, number];

export interface LinearEstimatorSpec {
  readonly kind: "ls" | "lmmse";
  readonly correlation: Correlation;
  /** In ascending order. */
  readonly pilots: readonly number[];
  readonly places: readonly number[];
  /** Noise variance of a pilot's observation, complex, in units of |h|². */
  readonly pilotNoise: number;
}

export interface LinearEstimator {
  /** Pilots that each place looks at. */
  readonly width: number;
  /** Index of the first pilot that a place looks at. */
  readonly first: Int32Array;
  /** `width` weights per place, re, im, re, im, … */
  readonly weights: Float64Array;
  /** c per place, re, im, re, im, … */
  readonly c: Float64Array;
  /** s per place. */
  readonly s: Float64Array;
}

/**
 * Multiplications that solving may take: 512 pilots for 8,192 places, some seconds. Beyond, a receiver
 * would not use all pilots for each place either.
 */
const mostWork = 2 ** 31;

/** Relative to the mean gain: below this, rounding decides whether R can be inverted. */
const leastRidge = 1e-11;

/** Throws InputError where lmmse would take too long to solve. */
export function linearEstimator(spec: LinearEstimatorSpec): LinearEstimator {
  if (spec.pilots.length === 0) throw new RangeError("linearEstimator: needs at least one pilot");
  return spec.kind === "ls" ? interpolation(spec) : wiener(spec);
}

/** ĥ at every place from the pilots' observations, both interleaved complex. */
export function estimate(
  { width, first, weights }: LinearEstimator,
  observed: Float64Array,
  out: Float64Array,
): void {
  for (let i = 0, w = 0; i < first.length; i++) {
    let re = 0;
    let im = 0;
    const end = 2 * (first[i] + width);
    for (let j = 2 * first[i]; j < end; j += 2, w += 2) {
      re += weights[w] * observed[j] - weights[w + 1] * observed[j + 1];
      im += weights[w] * observed[j + 1] + weights[w + 1] * observed[j];
    }
    out[2 * i] = re;
    out[2 * i + 1] = im;
  }
}

function interpolation(spec: LinearEstimatorSpec): LinearEstimator {
  const { pilots, places } = spec;
  const width = Math.min(2, pilots.length);
  const first = new Int32Array(places.length);
  const weights = new Float64Array(2 * width * places.length);
  let before = 0;
  places.forEach((place, i) => {
    if (place < pilots[before]!) before = 0; // places may come in any order
    while (before + 2 < pilots.length && pilots[before + 1]! <= place) before++;
    first[i] = before;
    if (width === 1) {
      weights[2 * i] = 1;
      return;
    }
    const share = (place - pilots[before]!) / (pilots[before + 1]! - pilots[before]!);
    const right = Math.min(1, Math.max(0, share));
    weights[4 * i] = 1 - right;
    weights[4 * i + 2] = right;
  });
  return { width, first, weights, ...worth(spec, width, first, weights) };
}

/** c and s from the moments of ĥ, for any weights. */
function worth(
  { correlation, pilots, places, pilotNoise }: LinearEstimatorSpec,
  width: number,
  first: Int32Array,
  weights: Float64Array,
): { c: Float64Array; s: Float64Array } {
  const c = new Float64Array(2 * places.length);
  const s = new Float64Array(places.length);
  places.forEach((place, i) => {
    let crossRe = 0; // E[h ĥ*]
    let crossIm = 0;
    let power = 0; // E|ĥ|²
    for (let j = 0; j < width; j++) {
      const wRe = weights[2 * (i * width + j)];
      const wIm = weights[2 * (i * width + j) + 1];
      const pilot = pilots[first[i] + j]!;
      const [re, im] = correlation(place, pilot);
      crossRe += wRe * re + wIm * im;
      crossIm += wRe * im - wIm * re;
      power += pilotNoise * (wRe * wRe + wIm * wIm);
      for (let k = 0; k < width; k++) {
        const vRe = weights[2 * (i * width + k)];
        const vIm = weights[2 * (i * width + k) + 1];
        const [a, b] = correlation(pilot, pilots[first[i] + k]!);
        const productRe = wRe * vRe + wIm * vIm; // w_j w_k*
        const productIm = wIm * vRe - wRe * vIm;
        power += productRe * a - productIm * b; // the sum over j and k is real
      }
    }
    setWorth(c, s, i, crossRe, crossIm, power, correlation(place, place)[0]);
  });
  return { c, s };
}

function setWorth(
  c: Float64Array,
  s: Float64Array,
  i: number,
  crossRe: number,
  crossIm: number,
  power: number,
  gain: number,
): void {
  c[2 * i] = power > 0 ? crossRe / power : 0;
  c[2 * i + 1] = power > 0 ? crossIm / power : 0;
  const explained = power > 0 ? (crossRe * crossRe + crossIm * crossIm) / power : 0;
  s[i] = Math.max(0, gain - explained); // rounding may leave a little below 0
}

/** All pilots for every place, by a Cholesky factor L of the pilots' covariance, L Lᴴ = R + λ I. */
function wiener({ correlation, pilots, places, pilotNoise }: LinearEstimatorSpec): LinearEstimator {
  const n = pilots.length;
  if (!(n * n * places.length <= mostWork)) {
    throw new InputError(
      `the lmmse estimate of ${places.length} places from ${n} pilots takes too long to solve: ` +
        `pilots² x places must be at most ${mostWork}; use fewer pilots, or ls`,
    );
  }
  const gain = correlation(pilots[0]!, pilots[0]!)[0];
  const ridge = Math.max(pilotNoise, leastRidge * gain);
  const factor = cholesky(n, (j, k) => correlation(pilots[j]!, pilots[k]!), ridge);
  const weights = new Float64Array(2 * n * places.length);
  const c = new Float64Array(2 * places.length);
  const s = new Float64Array(places.length);
  const r = new Float64Array(2 * n);
  places.forEach((place, i) => {
    const w = weights.subarray(2 * n * i, 2 * n * (i + 1));
    for (let k = 0; k < n; k++) {
      const [re, im] = correlation(place, pilots[k]!);
      r[2 * k] = w[2 * k] = re;
      r[2 * k + 1] = w[2 * k + 1] = im;
    }
    solveRow(n, factor, w);
    let crossRe = 0; // E[h ĥ*] = Σ w_k* r_k
    let crossIm = 0;
    let size = 0;
    for (let k = 0; k < 2 * n; k += 2) {
      crossRe += w[k] * r[k] + w[k + 1] * r[k + 1];
      crossIm += w[k] * r[k + 1] - w[k + 1] * r[k];
      size += w[k] * w[k] + w[k + 1] * w[k + 1];
    }
    const power = crossRe - (ridge - pilotNoise) * size;
    setWorth(c, s, i, crossRe, crossIm, power, correlation(place, place)[0]);
  });
  return { width: n, first: new Int32Array(places.length), weights, c, s };
}

/** Lower triangle L of L Lᴴ = A + ridge I, row by row, interleaved complex, with 1 / L_jj as its diagonal. */
function cholesky(n: number, a: Correlation, ridge: number): Float64Array {
  const l = new Float64Array(2 * n * n);
  for (let j = 0; j < n; j++) {
    for (let k = 0; k <= j; k++) {
      let [re, im] = a(j, k);
      if (j === k) re += ridge;
      for (let m = 0; m < k; m++) {
        const p = 2 * (j * n + m);
        const q = 2 * (k * n + m);
        re -= l[p] * l[q] + l[p + 1] * l[q + 1];
        im -= l[p + 1] * l[q] - l[p] * l[q + 1];
      }
      const at = 2 * (j * n + k);
      if (j === k) {
        if (!(re > 0)) throw new RangeError("linearEstimator: the correlation is not positive");
        l[at] = 1 / Math.sqrt(re);
      } else {
        const scale = l[2 * (k * n + k)];
        l[at] = re * scale;
        l[at + 1] = im * scale;
      }
    }
  }
  return l;
}

/** Replaces the row r by w with w L Lᴴ = r: first u Lᴴ = r, then w L = u. */
function solveRow(n: number, l: Float64Array, row: Float64Array): void {
  for (let k = 0; k < n; k++) {
    let re = row[2 * k];
    let im = row[2 * k + 1];
    for (let m = 0, at = 2 * k * n; m < k; m++, at += 2) {
      // u_m (L_km)*
      re -= row[2 * m] * l[at] + row[2 * m + 1] * l[at + 1];
      im -= row[2 * m + 1] * l[at] - row[2 * m] * l[at + 1];
    }
    const scale = l[2 * (k * n + k)];
    row[2 * k] = re * scale;
    row[2 * k + 1] = im * scale;
  }
  for (let k = n - 1; k >= 0; k--) {
    const scale = l[2 * (k * n + k)];
    const re = row[2 * k] * scale;
    const im = row[2 * k + 1] * scale;
    row[2 * k] = re;
    row[2 * k + 1] = im;
    for (let m = 0, at = 2 * k * n; m < k; m++, at += 2) {
      // later columns of w are known: u_m loses w_k L_km
      row[2 * m] -= re * l[at] - im * l[at + 1];
      row[2 * m + 1] -= re * l[at + 1] + im * l[at];
    }
  }
}
