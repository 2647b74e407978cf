/**
 * Denoising of matrices by their singular values: the best estimate of X from Y = X + noise among those that keep the
 * singular vectors of Y, Ŷ = Σ ŝ_i u_i v_iᵀ, for matrices X without preferred directions.
 *
 * A posterior mean is Ŷ = Y + σ² ∇ log p(Y). Where p depends on singular values alone it is their density over the volume
 * ∏ s_i^(n−m) ∏_{i<j} |s_i² − s_j²| of matrices that share them, and for large m × n matrices, m ≤ n, only that volume matters:
 *
 *   ŝ_i = s_i − σ² ( (n − m) / s_i + 2 s_i Σ_j 1 / (s_i² − s_j²) )
 *
 * The sum is a principal value over the spectrum, which a kernel smooths: semicircles about each λ_j = s_j², of half width
 * λ_j m^(−1/3). Noise alone gives 0, a white Gaussian X the linear MMSE estimate, and a singular value that stands out
 * what Gavish and Donoho give it, so nothing has to be said of X's rank. For m = 1 it is James and Stein's estimate.
 *
 *   E|Ŷ − X|² = |X|² − Σ ŝ_i²
 *
 * Source: Bun, Allez, Bouchaud & Potters, IEEE Trans. Inf. Theory 62 (2016) 7475 (rotationally invariant estimators);
 * Benaych-Georges, Bouchaud & Potters, arXiv 1901.05543 (rectangular matrices); Efron & Morris, Ann. Stat. 4 (1976) 22
 * (the sum over distinct values); Ledoit & Wolf, Ann. Stat. 48 (2020) 3043 (bandwidth in proportion to λ_j);
 * Gavish & Donoho, IEEE Trans. Inf. Theory 63 (2017) 2137 (few values that stand out).
 * Limits: the noise is white; m and n are large, and singular values as many as m.
 */
import { EigenvalueDecomposition, Matrix } from "ml-matrix";

/** m × n, row by row, with m ≤ n. */
export interface WideMatrix {
  readonly rows: number;
  readonly columns: number;
  readonly values: Float64Array;
}

/** ŝ of each s, both in the order given; `columns` is n, as many as or more than there are values. */
export function shrinkSingularValues(
  singularValues: readonly number[],
  columns: number,
  noiseVariance: number,
): number[] {
  const m = singularValues.length;
  const squares = singularValues.map((s) => s * s);
  const halfWidth = m ** (-1 / 3);
  // Below this a singular value is a rounding error of the largest.
  const least = 1e-12 * squares.reduce((most, each) => Math.max(most, each), 0);
  return singularValues.map((s, i) => {
    if (!(squares[i] > least)) return 0;
    let repulsion = 0;
    for (const square of squares) {
      if (!(square > least)) repulsion += 1 / squares[i];
      else repulsion += smoothedInverse(squares[i] - square, halfWidth * square);
    }
    const shrunk = s - noiseVariance * ((columns - m) / s + 2 * s * repulsion);
    return Math.min(Math.max(shrunk, 0), s);
  });
}

/** Principal value of 1/(x − t) over a semicircle of this half width about t = 0. */
function smoothedInverse(x: number, halfWidth: number): number {
  const z = x / halfWidth;
  const beyond = Math.abs(z) <= 1 ? 0 : Math.sign(z) * Math.sqrt(z * z - 1);
  return (2 * (z - beyond)) / halfWidth;
}

export interface ShrunkMatrix {
  /** Σ ŝ_i², the energy that the estimate is sure of: the larger, the smaller its error. */
  readonly energy: number;
  /**
   * Σ s_i (ŝ_i/s_i)^strength u_i v_iᵀ, in the layout of the matrix: the matrix itself with strength 0, the estimate with
   * strength 1.
   */
  values(strength: number): Float64Array;
}

/** Shrinks the singular values of Y behind white noise of this variance above 0. */
export function shrinkMatrix(matrix: WideMatrix, noiseVariance: number): ShrunkMatrix {
  const { rows, columns } = matrix;
  const decomposed = new EigenvalueDecomposition(gram(matrix), { assumeSymmetric: true });
  const singularValues = decomposed.realEigenvalues.map((square) => Math.sqrt(Math.max(square, 0)));
  const shrunk = shrinkSingularValues(singularValues, columns, noiseVariance);
  return {
    energy: shrunk.reduce((sum, each) => sum + each * each, 0),
    values(strength) {
      const vectors = decomposed.eigenvectorMatrix;
      const gains = shrunk.map((each, i) =>
        singularValues[i] === 0 ? 0 : (each / singularValues[i]) ** strength,
      );
      // U diag(ŝ/s) Uᵀ, so that the right singular vectors are never needed.
      const scaled = new Matrix(rows, rows);
      for (let a = 0; a < rows; a++) {
        for (let i = 0; i < rows; i++) scaled.set(a, i, vectors.get(a, i) * gains[i]);
      }
      return product(scaled.mmul(vectors.transpose()), matrix);
    },
  };
}

/** Y Yᵀ. */
function gram({ rows, columns, values }: WideMatrix): Matrix {
  const result = new Matrix(rows, rows);
  for (let a = 0; a < rows; a++) {
    const from = a * columns;
    for (let b = 0; b <= a; b++) {
      const other = b * columns;
      // Four sums, which the processor adds side by side.
      let s0 = 0;
      let s1 = 0;
      let s2 = 0;
      let s3 = 0;
      let k = 0;
      for (; k + 3 < columns; k += 4) {
        s0 += values[from + k] * values[other + k];
        s1 += values[from + k + 1] * values[other + k + 1];
        s2 += values[from + k + 2] * values[other + k + 2];
        s3 += values[from + k + 3] * values[other + k + 3];
      }
      for (; k < columns; k++) s0 += values[from + k] * values[other + k];
      const sum = s0 + s1 + s2 + s3;
      result.set(a, b, sum);
      result.set(b, a, sum);
    }
  }
  return result;
}

/** The columns of Y that are multiplied at a time: a strip of all rows stays in the cache. */
const strip = 256;

/** A Y for a square matrix A. */
function product(square: Matrix, { rows, columns, values }: WideMatrix): Float64Array {
  const out = new Float64Array(rows * columns);
  for (let from = 0; from < columns; from += strip) {
    const to = Math.min(from + strip, columns);
    for (let a = 0; a < rows; a++) {
      const at = a * columns;
      let b = 0;
      // Four rows for every time that the sums are loaded and stored.
      for (; b + 3 < rows; b += 4) {
        const f0 = square.get(a, b);
        const f1 = square.get(a, b + 1);
        const f2 = square.get(a, b + 2);
        const f3 = square.get(a, b + 3);
        const r0 = b * columns;
        const r1 = r0 + columns;
        const r2 = r1 + columns;
        const r3 = r2 + columns;
        for (let k = from; k < to; k++) {
          out[at + k] +=
            f0 * values[r0 + k] + f1 * values[r1 + k] + f2 * values[r2 + k] + f3 * values[r3 + k];
        }
      }
      for (; b < rows; b++) {
        const factor = square.get(a, b);
        const row = b * columns;
        for (let k = from; k < to; k++) out[at + k] += factor * values[row + k];
      }
    }
  }
  return out;
}
