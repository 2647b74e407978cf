/** Laws of fading, by numerical integration and closed forms, and how samples are compared with them. */
import { expect } from "vitest";

/** Simpson's rule over `cells` pairs of intervals. */
export function integrate(f: (t: number) => number, from: number, to: number, cells = 2000) {
  const step = (to - from) / (2 * cells);
  let sum = f(from) - f(to);
  for (let i = 0; i < cells; i++) {
    sum += 4 * f(from + (2 * i + 1) * step) + 2 * f(from + (2 * i + 2) * step);
  }
  return (sum * step) / 3;
}

/** e^−z I₀(z), the mean of e^(z (cos θ − 1)) over the circle. */
function scaledBesselI0(z: number): number {
  let sum = 0;
  for (let n = 0; n < 200; n++) sum += Math.exp(z * (Math.cos((2 * Math.PI * n) / 200) - 1));
  return sum / 200;
}

/** Density of |h|² where E|h|² = 1 and K is the Rician factor (a ratio). */
export function ricianPowerDensity(u: number, k: number): number {
  const z = 2 * Math.sqrt(k * (k + 1) * u);
  return (k + 1) * Math.exp(-k - (k + 1) * u + z) * scaledBesselI0(z);
}

/** Distribution function of |h| on a fine grid, interpolated. */
export function ricianEnvelopeCdf(k: number): (r: number) => number {
  const cells = 1000;
  const widest = 4;
  const table = new Float64Array(cells + 1);
  for (let i = 0; i < cells; i++) {
    const density = (r: number) => 2 * r * ricianPowerDensity(r * r, k);
    table[i + 1] =
      table[i] + integrate(density, (i * widest) / cells, ((i + 1) * widest) / cells, 1);
  }
  return (r) => {
    const place = Math.min(cells - 1e-9, (r * cells) / widest);
    const at = Math.floor(place);
    return table[at] + (place - at) * (table[at + 1] - table[at]);
  };
}

/** Kolmogorov and Smirnov's test; independent samples exceed the limit with probability 0.001. */
export function assertDistribution(samples: Float64Array, cdf: (x: number) => number): void {
  const n = samples.length;
  let distance = 0;
  samples
    .slice()
    .sort()
    .forEach((x, i) => {
      const theory = cdf(x);
      distance = Math.max(distance, theory - i / n, (i + 1) / n - theory);
    });
  expect(distance * Math.sqrt(n)).toBeLessThan(1.95);
}

/** Mean of independent values and its standard error. */
export function meanOf(values: ArrayLike<number>): { value: number; se: number } {
  const n = values.length;
  let sum = 0;
  for (let i = 0; i < n; i++) sum += values[i];
  const value = sum / n;
  let squares = 0;
  for (let i = 0; i < n; i++) squares += (values[i] - value) ** 2;
  return { value, se: Math.sqrt(squares / (n - 1) / n) };
}
