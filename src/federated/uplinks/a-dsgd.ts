/**
 * A-DSGD: analog compressed sums. Devices send random projections of the largest values of their updates, which add up on
 * the air; the server recovers the sparse sum. Of device k, with d values in an update and s < d on the air:
 *
 *   v_k = Δ_k + m_k                          update and what the device still owes from earlier rounds
 *   g_k = the k largest magnitudes of v_k,   m_k ← v_k − g_k
 *   g̃_k = A g_k                              s̃ = s − 1 values (s − 2 with the mean apart)
 *   x_k = √α_k [g̃_k, c]                      α_k = d P/(‖g̃_k‖² + c²): every device spends exactly d P
 *   x_k = √α_k [g̃_k − μ_k 1, μ_k, c]         in the first rounds, μ_k the mean of g̃_k; α_k likewise
 *
 * The last value tells the scale. The server divides y = Σ x_k + z by its last value over c, adds the mean back, and
 * recovers by message passing (a-dsgd/approximate-message-passing.ts)
 *
 *   ḡ = Σ_k √α_k g_k / (Σ_k √α_k + z_s/c)
 *
 * the mean of what was sent, weighted by √α_k: the divisor is 1. Observation, by `output`:
 *
 *   estimate   x̂, sparse and shrunk as in the paper; its variance is an unbiased estimate of its mean square error,
 *              not below 0
 *   unbiased   u, before the last threshold, which behaves as ḡ + white noise of variance τ²: for a denoiser behind it
 *
 * The mean of a Gaussian projection is near 0: taking it apart saves 1/s̃ of the energy, while its noise, the same for all
 * values, doubles that of the observation. The paper does so in its first rounds; here it is off. With `hadamard` it is
 * refused: there a constant is a column of A, and that noise would become a single large value of the update.
 *
 * Departures from the paper, where A has s̃ × d independent entries, the same in all rounds. Here both ends shuffle the
 * values by a shared seed and cut them into equal blocks of at most `blockValues`, each of which is projected alone, by
 * one A for all blocks of a round, drawn anew from the round's stream. The number of nonzeros in a block of n then
 * varies by √(n k/d (1 − k/d)): δ is the same, sparsity is not quite. `hadamard` fills blocks up to a power of two with
 * zeros and has orthogonal rows, for which message passing has a form of its own. And c is 1 in the paper: it fits updates
 * whose norm is about 1; of smaller ones most of the energy would go into the last value, so that `scaleValue` can
 * lower it.
 *
 * Two real components make a complex symbol. P is the energy of a device per component of its update, as elsewhere, though
 * it is spent on s components: α_k has the P_t of the paper as d P. σ² = P / SNR is the noise variance per
 * component; gains are 1. A round whose last value is not positive has lost its scale and is lost.
 *
 * Source: Amiri & Gündüz, "Machine learning at the wireless edge: distributed stochastic gradient descent over-the-air",
 * IEEE Trans. Signal Process. 68 (2020) 2155–2169, arXiv 1901.00844. There k = s/2, s = d/2 and 25 devices.
 * Limits: perfect alignment, no fading; equal power in all rounds; every device holds a vector of the update's length
 * between rounds. k/s beyond the transition of message passing (0.386 at δ = ½) is not recovered exactly.
 */
import { z } from "zod";
import { InputError } from "../../errors.js";
import { addTo } from "../../math/vectors.js";
import { dbToRatio, quantity } from "../../units.js";
import { MessagePassing, minimaxThreshold } from "../a-dsgd/approximate-message-passing.js";
import { gaussianProjection, hadamardProjection, type Projection } from "../a-dsgd/projection.js";
import { topK } from "../a-dsgd/top-k.js";
import { errorOf } from "../device-memory.js";
import { defineUplink } from "../uplink.js";
import { deviceSnrDb } from "../uplink-noise.js";

export const aDsgd = defineUplink({
  name: "a-dsgd",
  summary:
    "sparsified updates, randomly projected, summed on the air and recovered by message passing",

  params: z
    .strictObject({
      deviceSnrDb,
      bandwidthShare: quantity(undefined, z.number().gt(0).lt(1))
        .default(0.5)
        .describe("components on the air over values of an update, s/d, the scale not counted"),
      keep: quantity(undefined, z.number().gt(0).lt(1))
        .default(0.25)
        .describe("share of the values that a device sends, k/d; below bandwidthShare"),
      projection: z
        .enum(["gaussian", "hadamard"])
        .default("gaussian")
        .describe(
          "gaussian: independent entries; hadamard: rows of a Hadamard matrix, much faster",
        ),
      blockValues: quantity(
        undefined,
        z
          .number()
          .int()
          .min(16)
          .max(2 ** 24),
      )
        .default(1024)
        .describe("most values that are projected together"),
      scaleValue: quantity(undefined, z.number().positive())
        .default(1)
        .describe("c: value sent beside the projection to tell its scale, in units of the update"),
      meanRemovalRounds: quantity(undefined, z.number().int().min(0))
        .default(0)
        .describe("first rounds in which the mean of the projection travels apart"),
      iterations: quantity(undefined, z.number().int().min(1).max(1000))
        .default(20)
        .describe("steps of message passing"),
      threshold: quantity(undefined, z.number().positive())
        .optional()
        .describe("soft threshold over the noise level; absent: minimax for s/d"),
      output: z
        .enum(["estimate", "unbiased"])
        .default("estimate")
        .describe(
          "estimate: sparse and shrunk; unbiased: with the noise that message passing sees",
        ),
    })
    .superRefine(({ keep, bandwidthShare, projection, meanRemovalRounds }, context) => {
      if (!(keep < bandwidthShare)) {
        const message = `must be below bandwidthShare = ${bandwidthShare}`;
        context.addIssue({ code: "custom", message, input: keep, path: ["keep"] });
      }
      if (projection === "hadamard" && meanRemovalRounds > 0) {
        const message = "must be 0 with projection hadamard, for which a mean is one value";
        const path = ["meanRemovalRounds"];
        context.addIssue({ code: "custom", message, input: meanRemovalRounds, path });
      }
    }),

  open(params, { size }, memory) {
    const blocks = Math.ceil(size / params.blockValues);
    const length = Math.ceil(size / blocks);
    const gaussian = params.projection === "gaussian";
    const columns = gaussian ? length : 2 ** Math.ceil(Math.log2(length));
    const rows = Math.round(params.bandwidthShare * length);
    const sparsity = Math.max(1, Math.round(params.keep * size));
    if (!(rows >= 1 && rows < length)) {
      throw new InputError(
        `a-dsgd: bandwidthShare ${params.bandwidthShare} of blocks of ${length} values leaves ${rows} on the air; ` +
          `it must be at least 1 and below ${length}`,
      );
    }
    if (gaussian && rows * columns > 2 ** 28) {
      throw new InputError(
        `a-dsgd: projection gaussian with blocks of ${columns} values needs a matrix of ${rows * columns} numbers ` +
          "(at most 2^28); lower blockValues, or take projection hadamard",
      );
    }
    const recovery = {
      iterations: params.iterations,
      threshold: params.threshold ?? minimaxThreshold(rows / columns).threshold,
    };

    const errors = openErrors(memory, size);
    const select = topK();
    const places = new Int32Array(sparsity);
    const order = new Int32Array(blocks * columns); // values go to the first `size` of these places
    const block = new Float64Array(columns);
    const shuffled = new Float64Array(blocks * columns);
    const projected = new Float64Array(rows);
    const sent = new Float64Array(blocks * rows);
    const received = new Float32Array(blocks * rows + 2);
    const passing = new MessagePassing(rows, columns);
    const r = new Float32Array(size);
    const matrix = new Float32Array(gaussian ? rows * columns : 0);

    return {
      send(updates, { round, active, random }) {
        const apart = round < params.meanRemovalRounds ? 1 : 0;
        const components = blocks * rows + 1 + apart;
        const stream = random.stream("projection");
        const a = gaussian
          ? gaussianProjection(rows, columns, stream, matrix)
          : hadamardProjection(rows, columns, stream);
        for (let i = 0; i < order.length; i++) order[i] = i;
        random.stream("order").shuffle(order);

        // y: the projections, then the means, then the scale.
        const noiseVariance = 1 / dbToRatio(params.deviceSnrDb);
        const y = received.subarray(0, components);
        random.stream("noise").fillNormal(y, Math.sqrt(noiseVariance));
        const energy = active.map((device, k) => {
          sparsify(errorOf(errors, device, size), updates[k]);
          project(a);
          return transmit(y, apart === 1);
        });
        const scale = y[components - 1] / params.scaleValue;
        const told = { divisor: 1, symbols: Math.ceil(components / 2), energy, noiseVariance };
        if (active.length === 0 || !(scale > 0)) {
          return { ...told, heard: [], observation: undefined };
        }
        const variance = noiseVariance / scale ** 2;
        const stated = recover(a, y, scale, apart, variance);
        return { ...told, heard: active, observation: { r, noiseVariance: stated } };
      },
      memory: errors,
    };

    /** Moves the largest values of `error` + `update` into `shuffled`, and leaves the others in `error`. */
    function sparsify(error: Float32Array, update: Float32Array): void {
      addTo(error, update);
      select.select(error, sparsity, places);
      shuffled.fill(0);
      for (let next = 0; next < sparsity; next++) {
        const i = places[next];
        shuffled[order[i]] = error[i];
        error[i] = 0;
      }
    }

    /** `sent` ← A `shuffled`, block by block. */
    function project(a: Projection): void {
      for (let b = 0; b < blocks; b++) {
        block.set(shuffled.subarray(b * columns, (b + 1) * columns));
        a.forward(block, projected);
        sent.set(projected, b * rows);
      }
    }

    /** Adds √α [g̃, c], or √α [g̃ − μ 1, μ, c], to `y`; returns the energy of that. */
    function transmit(y: Float32Array, apart: boolean): number {
      let sum = 0;
      for (let j = 0; j < sent.length; j++) sum += sent[j];
      const mean = apart ? sum / sent.length : 0;
      let energy = params.scaleValue ** 2 + mean ** 2;
      for (let j = 0; j < sent.length; j++) energy += (sent[j] - mean) ** 2;

      const amplitude = Math.sqrt(size / energy);
      let spent = 0;
      const put = (place: number, value: number) => {
        y[place] += amplitude * value;
        spent += (amplitude * value) ** 2;
      };
      for (let j = 0; j < sent.length; j++) put(j, sent[j] - mean);
      if (apart) put(sent.length, mean);
      put(y.length - 1, params.scaleValue);
      return spent;
    }

    /** Fills `r`; returns the variance of its error. */
    function recover(
      a: Projection,
      y: Float32Array,
      scale: number,
      apart: number,
      variance: number,
    ): number {
      const mean = apart === 1 ? y[blocks * rows] : 0;
      const sparse = params.output === "estimate";
      let stated = 0;
      for (let b = 0; b < blocks; b++) {
        for (let j = 0; j < rows; j++) projected[j] = (y[b * rows + j] + mean) / scale;
        passing.recover(a, projected, variance, recovery);
        shuffled.set(sparse ? passing.estimate : passing.unbiased, b * columns);
        stated += sparse ? passing.estimateVariance : passing.unbiasedVariance;
      }
      for (let i = 0; i < size; i++) r[i] = shuffled[order[i]];
      return Math.max(0, stated / blocks);
    }
  },
});

function openErrors(
  memory: ReadonlyMap<string, Float32Array> | undefined,
  size: number,
): Map<string, Float32Array> {
  const errors = new Map<string, Float32Array>();
  for (const [name, error] of memory ?? []) {
    if (error.length !== size) {
      throw new InputError(
        `a-dsgd: "${name}" of the checkpoint has ${error.length} values, an update has ${size}`,
      );
    }
    errors.set(name, error.slice());
  }
  return errors;
}
