/** Distortion of the digital-to-analog converter of quantized-analog, at Max's optimum step. */
import { quantizedAnalog } from "../../../channels/quantized-analog.js";
import { type Check, meanOfIndependent } from "../check.js";
import { gaussian, send } from "../send.js";

/** Bits, step and mean square error for a unit Gaussian: Max (1960), table II. */
const optimum: Readonly<Record<number, readonly [step: number, error: number]>> = {
  1: [1.596, 0.3634],
  2: [0.9957, 0.1188],
  3: [0.586, 0.03744],
  4: [0.3352, 0.01154],
  5: [0.1881, 0.003495],
};

/**
 * The channel divides by Bussgang's gain, which is 1 − D at the optimum (the error is uncorrelated with the output), so
 * that its error is e = D/(1 − D), and D = e/(1 + e).
 */
export const quantizerDistortion: Check = {
  channel: "quantized-analog",
  name: "distortion of a uniform quantizer, Gaussian signal",
  x: "bits",
  y: "mean square error",
  logarithmic: true,
  source: "Max, IRE Trans. Inf. Theory 6 (1960) 7–12, table II",
  at: [1, 2, 3, 4, 5],
  theory: (bits) => optimum[bits][1],
  roundingOf: (bits) => 0.5 * 10 ** (Math.floor(Math.log10(optimum[bits][1])) - 3),
  simulate(bits, seed, effort) {
    const x = gaussian(Math.ceil(2 ** 18 * effort), seed, "quantizer");
    const clipSigma = 2 ** (bits - 1) * optimum[bits][0];
    const params = { snrDb: 200, dacBits: bits, clipSigma };
    const { y } = send({ channel: quantizedAnalog, params, x, complex: false, seed });
    const { value, standardError } = meanOfIndependent(
      Float64Array.from(x, (v, k) => (y[k] - v) ** 2),
    );
    return { value: value / (1 + value), standardError: standardError / (1 + value) ** 2 };
  },
};
