/**
 * Random projections of n values to s < n: A is s × n, with columns of squared length 1, in the mean or exactly.
 *
 *   gaussian   entries N(0, 1/s), independent: that of A-DSGD and of the theory of approximate message passing. Kept as
 *              float32, n s numbers
 *   hadamard   A = s^(−1/2) R H D: random signs D, the Hadamard matrix H of order n, a power of two, and s of its rows
 *              chosen at random, R. No numbers but n signs and s places, n log₂ n additions; A Aᵀ = (n/s) I
 *
 * Source: Amiri & Gündüz, IEEE Trans. Signal Process. 68 (2020) 2155–2169, arXiv 1901.00844; Tropp, "Improved analysis
 * of the subsampled randomized Hadamard transform", Adv. Adapt. Data Anal. 3 (2011) 115–126.
 */
import type { RandomStream } from "../../kernel/index.js";

export interface Projection {
  /** s. */
  readonly rows: number;
  /** n. */
  readonly columns: number;
  /** Whether A Aᵀ = (n/s) I; else entries are independent. */
  readonly orthogonalRows: boolean;
  /** out ← A x; the faster the more of x is 0. */
  forward(x: Float64Array, out: Float64Array): void;
  /** out ← Aᵀ z. */
  adjoint(z: Float64Array, out: Float64Array): void;
}

/** `a`: room for n s numbers. */
export function gaussianProjection(
  rows: number,
  columns: number,
  random: RandomStream,
  a = new Float32Array(rows * columns),
): Projection {
  // Column by column, so that zeros of x are skipped and both products run along the memory.
  random.fillNormal(a, 1 / Math.sqrt(rows));

  return {
    rows,
    columns,
    orthogonalRows: false,
    forward(x, out) {
      out.fill(0);
      for (let c = 0, at = 0; c < columns; c++, at += rows) {
        const value = x[c];
        if (value === 0) continue;
        for (let j = 0; j < rows; j++) out[j] += value * a[at + j];
      }
    },
    adjoint(z, out) {
      for (let c = 0, at = 0; c < columns; c++, at += rows) {
        // Four sums, so that no addition waits for the one before.
        let s0 = 0;
        let s1 = 0;
        let s2 = 0;
        let s3 = 0;
        let j = 0;
        for (; j + 3 < rows; j += 4) {
          s0 += a[at + j] * z[j];
          s1 += a[at + j + 1] * z[j + 1];
          s2 += a[at + j + 2] * z[j + 2];
          s3 += a[at + j + 3] * z[j + 3];
        }
        for (; j < rows; j++) s0 += a[at + j] * z[j];
        out[c] = s0 + s1 + (s2 + s3);
      }
    },
  };
}

/** `columns` is a power of two. */
export function hadamardProjection(
  rows: number,
  columns: number,
  random: RandomStream,
): Projection {
  const scale = 1 / Math.sqrt(rows);
  const signs = Float64Array.from({ length: columns }, () => (random.integer(2) === 0 ? 1 : -1));
  const places = random.sample(columns, rows);
  const room = new Float64Array(columns);

  return {
    rows,
    columns,
    orthogonalRows: true,
    forward(x, out) {
      for (let c = 0; c < columns; c++) room[c] = signs[c] * x[c];
      hadamard(room);
      for (let j = 0; j < rows; j++) out[j] = scale * room[places[j]];
    },
    adjoint(z, out) {
      room.fill(0);
      for (let j = 0; j < rows; j++) room[places[j]] = scale * z[j];
      hadamard(room);
      for (let c = 0; c < columns; c++) out[c] = signs[c] * room[c];
    },
  };
}

/** x ← H x, entries ±1 (Sylvester's construction), by butterflies; its length is a power of two. */
function hadamard(x: Float64Array): void {
  for (let half = 1; half < x.length; half *= 2) {
    for (let start = 0; start < x.length; start += 2 * half) {
      for (let i = start; i < start + half; i++) {
        const a = x[i];
        const b = x[i + half];
        x[i] = a + b;
        x[i + half] = a - b;
      }
    }
  }
}
