import jstat from "jstat";
import { expect, test } from "vitest";
import { RandomSource } from "../../src/kernel/index.js";
import { normalProbability, Surrogate } from "../../src/study/surrogate.js";

const images = 400;
const random = new RandomSource(41).stream("margins");
const levels = Array.from({ length: images }, () => random.normal());
const slopes = Array.from({ length: images }, () => random.normal());

/** Margins that grow along one direction of the plane and do not change across it. */
const margins = ([x, y]: Float64Array) =>
  Float32Array.from(levels, (level, i) => level + slopes[i] * (x - 0.4 * y));
const countAt = (point: Float64Array) => margins(point).filter((m) => m > 0).length;

function fitted(count: number): Surrogate {
  const places = new RandomSource(42).stream("places");
  const surrogate = new Surrogate(2, images);
  for (let k = 0; k < count; k++) {
    const point = Float64Array.of(places.uniform(), places.uniform());
    surrogate.add(point, margins(point));
    surrogate.fit();
  }
  return surrogate;
}

test("counts between the points tried are predicted, and the deviation says how well", () => {
  const surrogate = fitted(15);
  let squares = 0;
  const places = new RandomSource(43).stream("places");
  for (let k = 0; k < 200; k++) {
    const point = Float64Array.of(0.1 + 0.8 * places.uniform(), 0.1 + 0.8 * places.uniform());
    const { mean, deviation } = surrogate.predict(point);
    expect(Math.abs(mean - countAt(point))).toBeLessThan(4 + 5 * deviation);
    squares += (mean - countAt(point)) ** 2 / 200;
  }
  expect(Math.sqrt(squares)).toBeLessThan(4); // of 400 images
});

test("at a point that was tried the count is known", () => {
  const surrogate = fitted(15);
  const point = Float64Array.of(0.35, 0.6);
  const before = surrogate.predict(point).deviation;
  surrogate.add(point, margins(point));
  surrogate.fit();
  const { mean, deviation } = surrogate.predict(point);
  expect(Math.abs(mean - countAt(point))).toBeLessThan(2);
  expect(deviation).toBeLessThan(before);
});

test("the scale of a setting's margins does not matter", () => {
  const [even, scaled] = [1, 1000].map((last) => {
    const surrogate = new Surrogate(1, images);
    for (let k = 0; k < 6; k++) {
      const point = Float64Array.of(k / 5);
      surrogate.add(
        point,
        margins(Float64Array.of(k / 5, 0)).map((m) => m * last ** (k / 5)),
      );
    }
    surrogate.fit();
    return surrogate.predict(Float64Array.of(0.5));
  });
  expect(scaled.mean).toBeCloseTo(even.mean, 3);
  expect(scaled.deviation).toBeCloseTo(even.deviation, 3);
});

test("Φ is within 1.5e-4", () => {
  for (let z = -8; z <= 8; z += 0.01) {
    expect(Math.abs(normalProbability(z) - jstat.normal.cdf(z, 0, 1))).toBeLessThan(1.5e-4);
  }
});
