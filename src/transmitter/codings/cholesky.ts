/**
 * Small symmetric positive definite systems, dense, row by row: A = L Lᵀ.
 *
 * Source: Golub & Van Loan, Matrix Computations (2013), 4.2.
 */

/**
 * Replaces the lower triangle of the n × n matrix `a` by L, with 1 / L_jj on its diagonal. False where a pivot is
 * not above `leastPivot` times its diagonal element, so that A is not positive definite in the digits there are.
 */
export function factorize(a: Float64Array, n: number, leastPivot = 1e-12): boolean {
  for (let j = 0; j < n; j++) {
    for (let k = 0; k <= j; k++) {
      let sum = a[j * n + k];
      for (let m = 0; m < k; m++) sum -= a[j * n + m] * a[k * n + m];
      if (k < j) a[j * n + k] = sum * a[k * n + k];
      else if (sum > leastPivot * a[j * n + j]) a[j * n + j] = 1 / Math.sqrt(sum);
      else return false;
    }
  }
  return true;
}

/** Replaces the first n elements of `x` by A⁻¹ x, with the factor of `factorize`. */
export function solve(l: Float64Array, n: number, x: Float64Array): void {
  for (let j = 0; j < n; j++) {
    let sum = x[j];
    for (let k = 0; k < j; k++) sum -= l[j * n + k] * x[k];
    x[j] = sum * l[j * n + j];
  }
  for (let j = n - 1; j >= 0; j--) {
    x[j] *= l[j * n + j];
    for (let k = 0; k < j; k++) x[k] -= l[j * n + k] * x[j];
  }
}

/** Writes the diagonal of A⁻¹ into `out`; `room` holds n numbers. */
export function inverseDiagonal(
  l: Float64Array,
  n: number,
  out: Float64Array,
  room: Float64Array,
): void {
  out.fill(0, 0, n);
  // Column j of L⁻¹ begins at row j; (A⁻¹)_jj is its squared length.
  for (let j = 0; j < n; j++) {
    room[j] = l[j * n + j];
    let squares = room[j] * room[j];
    for (let i = j + 1; i < n; i++) {
      let sum = 0;
      for (let k = j; k < i; k++) sum -= l[i * n + k] * room[k];
      room[i] = sum * l[i * n + i];
      squares += room[i] * room[i];
    }
    out[j] = squares;
  }
}
