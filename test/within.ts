import { expect } from "vitest";

/** Asserts that a measured value lies within five standard errors of the theory. */
export function assertWithin(measured: number, theory: number, standardError: number): void {
  const deviation = Math.abs(measured - theory) / standardError;
  expect(
    deviation,
    `measured ${measured}, theory ${theory}: ${deviation.toFixed(1)} standard errors apart`,
  ).toBeLessThan(5);
}
