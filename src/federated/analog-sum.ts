/**
 * The server of an analog sum: from what is on the air to an observation of the sum of the updates.
 *
 *   aligned    r = Σ_k Δ_k + n,   Var[n] = σ²/α
 *   inverted   per subcarrier, with m of the D devices that were heard at all:
 *              r = (D/m) (Σ_{k sends} (h_k/ĥ_k) Δ_k + n),   Var[n] = σ²/(α ρ)
 *
 * so that r/D is the mean of those who sent there. Where nobody sent, r is 0 and its variance infinite. The
 * variance that is stated is that of n and of what imperfect knowledge of the channels adds, as white noise of the
 * same power:
 *
 *   (D/m)² (σ²/(α ρ) + E|h/ĥ − 1|² Σ_{k sends} mean(Δ_k²))
 *
 * for which the server is told the devices' mean squares. That some devices are missing is no noise and not in it.
 */
import { meanSquare } from "../math/statistics.js";
import { addTo } from "../math/vectors.js";
import { type Air, type Arrival, forEachComponent } from "./air.js";
import type { Aggregate, UplinkLink, UplinkRound } from "./uplink.js";
import { levelOf, type UplinkLevel, type UplinkNoise } from "./uplink-noise.js";

/** A scheme that sends its updates as they are, scaled for the given noise level. */
export function analogLink(params: UplinkNoise, air: Air, size: number): UplinkLink {
  const sumOnAir = analogSum(air, size);
  const total = new Float32Array(size);
  return {
    send(updates, round) {
      const level = levelOf(params, updates.map(meanSquare), () => {
        addUp(updates, total);
        return meanSquare(total);
      });
      return sumOnAir(updates, round, level);
    },
  };
}

export type AnalogSum = (
  updates: readonly Float32Array[],
  round: UplinkRound,
  level: UplinkLevel,
) => Aggregate;

export function analogSum(air: Air, size: number): AnalogSum {
  const { rho, misalignment, subcarriers } = air;
  const r = new Float32Array(size);
  const variances = new Float32Array(subcarriers > 1 ? size : 0);

  return (updates, round, level) => {
    const white = level.variance / rho;
    round.random.stream("noise").fillNormal(r, Math.sqrt(white));
    const arrival = air.superpose((k) => updates[k], round, r);
    const { heard } = arrival;

    const stated = (s: number) =>
      (heard.length / arrival.senders[s]) ** 2 * (white + misalignment * arrival.power[s]);
    if (subcarriers > 1) {
      for (let s = 0; s < subcarriers; s++) scaleUp(arrival, s, stated(s));
    }
    const noiseVariance = subcarriers > 1 ? variances : stated(0);
    return {
      observation: heard.length > 0 ? { r, noiseVariance } : undefined,
      divisor: heard.length,
      heard,
      symbols: Math.ceil(size / 2),
      energy: arrival.energy.map((spent) => level.scale * rho * spent),
      noiseVariance: level.noiseVariance,
    };
  };

  function scaleUp({ senders, heard }: Arrival, subcarrier: number, variance: number): void {
    const silent = senders[subcarrier] === 0;
    const factor = heard.length / senders[subcarrier];
    forEachComponent(size, subcarriers, subcarrier, (i) => {
      r[i] = silent ? 0 : factor * r[i];
      variances[i] = silent ? Infinity : variance;
    });
  }
}

/** Σ_k Δ_k, into `out`. */
export function addUp(updates: readonly Float32Array[], out: Float32Array): void {
  out.fill(0);
  for (const update of updates) addTo(out, update);
}
