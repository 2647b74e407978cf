/**
 * Symbols on subcarriers to time samples and back, by FFTs that keep energy:
 *
 *   x(n) = N^(−1/2) Σ X(k) exp(j2πkn/N),   Y(k) = N^(−1/2) Σ y(n) exp(−j2πkn/N)
 *
 * so that white noise has the same variance per sample and per subcarrier.
 */
import type FFT from "fft.js";
import type { Subcarriers } from "./subcarriers.js";

export class Modulator {
  /** Time samples of the present symbol, re, im, re, im, … */
  readonly samples: Float64Array;
  /** What was received on all FFT bins. */
  readonly spectrum: Float64Array;
  readonly dataBins: Int32Array;
  readonly pilotBins: Int32Array;
  readonly #grid: Float64Array;
  readonly #fft: FFT;
  readonly #scale: number;

  constructor({ fftSize, bins, data, pilots }: Subcarriers, fft: FFT) {
    this.samples = new Float64Array(2 * fftSize);
    this.spectrum = new Float64Array(2 * fftSize);
    this.dataBins = data.map((place) => bins[place]);
    this.pilotBins = pilots.map((place) => bins[place]);
    this.#grid = new Float64Array(2 * fftSize);
    this.#fft = fft;
    this.#scale = Math.sqrt(fftSize);
  }

  /** Puts the symbols of `x` from component `from` to before `to` on the data subcarriers. */
  setData(x: Float32Array, from: number, to: number, complex: boolean): void {
    const grid = this.#grid;
    const step = complex ? 2 : 1;
    for (let d = 0, k = from; d < this.dataBins.length; d++, k += step) {
      const at = 2 * this.dataBins[d];
      const present = k < to;
      grid[at] = present ? x[k] * this.#scale : 0;
      grid[at + 1] = present && complex ? x[k + 1] * this.#scale : 0;
    }
  }

  setPilot(pilot: number, re: number, im: number): void {
    const at = 2 * this.pilotBins[pilot];
    this.#grid[at] = re * this.#scale;
    this.#grid[at + 1] = im * this.#scale;
  }

  modulate(): void {
    this.#fft.inverseTransform(this.samples, this.#grid); // divides by N
  }

  demodulate(received: Float64Array): void {
    this.#fft.transform(this.spectrum, received);
    const scale = 1 / this.#scale;
    for (let k = 0; k < this.spectrum.length; k++) this.spectrum[k] *= scale;
  }
}
