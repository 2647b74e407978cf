/**
 * Moments of a reading (g⁺ − g⁻)/g_max of a weight x in a pair of devices, one of which is programmed to 0, by
 * integration over the random numbers of the published models: written anew, apart from src/devices/.
 *
 * Sources: Nandakumar et al., ICECS 2019, for g_max = 25 µS, t₀ = 20 s, t_r = 250 ns; fit to Wan et al., Nature 608
 * (2022) 504, after 1 day, for g_max = 40 µS.
 */
import { expectation } from "./integrals.js";

export interface Moments {
  readonly mean: number;
  readonly variance: number;
}

const day = 86_400;

/** From E[g^power] of one device, in units of g_max. */
function pair(x: number, moment: (x: number, power: number) => number): Moments {
  const variance = (level: number) => moment(level, 2) - moment(level, 1) ** 2;
  return { mean: moment(x, 1) - moment(0, 1), variance: variance(x) + variance(0) };
}

const clip = (v: number, low: number, high: number) => Math.max(low, Math.min(high, v));

export function pcmAfterDay(x: number): Moments {
  const t = day + 20;
  const growth = Math.sqrt(Math.log((t + 250e-9) / 500e-9));
  return pair(x, (level, power) => {
    const mu = clip(-0.0155 * Math.log(level) + 0.0244, 0.049, 0.1);
    const sigma = clip(-0.0125 * Math.log(level) - 0.0059, 0.008, 0.045);
    const drift = expectation((z) => (t / 20) ** (-power * Math.abs(mu + sigma * z)), 2000);
    const programming = (0.26348 + 1.965 * level - 1.1731 * level ** 2) / 25;
    const read = expectation((z) => {
      const programmed = Math.max(0, level + programming * z);
      if (programmed === 0) return 0;
      const noise = Math.min(0.2, 0.0088 / programmed ** 0.65) * growth;
      return programmed ** power * expectation((r) => Math.max(0, 1 + noise * r) ** power, 200);
    }, 800);
    return drift * read;
  });
}

export function reramAfterDay(x: number): Moments {
  return pair(x, (level, power) => {
    const sigma =
      (0.701 + 22.086 * level - 50.773 * level ** 2 + 47.095 * level ** 3 - 16.458 * level ** 4) /
      40;
    return expectation((z) => Math.max(0, level + sigma * z) ** power, 4000);
  });
}
