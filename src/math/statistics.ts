/**
 * Means and confidence intervals of what a study counts.
 *
 * Over trials, accuracy is a mean of independent draws, so its interval is Student's
 * (Montgomery & Runger, Applied Statistics and Probability for Engineers, 8-2):
 *
 *   x̄ ± t(0.975, n − 1) s / √n
 *
 * Within one trial, correct of total is a binomial count, so its interval is Wilson's
 * (Wilson, JASA 22 (1927) 209; Brown, Cai & DasGupta, Stat. Sci. 16 (2001) 101), which
 * stays inside [0, 1] and does not collapse when nothing or everything is correct.
 */
import jstat from "jstat";

export function sum(values: readonly number[]): number {
  return values.reduce((a, b) => a + b, 0);
}

/** Arithmetic mean; NaN of nothing. */
export function mean(values: readonly number[]): number {
  let sum = 0;
  for (const value of values) sum += value;
  return sum / values.length;
}

/** Σ x². */
export function sumOfSquares(values: Float32Array): number {
  let sum = 0;
  for (let k = 0; k < values.length; k++) sum += values[k] * values[k];
  return sum;
}

/** Mean of x²; NaN of nothing. */
export function meanSquare(values: Float32Array): number {
  return sumOfSquares(values) / values.length;
}

/** Mean of what is finite in a typed array; NaN where nothing is. A number is its own mean. */
export function meanOfFinite(values: number | Float32Array): number {
  if (typeof values === "number") return values;
  let sum = 0;
  let count = 0;
  for (let k = 0; k < values.length; k++) {
    if (values[k] === Infinity) continue;
    sum += values[k];
    count++;
  }
  return sum / count;
}

/** Sample standard deviation, with n − 1; NaN of fewer than two values. */
export function standardDeviation(values: readonly number[]): number {
  if (values.length < 2) return Number.NaN;
  const centre = mean(values);
  let sum = 0;
  for (const value of values) sum += (value - centre) ** 2;
  return Math.sqrt(sum / (values.length - 1));
}

/** Student t 95 % interval of the mean; null with fewer than two values. */
export function meanInterval95(values: readonly number[]): [number, number] | null {
  const n = values.length;
  if (n < 2) return null;
  const centre = mean(values);
  const half = (jstat.studentt.inv(0.975, n - 1) * standardDeviation(values)) / Math.sqrt(n);
  return [centre - half, centre + half];
}

/** Wilson score interval of a proportion (no continuity correction). */
export function wilsonInterval(
  correct: number,
  total: number,
  confidence = 0.95,
): [number, number] {
  if (!(Number.isInteger(total) && total > 0)) {
    throw new RangeError(`wilsonInterval: total must be a positive integer, got ${total}`);
  }
  if (!(Number.isInteger(correct) && correct >= 0 && correct <= total)) {
    throw new RangeError(
      `wilsonInterval: correct must be an integer from 0 to ${total}, got ${correct}`,
    );
  }
  if (!(confidence > 0 && confidence < 1)) {
    throw new RangeError(`wilsonInterval: confidence must lie between 0 and 1, got ${confidence}`);
  }
  const z = jstat.normal.inv(0.5 + confidence / 2, 0, 1);
  const p = correct / total;
  const shrink = 1 + (z * z) / total;
  const centre = (p + (z * z) / (2 * total)) / shrink;
  const half = (z / shrink) * Math.sqrt((p * (1 - p)) / total + (z * z) / (4 * total * total));
  // At the ends centre and half are equal in theory, and rounding must not step outside.
  return [
    correct === 0 ? 0 : Math.max(0, centre - half),
    correct === total ? 1 : Math.min(1, centre + half),
  ];
}
