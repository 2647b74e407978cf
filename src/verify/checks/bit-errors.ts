/** Bit error rates over AWGN, Rayleigh fading and OFDM with the receiver knowing every gain. */
import { awgn } from "../../../channels/awgn.js";
import { blockFading } from "../../../channels/block-fading.js";
import { multipathOfdm } from "../../../channels/multipath-ofdm.js";
import { type Check, type Measured, meanOfIndependent } from "../check.js";
import {
  awgnBitErrorRate,
  bitErrorShares,
  type Modulation,
  qam16,
  qpsk,
  randomSymbols,
  rayleighBitErrorRate,
  snrDbOf,
} from "../modulation.js";
import { send } from "../send.js";

const symbolRateHz = 1e6;

/** A gain per symbol (or none), so that symbols are independent. */
function overSymbols(
  channel: unknown,
  params: object,
  modulation: Modulation,
  symbols: number,
): Check["simulate"] {
  return (ebN0Db, seed, effort) => {
    const x = randomSymbols(modulation, Math.ceil(symbols * effort), seed);
    const snrDb = snrDbOf(modulation, ebN0Db);
    const sending = {
      channel,
      params: { ...params, snrDb },
      x,
      complex: true,
      meanSquare: 1,
      seed,
    };
    const { y } = send({ ...sending, symbolRateHz });
    return meanOfIndependent(bitErrorShares(modulation, x, y));
  };
}

/** Trials are independent, the subcarriers of one are not. */
function overTrials(
  channel: unknown,
  params: object,
  modulation: Modulation,
  symbols: number,
  trials: number,
): Check["simulate"] {
  return (ebN0Db, seed, effort): Measured => {
    const snrDb = snrDbOf(modulation, ebN0Db);
    const sending = { channel, params: { ...params, snrDb }, complex: true, meanSquare: 1, seed };
    const rates = Float64Array.from({ length: Math.ceil(trials * effort) }, (_, trial) => {
      // Symbols of their own, since a few hundred of them may have more power than they should.
      const x = randomSymbols(modulation, symbols, `${seed}, trial ${trial}`);
      const { y } = send({ ...sending, x, trial });
      return meanOfIndependent(bitErrorShares(modulation, x, y)).value;
    });
    return meanOfIndependent(rates);
  };
}

const awgnSource =
  "Q(√(2γ)); ¾Q(a) + ½Q(3a) − ¼Q(5a), a² = 0.8γ: Cho & Yoon, IEEE Trans. Commun. 50 (2002) 1074–1080";
const rayleighSource =
  "each Q(√(cγ)) becomes ½(1 − √(cγ/(2 + cγ))): Proakis, Digital Communications (2001), 14.3";

function bitErrors(
  channel: string,
  modulation: Modulation,
  parts: Pick<Check, "theory" | "source" | "at" | "simulate">,
): Check {
  return {
    channel,
    name: `${modulation.name} bit error rate`,
    x: "Eb/N0 [dB]",
    y: "bit error rate",
    logarithmic: true,
    continuous: true,
    ...parts,
  };
}

const fading = { coherenceS: 1 / symbolRateHz };
const fftSize = 256;
const subcarrierSpacingHz = 15e3;
/** Equal taps, 4 samples apart, so that a trial has some 16 independent gains; the prefix is longer. */
const taps = Array.from({ length: 16 }, (_, tap) => (4 * tap) / (fftSize * subcarrierSpacingHz));
const ofdm = {
  profile: { delaysS: taps, powersDb: taps.map(() => 0) },
  speedMps: 0,
  carrierHz: 3.5e9,
  subcarrierSpacingHz,
  fftSize,
  cyclicPrefix: 64,
};

export const awgnBitErrors = [qpsk, qam16].map((modulation) =>
  bitErrors("awgn", modulation, {
    at: modulation === qpsk ? [-2, 1, 4, 7] : [0, 3, 6, 9],
    theory: (ebN0Db) => awgnBitErrorRate(modulation, ebN0Db),
    simulate: overSymbols(awgn, {}, modulation, 500_000),
    source: awgnSource,
  }),
);

export const blockFadingBitErrors = [qpsk, qam16].map((modulation) =>
  bitErrors("block-fading", modulation, {
    at: [-3, 5, 13, 21],
    theory: (ebN0Db) => rayleighBitErrorRate(modulation, ebN0Db),
    simulate: overSymbols(blockFading, fading, modulation, 500_000),
    source: rayleighSource,
  }),
);

export const ofdmBitErrors = [qpsk, qam16].map((modulation) =>
  bitErrors("multipath-ofdm", modulation, {
    at: [-3, 5, 13, 21],
    theory: (ebN0Db) => rayleighBitErrorRate(modulation, ebN0Db),
    simulate: overTrials(multipathOfdm, ofdm, modulation, fftSize, 5000),
    source: rayleighSource,
  }),
);
