/**
 * The contract of a refinement: what a receiver does to the network after the weights have been estimated.
 *
 * Refinements stand in a list and work one after another on the same received network. Each declares what it
 * uses: unlabelled images, and numbers that the transmitter sends beside the weights.
 */
import type { z } from "zod";
import type { LayerMoments } from "../../models/input-moments.js";
import type { Layers } from "../../models/layers.js";
import type { ModelInput } from "../../models/model.js";
import type { Observation } from "../../observation.js";
import type { Layout } from "../../weights/layout.js";

/** The network as the receiver has it so far; refinements change it in place. */
export interface ReceivedNetwork {
  /** Estimates of the travelling weights, in the order of the layout. */
  readonly weights: Float32Array;
  /**
   * Means and variances that the batch normalizations will use, in the order of `Layers`; undefined while these are
   * the ones that the model came with.
   */
  statistics: Float32Array | undefined;
}

/** What refinements know of the model: its structure, and which tensors travel. */
export interface NetworkPlan {
  readonly modelName: string;
  readonly layers: Layers;
  readonly layout: Layout;
  readonly inputs: readonly ModelInput[];
}

/** The network on random images that both ends make. */
export interface Probe {
  /** ln(v / v_p) of every channel of every batch normalization: its running variance over that on the images. */
  readonly logRatios: Float32Array;
  /** `Scorer.measureVariances` on the images. */
  measureVariances(
    weights: Float32Array,
    statistics: Float32Array,
    exponents: Float32Array,
  ): Promise<Float32Array>;
}

/** All that a refinement may look at beyond the network itself. */
export interface RefinementContext extends NetworkPlan {
  readonly observation: Observation;
  /** Running statistics that the model came with, as the receiver has them. */
  readonly ownStatistics: Float32Array;
  /** A bias of a linear layer or a scale of a batch normalization, as the receiver has it now. */
  parameter(tensor: string): Float32Array;
  /** Of each linear layer, what the transmitter sends; undefined where nothing is sent. */
  readonly moments: readonly (LayerMoments | undefined)[];
  /** Mean square of each travelling tensor, which the transmitter sends. */
  readonly meanSquares: readonly number[];
  /** Statistics of every batch normalization over the unlabelled images that were asked for, propagated. */
  measureStatistics(weights: Float32Array): Promise<Float32Array>;
  /** Present where a refinement of the chain uses it. */
  readonly probe: Probe | undefined;
}

/** A group of numbers that the transmitter sends; two refinements that need the same group share it. */
export interface SentNumbers {
  readonly what: string;
  /** How many numbers each of its vectors has. */
  readonly vectors: readonly number[];
}

export interface Refinement<P extends z.ZodObject = z.ZodObject> {
  readonly name: string;
  /** One line for lists and the reference page. */
  readonly summary: string;
  /** Strict schema of the parameters; `name` is added. */
  readonly params: P;
  /** True where it changes weights, so that statistics measured before it would no longer fit. */
  readonly changesWeights?: boolean;
  /** True where it sets the statistics of every batch normalization that it knows how to. */
  readonly setsStatistics?: boolean;
  /** True where it tries the network on random images that both ends make. */
  readonly usesProbe?: boolean;
  /** Whether the receiver must know the noise variance for it; absent: it need not. */
  needsNoiseVariance?(params: z.output<P>): boolean;
  /** Unlabelled images that the receiver looks at; none where this is absent. */
  images?(params: z.output<P>): number;
  /** What the transmitter sends for it; nothing where this is absent. */
  sends?(params: z.output<P>, plan: NetworkPlan): readonly SentNumbers[];
  /** Why it cannot work on this network, as the end of a sentence that begins with the model's name. */
  lacks(plan: NetworkPlan): string | undefined;
  refine(
    network: ReceivedNetwork,
    context: RefinementContext,
    params: z.output<P>,
  ): void | Promise<void>;
}

/** Types a refinement; add the result to the list in `index.ts`. */
export function defineRefinement<P extends z.ZodObject>(refinement: Refinement<P>): Refinement<P> {
  return refinement;
}
