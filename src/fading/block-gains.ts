/**
 * Block fading: one gain in each coherence block floor(t / coherenceS), independent from block to block.
 *
 *   h = √(K/(K+1)) + √(1/(K+1)) s,   s ~ CN(0, 1): Rician with a line of sight of phase 0, Rayleigh without K
 *
 * Gains are drawn block by block, also those that nobody asks for, so that the gain of a block depends on the
 * stream and the block's number only, not on when packets were sent.
 *
 * Source: Tse & Viswanath, Fundamentals of Wireless Communication (2005), 2.4 and 5.4.5.
 * Limits: no correlation between blocks; real channels change gradually (clarke-gains.ts).
 */
import type { RandomStream } from "../kernel/index.js";
import { type GainsWithMean, ricianParts } from "./rician.js";

export interface BlockLaw {
  /** Length of a block [s]. */
  readonly coherenceS: number;
  /** Line of sight over scattered power [dB]; Rayleigh where absent. */
  readonly kFactorDb?: number | undefined;
}

export interface BlockGains extends GainsWithMean {
  /** Number of the block that `timeS` lies in. */
  block(timeS: number): number;
}

/**
 * A symbol that starts where a block does may come out just before it in floating point, so that blocks
 * begin this part of their length early.
 */
const early = 1e-6;

export function blockGains(law: BlockLaw, random: RandomStream): BlockGains {
  const { coherenceS } = law;
  if (!(coherenceS > 0 && coherenceS < Infinity)) {
    throw new RangeError(`block fading: coherenceS must be finite and > 0, got ${coherenceS}`);
  }
  const { los, scattered } = ricianParts(law.kFactorDb);
  const sigma = scattered * Math.SQRT1_2;
  const block = (timeS: number) => Math.floor(timeS / coherenceS + early);
  let drawn = -1; // the latest block whose gain was drawn
  let re = 0;
  let im = 0;

  /** Draws up to the gain of a block. */
  function advance(to: number): void {
    if (!(to >= drawn && to >= 0)) {
      throw new RangeError(`block fading: time went back to block ${to} from ${drawn}`);
    }
    for (; drawn < to; drawn++) {
      re = los + sigma * random.normal();
      im = sigma * random.normal();
    }
  }

  return {
    block,

    fill(timeS, stepS, out) {
      const symbols = out.length / 2;
      for (let k = 0; k < symbols; ) {
        const here = block(timeS + k * stepS);
        advance(here);
        // Up to the block's last symbol or the one before, which then has a turn of its own.
        const rest = Math.floor(((here + 1 - early) * coherenceS - timeS) / stepS);
        const end = Math.min(symbols, rest > k ? rest : k + 1);
        for (; k < end; k++) {
          out[2 * k] = re;
          out[2 * k + 1] = im;
        }
      }
    },

    correlation(t1S, t2S) {
      return [block(t1S) === block(t2S) ? 1 : los * los, 0];
    },

    mean() {
      return [los, 0];
    },
    steadyMean: true,
  };
}
