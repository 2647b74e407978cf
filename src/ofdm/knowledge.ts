/**
 * What the receiver of an OFDM symbol knows of the gains on its data subcarriers.
 *
 * Of one symbol the gain on subcarrier k is H(k) = Σ g̃ exp(−j2πkd/N), g̃ = αa + βb over the paths (window.ts):
 * the mean channel over the FFT window.
 *
 *   perfect  H itself; interference from the paths' own gains
 *   none     ĥ = 1: H = M + (H − M) with M the line of sight's part of it, c = M, s = E|H|² − |M|²
 *   pilots   LS observations on the comb, then linear-estimate.ts over frequency, symbol by symbol, with
 *            E[H(i) H*(j)] = Σ E|g̃|² exp(−j2π(i − j)d/N)
 *
 * All three state h = cĥ + e. Interference is a part of e to them: in the mean over data subcarriers and over
 * what the receiver does not know, it adds to the variance of e. The equalizers then state it as they state e.
 *
 * Limits: estimates are made from one symbol; interpolation in time would use neighbouring symbols too.
 */
import type FFT from "fft.js";
import type { GainEstimate } from "../fading/equalizer.js";
import { estimate, type LinearEstimator, linearEstimator } from "../fading/linear-estimate.js";
import type { Path } from "./paths.js";
import type { Subcarriers } from "./subcarriers.js";
import { type Forms, interference, meanInterference, type Window } from "./window.js";

/** One OFDM symbol, as its receiver meets it. */
export interface SymbolState {
  /** Gains of every path at its start and end: re, im, re, im. */
  readonly gains: Float64Array;
  /** Forms of the interference that it meets. */
  readonly forms: Forms;
  readonly startS: number;
  readonly endS: number;
  /** Observations of the gain on the pilots, re, im, re, im, … */
  readonly observed: Float64Array;
}

/** Fills the estimate for the data subcarriers of one symbol. */
export type Knowledge = (symbol: SymbolState, out: GainEstimate) => void;

/** What the knowledge of a link is made of. */
export interface Law {
  readonly grid: Subcarriers;
  readonly paths: readonly Path[];
  readonly window: Window;
  /** Time from the start of a symbol to its end [s]. */
  readonly symbolS: number;
}

export function perfectKnowledge({ grid, paths, window }: Law, fft: FFT): Knowledge {
  const { fftSize, bins, data } = grid;
  const dataBins = data.map((place) => bins[place]);
  const impulse = new Float64Array(2 * fftSize);
  const response = new Float64Array(2 * fftSize);
  const before = new Float64Array(4 * paths.length).fill(Number.NaN);

  return ({ gains, forms }, { h, c, s }) => {
    let same = true;
    for (let g = 0; g < gains.length; g++) {
      if (gains[g] !== before[g]) same = false;
      before[g] = gains[g];
    }
    if (!same) {
      impulse.fill(0);
      paths.forEach(({ delay }, path) => {
        const at = 2 * (delay % fftSize);
        const g = 4 * path;
        impulse[at] += window.alpha[path] * gains[g] + window.beta[path] * gains[g + 2];
        impulse[at + 1] += window.alpha[path] * gains[g + 1] + window.beta[path] * gains[g + 3];
      });
      fft.transform(response, impulse);
    }
    for (let k = 0; k < dataBins.length; k++) {
      h[2 * k] = response[2 * dataBins[k]];
      h[2 * k + 1] = response[2 * dataBins[k] + 1];
      c[2 * k] = 1;
      c[2 * k + 1] = 0;
    }
    s.fill(interference(forms, gains));
  };
}

export function noKnowledge(law: Law): Knowledge {
  const { grid, paths, window } = law;
  const { power, correlation, useful } = moments(law);
  const gain = useful.reduce((sum, value) => sum + value, 0); // E|H|²
  const wave = waves(grid.fftSize);
  const lowest = Math.floor(grid.occupied / 2);

  return ({ forms, startS, endS }, { h, c, s }) => {
    const unseen = meanInterference(forms, power, correlation);
    c.fill(0);
    paths.forEach((path, p) => {
      const [aRe, aIm] = path.mean(startS);
      const [bRe, bIm] = path.mean(endS);
      const re = window.alpha[p] * aRe + window.beta[p] * bRe;
      const im = window.alpha[p] * aIm + window.beta[p] * bIm;
      if (re === 0 && im === 0) return;
      for (let k = 0; k < s.length; k++) {
        const [cos, sin] = wave((grid.data[k] - lowest) * path.delay);
        c[2 * k] += re * cos + im * sin;
        c[2 * k + 1] += im * cos - re * sin;
      }
    });
    for (let k = 0; k < s.length; k++) {
      h[2 * k] = 1;
      h[2 * k + 1] = 0;
      const mean = c[2 * k] * c[2 * k] + c[2 * k + 1] * c[2 * k + 1];
      s[k] = Math.max(0, gain - mean) + unseen;
    }
  };
}

export interface PilotKnowledge {
  readonly method: "ls" | "lmmse";
  /** N0 over the energy of a pilot. */
  readonly noise: number;
  /** Energy of a pilot over that of a data symbol. */
  readonly boost: number;
}

export function pilotKnowledge(law: Law, { method, noise, boost }: PilotKnowledge): Knowledge {
  const { grid, window } = law;
  const { power, correlation } = moments(law);
  const pilotNoise = noise + meanInterference(window.pilots, power, correlation) / boost;
  const estimator = solved(law, method, pilotNoise);
  const gains = new Float64Array(2 * grid.data.length);

  return ({ forms, observed }, { h, c, s }) => {
    estimate(estimator, observed, gains);
    h.set(gains);
    c.set(estimator.c);
    const unseen = meanInterference(forms, power, correlation);
    for (let k = 0; k < s.length; k++) s[k] = estimator.s[k] + unseen;
  };
}

/** Estimators of late, as every trial opens the same one. */
const recent = new Map<string, LinearEstimator>();
const mostRecent = 8;

function solved(law: Law, method: "ls" | "lmmse", pilotNoise: number): LinearEstimator {
  const { grid, paths } = law;
  const { useful } = moments(law);
  const delays = paths.map(({ delay }) => delay);
  const { fftSize, occupied, pilots, data } = grid;
  const spacing = pilots[1] - pilots[0];
  const key = JSON.stringify([method, pilotNoise, fftSize, occupied, spacing, delays, useful]);
  const known = recent.get(key);
  if (known !== undefined) return known;

  const table = correlations(delays, useful, grid);
  const estimator = linearEstimator({
    kind: method,
    correlation: (i, j) => (i >= j ? table[i - j]! : [table[j - i]![0], -table[j - i]![1]]),
    pilots: [...pilots],
    places: [...data],
    pilotNoise,
  });
  if (recent.size >= mostRecent) recent.delete(recent.keys().next().value!);
  recent.set(key, estimator);
  return estimator;
}

/** E[H(i) H*(j)] by i − j >= 0. */
function correlations(
  delays: readonly number[],
  useful: readonly number[],
  { fftSize, occupied }: Subcarriers,
): (readonly [number, number])[] {
  const wave = waves(fftSize);
  return Array.from({ length: occupied }, (_, difference) => {
    let re = 0;
    let im = 0;
    delays.forEach((delay, path) => {
      const [cos, sin] = wave(difference * delay);
      re += useful[path]! * cos;
      im -= useful[path]! * sin;
    });
    return [re, im] as const;
  });
}

/** cos and sin of 2πn/N, N a power of two. */
function waves(fftSize: number): (n: number) => readonly [number, number] {
  const circle = Array.from({ length: fftSize }, (_, n) => {
    const angle = (2 * Math.PI * n) / fftSize;
    return [Math.cos(angle), Math.sin(angle)] as const;
  });
  // The product of a place and a delay is an integer below 2^53; its remainder is exact.
  return (n) => circle[((n % fftSize) + fftSize) % fftSize]!;
}

/** Per path: E|g|², Re E[g g*] from the start of a symbol to its end, E|g̃|². */
export function moments({ paths, window, symbolS }: Law) {
  const power = paths.map((path) => path.correlation(0));
  const correlation = paths.map((path) => path.correlation(symbolS));
  const useful = power.map((p, path) => {
    const alpha = window.alpha[path];
    const beta = window.beta[path];
    return (alpha * alpha + beta * beta) * p + 2 * alpha * beta * correlation[path]!;
  });
  return { power, correlation, useful };
}
