/**
 * A link with one complex gain per symbol: y = hx + n, n ~ CN(0, 2σ²), h at the time of each symbol on the air.
 *
 * A real symbol is the complex symbol (x, 0), whose receiver keeps the real part after derotation.
 *
 * What the receiver knows of the gains:
 *
 *   perfect  every h(t): the equalizers (equalizer.ts) with c = 1, s = 0
 *   none     it takes h for 1: r = y, and with p the mean square of a component
 *            E(r − x)² = E|h − 1|² p + σ² per component of complex symbols, E(Re h − 1)² p + σ² of real ones
 *   pilots   pilot-link.ts
 *
 * or else the transmitter knows them and inverts the channel (inversion.ts). σ² is that of awgn at the same snrDb,
 * wnrDb or budget, so that these hold on average over the fading, E|h|² = 1.
 *
 * Source: Tse & Viswanath, Fundamentals of Wireless Communication (2005), 2.2 and 3.1.
 * Limits: symbol rate, a gain that is constant over a symbol and over the bandwidth, ideal timing.
 */
import type { ChannelContext, Link } from "../channel.js";
import { noiseVarianceOf } from "../channel-noise.js";
import { addFaded, addNoiseOverGain, packetRooms } from "./apply-gains.js";
import { equalizer } from "./equalizer.js";
import type { Gains } from "./gains.js";
import { meanInverseGain } from "./inverse-gain.js";
import { invertedLink } from "./inversion.js";
import type { FlatLinkParams, Pilots, SignalLevel } from "./knowledge.js";
import type { PilotEstimator, PilotSetting } from "./pilot-estimator.js";
import { pilotLink } from "./pilot-link.js";
import type { GainsWithMean } from "./rician.js";

/** What differs between channels with one gain per symbol. */
export interface FlatFading {
  readonly gains: GainsWithMean;
  readonly kFactorDb: number | undefined;
  /** How pilots tell the gains between them. */
  pilotEstimator(setting: PilotSetting): PilotEstimator;
}

export function flatLink(
  { gains, kFactorDb, pilotEstimator }: FlatFading,
  params: FlatLinkParams,
  context: ChannelContext,
): Link {
  const { signal, complex, symbolRateHz, random } = context;
  const noiseVariance = noiseVarianceOf(params, context);
  const level = { noiseVariance, power: signal.meanSquare, complex };
  const { knowledge, inversion } = params;

  if (inversion.name !== "none") {
    const threshold = inversion.name === "plain" ? 0 : inversion.threshold!;
    const rho = inversion.name === "plain" ? 1 : 1 / meanInverseGain(threshold, kFactorDb);
    const noise = random.stream("noise");
    return invertedLink(gains, { threshold, rho }, level, 1 / symbolRateHz, noise);
  }
  if (knowledge.name === "none") return plainLink(gains, level, context);
  const shrunk = params.equalizer === "mmse";
  if (knowledge.name === "perfect") {
    return { ...knownLink(gains, params.equalizer, level, context), shrunk };
  }
  const pilots = knowledge as Pilots; // which have their spacing, says the schema
  return {
    ...pilotLink(gains, pilotEstimator, pilots, params.equalizer, level, context),
    shrunk,
  };
}

/** The receiver knows every gain. */
function knownLink(
  gains: Gains,
  equalizerName: "zf" | "mmse",
  level: SignalLevel,
  { symbolRateHz, random }: ChannelContext,
): Link {
  const { complex, noiseVariance } = level;
  const sigma = Math.sqrt(noiseVariance);
  const noise = random.stream("noise");
  const equalize = equalizer(equalizerName, level);
  const rooms = packetRooms();

  return {
    transmit(x, timeS, reception) {
      const { received, estimate } = rooms(complex ? x.length / 2 : x.length);
      gains.fill(timeS, 1 / symbolRateHz, estimate.h);
      noise.fillNormal(received, sigma);
      if (equalizerName === "zf") addNoiseOverGain(x, estimate.h, received, level, reception);
      else {
        addFaded(x, estimate.h, received, complex);
        equalize(received, estimate, reception);
      }
    },
  };
}

/** The receiver takes every gain for 1. */
function plainLink(
  gains: GainsWithMean,
  level: SignalLevel,
  { symbolRateHz, random }: ChannelContext,
): Link {
  const { complex, noiseVariance, power } = level;
  const symbolS = 1 / symbolRateHz;
  const sigma = Math.sqrt(noiseVariance);
  const noise = random.stream("noise");
  const rooms = packetRooms();

  /** E(r − x)² per component, of a symbol at this time. */
  function variance(timeS: number): number {
    const [re, im] = gains.mean(timeS);
    // The scattered part has no preferred phase, so E[h²] = E[h]² and E(Re h)² = (E|h|² + Re E[h]²)/2.
    const meanSquare = complex ? 1 : (1 + re * re - im * im) / 2;
    return noiseVariance + power * (meanSquare - 2 * re + 1);
  }

  return {
    transmit(x, timeS, reception) {
      const { y, variances } = reception;
      const { symbols, h, received } = rooms(complex ? x.length / 2 : x.length);
      gains.fill(timeS, symbolS, h);
      noise.fillNormal(received, sigma);
      addFaded(x, h, received, complex);
      if (complex) y.set(received);
      else for (let k = 0; k < symbols; k++) y[k] = received[2 * k];
      if (gains.steadyMean) {
        reception.noiseVariance = variance(timeS);
        return;
      }
      for (let k = 0; k < y.length; k++) {
        variances[k] = variance(timeS + (complex ? k >> 1 : k) * symbolS);
      }
      reception.noiseVariance = variances;
    },
  };
}
