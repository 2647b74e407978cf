/**
 * The tapped delay line: r(n) = Σ g(n) x(n − d) over the paths, each gain on a straight line between its
 * values at the start and at the end of an OFDM symbol. Samples before the packet are silence.
 *
 * It keeps what a later symbol still hears of the earlier ones, so that tails run into the next symbol.
 * Only the samples of the FFT window are computed: the receiver drops the prefix.
 */
export class DelayLine {
  readonly #fftSize: number;
  readonly #prefix: number;
  readonly #delays: readonly number[];
  /** Sent samples, re, im, re, im, …: the last `#history` of earlier symbols, then the present symbol. */
  readonly #sent: Float64Array;
  readonly #history: number;
  readonly #ramps = new Float64Array(8); // of two paths

  constructor(fftSize: number, prefix: number, delays: readonly number[]) {
    this.#fftSize = fftSize;
    this.#prefix = prefix;
    this.#delays = delays;
    this.#history = Math.max(0, Math.max(...delays) - prefix);
    this.#sent = new Float64Array(2 * (this.#history + prefix + fftSize));
  }

  /** Begins a packet. */
  silence(): void {
    this.#sent.fill(0);
  }

  /** Sends one OFDM symbol of `fftSize` samples behind its prefix; returns the energy of them all. */
  send(samples: Float64Array): number {
    const sent = this.#sent;
    const prefix = 2 * this.#prefix;
    const history = 2 * this.#history;
    sent.copyWithin(0, sent.length - history);
    const repeated = samples.length - prefix;
    for (let k = 0; k < prefix; k++) sent[history + k] = samples[repeated + k];
    sent.set(samples, history + prefix);
    let energy = 0;
    for (let k = history; k < sent.length; k++) energy += sent[k] * sent[k];
    return energy;
  }

  /** What arrives in the window. `gains` holds those of each path at start and end: re, im, re, im. */
  receive(gains: Float64Array, out: Float64Array): void {
    const delays = this.#delays;
    out.fill(0);
    // Two paths in one pass: half as often, what has been summed so far is read and written.
    for (let path = 0; path < delays.length; path += 2) {
      const pair = path + 1 < delays.length;
      this.#setRamp(0, gains, path);
      if (pair) this.#setRamp(4, gains, path + 1);
      else this.#ramps.fill(0, 4);
      const from = this.#history + this.#prefix;
      const first = 2 * (from - delays[path]!);
      addPair(this.#sent, first, pair ? 2 * (from - delays[path + 1]!) : first, this.#ramps, out);
    }
  }

  /** Gain at the window's first sample and its change per sample: re, im, re, im. */
  #setRamp(at: number, gains: Float64Array, path: number): void {
    const samples = this.#fftSize + this.#prefix;
    for (let part = 0; part < 2; part++) {
      const start = gains[4 * path + part];
      const step = (gains[4 * path + 2 + part] - start) / samples;
      this.#ramps[at + part] = start + this.#prefix * step;
      this.#ramps[at + 2 + part] = step;
    }
  }
}

/** out += gain · sent for two paths, whose first samples are at `first` and `second`. */
function addPair(
  sent: Float64Array,
  first: number,
  second: number,
  ramps: Float64Array,
  out: Float64Array,
): void {
  let re1 = ramps[0];
  let im1 = ramps[1];
  let re2 = ramps[4];
  let im2 = ramps[5];
  const reStep1 = ramps[2];
  const imStep1 = ramps[3];
  const reStep2 = ramps[6];
  const imStep2 = ramps[7];
  for (let n = 0, k1 = first, k2 = second; n < out.length; n += 2, k1 += 2, k2 += 2) {
    const xRe1 = sent[k1];
    const xIm1 = sent[k1 + 1];
    const xRe2 = sent[k2];
    const xIm2 = sent[k2 + 1];
    out[n] += re1 * xRe1 - im1 * xIm1 + re2 * xRe2 - im2 * xIm2;
    out[n + 1] += re1 * xIm1 + im1 * xRe1 + re2 * xIm2 + im2 * xRe2;
    re1 += reStep1;
    im1 += imStep1;
    re2 += reStep2;
    im2 += imStep2;
  }
}
