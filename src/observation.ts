/** What the receiver knows of every weight: an unbiased value and its noise variance. */
export interface Observation {
  readonly r: Float32Array;
  /**
   * One number, or one per weight where the noise differs between weights. Infinity where a weight never
   * arrived: r holds the mean of the weights there, which says nothing of this one.
   */
  readonly noiseVariance: number | Float32Array;
}
