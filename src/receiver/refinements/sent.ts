/** Groups of numbers that the transmitter sends for refinements. The same group is sent once. */
import type { LinearLayer } from "../../models/layers.js";
import type { SentNumbers } from "./refinement.js";

/** Mean of every input channel, and the mean that the clean weights make of them. */
export const meansSent = ({ name, ins, outs }: LinearLayer): SentNumbers => ({
  what: `input and output means of ${name}`,
  vectors: [ins, outs],
});

/** Variance of the inputs, over channels. */
export const variancesSent = ({ name }: LinearLayer): SentNumbers => ({
  what: `input variance of ${name}`,
  vectors: [1],
});

/** Of a normalized layer's outputs, the running variance over that on random images, as a logarithm. */
export const probeRatiosSent = ({ name, outs }: LinearLayer): SentNumbers => ({
  what: `variance ratios of ${name}`,
  vectors: [outs],
});

/** Mean and standard deviation of the pixels of every channel. */
export const pixelStatisticsSent = (channels: number): SentNumbers => ({
  what: "pixel statistics",
  vectors: [channels, channels],
});

export const meanSquareSent = (tensor: string): SentNumbers => ({
  what: `mean square of ${tensor}`,
  vectors: [1],
});

/** Lengths of the vectors in all groups, each group taken once. */
export function vectorsSent(groups: readonly SentNumbers[]): number[] {
  return [...new Map(groups.map(({ what, vectors }) => [what, vectors])).values()].flat();
}
