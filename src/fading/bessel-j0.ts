/**
 * Bessel function of the first kind and order 0, to 2e-15: where a covariance matrix of dense pilots is
 * inverted, the 1e-8 of the usual polynomial fits would make it indefinite.
 *
 *   |x| < 30   J0(x) = (1/2π) ∫ cos(x cos θ) dθ over the circle, by the trapezoidal rule: with N points the
 *              error is 2 |J_N(x)|, which is below 1e-20 for N = 80
 *   else       Hankel's expansion √(2/πx) (P cos χ − Q sin χ), χ = x − π/4
 *
 * Source: NIST Digital Library of Mathematical Functions, 10.9.1, 10.17.3.
 */
const points = 80;
const cosines = Float64Array.from({ length: points / 4 + 1 }, (_, n) =>
  Math.cos((2 * Math.PI * n) / points),
);

export function besselJ0(x: number): number {
  const z = Math.abs(x);
  return z < 30 ? overCircle(z) : asymptotic(z);
}

/** The integrand has four equal quarters; their ends, 0 and π/2, belong to two of them. */
function overCircle(z: number): number {
  const last = points / 4;
  let sum = (Math.cos(z * cosines[0]) + Math.cos(z * cosines[last])) / 2;
  for (let n = 1; n < last; n++) sum += Math.cos(z * cosines[n]);
  return (4 * sum) / points;
}

function asymptotic(z: number): number {
  let p = 0;
  let q = 0;
  // a_k / z^k with a_k = Π (2i − 1)² / (8 i), signs + + − − + + − − over P and Q in turn.
  let term = 1;
  for (let k = 0; k < 30; k++) {
    const signed = k % 4 < 2 ? term : -term;
    if (k % 2 === 0) p += signed;
    else q -= signed;
    term *= (2 * k + 1) ** 2 / (8 * (k + 1) * z);
  }
  const chi = z - Math.PI / 4;
  return Math.sqrt(2 / (Math.PI * z)) * (p * Math.cos(chi) - q * Math.sin(chi));
}
