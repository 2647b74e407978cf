/** Numerical integrals that theory needs, written for exactness and not for speed. */

/** E[f(z)] over a standard normal z: midpoint rule on [−8, 8]. */
export function expectation(f: (z: number) => number, points: number): number {
  const step = 16 / points;
  let sum = 0;
  for (let i = 0; i < points; i++) {
    const z = -8 + (i + 0.5) * step;
    sum += f(z) * Math.exp(-(z * z) / 2);
  }
  return (sum * step) / Math.sqrt(2 * Math.PI);
}

/** J0(x) = (1/π) ∫ cos(x sin θ) dθ over half a circle; exact to rounding for |x| < points. */
export function besselJ0(x: number, points = 200): number {
  let sum = 0;
  for (let i = 0; i < points; i++) sum += Math.cos(x * Math.sin(((i + 0.5) * Math.PI) / points));
  return sum / points;
}

/** E[1/(1 + γ u)] over u = |h|² exponential with mean 1: the MMSE of Rayleigh fading, (1/γ) e^(1/γ) E₁(1/γ). */
export function rayleighMmse(snr: number): number {
  // u = −ln v with v uniform, on a midpoint grid that is fine near v = 0 and v = 1: v = s²(3 − 2s).
  const points = 100_000;
  let sum = 0;
  for (let i = 0; i < points; i++) {
    const s = (i + 0.5) / points;
    const v = s * s * (3 - 2 * s);
    sum += (6 * s * (1 - s)) / (1 - snr * Math.log(v));
  }
  return sum / points;
}
