/**
 * Symmetric positive definite systems with a narrow band, A = L Lᵀ, in time linear in their size n.
 *
 * Row q of an array `band` of width w holds the elements (q, q), (q, q − 1), … (q, q − w + 1); beyond the first
 * column there is 0. L has the band of A. A⁻¹ is full, but those of its elements that lie in the band follow from
 * each other, from the last row up (Takahashi's recursion): with i > q or i = q,
 *
 *   Z_iq = (δ_iq/L_qq − Σ_{k = q+1}^{q+w−1} Z_ik L_kq) / L_qq
 *
 * Source: Golub & Van Loan, Matrix Computations (2013), 4.3; Takahashi, Fagan & Chin (1973), as in Erisman & Tinney,
 * "On computing certain elements of the inverse of a sparse matrix", Comm. ACM 18 (1975) 177–179.
 */

/** Replaces the band of A by that of L. Throws RangeError where A is not positive definite. */
export function factorizeBand(band: Float64Array, width: number): void {
  const n = band.length / width;
  for (let q = 0; q < n; q++) {
    const row = q * width;
    for (let b = Math.min(width - 1, q); b >= 0; b--) {
      const other = (q - b) * width;
      let sum = band[row + b];
      // Columns that both rows have: those left of q − b within the band of row q.
      for (let k = b + 1; k < width && k <= q; k++) sum -= band[row + k] * band[other + k - b];
      if (b > 0) band[row + b] = sum / band[other];
      else if (sum > 0) band[row] = Math.sqrt(sum);
      else throw new RangeError(`factorizeBand: pivot ${q} of ${n} is ${sum}, not positive`);
    }
  }
}

/** Replaces the n complex values of `x` (re, im, re, im, …) by A⁻¹ x. */
export function solveBand(l: Float64Array, width: number, x: Float64Array): void {
  const n = l.length / width;
  for (let q = 0, row = 0; q < n; q++, row += width) {
    const reach = Math.min(width - 1, q);
    let re = x[2 * q];
    let im = x[2 * q + 1];
    for (let b = 1, at = 2 * q - 2; b <= reach; b++, at -= 2) {
      re -= l[row + b] * x[at];
      im -= l[row + b] * x[at + 1];
    }
    x[2 * q] = re / l[row];
    x[2 * q + 1] = im / l[row];
  }
  for (let q = n - 1, row = q * width; q >= 0; q--, row -= width) {
    const reach = Math.min(width - 1, q);
    const re = x[2 * q] / l[row];
    const im = x[2 * q + 1] / l[row];
    x[2 * q] = re;
    x[2 * q + 1] = im;
    for (let b = 1, at = 2 * q - 2; b <= reach; b++, at -= 2) {
      x[at] -= l[row + b] * re;
      x[at + 1] -= l[row + b] * im;
    }
  }
}

/** The band of A⁻¹, in rows as that of A. */
export function inverseBand(l: Float64Array, width: number): Float64Array {
  const n = l.length / width;
  const z = new Float64Array(l.length);
  for (let q = n - 1; q >= 0; q--) {
    const reach = Math.min(width - 1, n - 1 - q);
    // From the far end of the band to the diagonal, which needs the others.
    for (let i = q + reach; i >= q; i--) {
      let sum = i === q ? 1 / l[q * width] : 0;
      for (let k = q + 1; k <= q + reach; k++) {
        const [low, high] = i < k ? [i, k] : [k, i];
        sum -= z[high * width + high - low] * l[k * width + k - q];
      }
      z[i * width + i - q] = sum / l[q * width];
    }
  }
  return z;
}
