import { describe, expect, test } from "vitest";
import { RandomSource, type RandomStream } from "../../src/kernel/index.js";
import { shrinkMatrix, shrinkSingularValues } from "../../src/math/singular-values.js";

function normals(random: RandomStream, count: number, deviation: number): Float64Array {
  const values = new Float32Array(count);
  random.fillNormal(values, deviation);
  return Float64Array.from(values);
}

/** X + noise, X, and the squared error of the estimate over |X|². */
function denoise(x: Float64Array, rows: number, columns: number, variance: number, seed: string) {
  const noise = normals(new RandomSource(5).stream(seed), x.length, Math.sqrt(variance));
  const shrunk = shrinkMatrix({ rows, columns, values: x.map((v, k) => v + noise[k]) }, variance);
  const energy = x.reduce((sum, v) => sum + v * v, 0);
  const values = shrunk.values(1);
  const error = values.reduce((sum, v, k) => sum + (v - x[k]) ** 2, 0);
  return { energy, error, predicted: energy - shrunk.energy };
}

describe.each([
  [120, 120],
  [120, 400],
])("%d x %d", (rows, columns) => {
  const size = rows * columns;

  test.each([0.3, 1, 4])("a white matrix of variance %d: the linear estimate's error", (v) => {
    const x = normals(new RandomSource(1).stream("x"), size, Math.sqrt(v));
    const { error, predicted } = denoise(x, rows, columns, 1, "white");
    const linear = (size * v) / (v + 1);
    // Standard error of a sum of squares, and what a finite spectrum loses to its smoothing.
    const tolerance = 5 * linear * Math.sqrt(2 / size) + 0.015 * linear;
    expect(Math.abs(error - linear)).toBeLessThan(tolerance);
    expect(Math.abs(predicted - linear)).toBeLessThan(3 * tolerance);
  });

  test("noise alone: next to nothing is left", () => {
    const { error } = denoise(new Float64Array(size), rows, columns, 1, "alone");
    expect(error / size).toBeLessThan(0.01);
  });

  test.each([1.5, 2, 4])(
    "one strong direction of %d: the error of Gavish and Donoho",
    (strength) => {
      // The estimate knows of its rank no more than that one value stands out.
      const random = new RandomSource(2);
      const u = unit(normals(random.stream("u"), rows, 1));
      const v = unit(normals(random.stream("v"), columns, 1));
      const beta = rows / columns;
      const x = strength * beta ** 0.25;
      const signal = new Float64Array(size);
      for (let a = 0; a < rows; a++) {
        for (let b = 0; b < columns; b++)
          signal[a * columns + b] = x * Math.sqrt(columns) * u[a] * v[b];
      }
      const fourth = x ** 4;
      const cosines =
        ((fourth - beta) / (fourth + beta * x * x)) * ((fourth - beta) / (fourth + x * x));
      const least = columns * x * x * (1 - cosines);
      let sum = 0;
      const draws = 8;
      for (let i = 0; i < draws; i++) {
        sum += denoise(signal, rows, columns, 1, `spike ${i}`).error;
      }
      // Smoothing leaves a little of every value that is noise alone, the more where they reach down to 0.
      expect(sum / draws).toBeGreaterThan(0.85 * least);
      expect(sum / draws).toBeLessThan(1.15 * least + 0.01 * size);
    },
  );
});

test("a broad spectrum: the error is as predicted, and least among strengths", () => {
  const [rows, columns] = [100, 250];
  const random = new RandomSource(3);
  const x = normals(random.stream("x"), rows * columns, 1);
  // Rows and columns of very different strength, as in trained layers.
  for (let k = 0; k < x.length; k++) {
    x[k] *= Math.exp(-Math.floor(k / columns) / 25) * Math.exp(-(k % columns) / 60) * 6;
  }
  const noise = normals(random.stream("noise"), x.length, 1);
  const values = x.map((v, k) => v + noise[k]);
  const shrunk = shrinkMatrix({ rows, columns, values }, 1);
  const estimate = shrunk.values(1);
  const error = estimate.reduce((sum, v, k) => sum + (v - x[k]) ** 2, 0);
  // Another strength keeps the singular vectors too, and at the best of those the error does not change with it.
  const weaker = shrunk.values(0.97).reduce((sum, v, k) => sum + (v - x[k]) ** 2, 0);
  expect(Math.abs(weaker / error - 1)).toBeLessThan(0.002);
  const energy = x.reduce((sum, v) => sum + v * v, 0);
  expect(Math.abs((energy - shrunk.energy) / error - 1)).toBeLessThan(0.08);
  // One gain for all singular values, the linear estimate, is far behind.
  const linear = (energy * x.length) / (energy + x.length);
  expect(error / linear).toBeLessThan(0.8);
});

test("one row: James and Stein's factor", () => {
  const values = Float64Array.of(3, -1, 2, 4, 0.5);
  const square = values.reduce((sum, v) => sum + v * v, 0);
  const shrunk = shrinkMatrix({ rows: 1, columns: 5, values }, 0.7).values(1);
  for (const [k, v] of values.entries()) {
    expect(shrunk[k]).toBeCloseTo(v * (1 - (4 * 0.7) / square), 10);
  }
});

test("strength 0 gives the matrix back; values lie between 0 and what was received", () => {
  const values = normals(new RandomSource(4).stream("x"), 30 * 50, 1);
  const same = shrinkMatrix({ rows: 30, columns: 50, values }, 0.9).values(0);
  expect(same.every((v, k) => Math.abs(v - values[k]) < 1e-9)).toBe(true);
  const singular = [10, 3, 2.9, 1, 0];
  const shrunk = shrinkSingularValues(singular, 9, 1);
  for (const [i, s] of singular.entries()) {
    expect(shrunk[i]).toBeGreaterThanOrEqual(0);
    expect(shrunk[i]).toBeLessThanOrEqual(s);
  }
  expect(shrinkSingularValues(singular, 9, 0)).toEqual(singular);
});

function unit(values: Float64Array): Float64Array {
  const length = Math.hypot(...values);
  return values.map((v) => v / length);
}
