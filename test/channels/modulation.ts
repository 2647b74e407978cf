/**
 * Gray-mapped QPSK and 16-QAM with hard decisions, and their bit error rates.
 *
 * Each of I and Q carries half of the bits, on 2 or 4 levels. Rates in closed form: Proakis, Digital Communications
 * (2001), 5.2 and 14.3; Cho & Yoon, IEEE Trans. Commun. 50 (2002) 1074–1080. Under Rayleigh fading each
 * Q(√(cγ)) becomes its mean over γ's exponential law, ½(1 − √(cγ/(2 + cγ))).
 */
import type { RandomStream } from "../../src/kernel/index.js";

export interface Modulation {
  readonly name: string;
  readonly bitsPerSymbol: number;
  /** Levels of a component, in Gray order, of mean square 1. */
  readonly levels: readonly number[];
  /** Σ weight · Q(√(c γ)), γ = Eb/N0. */
  readonly terms: readonly { readonly weight: number; readonly c: number }[];
}

export const qpsk: Modulation = {
  name: "QPSK",
  bitsPerSymbol: 2,
  levels: [-1, 1],
  terms: [{ weight: 1, c: 2 }],
};

const unit = 1 / Math.sqrt(5);
export const qam16: Modulation = {
  name: "16-QAM",
  bitsPerSymbol: 4,
  levels: [-3 * unit, -unit, unit, 3 * unit],
  terms: [
    { weight: 3 / 4, c: 0.8 },
    { weight: 1 / 2, c: 9 * 0.8 },
    { weight: -1 / 4, c: 25 * 0.8 },
  ],
};

/** Components at random, each carrying bitsPerSymbol / 2 bits, of mean square `power`. */
export function modulate(
  { levels }: Modulation,
  components: number,
  power: number,
  random: RandomStream,
): { x: Float32Array; sent: Uint8Array } {
  const sent = Uint8Array.from({ length: components }, () => random.integer(levels.length));
  const scale = Math.sqrt(power);
  return { x: Float32Array.from(sent, (level) => scale * levels[level]), sent };
}

/** Bits that the nearest levels to `y` get wrong. */
export function bitErrors(
  { levels }: Modulation,
  y: Float32Array,
  sent: Uint8Array,
  power: number,
): number {
  const scale = 1 / Math.sqrt(power);
  let errors = 0;
  for (let k = 0; k < y.length; k++) {
    let nearest = 0;
    const v = y[k] * scale;
    for (let level = 1; level < levels.length; level++) {
      if (Math.abs(v - levels[level]) < Math.abs(v - levels[nearest])) nearest = level;
    }
    const differing = gray(nearest) ^ gray(sent[k]);
    errors += (differing & 1) + (differing >> 1);
  }
  return errors;
}

const gray = (level: number) => level ^ (level >> 1);

export function awgnRate({ terms }: Modulation, ebN0: number): number {
  return terms.reduce((sum, { weight, c }) => sum + weight * tail(Math.sqrt(c * ebN0)), 0);
}

export function rayleighRate({ terms }: Modulation, ebN0: number): number {
  return terms.reduce((sum, { weight, c }) => {
    const a = c * ebN0;
    return sum + weight * 0.5 * (1 - Math.sqrt(a / (2 + a)));
  }, 0);
}

/** Q(x) = (1/π) ∫ exp(−x² / (2 sin² θ)) dθ over 0 .. π/2 (Craig 1991), by the midpoint rule. */
function tail(x: number): number {
  const points = 400;
  let sum = 0;
  for (let n = 0; n < points; n++) {
    const sine = Math.sin(((n + 0.5) * Math.PI) / (2 * points));
    sum += Math.exp((-x * x) / (2 * sine * sine));
  }
  return sum / (2 * points);
}
