/**
 * Named random streams: all that is random in a simulation.
 *
 * A stream depends on the seed and on its full name, such as `seed/trial 7/channel/noise`, and on
 * nothing else: not on which streams were made before it, nor by which worker.
 *
 * The generator is sfc32 of Chris Doty-Humphrey (PractRand, https://pracrand.sourceforge.net): 128
 * bits of state and nothing but 32-bit additions, shifts and exclusive ors, which JavaScript does at
 * full speed (it lacks the 64-bit multiplication of PCG and of Philox); it passes PractRand, where
 * xorshift fails the rank tests. NumPy ships its 64-bit sibling as SFC64. One of the four words is a
 * counter, so that no cycle is shorter than 2^32, and all streams start with the counter at 1: the
 * sequences of two streams cannot overlap within 2^32 draws.
 *
 * The package seedrandom turns the name into the other 96 bits (it keys RC4 with it).
 */
import seedrandom from "seedrandom";
import { EDGES, HEIGHTS, LAYERS, R } from "./normal-table.js";

const LAYER_MASK = LAYERS - 1; // the low 8 bits of a draw
const TO_UNIT = 2 ** -32;

/**
 * A draw is one 32-bit integer: its low 8 bits choose the layer and its high 24 bits, as a signed
 * odd number in (-2^24, 2^24), the place in it. The two must not share bits: Doornik, "An improved
 * ziggurat method to generate normal random samples" (2005), shows the harm. Being odd, the number
 * is symmetric around 0. The step is 2 x_i / 2^24, at most 4.7e-7: the step of a float32 between 2
 * and 4 is 2.4e-7, and 1e6 samples tell a mean to 1e-3. NumPy's float32 ziggurat has the same step.
 */
const SCALES = EDGES.subarray(0, LAYERS).map((x) => x / 2 ** 24);
/** Left of this, a point is accepted at once. */
const INNER = EDGES.slice(1);

/** Where streams come from: a seed and a path of names. */
export class RandomSource {
  readonly #path: readonly string[];

  /** Seeds 1 and "1" are the same. `names` is the path below the seed. */
  constructor(seed: number | string, ...names: string[]) {
    if (typeof seed === "number" && !Number.isFinite(seed)) {
      throw new RangeError(`random: the seed must be a finite number or a string, got ${seed}`);
    }
    this.#path = [String(seed), ...names];
  }

  /** The source of the streams whose names begin with the path of this one and `name`. */
  child(name: string): RandomSource {
    const [seed, ...names] = this.#path;
    return new RandomSource(seed!, ...names, name);
  }

  /** The stream `name` of this source, at its beginning, however often it is asked for. */
  stream(name: string): RandomStream {
    return new RandomStream([...this.#path, name]);
  }
}

/** Anything whose elements can be exchanged. */
interface Sequence {
  readonly length: number;
  [index: number]: unknown;
}

/** A sequence of random numbers that depends on its full name only: seed, then names. */
export class RandomStream {
  /** a, b, c and the counter of sfc32. */
  readonly #state: Int32Array;

  constructor(path: readonly string[]) {
    // Encoding makes the parts one name that can be read in one way only ("a/b" is "a%2Fb"), and
    // ASCII, of which seedrandom takes every bit. RC4 repeats its key, so that "ab" and "abab" would
    // give the same numbers: the final zero, which no encoded name contains, prevents it.
    const name = path.map(encodeURIComponent).join("/");
    const seeder = seedrandom(`${name}\0`);
    this.#state = Int32Array.of(seeder.int32(), seeder.int32(), seeder.int32(), 1);
    for (let i = 0; i < 12; i++) this.#next(); // as PractRand does, to mix the counter in
  }

  /** The next 32 bits, as a signed integer. */
  #next(): number {
    const state = this.#state;
    const a = state[0]!;
    const b = state[1]!;
    const c = state[2]!;
    const counter = state[3]!;
    const draw = (((a + b) | 0) + counter) | 0;
    state[0] = b ^ (b >>> 9);
    state[1] = (c + (c << 3)) | 0;
    state[2] = (((c << 21) | (c >>> 11)) + draw) | 0;
    state[3] = (counter + 1) | 0;
    return draw;
  }

  /** Uniform over [0, 1), with all 53 bits of a double: two draws. */
  uniform(): number {
    const high = this.#next() >>> 5; // 27 bits
    const low = this.#next() >>> 6; // 26 bits
    return (high * 2 ** 26 + low) * 2 ** -53;
  }

  /** Normal with mean 0 and variance 1: the numbers of `fillNormal`, before rounding to float32. */
  normal(): number {
    return this.#normalFrom(this.#next());
  }

  /** The normal number that begins with `draw`; takes more draws where that is rejected. */
  #normalFrom(draw: number): number {
    for (let bits = draw; ; bits = this.#next()) {
      const layer = bits & LAYER_MASK;
      const x = ((bits >> 7) | 1) * SCALES[layer]!;
      if (Math.abs(x) < INNER[layer]!) return x;
      if (layer === 0) return x < 0 ? -this.#tail() : this.#tail();

      const low = HEIGHTS[layer]!;
      const high = HEIGHTS[layer + 1]!;
      const y = low + (high - low) * (this.#next() >>> 0) * TO_UNIT;
      if (y < Math.exp(-0.5 * x * x)) return x;
    }
  }

  /** A normal number given that it is beyond R: Marsaglia & Tsang 2000, after Marsaglia 1964. */
  #tail(): number {
    for (;;) {
      // Halfway between the steps, so that the logarithm is finite; the largest result is 9.9.
      const x = -Math.log(((this.#next() >>> 0) + 0.5) * TO_UNIT) / R;
      const y = -Math.log(((this.#next() >>> 0) + 0.5) * TO_UNIT);
      if (2 * y > x * x) return R + x;
    }
  }

  /**
   * Fills `out` with normal numbers of this standard deviation and mean. The numbers continue the
   * stream: filling 10 and then 20 gives the same as filling 30.
   */
  fillNormal(out: Float32Array, sigma = 1, mean = 0): void {
    if (!(sigma >= 0 && sigma < Infinity && Number.isFinite(mean))) {
      throw new RangeError(
        `fillNormal: sigma must be finite and >= 0 and mean finite, got ${sigma} and ${mean}`,
      );
    }
    // `#next` and the common case of `#normalFrom`, written out: the state stays in registers.
    const state = this.#state;
    let a = state[0]!;
    let b = state[1]!;
    let c = state[2]!;
    let counter = state[3]!;
    const n = out.length;
    for (let i = 0; i < n; i++) {
      const bits = (((a + b) | 0) + counter) | 0;
      a = b ^ (b >>> 9);
      b = (c + (c << 3)) | 0;
      c = (((c << 21) | (c >>> 11)) + bits) | 0;
      counter = (counter + 1) | 0;

      const layer = bits & LAYER_MASK;
      let x = ((bits >> 7) | 1) * SCALES[layer]!;
      if (!(Math.abs(x) < INNER[layer]!)) {
        state[0] = a;
        state[1] = b;
        state[2] = c;
        state[3] = counter;
        x = +this.#normalFrom(bits);
        a = state[0]!;
        b = state[1]!;
        c = state[2]!;
        counter = state[3]!;
      }
      out[i] = mean + sigma * x;
    }
    state[0] = a;
    state[1] = b;
    state[2] = c;
    state[3] = counter;
  }

  /** Fills re, im, re, im, ... with CN(0, variance): half of the variance in each component. */
  fillComplexNormal(out: Float32Array, variance: number): void {
    if (out.length % 2 !== 0) {
      throw new RangeError(`fillComplexNormal: needs pairs (re, im), got ${out.length} components`);
    }
    if (!(variance >= 0 && variance < Infinity)) {
      throw new RangeError(`fillComplexNormal: variance must be finite and >= 0, got ${variance}`);
    }
    this.fillNormal(out, Math.sqrt(variance / 2));
  }

  /** An integer of 0 .. bound - 1, all equally likely; bound is at most 2^32. */
  integer(bound: number): number {
    if (!(Number.isInteger(bound) && bound >= 1 && bound <= 2 ** 32)) {
      throw new RangeError(`integer: bound must be an integer of 1 .. 2^32, got ${bound}`);
    }
    // Draws beyond the last whole multiple of the bound would favour the small remainders.
    const limit = 2 ** 32 - (2 ** 32 % bound);
    for (;;) {
      const draw = this.#next() >>> 0;
      if (draw < limit) return draw % bound;
    }
  }

  /** Shuffles in place, all orders equally likely (Fisher & Yates; Durstenfeld, CACM 1964). */
  shuffle(array: Sequence): void {
    for (let last = array.length - 1; last > 0; last--) {
      const other = this.integer(last + 1);
      const moved = array[last];
      array[last] = array[other];
      array[other] = moved;
    }
  }

  /** `k` distinct integers of 0 .. n - 1 in random order. Takes memory for n. */
  sample(n: number, k: number): Int32Array {
    if (!(Number.isInteger(n) && n >= 0 && n < 2 ** 31)) {
      throw new RangeError(`sample: n must be an integer of 0 .. 2^31 - 1, got ${n}`);
    }
    if (!(Number.isInteger(k) && k >= 0 && k <= n)) {
      throw new RangeError(`sample: k must be an integer of 0 .. n = ${n}, got ${k}`);
    }
    const all = Int32Array.from({ length: n }, (_, i) => i);
    for (let i = 0; i < k; i++) {
      const other = i + this.integer(n - i);
      const moved = all[i]!;
      all[i] = all[other]!;
      all[other] = moved;
    }
    return all.slice(0, k);
  }
}
