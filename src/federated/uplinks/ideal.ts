/**
 * The sum without errors: r = Σ_k Δ_k, what every other scheme is measured against.
 *
 * Airtime and energy are those of an aligned sum on the air (oac.ts) whose noise has vanished: two components in a
 * symbol, updates sent as they are.
 */
import { z } from "zod";
import { sumOfSquares } from "../../math/statistics.js";
import { addUp } from "../analog-sum.js";
import { defineUplink } from "../uplink.js";

export const ideal = defineUplink({
  name: "ideal",
  summary: "the sum of the updates without errors",

  params: z.strictObject({}),

  open(_params, { size }) {
    const r = new Float32Array(size);

    return {
      send(updates, { active }) {
        addUp(updates, r);
        return {
          observation: active.length > 0 ? { r, noiseVariance: 0 } : undefined,
          divisor: active.length,
          heard: active,
          symbols: Math.ceil(size / 2),
          energy: updates.map(sumOfSquares),
          noiseVariance: 0,
        };
      },
    };
  },
});
