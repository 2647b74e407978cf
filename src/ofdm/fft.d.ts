/** The part of fft.js 4.0.4 that src/ofdm/ uses; the package has no types. */
declare module "fft.js" {
  /** Arrays hold re, im, re, im, …; `out` and `data` are two different arrays of 2 x size numbers. */
  export default class FFT {
    /** `size` is a power of two, at least 2. */
    constructor(size: number);
    /** out[k] = Σ data[n] e^(−j2πkn/N), not scaled. */
    transform(out: Float64Array, data: Float64Array): void;
    /** out[n] = (1/N) Σ data[k] e^(j2πkn/N). */
    inverseTransform(out: Float64Array, data: Float64Array): void;
  }
}
