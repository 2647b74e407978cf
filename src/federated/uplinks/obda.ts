/**
 * One-bit broadband digital aggregation: devices send the signs of their updates in pairs, as QPSK symbols, at the
 * same time; the server takes the sign of what it receives, a majority vote on the air.
 *
 *   x_k = √P sign(Δ_k),   y = Σ_k x_k + z per real component,   r = stepSize · sign(y),   divisor 1
 *
 * so that r is a step of signSGD, not a mean of the updates; it carries no noise variance (0), since its errors
 * are wrong signs. A component that is exactly 0 sends a random sign. With random signs of K devices and K odd,
 * the vote is wrong with probability Σ_b C(K, b) 2^−K Q(|2b − K| √P/σ).
 *
 * The noise: snrDb is mean((Σ sign(Δ_k))²)/(σ²/P), deviceSnrDb is P/σ². With `fading`, truncated channel inversion
 * on each subcarrier (inverted-air.ts): √(Pρ) in the place of √P for those who send. Where nobody sends, the
 * server takes no step: r is 0 with infinite variance.
 *
 * Source: Zhu, Du, Gündüz & Huang, "One-Bit Over-the-Air Aggregation for Communication-Efficient Federated Edge
 * Learning", IEEE Trans. Wireless Commun. 20 (2021) 2120–2135, arXiv 2001.05713; Bernstein et al., signSGD with
 * majority vote, arXiv 1810.05291.
 * Limits: as oac-fading.ts.
 */
import { z } from "zod";
import { meanSquare } from "../../math/statistics.js";
import { quantity } from "../../units.js";
import { type Arrival, alignedAir, forEachComponent } from "../air.js";
import { inversionKeys, invertedAir } from "../inverted-air.js";
import { defineUplink, type UplinkRound } from "../uplink.js";
import { levelOf, oneUplinkNoise, uplinkNoise } from "../uplink-noise.js";

export const obda = defineUplink({
  name: "obda",
  summary: "signs of the updates as QPSK at the same time; the server takes the majority",

  params: z
    .strictObject({
      ...uplinkNoise,
      stepSize: quantity(undefined, z.number().positive()).describe(
        "size of the step in every component, in the units of the updates",
      ),
      fading: z
        .strictObject(inversionKeys)
        .optional()
        .describe("truncated channel inversion, keys as in oac-fading; absent: unit gains"),
    })
    .superRefine(oneUplinkNoise),

  open(params, { size }) {
    const { fading, stepSize } = params;
    const air = fading === undefined ? alignedAir() : invertedAir(fading, size, "obda");
    const { subcarriers } = air;
    const signs = new Float32Array(size);
    const y = new Float32Array(size);
    const variances = new Float32Array(subcarriers > 1 ? size : 0);

    return {
      send(updates, round) {
        const signal = (k: number) => signsOf(updates[k], k, round);
        const powers = updates.map(() => 1);
        const level = levelOf(params, powers, () => {
          y.fill(0);
          alignedAir().superpose(signal, round, y);
          return meanSquare(y);
        });
        round.random.stream("noise").fillNormal(y, Math.sqrt(level.variance / air.rho));
        const arrival = air.superpose(signal, round, y);
        for (let s = 0; s < subcarriers; s++) decide(arrival, s);
        return {
          observation:
            arrival.heard.length > 0
              ? { r: y, noiseVariance: subcarriers > 1 ? variances : 0 }
              : undefined,
          divisor: 1,
          heard: arrival.heard,
          symbols: Math.ceil(size / 2),
          energy: arrival.energy.map((spent) => level.scale * air.rho * spent),
          noiseVariance: level.noiseVariance,
        };
      },
    };

    function signsOf(update: Float32Array, k: number, { active, random }: UplinkRound) {
      const zeros = random.child("signs of zeros").stream(`device ${active[k]}`);
      for (let i = 0; i < size; i++) {
        const v = update[i];
        signs[i] = v > 0 || (v === 0 && zeros.uniform() < 0.5) ? 1 : -1;
      }
      return signs;
    }

    function decide({ senders }: Arrival, subcarrier: number): void {
      const step = senders[subcarrier] > 0 ? stepSize : 0;
      forEachComponent(size, subcarriers, subcarrier, (i) => {
        y[i] = step * Math.sign(y[i]);
        if (subcarriers > 1) variances[i] = step > 0 ? 0 : Infinity;
      });
    }
  },
});
