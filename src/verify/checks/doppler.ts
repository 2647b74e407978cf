/** Autocorrelation of the gain of a receiver that moves, seen through unit symbols at 60 dB. */
import { doppler } from "../../../channels/doppler.js";
import { type Check, meanOfIndependent } from "../check.js";
import { besselJ0 } from "../integrals.js";
import { send } from "../send.js";

/** 30 m/s at 1 GHz: fD = 100.07 Hz. */
const motion = { speedMps: 30, carrierHz: 1e9 };
const dopplerHz = (30 * 1e9) / 299_792_458;
/** So that lags of 0.1 Doppler periods are whole symbols. */
const symbolRateHz = 20 * dopplerHz;

export const dopplerCorrelation: Check = {
  channel: "doppler",
  name: "autocorrelation of the gain",
  x: "lag times Doppler shift",
  y: "Re E[h(t + τ) h*(t)]",
  continuous: true,
  source: "J0(2π fD τ): Clarke, Bell Syst. Tech. J. 47 (1968) 957–1000",
  at: [0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.7, 1, 1.5],
  theory: (lag) => besselJ0(2 * Math.PI * lag),
  simulate(lag, seed, effort) {
    const apart = Math.round(20 * lag);
    const x = new Float32Array(2 * (apart + 1)).map((_, k) => 1 - (k % 2)); // (1, 0), (1, 0), …
    const params = { ...motion, snrDb: 60, knowledge: "none" };
    // Each trial is another set of angles and phases.
    const products = Float64Array.from({ length: Math.ceil(6000 * effort) }, (_, trial) => {
      const { y } = send({ channel: doppler, params, x, complex: true, seed, trial, symbolRateHz });
      // At lag 0 the noise, a millionth of the gain's power, would be its own correlation.
      return y[2 * apart] * y[0] + y[2 * apart + 1] * y[1];
    });
    return meanOfIndependent(products);
  },
};
