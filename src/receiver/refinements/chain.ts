/**
 * A receiver's list of refinements: what it uses, whether it fits a network, and its work.
 */
import { InputError } from "../../errors.js";
import { sum } from "../../math/statistics.js";
import { refinements } from "./index.js";
import type { NetworkPlan, ReceivedNetwork, Refinement, RefinementContext } from "./refinement.js";
import { vectorsSent } from "./sent.js";

/** An entry of `refine`, as the scenario's schema has checked it. */
export interface RefinementSettings {
  readonly name: string;
}

export type Chain = readonly RefinementSettings[];

// The schema has checked names and parameters, so each definition gets the parameters it declares.
const find = ({ name }: RefinementSettings) =>
  (refinements as readonly unknown[] as readonly Refinement[]).find((r) => r.name === name)!;

/** Unlabelled images that the receiver looks at in one trial; all refinements take the same. */
export function unlabelledImages(chain: Chain): number {
  return Math.max(0, ...chain.map((entry) => find(entry).images?.(entry as never) ?? 0));
}

/** Lengths of the vectors that the transmitter sends beside the weights, so that the chain can work. */
export function refinementVectorsSent(chain: Chain, plan: NetworkPlan): readonly number[] {
  return vectorsSent(chain.flatMap((entry) => find(entry).sends?.(entry as never, plan) ?? []));
}

/** True where the transmitter measures anything for the chain. */
export function usesMoments(chain: Chain): boolean {
  return chain.some((entry) => find(entry).sends !== undefined);
}

/** True where the network is tried on random images. */
export function usesProbe(chain: Chain): boolean {
  return chain.some((entry) => find(entry).usesProbe ?? false);
}

/** What a chain uses, in words: "noise variance", "200 unlabelled images", "layer statistics, sent (1334 numbers)". */
export function refinementsInWords(chain: Chain, plans: readonly NetworkPlan[]): string[] {
  const words: string[] = [];
  if (chain.some((entry) => find(entry).needsNoiseVariance?.(entry as never))) {
    words.push("noise variance");
  }
  const images = unlabelledImages(chain);
  if (images > 0) words.push(images === 1 ? "1 unlabelled image" : `${images} unlabelled images`);
  const numbers = [...new Set(plans.map((plan) => sum(refinementVectorsSent(chain, plan))))];
  if (numbers.some((n) => n > 0)) {
    words.push(`layer statistics, sent (${numbers.join(" or ")} numbers)`);
  }
  return words;
}

/** Throws InputError where a refinement cannot work on the network. */
export function checkChain(chain: Chain, plan: NetworkPlan): void {
  for (const entry of chain) {
    const lacks = find(entry).lacks(plan);
    if (lacks !== undefined) {
      throw new InputError(`${entry.name} cannot work on ${plan.modelName}, which ${lacks}`);
    }
  }
}

/** What is wrong with the order of a chain; undefined where nothing is. */
export function orderIssue(chain: Chain): string | undefined {
  const seen = new Set<string>();
  let fitted: string | undefined;
  for (const entry of chain) {
    const { name, changesWeights, setsStatistics } = find(entry);
    if (seen.has(name)) return `must name each refinement once; ${name} stands there twice`;
    seen.add(name);
    if (changesWeights && fitted !== undefined) {
      return `must have ${name} before ${fitted}, whose statistics would not fit the weights that it changes`;
    }
    if (setsStatistics && fitted !== undefined) {
      return `must have one of ${fitted} and ${name}, which set the same statistics`;
    }
    if (setsStatistics) fitted = name;
  }
  return undefined;
}

/** All refinements, one after another. */
export async function refineNetwork(
  chain: Chain,
  network: ReceivedNetwork,
  context: RefinementContext,
): Promise<void> {
  for (const entry of chain) await find(entry).refine(network, context, entry as never);
}
