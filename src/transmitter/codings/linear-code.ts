/**
 * A linear code over the reals: blocks of k values become n ≥ k symbols,
 *
 *   x = F w,   FᵀF = I (a tight frame),   rate k / n
 *
 * F is made of k columns of the n × n Hadamard matrix over √n, chosen at random, with random signs; both ends
 * know it. What follows is that of real numbers: no quantizer, no threshold. Symbol j of all blocks is sent before
 * symbol j + 1 of any, so that a fade or a lost packet takes little from each of many blocks. Rate 1 is a rotation: it
 * brings no redundancy, but shares what a fade takes among the values of a block.
 *
 * Decoding, with V the noise variances of a block's n symbols and lost ones left out:
 *
 *   least-squares  ŵ = C Fᵀ V⁻¹ y,  C = (Fᵀ V⁻¹ F)⁻¹,  Var = diag C; a block of which too little is left is lost
 *   mmse           C = (Fᵀ V⁻¹ F + Ω⁻¹)⁻¹ with the mean squares Ω of the values, each result divided by its bias:
 *                  r_i = ŵ_i / (1 − C_ii / Ω_i),  Var = C_ii / (1 − C_ii / Ω_i)
 *
 * where Ω is told, one number per tensor. Where all variances of a block are v, both are Fᵀ y with variance v. In
 * the mmse decoder a value's error holds a share of the block's other values, which is what lets a rotation or an
 * overly thinned block work at all: least squares then has no solution, or one ruined by the weakest symbol.
 *
 * Source: Goyal, Kovačević & Kelner, "Quantized frame expansions with erasures", Appl. Comput. Harmon. Anal. 10
 * (2001) 203–233; Boutros & Viterbo, "Signal space diversity", IEEE Trans. Inf. Theory 44 (1998) 1453–1467; Kay,
 * Estimation Theory (1993), ch. 4 and 12; for the division by the bias Huemer & Lang, "On component-wise
 * conditionally unbiased linear Bayesian estimation", arXiv 1412.6567.
 * Limits: n is a power of two and k the whole number next to rate n. The last block of a transmission holds fewer
 * values. Blocks cross tensors, so what is sent belongs to one span. Noise below 1e-9 of a block's largest,
 * or of its power, counts as that where a block's symbols met different noise.
 */
import { z } from "zod";
import { InputError } from "../../errors.js";
import { sumOfSquares } from "../../math/statistics.js";
import type { Observation } from "../../observation.js";
import { quantity } from "../../units.js";
import { type Block, bitsPerNumber, defineCoding } from "../coding.js";
import { BlockDecoder } from "./block-decoder.js";
import { type Frame, tightFrame } from "./tight-frame.js";

export const linearCode = defineCoding({
  name: "linear-code",
  summary: "blocks of values become as many or more symbols, each a sum of all of them",

  params: z.strictObject({
    rate: quantity(undefined, z.number().positive().max(1)).describe(
      "values over symbols, above 0 and at most 1, e.g. 1/2; 1: a rotation",
    ),
    block: quantity(undefined, z.number().int().min(2).max(256))
      .prefault(32)
      .refine((block) => Number.isInteger(Math.log2(block)), { error: "must be a power of two" })
      .describe("symbols in a block, a power of two from 2 to 256"),
    decoder: z
      .enum(["mmse", "least-squares"])
      .default("mmse")
      .describe(
        "how a block is solved for its values where its symbols met different noise: mmse knows how large values are, least-squares nothing",
      ),
  }),

  encode({ rate, block: n, decoder }, block, { random }) {
    // Rounded, half a value would become one, and the rate twice as high as asked for.
    if (rate * n < 1) {
      throw new InputError(
        `transmitter.code.linear-code.rate must be at least ${1 / n} for blocks of ${n} symbols, got ${rate}`,
      );
    }
    const k = Math.round(rate * n);
    const frame = tightFrame(n, k, random.stream("frame"));
    const length = block.values.length;
    const blocks = Math.ceil(length / k);
    const sent = new Float32Array(blocks * n);
    for (let b = 0; b < blocks; b++) spread(frame, block.values, b * k, sent, b, blocks);
    const powers = decoder === "mmse" ? meanSquares(block) : undefined;

    return {
      block: {
        values: sent,
        spans: [{ tensor: "linear-code", first: 0, size: sent.length }],
      },
      sideBits: powers === undefined ? 0 : bitsPerNumber * block.spans.length,
      decode: (observation) => decode(observation, frame, length, blocks, powers),
    };
  },
});

/** Symbol j of block b, at j blocks + b. */
function spread(
  { n, k, f }: Frame,
  values: Float32Array,
  first: number,
  sent: Float32Array,
  b: number,
  blocks: number,
): void {
  const count = Math.min(k, values.length - first);
  for (let j = 0; j < n; j++) {
    let sum = 0;
    for (let i = 0; i < count; i++) sum += f[j * k + i] * values[first + i];
    sent[j * blocks + b] = sum;
  }
}

/** Ω of each value. A tensor of zeros counts with the mean of all, so that Ω has an inverse. */
function meanSquares({ values, spans }: Block): Float32Array {
  const each = new Float32Array(values.length);
  let total = 0;
  for (const { first, size } of spans) {
    const squares = sumOfSquares(values.subarray(first, first + size));
    each.fill(squares / size, first, first + size);
    total += squares;
  }
  const mean = total / values.length || 1;
  return each.map((power) => (power > 0 ? power : mean));
}

function decode(
  { r, noiseVariance }: Observation,
  frame: Frame,
  length: number,
  blocks: number,
  powers: Float32Array | undefined,
): Observation {
  const { n, k } = frame;
  const out = new Float32Array(length);
  const variances = typeof noiseVariance === "number" ? undefined : new Float32Array(length);
  const decoder = new BlockDecoder(frame);
  for (let b = 0; b < blocks; b++) {
    const first = b * k;
    const count = Math.min(k, length - first);
    for (let j = 0; j < n; j++) {
      decoder.y[j] = r[j * blocks + b];
      if (typeof noiseVariance !== "number") decoder.v[j] = noiseVariance[j * blocks + b];
    }
    if (variances === undefined) decoder.project(count);
    else decoder.decode(count, powers?.subarray(first, first + count));
    for (let i = 0; i < count; i++) {
      out[first + i] = decoder.w[i];
      if (variances !== undefined) variances[first + i] = decoder.variance[i];
    }
  }
  return { r: out, noiseVariance: variances ?? noiseVariance };
}
