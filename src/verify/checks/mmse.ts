/** Mean square error of Gaussian symbols at the best receiver: of AWGN, and of Rayleigh fading with known gains. */
import { awgn } from "../../../channels/awgn.js";
import { blockFading } from "../../../channels/block-fading.js";
import { mmse } from "../../receiver/mmse.js";
import { dbToRatio } from "../../units.js";
import { type Check, type Measured, meanOfIndependent } from "../check.js";
import { rayleighMmse } from "../integrals.js";
import { gaussian, send } from "../send.js";

const symbols = 200_000;

function errorOf(x: Float32Array, estimate: Float32Array): Measured {
  const squares = new Float64Array(x.length / 2);
  for (let k = 0; k < x.length; k++) squares[k >> 1] += (estimate[k] - x[k]) ** 2 / 2;
  return meanOfIndependent(squares);
}

const common = {
  name: "mean square error of unit Gaussian symbols, MMSE",
  x: "SNR [dB]",
  y: "mean square error",
  logarithmic: true,
  continuous: true,
} as const;

export const awgnMmse: Check = {
  ...common,
  channel: "awgn",
  at: [-10, 0, 10, 20],
  theory: (snrDb) => 1 / (1 + dbToRatio(snrDb)),
  source: "1/(1 + SNR): Kay, Estimation Theory (1993), ch. 12",
  simulate(snrDb, seed, effort) {
    const x = gaussian(2 * Math.ceil(symbols * effort), seed, "mmse");
    const { y, noiseVariance } = send({
      channel: awgn,
      params: { snrDb },
      x,
      complex: true,
      meanSquare: 1,
      seed,
    });
    const prior = { mean: 0, variance: 1 };
    const estimate = new Float32Array(x.length);
    mmse.estimate(y, { noiseVariance, prior }, {}, estimate);
    return errorOf(x, estimate);
  },
};

export const rayleighMmseError: Check = {
  ...common,
  channel: "block-fading",
  at: [-10, 0, 10, 20],
  theory: (snrDb) => rayleighMmse(dbToRatio(snrDb)),
  source:
    "E[1/(1 + SNR |h|²)] = (1/SNR) exp(1/SNR) E₁(1/SNR): Kay, Estimation Theory (1993), ch. 12",
  simulate(snrDb, seed, effort) {
    const x = gaussian(2 * Math.ceil(symbols * effort), seed, "mmse");
    const params = { snrDb, coherenceS: 1e-6, equalizer: "mmse" };
    return errorOf(
      x,
      send({ channel: blockFading, params, x, complex: true, meanSquare: 1, seed }).y,
    );
  },
};
