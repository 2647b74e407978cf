/**
 * Companding: every value goes through an odd, increasing law, u = c(w), and back through its inverse g at the
 * receiver, so that noise is small on small values and large on large ones.
 *
 *   mu        c(w) = sgn(w) A ln(1 + μ |w| / A) / ln(1 + μ),  A the largest magnitude of the tensor
 *   optimal   the law that makes least of small noise (optimal-compressor.ts), one for each tensor; the gains
 *             between tensors come out of it too
 *
 * Received is u + n with noise variance v, and g bends: E[g(u + n)] ≠ w. That is corrected for.
 *
 *   mu        with a = ln(1 + μ) / A, |g| is an exponential less a constant and E[e^(an)] = e^(a²v/2):
 *               ŵ = sgn(y) (A/μ) max(0, e^(a|y| − a²v/2) − 1),  Var ≈ (|ŵ| + A/μ)² (1 − e^(−a²v))
 *             exact where n does not change the sign. |y| beyond A counts as A, the largest that was sent.
 *   optimal   g has straight pieces; a change Δ of its slope at u_j adds Δ σ ψ((y − u_j)/σ) to the mean,
 *             ψ(z) = φ(z) − |z| Φ(−|z|), which is subtracted:
 *               ŵ = g(y) − Σ_j Δ_j σ ψ((y − u_j)/σ),  Var ≈ v g'(y)²
 *
 * At a knot itself this takes √2 − 1 of the bias, over values spread around it all of it. Both variances are v (dw/du)²
 * to first order in v, at the decoded value. From which SNR on they hold is measured in
 * docs/codings.md.
 *
 * The receiver is told A of each tensor, or the knots and slopes of its law: 2 m − 1 numbers for m segments.
 *
 * Source: ITU-T G.711 and Jayant & Noll, Digital Coding of Waveforms (1984), 4.4 for the law mu; the moments of
 * the lognormal distribution; Σ Δ σ ψ is the mean of Σ Δ max(0, u + n − u_j) less its value without noise.
 * Limits: a small-noise method; much noise on steep parts of g is not corrected.
 */
import { z } from "zod";
import { normalCdf, normalDensity } from "../../math/error-function.js";
import { quantity } from "../../units.js";
import { bitsPerNumber, defineCoding } from "../coding.js";
import { type Compressor, optimalCompressor } from "./optimal-compressor.js";

/** One tensor's law. `w` and `variance` hold what `expand` found. */
interface Law {
  /** Numbers that the receiver is told. */
  readonly numbers: number;
  compress(w: number): number;
  /** Decodes u + n = y, n of finite variance v. */
  expand(y: number, v: number): void;
  w: number;
  variance: number;
}

const mostSegments = 16;

export const companding = defineCoding({
  name: "companding",
  summary: "values go through a law that spends energy where noise would be worst, and back",

  params: z
    .strictObject({
      law: z
        .enum(["mu", "optimal"])
        .describe(
          "mu: the logarithmic law; optimal: least squared error behind little noise, found for each tensor",
        ),
      mu: quantity(undefined, z.number().positive().max(1e6))
        .optional()
        .describe("μ of the law mu, how much it bends: 255 for speech, near 0 a straight line"),
      segments: quantity(undefined, z.number().int().min(1).max(mostSegments))
        .optional()
        .describe(
          "straight pieces of an optimal law to either side at most; 1: only a gain; default 4",
        ),
    })
    .superRefine(({ law, mu, segments }, context) => {
      const issue = (message: string) =>
        context.addIssue({ code: "custom", message, params: { noValue: true } });
      if ((law === "mu") !== (mu !== undefined)) issue("takes mu with law: mu");
      if (law === "mu" && segments !== undefined) issue("takes segments with law: optimal");
    }),

  encode({ law, mu, segments = 4 }, { values, spans }) {
    const laws = spans.map(({ first, size }) => {
      const part = values.subarray(first, first + size);
      return law === "mu" ? muLaw(part, mu!) : optimalLaw(optimalCompressor(part, segments));
    });
    const sent = new Float32Array(values.length);
    spans.forEach(({ first, size }, i) => {
      for (let k = first; k < first + size; k++) sent[k] = laws[i].compress(values[k]);
    });

    return {
      block: { values: sent, spans },
      sideBits: laws.reduce((sum, { numbers }) => sum + bitsPerNumber * numbers, 0),
      decode({ r, noiseVariance }) {
        const variances =
          typeof noiseVariance === "number" ? new Float32Array(r.length) : noiseVariance;
        spans.forEach(({ first, size }, i) => {
          const one = laws[i];
          for (let k = first; k < first + size; k++) {
            const v = typeof noiseVariance === "number" ? noiseVariance : noiseVariance[k];
            if (v === Infinity) {
              r[k] = 0;
              variances[k] = Infinity;
              continue;
            }
            one.expand(r[k], v);
            r[k] = one.w;
            variances[k] = one.variance;
          }
        });
        return { r, noiseVariance: variances };
      },
    };
  },
});

function muLaw(values: Float32Array, mu: number): Law {
  const peak = values.reduce((largest, w) => Math.max(largest, Math.abs(w)), 0);
  if (peak === 0) return zeros;
  const a = Math.log1p(mu) / peak;
  const b = peak / mu;
  return {
    numbers: 1,
    w: 0,
    variance: 0,
    compress: (w) => (Math.sign(w) * Math.log1p(Math.abs(w) / b)) / a,
    expand(y, v) {
      const magnitude = Math.min(Math.abs(y), peak);
      const w = b * Math.max(0, Math.expm1(a * magnitude - (a * a * v) / 2));
      this.w = Math.sign(y) * w;
      this.variance = (w + b) ** 2 * -Math.expm1(-a * a * v);
    },
  };
}

/** The receiver knows that all are 0, whatever arrives. */
const zeros: Law = {
  numbers: 1,
  w: 0,
  variance: 0,
  compress: () => 0,
  expand() {},
};

function optimalLaw({ knots, slopes }: Compressor): Law {
  if (slopes[0] === 0) return zeros;
  const m = knots.length;
  /** c at the knots. */
  const images = new Float64Array(m);
  for (let j = 1; j < m; j++) images[j] = images[j - 1] + slopes[j - 1] * (knots[j] - knots[j - 1]);
  return {
    numbers: 2 * m - 1,
    w: 0,
    variance: 0,
    compress(w) {
      const magnitude = Math.abs(w);
      let j = m - 1;
      while (magnitude < knots[j]) j--;
      return Math.sign(w) * (images[j] + slopes[j] * (magnitude - knots[j]));
    },
    expand(y, v) {
      const magnitude = Math.abs(y);
      let j = m - 1;
      while (magnitude < images[j]) j--;
      let w = knots[j] + (magnitude - images[j]) / slopes[j];
      const sigma = Math.sqrt(v);
      if (sigma > 0) {
        for (let i = 1; i < m; i++) {
          const change = 1 / slopes[i] - 1 / slopes[i - 1];
          const near = kinkMean((magnitude - images[i]) / sigma);
          w -= change * sigma * (near - kinkMean((magnitude + images[i]) / sigma));
        }
      }
      this.w = Math.sign(y) * w;
      this.variance = v / slopes[j] ** 2;
    },
  };
}

/** ψ(z) = φ(z) − |z| Φ(−|z|) = E[max(0, z + n)] − max(0, z) for standard normal n, from a table. */
function kinkMean(z: number): number {
  const place = Math.abs(z) * tablePerUnit;
  const i = Math.floor(place);
  if (!(i < tableEnd)) return 0;
  return kinkMeans[i] + (place - i) * (kinkMeans[i + 1] - kinkMeans[i]);
}

/** ψ(6) is 3e-11; between entries the error of linear interpolation is below 4e-6 / 8. */
const tablePerUnit = 256;
const tableEnd = 6 * tablePerUnit;
const kinkMeans = Float64Array.from({ length: tableEnd + 1 }, (_, i) => {
  const z = i / tablePerUnit;
  return normalDensity(z) - z * normalCdf(-z);
});
