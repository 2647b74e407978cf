/**
 * Percentile bootstrap of means: draw as many units (trials) as there are, with replacement; take
 * the statistic of the resample; repeat; the interval lies between two order statistics
 * (Efron & Tibshirani, An Introduction to the Bootstrap (1993), ch. 6 and 13).
 *
 * With tails of 0.025 the interval of few units is too narrow: it takes Student's t for normal, and the
 * sum of squares divided by n for the variance. So the tails are those of the expanded percentile
 * interval,
 *
 *   P(below) = P(above) = Φ(−t(0.975, n − 1) √(n / (n − 1)))
 *
 * 0.0086 for n = 10, toward 0.025 for many (Hesterberg, The American Statistician 69 (2015) 371;
 * arXiv 1411.5279). docs/statistics.md has the coverage of both.
 *
 * Bounds are order statistics and nothing is interpolated, so infinite replicates keep their place:
 * with B = 1999 and tails of 0.025 the 50th smallest and the 50th largest, since (B + 1) 0.025 = 50
 * (Davison & Hinkley, Bootstrap Methods and their Application (1997), ch. 5).
 */
import jstat from "jstat";
import type { RandomStream } from "../kernel/index.js";

export const resamples = 1999;

/** One value per unit, e.g. an accuracy per trial. */
export interface Sample {
  /** Distinct; `values[i]` was measured on `units[i]`. */
  readonly units: readonly number[];
  readonly values: readonly number[];
}

/**
 * Means of the samples in each of `count` resamples, drawn jointly: samples that share units keep
 * their correlation.
 *
 * Units are drawn from all that occur in any sample; a sample of n values takes the first n draws
 * that it has a value for. So each sample is resampled as if it were alone, and a sample with few
 * units and one with many still meet the same units, which rescaled indices would not achieve.
 */
export function bootstrapMeans(
  samples: readonly Sample[],
  random: RandomStream,
  count = resamples,
): Float64Array[] {
  const units = [...new Set(samples.flatMap((s) => s.units))].sort((a, b) => a - b);
  const rank = new Map(units.map((unit, i) => [unit, i]));
  const draws = new Map<string, Draw>();
  const members = samples.map((sample) => {
    const n = sample.units.length;
    if (!(n > 0 && sample.values.length === n)) {
      throw new RangeError(
        `bootstrapMeans: needs one value for each of at least 1 unit, got ${sample.values.length} for ${n}`,
      );
    }
    const ranks = sample.units.map((unit) => rank.get(unit)!);
    const key = [...ranks].sort((a, b) => a - b).join(" ");
    const draw = draws.get(key) ?? drawOf(ranks, units.length);
    draws.set(key, draw);
    const values = new Float64Array(units.length);
    ranks.forEach((r, i) => {
      values[r] = sample.values[i];
    });
    return { draw, values, means: new Float64Array(count) };
  });
  const drawList = [...draws.values()];

  for (let b = 0; b < count; b++) {
    fill(drawList, units.length, random);
    for (const { draw, values, means } of members) {
      const { picks } = draw;
      let sum = 0;
      for (let i = 0; i < picks.length; i++) sum += values[picks[i]];
      means[b] = sum / picks.length;
    }
  }
  return members.map((m) => m.means);
}

/** The resampled units of all samples that have the same units. */
interface Draw {
  /** By rank of the unit: 1 where the samples have it. */
  readonly has: Uint8Array;
  readonly picks: Int32Array;
  filled: number;
}

function drawOf(ranks: readonly number[], units: number): Draw {
  const has = new Uint8Array(units);
  for (const rank of ranks) has[rank] = 1;
  return { has, picks: new Int32Array(ranks.length), filled: 0 };
}

function fill(draws: readonly Draw[], units: number, random: RandomStream): void {
  for (const draw of draws) draw.filled = 0;
  let open = draws.length;
  while (open > 0) {
    const unit = Math.floor(random.uniform() * units);
    for (const draw of draws) {
      if (draw.has[unit] === 0 || draw.filled === draw.picks.length) continue;
      draw.picks[draw.filled++] = unit;
      if (draw.filled === draw.picks.length) open--;
    }
  }
}

/**
 * Percentile 95 % interval, expanded for few units, of replicates that may be infinite. Of fewer than
 * five units it is the range of the replicates, which is too narrow still.
 */
export function percentileInterval95(replicates: Float64Array, units: number): [number, number] {
  if (!(units >= 2)) {
    throw new RangeError(`percentileInterval95: needs at least 2 units, got ${units}`);
  }
  const t = jstat.studentt.inv(0.975, units - 1);
  const tail = jstat.normal.cdf(-t * Math.sqrt(units / (units - 1)), 0, 1);
  const k = Math.max(1, Math.round((replicates.length + 1) * tail));
  const sorted = replicates.slice().sort();
  // NaN sorts last.
  if (!(sorted.length > 0) || Number.isNaN(sorted[sorted.length - 1])) {
    throw new RangeError("percentileInterval95: needs replicates that are numbers");
  }
  return [sorted[k - 1], sorted[sorted.length - k]];
}
