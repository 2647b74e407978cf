/**
 * Flat block fading: y = hx + n, h the same for coherenceS and independent from block to block, Rayleigh or
 * Rician (src/fading/block-gains.ts). What the receiver or the transmitter knows of h, and does about it:
 * src/fading/flat-link.ts.
 *
 * Source: Tse & Viswanath, Fundamentals of Wireless Communication (2005), 2.4 and 5.4.5.
 * Limits: one gain per symbol (no delay spread), gains do not change within a block nor resemble those of the
 * next; ideal timing.
 */
import { z } from "zod";
import { defineChannel } from "../src/channel.js";
import { InputError } from "../src/errors.js";
import { blockEstimator } from "../src/fading/block-estimator.js";
import { blockGains } from "../src/fading/block-gains.js";
import { flatLink } from "../src/fading/flat-link.js";
import { flatLinkParams, flatLinkRules, invertsGains } from "../src/fading/knowledge.js";
import { kFactorDb } from "../src/fading/rician.js";
import { quantity } from "../src/units.js";

export const blockFading = defineChannel({
  name: "block-fading",
  summary: "flat Rayleigh or Rician fading, a new independent gain in every coherence block",

  params: z
    .strictObject({
      coherenceS: quantity("s", z.number().positive()).describe(
        "time that a gain lasts, at least one symbol [s]",
      ),
      kFactorDb,
      ...flatLinkParams,
    })
    .superRefine(flatLinkRules),

  inverts: invertsGains,

  open(params, context) {
    const { coherenceS, kFactorDb } = params;
    const symbolS = 1 / context.symbolRateHz;
    // A coherence time that is written as a symbol's may differ in its last bits.
    if (!(coherenceS >= symbolS * (1 - 1e-9))) {
      throw new InputError(
        "block-fading: channel.coherenceS must be at least one symbol, " +
          `1 / transmitter.symbolRateHz = ${symbolS} s, got ${coherenceS} s`,
      );
    }
    const gains = blockGains({ coherenceS, kFactorDb }, context.random.stream("gains"));
    return flatLink(
      { gains, kFactorDb, pilotEstimator: (setting) => blockEstimator(setting, gains.block) },
      params,
      context,
    );
  },
});
