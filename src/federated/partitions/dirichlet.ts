/**
 * Each class is dealt to the devices in shares (q_1, ..., q_N) ~ Dirichlet(α, ..., α) of its own:
 *
 *   E[q_k] = 1/N,   Var[q_k] = (N − 1) / (N² (N α + 1))
 *
 * Large α is close to `iid`; with small α a class lies on a few devices, and some devices may have no image.
 *
 * Source: Yurochkin et al., "Bayesian Nonparametric Federated Learning of Neural Networks", ICML 2019; shares drawn
 * as normalized Gamma(α, 1) numbers, in logarithms, since for small α they underflow.
 */
import { z } from "zod";
import { logGammaDraw } from "../../math/gamma-draw.js";
import { quantity } from "../../units.js";
import { byClass, definePartition, joined } from "./partition.js";

export const dirichlet = definePartition({
  name: "dirichlet",
  summary: "shares of each class drawn from a Dirichlet distribution",

  params: z.strictObject({
    alpha: quantity(undefined, z.number().positive().max(1e6)).describe(
      "concentration α: small for devices that differ, large for devices that are alike",
    ),
  }),

  split({ alpha }, task) {
    const { devices, random } = task;
    const parts: Int32Array[][] = Array.from({ length: devices }, () => []);
    byClass(task).forEach((images, c) => {
      const stream = random.stream(`shares of class ${c}`);
      const logs = Array.from({ length: devices }, () => logGammaDraw(alpha, stream));
      const largest = Math.max(...logs);
      const weights = logs.map((log) => Math.exp(log - largest));
      const total = weights.reduce((a, b) => a + b, 0);
      let share = 0;
      let from = 0;
      weights.forEach((weight, k) => {
        share += weight / total;
        const to = k === devices - 1 ? images.length : Math.round(share * images.length);
        parts[k].push(images.subarray(from, to));
        from = to;
      });
    });
    return parts.map(joined);
  },
});
