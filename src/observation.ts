/** What the receiver knows of every weight: an unbiased value and its noise variance. */
export interface Observation {
  readonly r: Float32Array;
  /**
   * One number, or one per weight where the noise differs between weights. Infinity where a weight never
   * arrived: r holds the mean of the weights there, which says nothing of this one.
   */
  readonly noiseVariance: number | Float32Array;
  /** Where all of r left one converter of few bits and nothing has mixed it since. */
  readonly cells?: Cells | undefined;
}

/**
 * What a converter of few bits did: it has not shown v = w + n itself, but which of its cells v lies in. Lengths are
 * in the units of the observation, of v.
 */
export interface Cells {
  /** Width of a cell; edges are at its multiples, 0 among them. */
  readonly step: number;
  /** Even, half of them below 0; the outermost reach to infinity. */
  readonly count: number;
  /** Variance of the noise n in v, before the converter. */
  readonly noiseVariance: number;
  /** r over the centre of the cell, by which r is unbiased. */
  readonly rescale: number;
}
