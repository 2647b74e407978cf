/** What a receiver is told beyond r, as far as its estimator declares to need it. */
import type { Estimator, Known } from "../receiver/estimator.js";
import type { Bench } from "./bench.js";

export function knownOf(
  estimator: Estimator,
  { statistics }: Bench,
  noiseVariance: Known["noiseVariance"],
): Known {
  const { mean, variance } = statistics;
  return told(estimator, { noiseVariance, prior: { mean, variance } });
}

/** Only what the estimator declares to need. */
function told(estimator: Estimator, known: Known): Known {
  return Object.fromEntries(estimator.needs.map((key) => [key, known[key]])) as unknown as Known;
}
