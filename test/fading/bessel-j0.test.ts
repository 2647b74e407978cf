import { expect, test } from "vitest";
import { besselJ0 } from "../../src/fading/bessel-j0.js";

// Abramowitz & Stegun, Handbook of Mathematical Functions, table 9.1; zeros from table 9.5.
test.each([
  [0, 1],
  [0.5, 0.938469807240813],
  [5, -0.177596771314338],
  [10, -0.245935764451348],
  [2.404825557695773, 0],
  [30.63460646843198, 0],
  [30, -0.0863679835810402],
  [50, 0.0558123276692518],
  [100, 0.019985850304223122],
])("J0(%s) = %s, also of the negative argument", (x, value) => {
  expect(Math.abs(besselJ0(x) - value)).toBeLessThan(2e-15);
  expect(besselJ0(-x)).toBe(besselJ0(x));
});

test("the two ways agree where one takes over from the other", () => {
  // J0 is analytic: its fourth difference over steps of 1e-3 is 1e-13 with either, unless they differ.
  const at = [-2, -1, 0, 1, 2].map((k) => besselJ0(30 + (k - 0.5) * 1e-3));
  expect(Math.abs(at[0] - 4 * at[1] + 6 * at[2] - 4 * at[3] + at[4])).toBeLessThan(3e-13);
});
