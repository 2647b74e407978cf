/** Groups of numbers that the transmitter sends for refinements. The same group is sent once. */
import type { LinearLayer } from "../../models/layers.js";
import type { SentNumbers } from "./refinement.js";

/** Mean of every input channel, and the mean that the clean weights make of them. */
export const meansSent = ({ name, ins, outs }: LinearLayer): SentNumbers => ({
  what: `input and output means of ${name}`,
  count: ins + outs,
});

/** Variance of the inputs, over channels. */
export const variancesSent = ({ name }: LinearLayer): SentNumbers => ({
  what: `input variance of ${name}`,
  count: 1,
});

export const meanSquareSent = (tensor: string): SentNumbers => ({
  what: `mean square of ${tensor}`,
  count: 1,
});

/** Numbers in groups, each group counted once. */
export function countSent(groups: readonly SentNumbers[]): number {
  const counts = new Map(groups.map(({ what, count }) => [what, count]));
  return [...counts.values()].reduce((sum, count) => sum + count, 0);
}
