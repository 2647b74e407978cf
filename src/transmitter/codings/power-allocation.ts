/**
 * One gain per tensor, at the energy of all together: x = g_t w for the weights w of tensor t.
 *
 *   equal        g_t² ∝ 1 / E_t            every tensor meets the same SNR
 *   variance     g_t² ∝ 1 / √E_t           least total squared error Σ n_t σ² / g_t²
 *   sensitivity  g_t² ∝ √(s_t / E_t)       least Σ s_t n_t σ² / g_t², the growth of the loss to first order
 *
 * with E_t the mean square of the tensor and s_t its sensitivity (src/study/sensitivity.ts). The last two are
 * the minimum under Σ n_t g_t² E_t = const by Lagrange's multiplier: s_t n_t / g_t⁴ ∝ n_t E_t. A tensor
 * of zeros needs no energy and keeps the gain of the others' mean.
 *
 * The receiver is told one number per tensor.
 *
 * Source: Boyd & Vandenberghe, Convex Optimization (2004), 5.5.3 for the multiplier.
 * Limits: sensitivities are measured on few images and noisy; those below a hundredth of the largest are raised
 * to it, so that no tensor gets nothing.
 */
import { z } from "zod";
import { meanSquare } from "../../math/statistics.js";
import { bitsPerNumber, defineCoding, type Span, scaledVariances } from "../coding.js";

const leastSensitivity = 0.01;

export const powerAllocation = defineCoding({
  name: "power-allocation",
  summary: "one gain per tensor, at the same total energy",

  params: z.strictObject({
    by: z
      .enum(["equal", "variance", "sensitivity"])
      .describe(
        "equal: the same SNR in every tensor; variance: least squared error; sensitivity: least growth of the loss, measured",
      ),
  }),

  needsSensitivities: ({ by }) => by === "sensitivity",

  encode({ by }, { values, spans }, { sensitivities }) {
    const largest = Math.max(...(sensitivities?.values() ?? []));
    const squaredGain = (span: Span, power: number): number => {
      if (by === "equal") return 1 / power;
      if (by === "variance") return 1 / Math.sqrt(power);
      const measured = sensitivities!.get(span.tensor) ?? 0;
      return Math.sqrt(Math.max(measured, leastSensitivity * largest) / power);
    };
    const powers = spans.map(({ first, size }) => meanSquare(values.subarray(first, first + size)));
    const squares = spans.map((span, i) =>
      powers[i] > 0 ? squaredGain(span, powers[i]) : undefined,
    );
    const given = squares.filter((square) => square !== undefined);
    const others = given.reduce((a, b) => a + b, 0) / given.length || 1;
    const gains = Float64Array.from(squares, (square) => Math.sqrt(square ?? others));

    const sent = new Float32Array(values.length);
    /** Gain of each value. */
    const gainOf = new Float32Array(values.length);
    spans.forEach(({ first, size }, i) => {
      gainOf.fill(gains[i], first, first + size);
      for (let k = first; k < first + size; k++) sent[k] = gains[i] * values[k];
    });

    return {
      block: { values: sent, spans },
      sideBits: bitsPerNumber * spans.length,
      decode({ r, noiseVariance }) {
        for (let k = 0; k < r.length; k++) r[k] /= gainOf[k];
        return {
          r,
          noiseVariance: scaledVariances(noiseVariance, r.length, (k) => gainOf[k] ** -2),
        };
      },
    };
  },
});
