/** Recovery of sparse sums: projections, message passing against its state evolution, choice of the largest. */
import { describe, expect, test } from "vitest";
import {
  MessagePassing,
  minimaxThreshold,
} from "../../../src/federated/a-dsgd/approximate-message-passing.js";
import {
  gaussianProjection,
  hadamardProjection,
} from "../../../src/federated/a-dsgd/projection.js";
import { topK } from "../../../src/federated/a-dsgd/top-k.js";
import { RandomSource, type RandomStream } from "../../../src/kernel/index.js";
import { mean, standardDeviation } from "../../../src/math/statistics.js";
import { assertWithin } from "../../within.js";

const random = new RandomSource(11);
const projections = { gaussian: gaussianProjection, hadamard: hadamardProjection };
const names = ["gaussian", "hadamard"] as const;

function normals(count: number, stream: RandomStream): Float64Array {
  return Float64Array.from({ length: count }, () => stream.normal());
}

function dot(a: Float64Array, b: Float64Array): number {
  return a.reduce((sum, v, i) => sum + v * b[i], 0);
}

describe.each(names)("projection %s", (name) => {
  const [rows, columns] = [96, 256];
  const a = projections[name](rows, columns, random.stream(name));

  test("adjoint is the transpose of forward", () => {
    const stream = random.stream("vectors");
    const [x, z] = [normals(columns, stream), normals(rows, stream)];
    const [ax, atz] = [new Float64Array(rows), new Float64Array(columns)];
    a.forward(x, ax);
    a.adjoint(z, atz);
    expect(Math.abs(dot(ax, z) / dot(x, atz) - 1)).toBeLessThan(1e-10);
  });

  test("columns have squared length 1", () => {
    const unit = new Float64Array(columns);
    const column = new Float64Array(rows);
    let sum = 0;
    for (let c = 0; c < columns; c++) {
      unit.fill(0)[c] = 1;
      a.forward(unit, column);
      const square = dot(column, column);
      if (name === "hadamard") expect(square).toBeCloseTo(1, 12);
      sum += square / columns;
    }
    // A sum of s squares of N(0, 1/s): variance 2/s.
    assertWithin(sum, 1, Math.sqrt(2 / rows / columns));
  });
});

test("projection hadamard: A Aᵀ = (n/s) I", () => {
  const a = hadamardProjection(96, 256, random.stream("rows"));
  const z = normals(96, random.stream("z"));
  const [x, back] = [new Float64Array(256), new Float64Array(96)];
  a.adjoint(z, x);
  a.forward(x, back);
  back.forEach((v, j) => {
    expect(v).toBeCloseTo((256 / 96) * z[j], 10);
  });
});

describe("soft threshold", () => {
  test.each([0.1, 0.25, 0.5, 0.9])(
    "at δ = %f it maximizes the sparsity that is recovered",
    (delta) => {
      // Donoho, Maleki & Montanari 2009, (9), with Φ from a series of its own: midpoint sums of the density.
      const steps = 20_000;
      const density = (z: number) => Math.exp((-z * z) / 2) / Math.sqrt(2 * Math.PI);
      let tail = 0.5;
      let best = { rho: 0, z: 0 };
      for (let i = 0; i < steps; i++) {
        const z = (5 * (i + 1)) / steps;
        tail -= (5 / steps) * density(z - 2.5 / steps);
        const g = (1 + z * z) * tail - z * density(z);
        const rho = (1 - (2 / delta) * g) / (1 + z * z - 2 * g);
        if (rho > best.rho) best = { rho, z };
      }
      const { threshold, transition } = minimaxThreshold(delta);
      expect(transition).toBeCloseTo(best.rho, 6);
      expect(threshold).toBeCloseTo(best.z, 2);
    },
  );

  test("half as many sums as values: 0.3857 nonzeros a sum", () => {
    expect(minimaxThreshold(0.5).transition).toBeCloseTo(0.3857, 4);
  });
});

/** E f(X + τ Z, X), X = 0 with probability 1 − ε and N(0, 1) else, by midpoint sums. */
function expectation(epsilon: number, tau: number, f: (u: number, x: number) => number): number {
  const step = 0.02;
  const grid = Array.from({ length: 800 }, (_, i) => -8 + (i + 0.5) * step);
  const weight = grid.map((z) => (step * Math.exp((-z * z) / 2)) / Math.sqrt(2 * Math.PI));
  let sum = 0;
  grid.forEach((z, i) => {
    sum += (1 - epsilon) * weight[i] * f(tau * z, 0);
    // Given u = √(1 + τ²) z, x is N(u/(1 + τ²), τ²/(1 + τ²)): f is quadratic in x, so two points do.
    const u = Math.sqrt(1 + tau * tau) * z;
    const centre = u / (1 + tau * tau);
    const spread = tau / Math.sqrt(1 + tau * tau);
    sum += (epsilon * weight[i] * (f(u, centre + spread) + f(u, centre - spread))) / 2;
  });
  return sum;
}

const soft = (u: number, theta: number) => Math.sign(u) * Math.max(0, Math.abs(u) - theta);

/** Mean square errors of the estimates of every step, in theory. */
function stateEvolution(
  orthogonal: boolean,
  {
    epsilon,
    delta,
    noise,
    alpha,
    steps,
  }: { epsilon: number; delta: number; noise: number; alpha: number; steps: number },
): number[] {
  let v = epsilon; // E[X²]
  return Array.from({ length: steps }, () => {
    const tau = Math.sqrt(noise + (orthogonal ? (1 / delta - 1) * v : v / delta));
    const theta = alpha * tau;
    const error = expectation(epsilon, tau, (u, x) => (soft(u, theta) - x) ** 2);
    const share = expectation(epsilon, tau, (u) => (Math.abs(u) > theta ? 1 : 0));
    const free = (u: number) => (soft(u, theta) - share * u) / (1 - share);
    v = orthogonal ? expectation(epsilon, tau, (u, x) => (free(u) - x) ** 2) : error;
    return error;
  });
}

describe.each(names)("message passing with projection %s", (name) => {
  const [rows, columns, steps] = [512, 1024, 8];
  const [epsilon, noise, alpha] = [0.12, 0.004, 1.2];

  /** Runs of Bernoulli-Gaussian signals; errors of each step, and both variances at the end. */
  function runs(count: number) {
    const errors: number[][] = Array.from({ length: steps }, () => []);
    const stated: number[] = [];
    const decoupled: number[] = [];
    const passing = new MessagePassing(rows, columns);
    for (let run = 0; run < count; run++) {
      const stream = random.stream(`${name} ${run}`);
      const a = projections[name](rows, columns, stream);
      const x = Float64Array.from({ length: columns }, () =>
        stream.uniform() < epsilon ? stream.normal() : 0,
      );
      const y = new Float64Array(rows);
      a.forward(x, y);
      for (let j = 0; j < rows; j++) y[j] += Math.sqrt(noise) * stream.normal();
      const error = (r: Float64Array) => mean([...r].map((v, c) => (v - x[c]) ** 2));
      passing.recover(a, y, noise, { iterations: steps, threshold: alpha }, (step) => {
        errors[step - 1].push(error(passing.estimate));
      });
      stated.push(passing.estimateVariance - error(passing.estimate));
      decoupled.push(passing.unbiasedVariance - error(passing.unbiased));
    }
    return { errors, stated, decoupled };
  }

  test("every step's error is that of state evolution; the stated ones are those at the end", () => {
    const count = 24;
    const { errors, stated, decoupled } = runs(count);
    const theory = stateEvolution(name === "hadamard", {
      epsilon,
      delta: 0.5,
      noise,
      alpha,
      steps,
    });
    errors.forEach((each, step) => {
      assertWithin(mean(each), theory[step], standardDeviation(each) / Math.sqrt(count));
    });
    assertWithin(mean(stated), 0, standardDeviation(stated) / Math.sqrt(count));
    assertWithin(mean(decoupled), 0, standardDeviation(decoupled) / Math.sqrt(count));
  });

  test("without noise signals below the transition are recovered, and those well above are not", () => {
    const { threshold, transition } = minimaxThreshold(0.5);
    const nmse = (nonzeros: number) => {
      const stream = random.stream(`noiseless ${name} ${nonzeros}`);
      const a = projections[name](rows, columns, stream);
      const x = new Float64Array(columns);
      for (const c of stream.sample(columns, nonzeros)) x[c] = stream.normal();
      const y = new Float64Array(rows);
      a.forward(x, y);
      const passing = new MessagePassing(rows, columns);
      passing.recover(a, y, 0, { iterations: 150, threshold });
      const error = passing.estimate.map((v, c) => v - x[c]);
      return dot(error, error) / dot(x, x);
    };
    expect(nmse(Math.round(0.65 * transition * rows))).toBeLessThan(1e-6);
    expect(nmse(Math.round(1.8 * transition * rows))).toBeGreaterThan(0.01);
  });
});

describe("the k largest magnitudes", () => {
  test("are those of a sort; of equal ones the first", () => {
    const values = new Float32Array(5000);
    random.stream("values").fillNormal(values, 1e-3);
    // Rounded, so that many are equal, with zeros, tiny and huge ones.
    for (let i = 0; i < 5000; i++) values[i] = Math.round(values[i] * 4e3) / 4e3;
    values[17] = -3e30;
    values[99] = 1e-42;
    const sorted = Array.from(values.keys()).sort(
      (a, b) => Math.abs(values[b]) - Math.abs(values[a]) || a - b,
    );
    const select = topK();
    for (const count of [1, 2, 800, 2500, 4999, 5000]) {
      const places = new Int32Array(count);
      select.select(values, count, places);
      const theory = sorted.slice(0, count).sort((a, b) => a - b);
      expect(places.every((place, i) => place === theory[i])).toBe(true);
    }
  });
});
