/**
 * An OFDM link over paths that fade: packets to OFDM symbols, through the delay line, and back.
 *
 *   data and pilots → IFFT → prefix → r(n) = Σ g(n) x(n − d) → FFT → + noise → one gain per subcarrier
 *
 * A packet fills whole OFDM symbols; what is left over of the last one is sent as zeros. Before a packet there
 * is silence. Noise is added behind the FFT, which leaves white noise white. On a comb of pilots are QPSK
 * symbols that the receiver knows, drawn anew for each OFDM symbol, so that they interfere like data.
 *
 * Limits: ideal timing (the window begins right behind the prefix of a path without delay) and frequency; no
 * filters, no nonlinear amplifier. The stated interference is that of full OFDM symbols: in a packet's last one,
 * partly zeros, there is less.
 */
import FFT from "fft.js";
import type { Link, Reception } from "../channel.js";
import { equalizer, type GainEstimate } from "../fading/equalizer.js";
import { pilotEnergy, type SignalLevel } from "../fading/knowledge.js";
import type { RandomSource } from "../kernel/index.js";
import { DelayLine } from "./delay-line.js";
import { type Law, noKnowledge, perfectKnowledge, pilotKnowledge } from "./knowledge.js";
import { Modulator } from "./modulator.js";
import type { Path } from "./paths.js";
import { subcarriers } from "./subcarriers.js";
import { windowOf } from "./window.js";

export interface OfdmSpec {
  readonly fftSize: number;
  readonly spacingHz: number;
  /** Samples. */
  readonly prefix: number;
  readonly occupied: number;
  readonly paths: readonly Path[];
  readonly knowledge: "perfect" | "none" | OfdmPilots;
  readonly equalizer: "zf" | "mmse";
  readonly level: SignalLevel;
  readonly random: RandomSource;
}

export interface OfdmPilots {
  /** Subcarriers from one pilot to the next. */
  readonly spacing: number;
  readonly estimator: "ls" | "lmmse";
  readonly boostDb: number;
}

/** OFDM symbols whose gains are computed together. */
const chunk = 32;

export function ofdmLink(spec: OfdmSpec): Link {
  const { fftSize, spacingHz, prefix, paths, knowledge, level, random } = spec;
  const { complex, noiseVariance, power } = level;
  const pilots = typeof knowledge === "string" ? undefined : knowledge;
  const grid = subcarriers(fftSize, spec.occupied, pilots?.spacing);
  const symbolS = (fftSize + prefix) / (fftSize * spacingHz);
  const es = complex ? 2 * power : power;
  // Weights that are all zero have no energy to scale pilots by.
  const energy = es > 0 ? pilotEnergy(level, pilots?.boostDb ?? 0) : 1;
  const boost = es > 0 ? energy / es : 1;

  const fft = new FFT(fftSize);
  const delays = paths.map(({ delay }) => delay);
  const window = windowOf({ fftSize, prefix, delays }, grid, boost, fft);
  const law: Law = { grid, paths, window, symbolS };
  const know =
    knowledge === "perfect"
      ? perfectKnowledge(law, fft)
      : knowledge === "none"
        ? noKnowledge(law)
        : pilotKnowledge(law, {
            method: knowledge.estimator,
            noise: (2 * noiseVariance) / energy,
            boost,
          });
  const equalize = equalizer(spec.equalizer, level);

  const dataCount = grid.data.length;
  const pilotCount = grid.pilots.length;
  const perSymbol = (complex ? 2 : 1) * dataCount; // components
  const sigma = Math.sqrt(noiseVariance);
  const pilotPart = Math.sqrt(energy / 2); // of I and Q
  const noise = random.stream("noise");
  const pilotStream = random.stream("pilots");

  const line = new DelayLine(fftSize, prefix, delays);
  const modulator = new Modulator(grid, fft);
  const { dataBins, pilotBins, spectrum } = modulator;
  const arrived = new Float64Array(2 * fftSize);
  const points = 2 * (chunk + 1); // numbers per path
  const chunkGains = new Float64Array(points * paths.length);
  const gains = new Float64Array(4 * paths.length);
  const noises = new Float32Array(2 * (dataCount + pilotCount));
  const pilotSigns = new Int8Array(2 * pilotCount);
  const observed = new Float64Array(2 * pilotCount);
  const received = new Float32Array(2 * dataCount);
  const estimate: GainEstimate = {
    h: new Float32Array(2 * dataCount),
    c: new Float32Array(2 * dataCount),
    s: new Float32Array(dataCount),
  };

  /** Gains of this symbol, and at the start of a chunk those of the symbols `left` in the packet as well. */
  function fillGains(symbol: number, left: number, packetS: number): void {
    const within = symbol % chunk;
    if (within === 0) {
      const startS = packetS + symbol * symbolS;
      const needed = Math.min(chunk, left) + 1;
      paths.forEach((path, p) => {
        path.fill(startS, symbolS, needed, chunkGains, p * points);
      });
    }
    for (let p = 0; p < paths.length; p++) {
      const from = p * points + 2 * within;
      for (let k = 0; k < 4; k++) gains[4 * p + k] = chunkGains[from + k];
    }
  }

  function drawPilots(): void {
    for (let k = 0; k < pilotCount; k++) {
      const quadrant = pilotStream.integer(4);
      pilotSigns[2 * k] = quadrant & 1 ? 1 : -1;
      pilotSigns[2 * k + 1] = quadrant & 2 ? 1 : -1;
      modulator.setPilot(k, pilotPart * pilotSigns[2 * k], pilotPart * pilotSigns[2 * k + 1]);
    }
  }

  function readSymbol(): void {
    noise.fillNormal(noises, sigma);
    for (let d = 0; d < dataCount; d++) {
      received[2 * d] = spectrum[2 * dataBins[d]] + noises[2 * d];
      received[2 * d + 1] = spectrum[2 * dataBins[d] + 1] + noises[2 * d + 1];
    }
    for (let k = 0, n = 2 * dataCount; k < pilotCount; k++, n += 2) {
      const re = spectrum[2 * pilotBins[k]] + noises[n];
      const im = spectrum[2 * pilotBins[k] + 1] + noises[n + 1];
      const iPart = pilotPart * pilotSigns[2 * k];
      const qPart = pilotPart * pilotSigns[2 * k + 1];
      observed[2 * k] = (re * iPart + im * qPart) / energy;
      observed[2 * k + 1] = (im * iPart - re * qPart) / energy;
    }
  }

  /** Receptions, which are reused, by OFDM symbols. */
  const known = new WeakMap<Reception, readonly Reception[]>();

  function partsOf(reception: Reception): readonly Reception[] {
    let parts = known.get(reception);
    if (parts === undefined) {
      const { y, variances } = reception;
      parts = Array.from({ length: Math.ceil(y.length / perSymbol) }, (_, symbol) => {
        const [from, to] = [symbol * perSymbol, Math.min(y.length, (symbol + 1) * perSymbol)];
        return {
          y: y.subarray(from, to),
          variances: variances.subarray(from, to),
          noiseVariance: 0,
          erased: 0,
          energy: 0,
        };
      });
      known.set(reception, parts);
    }
    return parts;
  }

  return {
    transmit(x, timeS, reception) {
      const parts = partsOf(reception);
      reception.energy = 0;
      line.silence();
      for (let symbol = 0, from = 0; from < x.length; symbol++, from += perSymbol) {
        const to = Math.min(x.length, from + perSymbol);
        fillGains(symbol, Math.ceil((x.length - from) / perSymbol), timeS);
        modulator.setData(x, from, to, complex);
        drawPilots();
        modulator.modulate();
        reception.energy += line.send(modulator.samples);
        line.receive(gains, arrived);
        modulator.demodulate(arrived);
        readSymbol();
        const startS = timeS + symbol * symbolS;
        const forms = window.data[Math.min(symbol, window.data.length - 1)]!;
        know({ gains, forms, startS, endS: startS + symbolS, observed }, estimate);
        const part = parts[symbol]!;
        part.erased = 0;
        equalize(received, estimate, part);
        reception.erased += part.erased;
      }
      reception.noiseVariance = reception.variances;
    },

    durationS: (symbols) => Math.ceil(symbols / dataCount) * symbolS,
    notes: notesOf(spec),
  };
}

function notesOf({ prefix, paths }: OfdmSpec): string[] {
  const longest = Math.max(...paths.map(({ delay }) => delay));
  if (longest <= prefix) return [];
  return [
    `the cyclic prefix (${prefix} samples) is shorter than the longest delay of the channel ` +
      `(${longest} samples): OFDM symbols interfere with themselves and with each other, ` +
      "which the stated noise variances include",
  ];
}
