/**
 * Random numbers of the Gamma distribution with shape a and scale 1, as their logarithms: for small a most numbers
 * are below the smallest double.
 *
 * For a ≥ 1: d = a − 1/3, c = 1/√(9d), V = (1 + c X)³ with normal X, accepted where ln U < X²/2 + d − d V + d ln V;
 * the number is d V. For a < 1: one of shape a + 1 times U^(1/a).
 *
 * Source: Marsaglia, Tsang, "A Simple Method for Generating Gamma Variables", ACM TOMS 26 (2000) 363.
 */
import type { RandomStream } from "../kernel/index.js";

export function logGammaDraw(shape: number, random: RandomStream): number {
  if (shape < 1) return logGammaDraw(shape + 1, random) + Math.log(openUniform(random)) / shape;
  const d = shape - 1 / 3;
  const c = 1 / Math.sqrt(9 * d);
  for (;;) {
    const x = random.normal();
    const root = 1 + c * x;
    if (root <= 0) continue;
    const logV = 3 * Math.log(root);
    const accepted = (x * x) / 2 + d - d * Math.exp(logV) + d * logV;
    if (Math.log(openUniform(random)) < accepted) return Math.log(d) + logV;
  }
}

/** Over (0, 1]. */
function openUniform(random: RandomStream): number {
  return 1 - random.uniform();
}
