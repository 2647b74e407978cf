/**
 * How much of a value's variance is still the clean network's signal, the rest being noise, as values flow through
 * a network: shares[value] is the mean over channels of the signal's variance over all of it.
 *
 * Inputs of the network are all signal. A batch normalization's output has the share that its statistics were found
 * with. What one value makes of another by itself (ReLU, pooling, padding) leaves the share. A sum mixes its terms'
 * shares by their variances: γ² behind a batch normalization, the variance that was sent for the input of a linear
 * layer, otherwise that of the value before.
 *
 * Limits: one number for all channels. A ReLU takes a little more from the signal. Linear layers without a batch
 * normalization behind them pass the share on.
 */
import { meanSquare } from "../../math/statistics.js";
import type { RefinementContext } from "./refinement.js";

export class SignalShares {
  readonly #shares = new Map<string, number>();
  readonly #variances = new Map<string, number>();

  constructor({ layers, moments, parameter }: RefinementContext) {
    layers.linear.forEach(({ input }, l) => {
      const variance = moments[l]?.inputVariance;
      if (variance !== undefined) this.#variances.set(input, variance);
    });
    for (const { output, inputs, normalization } of layers.flow) {
      if (this.#variances.has(output)) continue;
      const scale =
        normalization === undefined ? undefined : layers.normalization[normalization].scale;
      const variance =
        normalization === undefined
          ? inputs.reduce((sum, name) => sum + this.#varianceOf(name), 0)
          : scale === undefined
            ? 1
            : meanSquare(parameter(scale));
      this.#variances.set(output, variance);
    }
  }

  of(value: string): number {
    return this.#shares.get(value) ?? 1;
  }

  set(value: string, share: number): void {
    this.#shares.set(value, share);
  }

  /** Of a value that comes from others: their shares, weighted by their variances. */
  mix(output: string, inputs: readonly string[]): void {
    let [signal, all] = [0, 0];
    for (const name of inputs) {
      const variance = this.#varianceOf(name);
      signal += variance * this.of(name);
      all += variance;
    }
    if (all > 0) this.#shares.set(output, signal / all);
  }

  #varianceOf(value: string): number {
    return this.#variances.get(value) ?? 1;
  }
}
