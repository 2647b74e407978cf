/**
 * A flat link whose receiver estimates the gains from pilots, known symbols among the others:
 *
 *   pilot   y = h a + n,  |a|² = boost · Es:  y/a = h + v,  v ~ CN(0, N0/|a|²)
 *   data    y = h x + n,  equalized by what the estimator makes of the pilots (equalizer.ts)
 *
 * Pilots spend energy and time on the air. With real symbols a pilot has the energy of a real symbol, half of
 * that of a complex one, and meets the noise of both components.
 *
 * Source: Cavers, IEEE Trans. Veh. Technol. 40 (1991) 686–693.
 */
import type { ChannelContext, Link } from "../channel.js";
import { addFaded, packetRooms } from "./apply-gains.js";
import { equalizer } from "./equalizer.js";
import type { Gains } from "./gains.js";
import { type Pilots, pilotEnergy, pilotNoise, type SignalLevel } from "./knowledge.js";
import type { PilotEstimator, PilotSetting } from "./pilot-estimator.js";
import { pilotCount, splitAir } from "./pilot-pattern.js";

export function pilotLink(
  gains: Gains,
  pilotEstimator: (setting: PilotSetting) => PilotEstimator,
  { spacing, estimator: method, boostDb }: Pilots,
  equalizerName: "zf" | "mmse",
  level: SignalLevel,
  { symbolRateHz, random }: ChannelContext,
): Link {
  const { complex, noiseVariance } = level;
  const symbolS = 1 / symbolRateHz;
  const energy = pilotEnergy(level, boostDb);
  const noise = pilotNoise(level, boostDb);
  const estimator = pilotEstimator({ spacing, method, noise, symbolS });
  const equalize = equalizer(equalizerName, level);
  const sigma = Math.sqrt(noiseVariance);
  const dataNoise = random.stream("noise");
  const noiseOfPilots = random.stream("pilots");
  const rooms = packetRooms();
  // For the longest packet so far.
  let air = new Float32Array(0);
  let pilots = new Float32Array(0);
  let pilotErrors = new Float32Array(0);

  return {
    transmit(x, timeS, reception) {
      const { symbols, h, received, estimate } = rooms(complex ? x.length / 2 : x.length);
      const count = pilotCount(symbols, spacing);
      if (air.length < 2 * (symbols + count)) {
        air = new Float32Array(2 * (symbols + count));
        pilots = new Float32Array(2 * count);
        pilotErrors = new Float32Array(2 * count);
      }
      const onAir = air.subarray(0, 2 * (symbols + count));
      const seen = pilots.subarray(0, 2 * count);
      const errors = pilotErrors.subarray(0, 2 * count);
      gains.fill(timeS, symbolS, onAir);
      splitAir(onAir, spacing, seen, h);
      noiseOfPilots.fillComplexNormal(errors, noise);
      for (let k = 0; k < seen.length; k++) seen[k] += errors[k];
      estimator.estimate(seen, timeS, estimate);

      dataNoise.fillNormal(received, sigma);
      addFaded(x, h, received, complex);
      equalize(received, estimate, reception);
      reception.energy += count * energy;
    },

    durationS: (symbols) => (symbols + pilotCount(symbols, spacing)) * symbolS,
  };
}
