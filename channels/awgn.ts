/**
 * Additive white Gaussian noise: y[k] = x[k] + n[k], n[k] ~ N(0, σ²) per real component.
 *
 * Set by one of
 *   snrDb   σ² = mean(x²) / SNR    (arXiv 2105.10699's code calls it EsN0; mean square of the signal)
 *   wnrDb   σ² = Var(x) / WNR      (the weight-variance-to-noise ratio of the same paper)
 *   budget  σ² from transmit power, path loss and receiver noise (src/radio/link-budget.ts)
 * over the components of the whole transmission. A complex symbol meets N0 = 2σ² and has Es = 2 mean(x²),
 * so Es/N0 is the SNR with either mapping.
 *
 * Source: Tse & Viswanath, Fundamentals of Wireless Communication (2005), 2.2.4.
 * Limits: symbol rate, ideal timing and phase; no interference.
 */
import { z } from "zod";
import { defineChannel } from "../src/channel.js";
import { noiseLevel, noiseVarianceOf, oneNoiseLevel } from "../src/channel-noise.js";

export const awgn = defineChannel({
  name: "awgn",
  summary: "additive white Gaussian noise",

  params: z.strictObject(noiseLevel).superRefine(oneNoiseLevel),

  open(params, context) {
    const noiseVariance = noiseVarianceOf(params, context);
    const sigma = Math.sqrt(noiseVariance);
    const stream = context.random.stream("noise");

    return {
      transmit(x, _timeS, reception) {
        const { y } = reception;
        stream.fillNormal(y, sigma);
        for (let k = 0; k < x.length; k++) y[k]! += x[k]!;
        reception.noiseVariance = noiseVariance;
      },
    };
  },
});
