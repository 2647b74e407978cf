/**
 * What a network would get right at settings that were not tried.
 *
 * The margin of an image, the score of its class less the largest other, moves smoothly with the setting,
 * while the count of images with a positive margin jumps. So each image's margin is a Gaussian process
 * over the settings' coordinates x:
 *
 *   m_i(x) = μ_i + f_i(x),   cov(f_i(x), f_i(y)) = σ² (k(|A (x − y)|) + ν [x = y])
 *   k(d) = (1 + √5 d + 5 d² / 3) exp(−√5 d)   (Matérn 5/2)
 *   E[count at x] = Σ_i Φ(E[m_i(x)] / sd[m_i(x)])
 *
 * μ_i is the mean over what was tried. A, ν and σ are shared by all images and have the largest
 * likelihood; A has a length for each coordinate and lets it lean on the others, since λ' and β
 * can make up for each other and good settings then lie along a slanted ridge.
 *
 * Source: Rasmussen & Williams, Gaussian Processes for Machine Learning (2006), (2.25), (2.26), (2.30),
 * (4.17). Φ is Page's approximation, Applied Statistics 26 (1977) 75, off by at most 1.5e-4.
 */

/** Lengths over which margins change, in units of a coordinate's whole range. */
const lengths = [0.04, 0.06, 0.09, 0.13, 0.2, 0.3, 0.45, 0.7, 1, 1.5, 2.5];
/** ν: what neighbours do not share. */
const nuggets = [1e-5, 1e-4, 1e-3, 1e-2, 0.05, 0.2];
/** How far a coordinate leans on another. */
const leans = Array.from({ length: 31 }, (_, i) => (i - 15) / 10);

/** Margins beyond this many times their setting's root mean square are as good as sure. */
const largestMargin = 2;
/** A fit searches its parameters anew each time that this many settings have been added. */
const searchEvery = 3;
const sweeps = 6;

/** Places in the lists above: a length for each coordinate, ν, and a lean for each pair of them. */
type Choice = readonly number[];

interface Likelihood {
  readonly negativeLog: number;
  /** Cholesky factor of the covariance over σ², row-major. */
  readonly factor: Float64Array;
}

export class Surrogate {
  readonly #dimensions: number;
  readonly #images: number;
  readonly #points: Float64Array[] = [];
  readonly #margins: Float64Array[] = [];
  /** Row d holds what coordinate d leans on, itself with 1, over its length. */
  #metric: Float64Array;
  #choice: Choice;
  #factor: Float64Array = new Float64Array(0);
  readonly #mean: Float64Array;
  /** Σ⁻¹ (m − μ), [point, image]. */
  #weights: Float64Array = new Float64Array(0);
  #variance = 0;

  constructor(dimensions: number, images: number) {
    this.#dimensions = dimensions;
    this.#images = images;
    this.#mean = new Float64Array(images);
    this.#metric = new Float64Array(dimensions * dimensions);
    this.#choice = [
      ...Array(dimensions).fill(lengths.indexOf(0.45)),
      nuggets.indexOf(1e-3),
      ...Array(dimensions * dimensions).fill(leans.indexOf(0)),
    ];
  }

  /** Takes the margins of all images at a point. */
  add(point: Float64Array, margins: ArrayLike<number>): void {
    this.#points.push(point);
    this.#margins.push(normalized(margins));
  }

  /** To be called after `add` and before `predict`. */
  fit(): void {
    const n = this.#points.length;
    const images = this.#images;
    const residuals = this.#subtractMean();
    const products = gram(residuals);
    let likelihood = this.#likelihoodOf(this.#choice, products);
    if (this.#factor.length === 0 || n % searchEvery === 0) likelihood = this.#search(products);
    this.#metric = this.#metricOf(this.#choice);
    this.#factor = likelihood.factor;

    this.#weights = new Float64Array(n * images);
    const column = new Float64Array(n);
    let squares = 0;
    for (let i = 0; i < images; i++) {
      for (let a = 0; a < n; a++) column[a] = residuals[a][i];
      solveLower(this.#factor, column);
      for (let a = 0; a < n; a++) squares += column[a] * column[a];
      solveUpper(this.#factor, column);
      for (let a = 0; a < n; a++) this.#weights[a * images + i] = column[a];
    }
    this.#variance = squares / (n * images);
  }

  /** Mean and standard deviation of the count at a point, as if images erred independently. */
  predict(point: Float64Array): { mean: number; deviation: number } {
    const images = this.#images;
    const near = Float64Array.from(this.#points, (other) =>
      matern(point, other, this.#metric, this.#dimensions),
    );
    const margins = this.#mean.slice();
    for (let a = 0; a < near.length; a++) {
      const weight = near[a];
      const row = a * images;
      for (let i = 0; i < images; i++) margins[i] += weight * this.#weights[row + i];
    }
    solveLower(this.#factor, near);
    let share = 1 + nuggets[this.#choice[this.#dimensions]];
    for (let a = 0; a < near.length; a++) share -= near[a] * near[a];
    const scale = 1 / Math.sqrt(Math.max(share, 1e-9) * Math.max(this.#variance, 1e-12));

    let mean = 0;
    let variance = 0;
    for (let i = 0; i < images; i++) {
      const right = normalProbability(margins[i] * scale);
      mean += right;
      variance += right * (1 - right);
    }
    return { mean, deviation: Math.sqrt(variance) };
  }

  #subtractMean(): Float64Array[] {
    this.#mean.fill(0);
    const n = this.#margins.length;
    for (const row of this.#margins) {
      for (let i = 0; i < row.length; i++) this.#mean[i] += row[i] / n;
    }
    return this.#margins.map((row) => row.map((m, i) => m - this.#mean[i]));
  }

  /** Walks each parameter up and down its list while the likelihood grows. */
  #search(products: Float64Array): Likelihood {
    const d = this.#dimensions;
    let best = this.#likelihoodOf(this.#choice, products);
    let improved = true;
    for (let sweep = 0; improved && sweep < sweeps; sweep++) {
      improved = false;
      for (let parameter = 0; parameter < this.#choice.length; parameter++) {
        const pair = parameter - d - 1;
        if (pair >= 0 && pair % (d + 1) === 0) continue; // a coordinate and itself
        const last = (parameter < d ? lengths : parameter === d ? nuggets : leans).length - 1;
        for (const step of [1, -1]) {
          for (;;) {
            const place = this.#choice[parameter] + step;
            if (place < 0 || place > last) break;
            const choice = this.#choice.with(parameter, place);
            const tried = this.#likelihoodOf(choice, products);
            if (!(tried.negativeLog < best.negativeLog - 1e-9)) break;
            best = tried;
            this.#choice = choice;
            improved = true;
          }
        }
      }
    }
    return best;
  }

  /** With σ² at its best for the choice; a constant is left out, and all is per image. */
  #likelihoodOf(choice: Choice, products: Float64Array): Likelihood {
    const n = this.#points.length;
    const metric = this.#metricOf(choice);
    const factor = new Float64Array(n * n);
    for (let a = 0; a < n; a++) {
      for (let b = 0; b < a; b++) {
        factor[a * n + b] = matern(this.#points[a], this.#points[b], metric, this.#dimensions);
      }
      factor[a * n + a] = 1 + nuggets[choice[this.#dimensions]];
    }
    if (!factorize(factor, n)) return { negativeLog: Infinity, factor };
    const squares = traceOfQuotient(factor, products, n);
    let negativeLog = (n / 2) * Math.log(Math.max(squares / (n * this.#images), 1e-12));
    for (let a = 0; a < n; a++) negativeLog += Math.log(factor[a * n + a]);
    return { negativeLog, factor };
  }

  #metricOf(choice: Choice): Float64Array {
    const d = this.#dimensions;
    return Float64Array.from({ length: d * d }, (_, at) => {
      const row = Math.floor(at / d);
      const lean = row === at % d ? 1 : leans[choice[d + 1 + at]];
      return lean / lengths[choice[row]];
    });
  }
}

/** Margins over their root mean square, since scores shrink and grow with the weights; clipped. */
function normalized(margins: ArrayLike<number>): Float64Array {
  let squares = 0;
  let finite = 0;
  for (let i = 0; i < margins.length; i++) {
    if (!Number.isFinite(margins[i])) continue;
    squares += margins[i] ** 2;
    finite++;
  }
  const scale = squares > 0 ? Math.sqrt(finite / squares) : 1;
  return Float64Array.from(margins, (margin) => {
    if (Number.isNaN(margin)) return -largestMargin;
    return Math.max(-largestMargin, Math.min(largestMargin, margin * scale));
  });
}

function matern(x: Float64Array, y: Float64Array, metric: Float64Array, d: number): number {
  let squares = 0;
  for (let row = 0; row < d; row++) {
    let u = 0;
    for (let c = 0; c < d; c++) u += metric[row * d + c] * (x[c] - y[c]);
    squares += u * u;
  }
  const distance = Math.sqrt(5 * squares);
  return (1 + distance + (distance * distance) / 3) * Math.exp(-distance);
}

/** Inner products of all pairs of rows. */
function gram(rows: readonly Float64Array[]): Float64Array {
  const n = rows.length;
  const out = new Float64Array(n * n);
  for (let a = 0; a < n; a++) {
    for (let b = 0; b <= a; b++) {
      let sum = 0;
      for (let i = 0; i < rows[a].length; i++) sum += rows[a][i] * rows[b][i];
      out[a * n + b] = out[b * n + a] = sum;
    }
  }
  return out;
}

/** Cholesky factor in place of the lower triangle; false where the matrix is not positive definite. */
function factorize(matrix: Float64Array, n: number): boolean {
  for (let column = 0; column < n; column++) {
    for (let row = column; row < n; row++) {
      let sum = matrix[row * n + column];
      for (let k = 0; k < column; k++) sum -= matrix[row * n + k] * matrix[column * n + k];
      if (row > column) matrix[row * n + column] = sum / matrix[column * n + column];
      else if (sum > 1e-12) matrix[row * n + row] = Math.sqrt(sum);
      else return false;
    }
  }
  return true;
}

/** L⁻¹ v, in place. */
function solveLower(factor: Float64Array, v: Float64Array): void {
  const n = v.length;
  for (let row = 0; row < n; row++) {
    let sum = v[row];
    for (let k = 0; k < row; k++) sum -= factor[row * n + k] * v[k];
    v[row] = sum / factor[row * n + row];
  }
}

/** L⁻ᵀ v, in place. */
function solveUpper(factor: Float64Array, v: Float64Array): void {
  const n = v.length;
  for (let row = n - 1; row >= 0; row--) {
    let sum = v[row];
    for (let k = row + 1; k < n; k++) sum -= factor[k * n + row] * v[k];
    v[row] = sum / factor[row * n + row];
  }
}

/** tr((L Lᵀ)⁻¹ P) = tr(L⁻¹ P L⁻ᵀ) for symmetric P: what all images together leave unexplained. */
function traceOfQuotient(factor: Float64Array, products: Float64Array, n: number): number {
  const inverse = new Float64Array(n * n);
  for (let column = 0; column < n; column++) {
    inverse[column * n + column] = 1 / factor[column * n + column];
    for (let row = column + 1; row < n; row++) {
      let sum = 0;
      for (let k = column; k < row; k++) sum -= factor[row * n + k] * inverse[k * n + column];
      inverse[row * n + column] = sum / factor[row * n + row];
    }
  }
  let trace = 0;
  for (let row = 0; row < n; row++) {
    for (let b = 0; b <= row; b++) {
      let sum = 0;
      for (let k = 0; k <= row; k++) sum += products[b * n + k] * inverse[row * n + k];
      trace += sum * inverse[row * n + b];
    }
  }
  return trace;
}

/** Φ(z), the standard normal distribution function. */
export function normalProbability(z: number): number {
  return 1 / (1 + Math.exp(-1.5976 * z * (1 + 0.04417 * z * z)));
}
