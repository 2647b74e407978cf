/**
 * How much noise on one tensor does to a network: the growth of the mean cross entropy per unit of squared error
 * Σ (ŵ − w)² on that tensor, measured by adding white noise to it alone.
 *
 *   s_t = (L(w + e_t) − L(w)) / (n_t v),   e_t white on tensor t, of variance v = Var[w_t]
 *
 * averaged over draws, on images that are no test images. The transmitter does this once: it has the network and
 * images of its own.
 *
 * Batch normalizations take their statistics from the same images, with noise and without. What noise does to a
 * stored statistic a receiver can mend, and the slope at the stored ones is nearly all that: energy shared out by it
 * goes where it is needed least. Noise is as strong as the weights since that is where an allocation matters; a
 * tenth of it ranks the tensors otherwise (docs/codings.md has both measured).
 *
 * Limits: a few draws on a few hundred images; estimates scatter, and may be below 0 where noise does no harm.
 */
import type { Examples } from "../datasets/dataset.js";
import { RandomSource } from "../kernel/index.js";
import { pickExamples } from "../models/fit-inputs.js";
import type { Scorer } from "../models/model.js";
import { meanCrossEntropy } from "../models/score.js";
import type { Layout } from "../weights/layout.js";

const images = 400;
const draws = 3;

export interface MeasuredNetwork {
  readonly layout: Layout;
  readonly weights: Float32Array;
  readonly tensorVariances: readonly number[];
  readonly scorer: Scorer;
  /** True where the network has batch normalizations whose statistics can be measured. */
  readonly normalizes: boolean;
}

/** By name of the tensor; the same for every study. Leaves the scorer with other weights than it had. */
export async function measureSensitivities(
  { layout, weights, tensorVariances, scorer, normalizes }: MeasuredNetwork,
  examples: Examples,
  batch: number,
  stopped?: () => void,
): Promise<ReadonlyMap<string, number>> {
  const random = new RandomSource("sensitivity");
  const count = Math.min(images, examples.count);
  const picked = pickExamples(examples, random.stream("images").sample(examples.count, count));
  const lossOf = async (values: Float32Array) => {
    const statistics = normalizes
      ? await scorer.measureStatistics!(values, picked.inputs, picked.count)
      : undefined;
    await scorer.setWeights(values, statistics);
    return meanCrossEntropy(scorer, picked, batch, stopped);
  };
  const clean = await lossOf(weights);
  const noisy = weights.slice();
  const sensitivities = new Map<string, number>();
  for (const [i, { name, offset, size }] of layout.entries.entries()) {
    const variance = tensorVariances[i];
    const part = noisy.subarray(offset, offset + size);
    const stream = random.stream(name);
    let growth = 0;
    for (let draw = 0; draw < draws; draw++) {
      stream.fillNormal(part, Math.sqrt(variance));
      for (let k = 0; k < size; k++) part[k] += weights[offset + k];
      growth += (await lossOf(noisy)) - clean;
    }
    part.set(weights.subarray(offset, offset + size));
    sensitivities.set(name, variance > 0 ? growth / (draws * size * variance) : 0);
  }
  return sensitivities;
}
