/**
 * MMSE_pb, the posterior mean with a population compensator λ' and a bias compensator β:
 *
 *   ŵ = (η r + σ_w² β) / (η + 1 − λ'),   η = σ_w² / σ_n²
 *
 * λ' = 1, β = 0 is ML; λ' = 0, β = μ/σ_w² is MMSE. Both compensators correct for what the network
 * does with the weights, which no error measure of single weights sees; labelled images choose them.
 *
 * The gain η / (η + 1 − λ') has a pole at λ' = 1 + η and is negative beyond it: such settings are not
 * estimators and are left out. With scope `tensor` each tensor has its own σ_w², and the first that meets its
 * pole decides.
 *
 * Source: Shao, Liew, Gündüz, "Denoising Noisy Neural Networks: A Bayesian Approach with
 * Compensation", arXiv 2105.10699, eq. (17) ff.
 * With `groups` some tensors have λ' and β of their own; the grid is the product of all lists.
 */
import { z } from "zod";
import { numberList } from "../units.js";
import { defineEstimator, type Known, type Setting } from "./estimator.js";
import { presetNames } from "./mmse-pb-presets.js";
import { type PriorPart, partsOf, priorParams } from "./prior.js";

/** λ' and β of all tensors that are in no group, and of group g as "g.lambda" and "g.beta". */
type LambdaBeta = Setting & { readonly lambda: number; readonly beta: number };

const grid = {
  lambda: numberList()
    .prefault([1])
    .describe("population compensator λ': a number, or a grid such as 0.95:0.01:1.06"),
  beta: numberList()
    .prefault([0])
    .describe("bias compensator β: a number, or a grid such as -4:0.2:0.4"),
};

export const mmsePb = defineEstimator({
  name: "mmse-pb",
  summary: "MMSE with population compensator λ' and bias compensator β (arXiv 2105.10699)",

  params: z.strictObject({
    preset: z
      .enum(presetNames)
      .optional()
      .describe(
        "a published grid for lambda, beta and choose (docs/estimators.md); what is given beside it wins",
      ),
    ...grid,
    groups: z
      .record(
        z.string().regex(/^\w+$/, "must be letters, digits and underscores"),
        z.strictObject({ tensors: z.array(z.string()).min(1), ...grid }),
      )
      .default({})
      .describe(
        "tensors with λ' and β of their own, by a name for the group: tensors (glob patterns), lambda, beta",
      ),
    ...priorParams("global"),
  }),

  needs: ["noiseVariance", "prior"],
  prior: ({ scope, prior, groups }) => ({
    kind: "moments",
    scope,
    source: prior,
    groups: Object.fromEntries(Object.entries(groups).map(([name, g]) => [name, g.tensors])),
  }),

  settings: ({ lambda, beta, groups }) => {
    let settings: LambdaBeta[] = lambda.flatMap((l) => beta.map((b) => ({ lambda: l, beta: b })));
    for (const [name, group] of Object.entries(groups)) {
      settings = settings.flatMap((setting) =>
        group.lambda.flatMap((l) =>
          group.beta.map((b) => ({ ...setting, [`${name}.lambda`]: l, [`${name}.beta`]: b })),
        ),
      );
    }
    return settings;
  },

  isValid: ({ noiseVariance, prior }) => {
    const all: readonly PriorPart[] = prior.parts ?? [{ from: 0, to: Infinity, ...prior }];
    const poles = all
      // A tensor of equal weights is what its prior says, and has no pole.
      .filter(({ variance }) => variance !== 0 || prior.parts === undefined)
      .map((part) => ({ part, noise: largest(noiseVariance, part.from, part.to) }));
    return (setting) =>
      poles.every(({ part, noise }) => {
        const { lambda } = ofPart(setting, part);
        return part.variance + (1 - lambda) * noise > 0;
      });
  },

  departure: (setting) =>
    Math.hypot(
      ...Object.entries(setting).map(([key, v]) => (key.endsWith("lambda") ? v - 1 : v / 100)),
    ),

  estimate(r, { noiseVariance, prior }, setting, out) {
    for (const part of partsOf(prior, r.length)) {
      const { from, to, mean, variance } = part;
      const { lambda, beta } = ofPart(setting, part);
      const certain = variance === 0 && prior.parts !== undefined;
      for (let k = from; k < to; k++) {
        const noise = typeof noiseVariance === "number" ? noiseVariance : noiseVariance[k];
        // An erased weight has infinite noise, and is its prior mean.
        if (noise === 0) out[k] = r[k];
        else if (noise === Infinity || certain) out[k] = mean;
        else {
          // Numerator and denominator times σ_n², so that no noise is no special case.
          out[k] = (variance * (r[k] + noise * beta)) / (variance + (1 - lambda) * noise);
        }
      }
    }
  },
});

/** What holds for the weights of a part. */
function ofPart(setting: LambdaBeta, { group }: PriorPart): { lambda: number; beta: number } {
  if (group === undefined) return setting;
  return { lambda: setting[`${group}.lambda`], beta: setting[`${group}.beta`] };
}

/** The weight with the most noise meets the pole first; one that was erased meets none. */
function largest(noiseVariance: Known["noiseVariance"], from: number, to: number): number {
  if (typeof noiseVariance === "number") return noiseVariance;
  let most = 0;
  for (let k = from; k < Math.min(to, noiseVariance.length); k++) {
    const noise = noiseVariance[k];
    if (noise !== Infinity && noise > most) most = noise;
  }
  return most;
}
